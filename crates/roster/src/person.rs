//! What students and staff have in common: names, reasons, and that nothing about them is shown by accident.

use kernel::{problem::FieldError, text};
use serde::Deserialize;

/// Most characters of a given or family name.
const NAME_MAX: usize = 100;
/// Most characters of a reason.
const REASON_MAX: usize = 500;
/// Most characters of an e-mail address (RFC 5321, section 4.5.3.1.3, without brackets).
const EMAIL_MAX: usize = 254;

/// Why something is done to a person. Kept with them, never announced.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Why {
    /// The reason.
    #[schema(min_length = 1, max_length = 500, examples("Moved to another district"))]
    pub reason: String,
}

impl Why {
    /// The reason.
    ///
    /// # Errors
    /// When it is no line of text.
    pub fn parse(self) -> Result<String, Vec<FieldError>> {
        let mut errors = Vec::new();
        reason(&self.reason, &mut errors).ok_or(errors)
    }
}

/// A reason at `/reason`.
pub(crate) fn reason(reason: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    text::field(reason, REASON_MAX, "/reason", errors)
}

/// A given or family name at `pointer`.
pub(crate) fn name(name: &str, pointer: &str, errors: &mut Vec<FieldError>) -> String {
    text::field(name, NAME_MAX, pointer, errors).unwrap_or_default()
}

/// What people are sorted and found by: family name first, and given name first.
pub(crate) fn keys(given: &str, family: &str) -> (String, String) {
    (text::key(&format!("{family} {given}")), text::key(&format!("{given} {family}")))
}

/// An e-mail address at `pointer`: something before and after one @, without spaces. Whether mail arrives, only mail tells.
pub(crate) fn email(email: &str, pointer: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let email = text::field(email, EMAIL_MAX, pointer, errors)?;
    let parts: Vec<_> = email.split('@').collect();
    let whole = parts.len() == 2 && parts.iter().all(|part| !part.is_empty());
    if whole && !email.contains(char::is_whitespace) {
        return Some(email);
    }
    errors.push(FieldError::new(pointer, "no_email", "An address like name@example.org."));
    None
}

/// Ids as PostgreSQL writes an array of them: rows of arrays of different lengths travel as text.
pub(crate) fn array<T: std::fmt::Display>(items: &[T]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    format!("{{{}}}", items.join(","))
}
