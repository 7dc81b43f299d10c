//! The outermost layer: ids, one log line and one measurement a request, and the rendering of problems.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use uuid::Uuid;

use crate::{
    cx::{Origin, Trace},
    db::Kernel,
    http::notes::Notes,
    problem::{Problem, kinds},
    span::{self, Span},
};

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");
const CAUSATION: HeaderName = HeaderName::from_static("x-causation-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Gives the request its ids, and the answer its headers; logs and measures.
pub async fn observe(State(kernel): State<Kernel>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (origin, malformed) = origin(&kernel, request.headers());
    let notes = Notes::default();
    request.extensions_mut().insert(origin.clone());
    request.extensions_mut().insert(notes.clone());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    let span = span::request(&origin, &method, &route);
    let mut response = match malformed {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    let problem = response.extensions_mut().remove::<Problem>();
    if let Some(problem) = &problem {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.render(&path, origin.trace.id(), origin.correlation);
        response.headers_mut().extend(allow.map(|methods| (header::ALLOW, methods)));
    }
    finish(&mut response, &origin, &notes);
    let line = Line { method: &method, path: &path, route: &route, origin: &origin, notes: &notes };
    line.write(&response, problem.as_ref(), started);
    line.end(&span, &response, problem.as_ref());
    response
}

fn origin(kernel: &Kernel, headers: &HeaderMap) -> (Origin, Option<Problem>) {
    let (correlation, causation) = (uuid(headers, &CORRELATION), uuid(headers, &CAUSATION));
    let trace = headers.get(TRACEPARENT).and_then(|v| v.to_str().ok()).and_then(Trace::continued);
    let origin = Origin {
        correlation: correlation.clone().ok().flatten().unwrap_or_else(|| kernel.ids.next()),
        causation: causation.clone().ok().flatten(),
        trace: trace.unwrap_or_else(Trace::start),
    };
    (origin, correlation.err().or_else(|| causation.err()))
}

fn uuid(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Uuid>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(|text| Uuid::try_parse(text).ok());
    parsed
        .map(Some)
        .ok_or_else(|| Problem::new(&kinds::MALFORMED, format!("{name} must be a UUID.")))
}

fn finish(response: &mut Response, origin: &Origin, notes: &Notes) {
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(origin.correlation.to_string()) {
        headers.insert(CORRELATION, value);
    }
    if let Some(quota) = notes.collected().quota {
        // Names and values of draft-ietf-httpapi-ratelimit-headers-11.
        let fields =
            [("ratelimit-policy", quota.policy_field()), ("ratelimit", quota.limit_field())];
        for (name, value) in fields {
            headers.extend(
                HeaderValue::try_from(value).map(|value| (HeaderName::from_static(name), value)),
            );
        }
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

struct Line<'a> {
    method: &'a Method,
    path: &'a str,
    route: &'a str,
    origin: &'a Origin,
    notes: &'a Notes,
}

impl Line<'_> {
    /// A refusal is an answer; only what the server itself failed at is an error of the span.
    fn end(&self, span: &Span, response: &Response, problem: Option<&Problem>) {
        span.record("http.response.status_code", response.status().as_u16());
        if let Some(tenant) = self.notes.collected().tenant {
            span.record("steward.tenant_id", tracing::field::display(tenant));
        }
        if response.status().is_server_error() {
            span.record(span::ERROR, problem.map_or("failed", |p| p.kind.slug));
        }
    }

    fn write(&self, response: &Response, problem: Option<&Problem>, started: Instant) {
        let (status, took) = (response.status().as_u16(), started.elapsed());
        let labels = [
            ("method", self.method.as_str().to_owned()),
            ("route", self.route.to_owned()),
            ("status", status.to_string()),
        ];
        metrics::histogram!("http_server_request_duration_seconds", &labels)
            .record(took.as_secs_f64());
        let collected = self.notes.collected();
        let tenant = collected.tenant.map(|t| t.to_string()).unwrap_or_default();
        let caller = collected.caller.unwrap_or_default();
        let (correlation, trace) = (self.origin.correlation, self.origin.trace.id());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let kind = problem.map_or("", |p| p.kind.slug);
        let path = loggable(self.path, self.route);
        if let Some(internal) = problem.and_then(|p| p.internal.as_deref()) {
            tracing::error!(method = %self.method, path, status, kind, %correlation, trace, tenant, internal, "failed");
        } else {
            tracing::info!(method = %self.method, path, status, kind, %correlation, trace, tenant, caller, micros, "request");
        }
    }
}

/// The path without what a caller may have put into it: what the route knows and ids stay, a person's name does not.
fn loggable(path: &str, route: &str) -> String {
    let is_known =
        |part: &str| route.split('/').any(|known| known == part) || Uuid::try_parse(part).is_ok();
    path.split('/')
        .map(|part| if is_known(part) { part } else { "*" })
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::loggable;

    #[test]
    fn the_log_keeps_routes_and_ids_and_no_names() {
        let id = "01a1faa3-1cb8-71ad-8a2b-7d5288090013";
        let logged = loggable(&format!("/schools/{id}/jane.doe"), "/schools/{schoolId}/{name}");
        assert_eq!(logged, format!("/schools/{id}/*"));
    }
}
