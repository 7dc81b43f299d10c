//! Spans: pieces of work in a trace, for whoever collects traces.
//!
//! They are `tracing` spans of the target [`TARGET`] that are never entered: nobody's log lines change, and where nobody
//! listens they cost next to nothing. Their ids are those of [`Trace`], made here and not by a collector's library,
//! because log lines, audit records and events carry the same ids whether traces are collected or not.
//!
//! What they tell is what log lines tell: routes, actions, ids and outcomes; never a body, a token or a person.

use http::Method;
use tracing::{Value, field::Empty};
use uuid::Uuid;

use crate::cx::{Origin, Trace};

/// The target by which a subscriber finds them.
pub const TARGET: &str = "steward::trace";

/// The field that marks a span as failed; its value says how.
pub const ERROR: &str = "error.type";

/// A piece of work that lasts until this is dropped.
#[derive(Debug)]
pub(crate) struct Span(tracing::Span);

impl Span {
    /// Adds what is known only later. The field must be one that the span was made with.
    pub(crate) fn record(&self, field: &'static str, value: impl Value) {
        self.0.record(field, value);
    }
}

/// A request that is answered.
pub(crate) fn request(origin: &Origin, method: &Method, route: &str) -> Span {
    let trace = &origin.trace;
    Span(tracing::info_span!(
        target: TARGET,
        parent: None,
        "request",
        kind = "server",
        name = format!("{method} {route}"),
        trace_id = trace.id(),
        span_id = trace.span(),
        parent_id = trace.parent_span(),
        sampled = trace.sampled(),
        "http.request.method" = method.as_str(),
        "http.route" = route,
        "http.response.status_code" = Empty,
        "error.type" = Empty,
        "steward.tenant_id" = Empty,
        "steward.correlation_id" = %origin.correlation,
    ))
}

/// A unit of work with its retries, BEGIN to COMMIT.
pub(crate) fn unit(trace: &Trace, action: &'static str) -> Span {
    let own = trace.child();
    Span(tracing::info_span!(
        target: TARGET,
        parent: None,
        "unit of work",
        kind = "internal",
        name = action,
        trace_id = own.id(),
        span_id = own.span(),
        parent_id = own.parent_span(),
        sampled = own.sampled(),
        "error.type" = Empty,
        "steward.attempts" = Empty,
    ))
}

/// An event on its way to the broker, in the trace of the request that caused it.
pub(crate) fn publish(trace: &Trace, event_type: &str, event: Uuid) -> Span {
    Span(tracing::info_span!(
        target: TARGET,
        parent: None,
        "publish",
        kind = "producer",
        name = format!("publish {event_type}"),
        trace_id = trace.id(),
        span_id = trace.span(),
        parent_id = trace.parent_span(),
        sampled = trace.sampled(),
        "messaging.system" = "mqtt",
        "messaging.message.id" = %event,
        "error.type" = Empty,
    ))
}

/// A reaction to an event.
pub(crate) fn process(trace: &Trace, consumer: &str, event: Uuid) -> Span {
    Span(tracing::info_span!(
        target: TARGET,
        parent: None,
        "process",
        kind = "consumer",
        name = format!("process {consumer}"),
        trace_id = trace.id(),
        span_id = trace.span(),
        parent_id = trace.parent_span(),
        sampled = trace.sampled(),
        "messaging.system" = "mqtt",
        "messaging.message.id" = %event,
        "error.type" = Empty,
    ))
}

/// One run of a job.
pub(crate) fn job(trace: &Trace, kind: &str, job: Uuid) -> Span {
    Span(tracing::info_span!(
        target: TARGET,
        parent: None,
        "job",
        kind = "internal",
        name = format!("job {kind}"),
        trace_id = trace.id(),
        span_id = trace.span(),
        parent_id = trace.parent_span(),
        sampled = trace.sampled(),
        "steward.job_id" = %job,
        "error.type" = Empty,
    ))
}

/// Whether anybody collects spans: what is only made for them can be left out otherwise.
pub(crate) fn collected() -> bool {
    tracing::span_enabled!(target: TARGET, tracing::Level::INFO)
}
