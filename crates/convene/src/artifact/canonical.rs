//! One text for one value: keys sorted, no spaces. What digests are made of.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The canonical JSON of a value: object keys in the order of their code points, no white space.
///
/// Sorted here and not left to the map: whether that keeps insertion order depends on features of other crates.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// `sha256:` and the digest of the canonical JSON.
pub fn digest_of(value: &Value) -> String {
    hex(canonical(value).as_bytes())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut out = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing into a String cannot fail.
        write!(out, "{byte:02x}").unwrap_or_default();
    }
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => separated(items.iter(), out, ('[', ']'), write),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            separated(fields.into_iter(), out, ('{', '}'), |(key, value), out| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

fn separated<T>(
    items: impl Iterator<Item = T>,
    out: &mut String,
    (open, close): (char, char),
    mut each: impl FnMut(T, &mut String),
) {
    out.push(open);
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn the_order_of_keys_changes_nothing() {
        let text = super::canonical(&json!({ "b": [1, { "z": null, "a": "\"" }], "a": 1.5 }));
        assert_eq!(text, r#"{"a":1.5,"b":[1,{"a":"\"","z":null}]}"#);
    }
}
