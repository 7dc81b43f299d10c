//! What a unit of work answers. The answer is rendered inside the transaction, because what is stored under the
//! idempotency key is exactly what is sent, and later replayed, byte for byte.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

/// Version of an entity: its entity tag is `"<version>"`.
pub type Version = i64;

/// Whether a command did anything. With at-least-once delivery every command runs twice some day.
#[derive(Debug)]
pub enum Outcome<T> {
    /// Something changed and is audited.
    Executed(T),
    /// Everything was so already; nothing is announced.
    AlreadyApplied(T),
}

impl<T> Outcome<T> {
    /// The same outcome without its answer's content.
    pub fn without_content(self) -> Outcome<NoContent> {
        match self {
            Self::Executed(_) => Outcome::Executed(NoContent),
            Self::AlreadyApplied(_) => Outcome::AlreadyApplied(NoContent),
        }
    }
}

/// Something that can be sent, and stored for replay.
pub trait Answer {
    /// Renders status, headers and body.
    ///
    /// # Errors
    /// When the body cannot be serialised, which is a defect.
    fn reply(&self) -> Result<Reply, serde_json::Error>;
}

/// A rendered answer: what is sent, stored under the idempotency key, and replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Only 2xx is ever stored.
    pub status: StatusCode,
    /// In the order in which they are sent.
    pub headers: Vec<Header>,
    /// The bytes of the body.
    pub body: Bytes,
}

/// One header of a stored answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header(pub String, pub String);

impl Reply {
    fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Self, serde_json::Error> {
        let headers = vec![Header(header::CONTENT_TYPE.to_string(), "application/json".to_owned())];
        Ok(Self { status, headers, body: serde_json::to_vec(body)?.into() })
    }

    #[must_use]
    fn with(mut self, name: &HeaderName, value: impl Into<String>) -> Self {
        self.headers.push(Header(name.to_string(), value.into()));
        self
    }

    /// Marks the answer as one that was given before.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.with(&HeaderName::from_static("idempotency-replayed"), "true")
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        response.headers_mut().remove(header::CONTENT_TYPE);
        for Header(name, value) in self.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The entity tag of a version (RFC 9110, section 8.8.3): strong, since every change counts it up.
pub fn etag(version: Version) -> String {
    format!("\"{version}\"")
}

/// 201: a new resource, where it lives, and its first version.
#[derive(Debug)]
pub struct Created<T> {
    /// Path of the new resource.
    pub location: String,
    /// Its version.
    pub version: Version,
    /// Its representation.
    pub body: T,
}

impl<T: Serialize> Answer for Created<T> {
    fn reply(&self) -> Result<Reply, serde_json::Error> {
        let reply = Reply::json(StatusCode::CREATED, &self.body)?;
        Ok(reply.with(&header::LOCATION, &self.location).with(&header::ETAG, etag(self.version)))
    }
}

/// 200: a resource as it now is, with its entity tag.
#[derive(Debug)]
pub struct Fresh<T> {
    /// Its version.
    pub version: Version,
    /// Its representation.
    pub body: T,
}

impl<T> Fresh<T> {
    /// The same resource as another representation.
    pub fn map<U>(self, each: impl FnOnce(T) -> U) -> Fresh<U> {
        Fresh { version: self.version, body: each(self.body) }
    }
}

impl<T: Serialize> Answer for Fresh<T> {
    fn reply(&self) -> Result<Reply, serde_json::Error> {
        Ok(Reply::json(StatusCode::OK, &self.body)?.with(&header::ETAG, etag(self.version)))
    }
}

/// 200: something as it now is, without an entity tag.
#[derive(Debug)]
pub struct Done<T>(pub T);

impl<T: Serialize> Answer for Done<T> {
    fn reply(&self) -> Result<Reply, serde_json::Error> {
        Reply::json(StatusCode::OK, &self.0)
    }
}

/// 202: work that goes on; where to ask for it.
#[derive(Debug)]
pub struct Accepted<T> {
    /// Path of the job.
    pub location: String,
    /// The job's first representation.
    pub body: T,
}

impl<T: Serialize> Answer for Accepted<T> {
    fn reply(&self) -> Result<Reply, serde_json::Error> {
        Ok(Reply::json(StatusCode::ACCEPTED, &self.body)?.with(&header::LOCATION, &self.location))
    }
}

/// 204: done, nothing to say.
#[derive(Debug)]
pub struct NoContent;

impl Answer for NoContent {
    fn reply(&self) -> Result<Reply, serde_json::Error> {
        Ok(Reply { status: StatusCode::NO_CONTENT, headers: Vec::new(), body: Bytes::new() })
    }
}

/// 200 without an entity tag: lists, look-ups, reports. Reads answer with it directly.
#[derive(Debug)]
pub struct Ok200<T>(pub T);

impl<T: Serialize> Answer for Ok200<T> {
    fn reply(&self) -> Result<Reply, serde_json::Error> {
        Reply::json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Ok200<T> {
    fn into_response(self) -> Response {
        render(self.reply())
    }
}

impl<T: Serialize> IntoResponse for Fresh<T> {
    fn into_response(self) -> Response {
        render(self.reply())
    }
}

fn render(reply: Result<Reply, serde_json::Error>) -> Response {
    match reply {
        Ok(reply) => reply.into_response(),
        Err(e) => crate::problem::Problem::internal(&e).into_response(),
    }
}
