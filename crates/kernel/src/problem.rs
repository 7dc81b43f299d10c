//! What went wrong, for people and programs: RFC 9457 problem details.
//!
//! A [`Problem`] travels as a response extension; the outermost layer renders it with the request's path and ids, and
//! logs what the client is not told. Nothing else in the workspace writes an error body.

pub mod kinds;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use uuid::Uuid;

pub use kinds::{ALL, Kind};

/// One refused field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the request's body, or `?name` for a query parameter.
    pub pointer: String,
    /// Stable code for programs, for instance `too_long`.
    pub code: String,
    /// What is wrong and what would be accepted.
    pub message: String,
}

/// A value that was checked: itself, or every fault that was found.
///
/// # Errors
/// When there is a fault.
pub fn checked<T>(value: T, faults: Vec<FieldError>) -> Result<T, Vec<FieldError>> {
    if faults.is_empty() { Ok(value) } else { Err(faults) }
}

impl FieldError {
    /// A refused field; `pointer` is a JSON Pointer.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), code: code.into(), message: message.into() }
    }
}

/// What stands in the way of a request that conflicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The entity in the way.
    pub id: Uuid,
    /// Its path.
    pub link: String,
}

/// A refusal or failure, with what the client may know and, apart, what only the log may. One pointer wide, because
/// every fallible function of a request returns one.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

/// What a [`Problem`] says.
#[derive(Clone, Debug)]
pub struct Details {
    /// What kind of problem; decides status and documentation.
    pub kind: &'static Kind,
    /// For people: what happened here and what to do.
    pub detail: String,
    /// Refused fields.
    pub errors: Vec<FieldError>,
    /// The entity in the way.
    pub conflict: Option<Conflict>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u32>,
    /// Further headers of the answer.
    pub headers: Vec<(http::HeaderName, HeaderValue)>,
    /// For the log alone.
    pub internal: Option<String>,
    /// The transaction may succeed when it runs again (serialisation failure, deadlock, lost race for a key).
    pub(crate) again: bool,
}

impl std::ops::Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl std::ops::DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Details {
        &mut self.0
    }
}

impl Problem {
    /// A problem of `kind`, explained.
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self(Box::new(Details {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            conflict: None,
            retry_after: None,
            headers: Vec::new(),
            internal: None,
            again: false,
        }))
    }

    /// A defect or a broken dependency: the client learns nothing, the log everything.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let detail = "Something went wrong on our side; the correlation id finds it in the log.";
        Self::new(&kinds::INTERNAL, detail).logged(describe(error))
    }

    /// 422 with the refused fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = format!("{} of the request's fields cannot be accepted.", errors.len());
        Self::new(&kinds::INVALID, detail).with_errors(errors)
    }

    /// The 404 of every missing or foreign entity: the same words, so that nothing is learnt from it.
    pub fn missing() -> Self {
        Self::new(&kinds::NOT_FOUND, "There is no such resource here.")
    }

    /// Adds refused fields.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Adds what only the log may say.
    #[must_use]
    fn logged(mut self, internal: String) -> Self {
        self.internal = Some(internal);
        self
    }

    /// Names the entity in the way and its path.
    #[must_use]
    pub fn conflicting(mut self, id: Uuid, link: String) -> Self {
        self.conflict = Some(Conflict { id, link });
        self
    }

    /// Adds the seconds after which a try may succeed.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: http::HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// An error with its causes, for the log.
pub fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The wire form of a [`Problem`].
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Stable URI of the kind, served by this server.
    pub r#type: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what to do.
    pub detail: String,
    /// The path that was asked.
    pub instance: String,
    /// The trace in which it happened (W3C, 32 hex digits).
    pub trace_id: String,
    /// The request's correlation id.
    pub correlation_id: Uuid,
    /// Refused fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The entity in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict_id: Option<Uuid>,
    /// Path of the entity in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
}

impl Problem {
    /// The answer for one request.
    pub fn render(&self, instance: &str, trace_id: &str, correlation_id: Uuid) -> Response {
        let body = ProblemBody {
            r#type: self.kind.uri(),
            title: self.kind.title.to_owned(),
            status: self.kind.status,
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            trace_id: trace_id.to_owned(),
            correlation_id,
            errors: self.errors.clone(),
            conflict_id: self.conflict.as_ref().map(|c| c.id),
            conflict: self.conflict.as_ref().map(|c| c.link.clone()),
        };
        let status =
            StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, serde_json::to_vec(&body).unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(
            self.retry_after.map(|seconds| (header::RETRY_AFTER, HeaderValue::from(seconds))),
        );
        headers.extend(self.headers.iter().cloned());
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<crate::cursor::BadCursor> for Problem {
    fn from(_: crate::cursor::BadCursor) -> Self {
        let mut problem =
            Self::new(&kinds::MALFORMED, "nextToken is none that this list gave for this filter.");
        problem.errors.push(FieldError::new(
            "?nextToken",
            "unknown_token",
            "Start again from the first page.",
        ));
        problem
    }
}

impl From<crate::keys::KeyError> for Problem {
    fn from(error: crate::keys::KeyError) -> Self {
        if let crate::keys::KeyError::Database(error) = error {
            return error.into();
        }
        Self::internal(&error)
    }
}

/// Seconds after which a client may try again when the database is away.
const DATABASE_RETRY_AFTER: u32 = 2;

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        use crate::db::{Failure, classify, describe};
        let detail = "The database does not answer right now; nothing was changed. Try again.";
        let failure = classify(&error);
        let mut problem = if failure == Failure::Defect {
            Self::internal(&std::fmt::Error)
        } else {
            Self::new(&kinds::UNAVAILABLE, detail).retry_after(DATABASE_RETRY_AFTER)
        };
        problem.again = failure == Failure::Again;
        problem.logged(describe(&error))
    }
}
