//! Values that must never be seen outside: planted by a story, then looked for wherever the server writes.

/// Secrets and personal data that a story gave to the server.
#[derive(Clone, Debug, Default)]
pub struct Planted(Vec<(&'static str, String)>);

/// Anything shorter could be found by chance.
const MIN_CHARS: usize = 8;

impl Planted {
    /// Remembers a value; `what` names it in failures.
    #[must_use]
    #[track_caller]
    pub fn and(mut self, what: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        assert!(value.len() >= MIN_CHARS, "{what} is too short to be recognised");
        self.0.push((what, value));
        self
    }

    /// Fails when one of the values stands in `text`, as it is or as JSON writes it.
    #[track_caller]
    pub fn are_absent(&self, place: &str, text: &str) {
        for (what, value) in &self.0 {
            let escaped = value.escape_default().to_string();
            let found = text.lines().find(|line| line.contains(value) || line.contains(&escaped));
            assert!(found.is_none(), "{place} shows {what}: {found:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Planted;

    #[test]
    #[should_panic(expected = "the log shows a token")]
    fn a_value_that_leaks_is_found() {
        Planted::default()
            .and("a token", "eyJhbGciOi")
            .are_absent("the log", "a\nbearer eyJhbGciOi");
    }
}
