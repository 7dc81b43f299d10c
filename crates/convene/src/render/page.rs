//! `plan.md`: the whole plan for whoever has to carry it out. Each sentence is a fact of this plan.

mod intro;
mod logs;
mod money;
mod running;
mod venue;
mod work;

use std::fmt::Write as _;

use iso_currency::Currency;

use crate::artifact::{Amount, Dossier, EventBrief};

/// Writes the page.
pub(super) fn render(dossier: &Dossier) -> Option<String> {
    let brief = dossier.get::<EventBrief>()?;
    let mut page = Page { out: String::new(), currency: brief.currency };
    intro::write(&mut page, dossier, brief);
    work::write(&mut page, dossier);
    venue::write(&mut page, dossier);
    money::write(&mut page, dossier);
    running::write(&mut page, dossier);
    logs::write(&mut page, dossier);
    Some(page.out)
}

/// Markdown under construction.
struct Page {
    out: String,
    currency: Currency,
}

impl Page {
    fn heading(&mut self, depth: usize, text: &str) {
        let marks = "#".repeat(depth);
        let gap = if self.out.is_empty() { "" } else { "\n" };
        self.put(format_args!("{gap}{marks} {}\n", inline(text)));
    }

    fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.put(format_args!("\n{text}\n"));
        }
    }

    fn picture(&mut self, name: &str, file: &str) {
        self.put(format_args!("\n![{name}]({file})\n"));
    }

    /// A list; nothing when it is empty.
    fn list(&mut self, items: impl IntoIterator<Item = String>) {
        let mut gap = "\n";
        for item in items {
            self.put(format_args!("{gap}- {item}\n"));
            gap = "";
        }
    }

    /// A table; nothing without rows.
    fn table<const N: usize>(
        &mut self,
        head: [&str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return;
        }
        self.put(format_args!("\n| {} |\n|{}\n", head.join(" | "), " --- |".repeat(N)));
        for row in rows {
            self.put(format_args!("| {} |\n", row.join(" | ")));
        }
    }

    fn money(&self, amount: Amount) -> String {
        amount.shown(self.currency)
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        self.out.write_fmt(text).unwrap_or_default();
    }
}

/// Somebody's words within a line: no mark-up, no line breaks.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        for letter in word.chars() {
            if matches!(letter, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '#') {
                out.push('\\');
            }
            out.push(letter);
        }
    }
    out
}

/// Several of somebody's words in a row.
fn joined(texts: &[String]) -> String {
    texts.iter().map(|text| inline(text)).collect::<Vec<_>>().join(", ")
}

/// A sentence of somebody's words: it ends as one.
fn sentence(text: &str) -> String {
    let text = inline(text);
    if text.is_empty() || text.ends_with(['.', '!', '?']) { text } else { text + "." }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_of_people_stay_words() {
        let text = "<img src=x> | *bold*\n# [x](y)";
        assert_eq!(super::inline(text), r"\<img src=x\> \| \*bold\* \# \[x\](y)");
    }
}
