//! Hides what must not be seen in logs, traces and answers: passwords, their hashes, licence keys.

use serde_json::Value;

/// What comes before a secret, in lower case, up to its `=` or `:`.
const MARKS: [&str; 6] =
    ["password", "passwordhash", "passphrase", "authorizationkey", "licenseid", "api_key"];

/// The text with the value behind each mark hidden: up to a quote, a comma, or the end of the line.
pub fn text(given: &str) -> String {
    given.split_inclusive('\n').map(line).collect()
}

fn line(given: &str) -> String {
    let (mut shown, mut rest) = (String::new(), given);
    while let Some((before, after)) = marked(rest) {
        let end = after.find(['\'', '"', ',', ';', '\n', '\r']).unwrap_or(after.len());
        let (secret, following) = after.split_at(end);
        shown.push_str(before);
        shown.push_str(if secret.is_empty() { "" } else { "***" });
        rest = following;
    }
    shown + rest
}

/// Splits behind the first `mark=`.
fn marked(given: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = given.get(from..)?.find(['=', ':']) {
        let (before, after) = given.split_at_checked(from + at + 1)?;
        let name =
            before.get(..before.len() - 1)?.trim_end_matches(['"', ' ']).to_ascii_lowercase();
        if MARKS.iter().any(|mark| name.ends_with(mark)) {
            return Some((before, after));
        }
        from += at + 1;
    }
    None
}

/// The same for every string of a document.
pub fn json(value: Value) -> Value {
    match value {
        Value::String(given) => Value::String(text(&given)),
        Value::Array(items) => items.into_iter().map(json).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, json(value))).collect())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}
