//! Where a request came from: correlation, causation and trace (W3C Trace Context).

use uuid::Uuid;

/// The ids that tie a request to its records, events and log lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Given by the client or made here; answered back.
    pub correlation: Uuid,
    /// The event or request that caused this one.
    pub causation: Option<Uuid>,
    /// The trace that it belongs to.
    pub trace: Trace,
}

/// The flag of a trace that is to be collected.
const SAMPLED: u8 = 1;

/// A position in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    id: String,
    span: String,
    /// The span that caused this one: the caller's, or one of ours.
    parent: Option<String>,
    sampled: bool,
}

impl Trace {
    /// A new trace.
    pub fn start() -> Self {
        let id = crate::cx::hex(&rand::random::<[u8; 16]>());
        Self { id, span: new_span(), parent: None, sampled: true }
    }

    /// A span of its own below this one.
    #[must_use]
    pub fn child(&self) -> Self {
        let (id, parent) = (self.id.clone(), Some(self.span.clone()));
        Self { id, span: new_span(), parent, sampled: self.sampled }
    }

    /// Goes on with the trace of a `traceparent` header; `None` when it is malformed.
    pub fn continued(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.split('-');
        let (version, id, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let shaped = version.len() == 2 && id.len() == 32 && span.len() == 16 && flags.len() == 2;
        let zero = |text: &str| text.bytes().all(|b| b == b'0');
        let known = version != "ff" && (version != "00" || parts.next().is_none());
        let valid = shaped
            && known
            && [version, id, span, flags].into_iter().all(lower_hex)
            && !zero(id)
            && !zero(span);
        let sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & SAMPLED != 0);
        let parent = Some(span.to_owned());
        valid.then(|| Self { id: id.to_owned(), span: new_span(), parent, sampled })
    }

    /// The trace id: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The `traceparent` of what follows from here.
    pub fn parent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.id, self.span, if self.sampled { SAMPLED } else { 0 })
    }

    /// The id of this span: 16 hexadecimal digits.
    pub(crate) fn span(&self) -> &str {
        &self.span
    }

    /// The id of the span above it; empty at the beginning of a trace.
    pub(crate) fn parent_span(&self) -> &str {
        self.parent.as_deref().unwrap_or_default()
    }

    /// Whether the caller wants its trace collected.
    pub(crate) const fn sampled(&self) -> bool {
        self.sampled
    }
}

fn new_span() -> String {
    crate::cx::hex(&rand::random::<[u8; 8]>())
}

impl Origin {
    /// The origin of work that the server starts by itself.
    pub fn own(correlation: Uuid) -> Self {
        Self { correlation, causation: None, trace: Trace::start() }
    }
}

#[cfg(test)]
mod tests {
    use super::Trace;

    #[test]
    fn continues_a_valid_traceparent_with_a_new_span() {
        let trace = Trace::continued("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
            .expect("valid");
        assert_eq!(trace.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(!trace.parent().contains("00f067aa0ba902b7") && trace.parent().ends_with("-01"));
        assert_eq!(
            (trace.parent_span(), trace.child().parent_span()),
            ("00f067aa0ba902b7", trace.span())
        );
    }

    #[test]
    fn a_caller_that_does_not_collect_its_trace_is_followed() {
        let trace = Trace::continued("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
            .expect("valid");
        assert!(!trace.child().sampled() && trace.parent().ends_with("-00"));
    }

    #[test]
    fn starts_anew_on_a_malformed_one() {
        for bad in [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(Trace::continued(bad), None, "{bad}");
        }
    }
}
