//! How somebody is reached: what is accepted as a number, a language and a preference.

use kernel::{problem::FieldError, text};

use super::{Channel, Guardian};

/// Most characters of a telephone number: E.164 has 15 digits, which people write with spaces, brackets and extensions.
const PHONE_MAX: usize = 40;
/// Fewest digits of a telephone number.
const DIGITS_MIN: usize = 3;
/// Most characters of a language tag (RFC 5646, section 4.4.1).
const LANGUAGE_MAX: usize = 35;

/// A telephone number at `/phone`, as it was given: whether it rings, only a call tells.
pub(super) fn phone(phone: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let phone = text::field(phone, PHONE_MAX, "/phone", errors)?;
    let digits = phone.chars().filter(char::is_ascii_digit).count();
    let known = |c: char| c.is_ascii_digit() || " +-().x/#".contains(c);
    if digits >= DIGITS_MIN && phone.chars().all(known) {
        return Some(phone);
    }
    let message = "A number like +1 555 0100: digits, spaces and + - ( ) . / x #.";
    errors.push(FieldError::new("/phone", "no_phone", message));
    None
}

/// A language tag at `/language`: its form (RFC 5646, section 2.1), not whether anybody speaks it.
pub(super) fn language(tag: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let tag = text::field(tag, LANGUAGE_MAX, "/language", errors)?;
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language =
        matches!(language.len(), 2..=3) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let is_part =
        |part: &str| matches!(part.len(), 1..=8) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_language && parts.all(is_part) {
        return Some(tag);
    }
    let message = "A language tag like es, pt-BR or zh-Hans.";
    errors.push(FieldError::new("/language", "no_language", message));
    None
}

/// Channels in their order, each once.
pub(super) fn channels(mut channels: Vec<Channel>) -> Vec<Channel> {
    channels.sort_unstable();
    channels.dedup();
    channels
}

/// They can be written to in the way that they prefer: what it needs is known, and they did not opt out of it.
pub(super) fn is_reachable(guardian: &Guardian, errors: &mut Vec<FieldError>) {
    let Some(channel) = guardian.preferred_channel else { return };
    let missing = match channel {
        Channel::Email => guardian.email.is_none().then_some("an e-mail address"),
        Channel::Sms => guardian.phone.is_none().then_some("a telephone number"),
        Channel::Letter => None,
    };
    if let Some(missing) = missing {
        let message = format!("{} needs {missing}.", channel.name());
        errors.push(FieldError::new("/preferredChannel", "unreachable", message));
    }
    if guardian.opt_out.contains(&channel) {
        let message = format!("They opted out of {}.", channel.name());
        errors.push(FieldError::new("/preferredChannel", "opted_out", message));
    }
}
