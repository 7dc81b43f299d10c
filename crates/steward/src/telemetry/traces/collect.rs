//! From the kernel's spans to those of OpenTelemetry.
//!
//! `tracing-opentelemetry` would make ids of its own; the kernel's are in log lines, audit records and stored events already.

use std::{borrow::Cow, fmt, time::SystemTime};

use kernel::{Clock, span};
use opentelemetry::{
    InstrumentationScope, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use tokio::sync::mpsc::Sender;
use tracing::{
    Id, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// Collects the spans that end.
#[derive(Debug)]
pub struct Collect {
    ended: Sender<SpanData>,
    clock: Clock,
}

impl Collect {
    pub(super) const fn new(ended: Sender<SpanData>, clock: Clock) -> Self {
        Self { ended, clock }
    }

    fn now(&self) -> SystemTime {
        self.clock.now().into()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Collect {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut open = Open::new(self.now());
        attributes.record(&mut open);
        span.extensions_mut().insert(open);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            values.record(open);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let open = context.span(&id).and_then(|span| span.extensions_mut().remove::<Open>());
        let Some(ended) = open.filter(|open| open.sampled).and_then(|open| open.end(self.now()))
        else {
            return;
        };
        if self.ended.try_send(ended).is_err() {
            metrics::counter!("trace_spans_total", "outcome" => "lost").increment(1);
        }
    }
}

/// A span that has begun.
#[derive(Debug)]
struct Open {
    name: String,
    kind: SpanKind,
    trace: Option<TraceId>,
    span: Option<SpanId>,
    parent: SpanId,
    sampled: bool,
    status: Status,
    attributes: Vec<KeyValue>,
    began: SystemTime,
}

impl Open {
    fn new(began: SystemTime) -> Self {
        Self {
            name: String::new(),
            kind: SpanKind::Internal,
            trace: None,
            span: None,
            parent: SpanId::INVALID,
            sampled: true,
            status: Status::Unset,
            attributes: Vec::new(),
            began,
        }
    }

    fn end(self, ended: SystemTime) -> Option<SpanData> {
        let flags = TraceFlags::SAMPLED;
        let (trace, span) = (self.trace?, self.span?);
        Some(SpanData {
            span_context: SpanContext::new(trace, span, flags, false, TraceState::default()),
            parent_span_id: self.parent,
            parent_span_is_remote: self.kind == SpanKind::Server,
            span_kind: self.kind,
            name: Cow::Owned(self.name),
            start_time: self.began,
            end_time: ended,
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: self.status,
            instrumentation_scope: InstrumentationScope::builder("steward").build(),
        })
    }

    /// What a span is made of, by the kernel's names; everything else is an attribute.
    fn take(&mut self, field: &str, text: &str) {
        match field {
            "name" => text.clone_into(&mut self.name),
            "kind" => self.kind = kind(text),
            "trace_id" => self.trace = TraceId::from_hex(text).ok(),
            "span_id" => self.span = SpanId::from_hex(text).ok(),
            "parent_id" => self.parent = SpanId::from_hex(text).unwrap_or(SpanId::INVALID),
            _ => {
                if field == span::ERROR {
                    self.status = Status::error(text.to_owned());
                }
                self.attributes.push(KeyValue::new(field.to_owned(), text.to_owned()));
            }
        }
    }
}

impl Visit for Open {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field.name(), &format!("{value:?}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.attributes.push(KeyValue::new(field.name(), value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "sampled" {
            self.sampled = value;
        }
    }
}

fn kind(name: &str) -> SpanKind {
    match name {
        "server" => SpanKind::Server,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}
