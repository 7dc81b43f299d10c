//! Path and query parameters that answer with problems, and the paging parameters of every list.

use axum::extract::{FromRequestParts, rejection::QueryRejection};
use http::request::Parts;
use serde::{Deserialize, Serializer, de::DeserializeOwned};

use super::body::reason;
use crate::problem::{FieldError, Problem, kinds};

/// Most items of a page.
pub const PAGE_MAX: u32 = 500;
/// Items of a page when nothing is asked.
pub const PAGE_DEFAULT: u32 = 50;

/// U+0000 in a URL: PostgreSQL stores no such text, so nothing can have it in its name.
const NUL: &str = "%00";

/// Parameters of the path. One that has the wrong form names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().contains(NUL) {
            return Err(Problem::missing());
        }
        #[expect(clippy::disallowed_types, reason = "wrapped here")]
        let found = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        found.map(|path| Self(path.0)).map_err(|_| Problem::missing())
    }
}

/// Parameters of the query; unknown ones are refused by the type's `deny_unknown_fields`.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        refuse_nul(parts.uri.query().unwrap_or_default())?;
        #[expect(clippy::disallowed_types, reason = "wrapped here")]
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        found.map(|query| Self(query.0)).map_err(|e| malformed(&e))
    }
}

fn refuse_nul(query: &str) -> Result<(), Problem> {
    let Some(found) = query.split('&').find(|pair| pair.contains(NUL)) else { return Ok(()) };
    let name = found.split('=').next().filter(|name| !name.contains(NUL)).unwrap_or_default();
    Err(unreadable(name, "control_character", "Must not contain control characters."))
}

fn malformed(rejection: &QueryRejection) -> Problem {
    let text = rejection.body_text();
    let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
    let (name, message) =
        text.split_once(": ").filter(|(name, _)| !name.contains(' ')).unwrap_or(("", text));
    unreadable(name, "wrong_shape", reason(message))
}

/// The 400 of one query parameter.
pub fn unreadable(name: &str, code: &str, message: impl Into<String>) -> Problem {
    let mut problem = Problem::new(&kinds::MALFORMED, "A query parameter cannot be read.");
    problem.errors.push(FieldError::new(format!("?{name}"), code, message));
    problem
}

/// The paging parameters of every list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items of a page, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub page_size: Option<u32>,
    /// The `nextToken` of the page before.
    pub next_token: Option<String>,
}

impl PageQuery {
    /// Items of a page.
    ///
    /// # Errors
    /// 400 when it is out of range.
    pub fn size(&self) -> Result<i64, Problem> {
        page_size(self.page_size)
    }
}

/// Serialises as nothing: a parameter that a page's token is not bound to.
///
/// # Errors
/// The serialiser's.
pub fn left_out<T, S: Serializer>(_: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_unit()
}

/// The checked size of a page.
///
/// # Errors
/// 400 when it is out of range.
pub fn page_size(asked: Option<u32>) -> Result<i64, Problem> {
    let size = asked.unwrap_or(PAGE_DEFAULT);
    if (1..=PAGE_MAX).contains(&size) {
        return Ok(i64::from(size));
    }
    Err(unreadable("pageSize", "out_of_range", format!("1 to {PAGE_MAX}")))
}

/// The answer to a method that a path does not have.
pub async fn method_not_allowed() -> Problem {
    Problem::new(
        &kinds::METHOD,
        "The path exists, but not with this method; Allow lists those it has.",
    )
}

#[cfg(test)]
mod tests {
    use super::{PAGE_DEFAULT, PAGE_MAX, page_size, refuse_nul};

    #[test]
    fn a_page_has_one_to_five_hundred_items() {
        assert_eq!(page_size(None).ok(), Some(i64::from(PAGE_DEFAULT)));
        assert_eq!(page_size(Some(1)).ok(), Some(1));
        assert_eq!(page_size(Some(PAGE_MAX)).ok(), Some(i64::from(PAGE_MAX)));
        for size in [0, PAGE_MAX + 1, u32::MAX] {
            assert_eq!(page_size(Some(size)).unwrap_err().errors[0].pointer, "?pageSize");
        }
    }

    #[test]
    fn nul_is_refused_under_the_name_of_its_parameter() {
        assert!(refuse_nul("q=a%20b&sort=name").is_ok());
        assert_eq!(refuse_nul("a=b&q=x%00").unwrap_err().errors[0].pointer, "?q");
        assert_eq!(refuse_nul("%00=1").unwrap_err().errors[0].pointer, "?");
    }
}
