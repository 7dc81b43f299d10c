//! Text from outside: what is accepted as one line of it, and what names are compared by.

mod redacted;

use jiff::civil::Date;
use unicode_casefold::UnicodeCaseFold;
use unicode_normalization::UnicodeNormalization;

pub use redacted::Redacted;

use crate::problem::FieldError;

/// What names are compared by: trimmed, NFKC, case-folded. Stored beside the name, because an expression in a query is
/// no index condition under row-level security.
pub fn key(text: &str) -> String {
    // Folding can undo the normal form and the normal form can undo the folding: a second round makes it stable.
    let once: String = text.trim().nfkc().case_fold().nfkc().collect();
    once.case_fold().nfkc().collect::<String>().trim().to_owned()
}

/// A line of text at `pointer`, trimmed, of 1 to `max` characters without control characters; a refusal goes to `errors`.
pub fn field(
    text: &str,
    max: usize,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> Option<String> {
    let text = text.trim();
    let refusal = if text.is_empty() {
        ("empty", "Must not be empty.".to_owned())
    } else if text.chars().nth(max).is_some() {
        ("too_long", format!("At most {max} characters."))
    } else if text.chars().any(|c| c.is_control() || is_noncharacter(c)) {
        // Among them NUL, which PostgreSQL does not store, and U+10FFFF, which marks the end of sorted lists.
        ("control_character", "Must not contain control characters.".to_owned())
    } else {
        return Some(text.to_owned());
    };
    errors.push(FieldError::new(pointer, refusal.0, refusal.1));
    None
}

/// Characters of a date: YYYY-MM-DD.
const DATE_CHARS: usize = 10;

/// The date at `pointer`, written YYYY-MM-DD; a refusal goes to `errors` and does not repeat the text.
pub fn date(text: &str, pointer: &str, errors: &mut Vec<FieldError>) -> Option<Date> {
    let date =
        Some(text).filter(|text| text.len() == DATE_CHARS).and_then(|text| text.parse().ok());
    if date.is_none() {
        errors.push(FieldError::new(pointer, "no_date", "A day of the calendar as YYYY-MM-DD."));
    }
    date
}

/// The code points that Unicode keeps from ever standing for a character (section 23.7).
const fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe
}
