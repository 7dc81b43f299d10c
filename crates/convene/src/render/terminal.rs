//! Text for a terminal: sections of indented lines.

use std::fmt::Write as _;

/// A screen under construction.
#[derive(Debug, Default)]
pub(super) struct Screen {
    out: String,
}

impl Screen {
    /// One that begins with this.
    pub(super) fn headed(headline: String) -> Self {
        Self { out: headline }
    }

    /// Lines under a title; nothing when there are none.
    pub(super) fn section(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        // Writing into a String cannot fail.
        writeln!(self.out, "\n{title}").unwrap_or_default();
        for line in lines {
            writeln!(self.out, "  {line}").unwrap_or_default();
        }
    }

    /// What is on it.
    pub(super) fn text(self) -> String {
        self.out
    }
}

/// Somebody's words on a terminal: no control characters, no line breaks.
pub(super) fn plain(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
