//! Words and widths that several renderings share.

use jiff::civil::{Date, DateTime};
use serde::Serialize;

/// The word of a value that is written as one: `not_started` is `not started`.
pub(crate) fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().replace('_', " ")
}

/// A share as percent: `12.5 %`.
pub(crate) fn percent(share: f64) -> String {
    let tenths = format!("{:.1}", share * 100.0);
    let shown = tenths.strip_suffix(".0").unwrap_or(&tenths);
    format!("{} %", if shown == "-0" { "0" } else { shown })
}

/// A date with its weekday: `Fri 12 Mar 2027`.
pub(crate) fn day(date: Date) -> String {
    date.strftime("%a %-d %b %Y").to_string()
}

/// A time of day: `18:00`.
pub(super) fn clock(at: DateTime) -> String {
    at.strftime("%H:%M").to_string()
}

/// From one moment to another, the day said once where it is the same.
pub(crate) fn span(start: DateTime, end: DateTime) -> String {
    if start.date() == end.date() {
        return format!("{}, {} to {}", day(start.date()), clock(start), clock(end));
    }
    format!("{}, {} to {}, {}", day(start.date()), clock(start), day(end.date()), clock(end))
}

/// A count with its noun: `1 day`, `3 days`.
pub(crate) fn count(number: impl Into<i64>, noun: &str) -> String {
    let number = number.into();
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A width of one character, in hundredths of the font's size. No font is at hand: these are those of common
/// sans-serif fonts, rounded up, so that a text ends before its room does.
const fn advance(letter: char) -> u32 {
    match letter {
        'i' | 'j' | 'l' | '.' | ',' | '\'' | '|' | '!' | ':' | ';' | 'I' => 32,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '-' | '/' => 42,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 95,
        'A'..='Z' | '&' => 75,
        '\u{0}'..='\u{24f}' => 62,
        _ => 105,
    }
}

/// How wide a text is at a font size, in pixels.
pub(super) fn width(text: &str, size: f64) -> f64 {
    f64::from(text.chars().map(advance).sum::<u32>()) / 100.0 * size
}

/// A text that fits into so many pixels, cut with an ellipsis where it must be.
pub(super) fn fit(text: &str, room: f64, size: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if width(&kept, size) + width("…", size) > room {
            kept.pop();
            break;
        }
    }
    if kept.is_empty() { kept } else { format!("{}…", kept.trim_end()) }
}

/// A text in lines that fit into so many pixels, at most `lines` of them; the last is cut where it must be.
pub(super) fn wrap(text: &str, room: f64, size: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while words.peek().is_some() && out.len() < lines {
        if out.len() + 1 == lines {
            out.push(fit(&words.by_ref().collect::<Vec<_>>().join(" "), room, size));
            break;
        }
        let mut line = words.next().unwrap_or_default().to_owned();
        while let Some(next) = words.next_if(|next| width(&format!("{line} {next}"), size) <= room)
        {
            line.push(' ');
            line.push_str(next);
        }
        out.push(fit(&line, room, size));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{fit, percent, width, wrap};

    #[test]
    fn a_text_never_leaves_its_room() {
        let title = "An unreasonably long title that somebody typed";
        for room in [5.0, 20.0, 90.0, 1000.0] {
            assert!(width(&fit(title, room, 12.0), 12.0) <= room, "{room}");
            assert!(wrap(title, room, 12.0, 3).iter().all(|line| width(line, 12.0) <= room));
        }
        assert_eq!(fit(title, 1000.0, 12.0), title);
        assert_eq!(wrap("one two three", 1000.0, 12.0, 2), ["one two three"]);
    }

    #[test]
    fn percents_have_one_decimal_at_most() {
        assert_eq!([0.125, 0.3, -0.0001, 1.0].map(percent), ["12.5 %", "30 %", "0 %", "100 %"]);
    }
}
