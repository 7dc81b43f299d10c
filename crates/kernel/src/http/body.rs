//! A JSON body, read late: a missing resource is told before a malformed body.

use std::marker::PhantomData;

use axum::{
    body::{Bytes, to_bytes},
    extract::{FromRequest, Request},
};
use http::{HeaderMap, header};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::problem::{FieldError, Problem, kinds};

/// Deepest nesting of a JSON body. Our bodies are nested five deep; a parser should not have to climb for an attacker.
pub const DEPTH_MAX: usize = 64;

/// The bytes of a request that must be the JSON of a `T`.
#[derive(Debug)]
pub struct Body<T> {
    json: bool,
    bytes: Bytes,
    of: PhantomData<fn() -> T>,
}

impl<T, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let bytes = to_bytes(request.into_body(), usize::MAX).await.map_err(|_| {
            Problem::new(&kinds::MALFORMED, "The body ended before it was complete.")
        })?;
        Ok(Self { json, bytes, of: PhantomData })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/json" | "application/merge-patch+json")
}

impl<T: DeserializeOwned> Body<T> {
    /// The value.
    ///
    /// # Errors
    /// 415 for another content type, 400 with the place for what is no JSON of a `T`.
    pub fn parse(&self) -> Result<T, Problem> {
        json(self.bytes()?)
    }
}

impl<T> Body<T> {
    /// The bytes, for who reads JSON by stricter rules.
    ///
    /// # Errors
    /// 415 for another content type.
    pub fn bytes(&self) -> Result<&[u8], Problem> {
        if self.json {
            return Ok(&self.bytes);
        }
        Err(Problem::new(&kinds::MEDIA_TYPE, "Send Content-Type: application/json."))
    }
}

/// Reads the JSON object of a `T`.
///
/// # Errors
/// 400 with the place for what is none.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        // Derived deserialisation would take an array for a struct, its fields in order.
        return Err(refused("", "wrong_shape", "expected an object, found an array"));
    }
    any(bytes)
}

/// Reads JSON that may be a list.
///
/// # Errors
/// 400 with the place for what is none of a `T`.
pub fn any<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if depth(bytes) > DEPTH_MAX {
        return Err(Problem::new(
            &kinds::MALFORMED,
            format!("The JSON is nested deeper than {DEPTH_MAX}."),
        ));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut json).map_err(|e| malformed(&e))?;
    json.end()
        .map_err(|e| Problem::new(&kinds::MALFORMED, format!("After the JSON value: {e}.")))?;
    Ok(value)
}

/// The same of a value that is in memory.
///
/// # Errors
/// 400 with the place for what is none.
pub fn value<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|e| malformed(&e))
}

fn malformed(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => pointer = format!("{pointer}/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    let message = reason(&error.inner().to_string());
    let code = if error.inner().is_data() { "wrong_shape" } else { "not_json" };
    refused(&pointer, code, &message)
}

/// Deserialises a field of a patch that cannot be removed: null is refused, and a field that is left out is `None` (with
/// `#[serde(default)]`).
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// What a patch says of a field that can be removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It is left out: the field stays (with `#[serde(default)]`).
    #[default]
    Keep,
    /// It is null: the field is removed.
    Clear,
    /// The field gets this value.
    Set(T),
}

impl<T> Change<T> {
    /// The field afterwards; `accept` checks a new value.
    pub fn of<U>(self, now: Option<U>, accept: impl FnOnce(T) -> Option<U>) -> Option<U> {
        match self {
            Self::Keep => now,
            Self::Clear => None,
            Self::Set(value) => accept(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(value)?.map_or(Self::Clear, Self::Set))
    }
}

/// What a deserialiser says, without the value that it quotes: an answer repeats nobody's personal data.
pub(super) fn reason(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let found = found.split(['"', '`']).next().unwrap_or_default();
            format!("{}, expected {expected}", found.trim_end())
        }
        None => message.to_owned(),
    }
}

fn refused(pointer: &str, code: &str, message: &str) -> Problem {
    let mut problem =
        Problem::new(&kinds::MALFORMED, "The body is not the JSON that this operation describes.");
    problem.errors.push(FieldError::new(pointer, code, message));
    problem
}

/// The deepest nesting of a JSON text, strings left out. Wrong JSON gives some number; the parser tells.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::{depth, reason};

    #[test]
    fn a_reason_quotes_no_value() {
        let said = "invalid type: string \"a, expected b\", expected a sequence at line 1 column 9";
        assert_eq!(reason(said), "invalid type: string, expected a sequence at line 1 column 9");
        assert_eq!(reason("missing field `name`"), "missing field `name`");
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        assert_eq!(depth(br#"{"a":[1,{"b":"]]]{{{\"["}]}"#), 3);
        assert_eq!(depth("[".repeat(10_000).as_bytes()), 10_000);
        assert_eq!(depth(b"1"), 0);
    }
}
