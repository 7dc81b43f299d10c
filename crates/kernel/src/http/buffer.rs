//! Limits on heads and bodies, and the detachment of a request from its connection.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use http::{Method, header};
use sha2::{Digest, Sha256};

use crate::{
    http::notes::Fingerprint,
    problem::{Problem, kinds},
};

/// Most bytes of a request body. Uploads, which stream, have their own limits.
pub const BODY_MAX: usize = 1 << 20;
/// Most bytes of all headers together.
pub const HEADERS_MAX: usize = 16 << 10;
/// How much of an oversized body is read before it is refused: a client that is cut off while it sends sees a broken
/// pipe instead of the answer.
pub(super) const DRAIN_MAX: usize = 16 << 20;
/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Refuses oversized heads and bodies, reads the body whole and fingerprints the request.
pub async fn buffer(mut request: Request, next: Next) -> Response {
    if let Err(problem) = head(&request) {
        return problem.into_response();
    }
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let body = std::mem::take(request.body_mut());
    let read = tokio::time::timeout(BODY_TIMEOUT, collect(body)).await;
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(problem)) => return problem.into_response(),
        Err(_) => {
            return Problem::new(&kinds::MALFORMED, "The body did not arrive in time.")
                .into_response();
        }
    };
    let fingerprint = fingerprint(&request, &bytes);
    request.extensions_mut().insert(fingerprint);
    *request.body_mut() = Body::from(bytes);
    next.run(request).await
}

/// Refuses oversized heads and fingerprints the request without its body, which the operation reads and adds
/// ([`crate::Cx::with_body`]).
pub async fn head_only(mut request: Request, next: Next) -> Response {
    if let Err(problem) = head(&request) {
        return problem.into_response();
    }
    let fingerprint = fingerprint(&request, &[]);
    request.extensions_mut().insert(fingerprint);
    let (body, rest) = shared(std::mem::take(request.body_mut()));
    *request.body_mut() = body;
    let response = next.run(request).await;
    // Whoever was refused at the door still sends: the answer waits for them, to a degree.
    tokio::time::timeout(BODY_TIMEOUT, drain(&rest)).await.ok();
    response
}

type Rest = Arc<tokio::sync::Mutex<BodyDataStream>>;

/// A body for the operation, and what it leaves of it.
fn shared(body: Body) -> (Body, Rest) {
    let rest = Arc::new(tokio::sync::Mutex::new(body.into_data_stream()));
    let chunks = futures::stream::unfold(Arc::clone(&rest), async |rest| {
        let chunk = rest.lock().await.next().await?;
        Some((chunk, rest))
    });
    (Body::from_stream(chunks), rest)
}

async fn drain(rest: &Rest) {
    let (mut rest, mut size) = (rest.lock().await, 0);
    while size <= DRAIN_MAX
        && let Some(Ok(chunk)) = rest.next().await
    {
        size += chunk.len();
    }
}

fn head(request: &Request) -> Result<(), Problem> {
    let head: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let head = head + request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if head <= HEADERS_MAX {
        return Ok(());
    }
    let detail =
        format!("Path, query and headers have {head} bytes; at most {HEADERS_MAX} are accepted.");
    Err(Problem::new(&kinds::HEADERS_TOO_LARGE, detail))
}

async fn collect(body: Body) -> Result<Bytes, Problem> {
    let mut stream = body.into_data_stream();
    let (mut bytes, mut size) = (Vec::new(), 0_usize);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| {
            Problem::new(&kinds::MALFORMED, "The body ended before it was complete.")
        })?;
        size += chunk.len();
        if size <= BODY_MAX {
            bytes.extend_from_slice(&chunk);
        } else if size > DRAIN_MAX {
            break;
        }
    }
    if size > BODY_MAX {
        return Err(Problem::new(
            &kinds::TOO_LARGE,
            format!("At most {BODY_MAX} bytes are accepted here."),
        ));
    }
    Ok(bytes.into())
}

fn fingerprint(request: &Request, body: &[u8]) -> Fingerprint {
    let mut hash = Sha256::new();
    hash.update(request.method().as_str());
    hash.update([0]);
    hash.update(request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str));
    hash.update([0]);
    // The version that a change was made against is part of what was asked.
    hash.update(request.headers().get(header::IF_MATCH).map_or(&b""[..], |v| v.as_bytes()));
    hash.update([0]);
    hash.update(body);
    Fingerprint(hash.finalize().into())
}

/// Runs the request in a task of its own: a client that hangs up never cuts a unit of work in two, and a panic is a 500.
pub async fn detach(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(e) => Problem::internal(&e).into_response(),
    }
}
