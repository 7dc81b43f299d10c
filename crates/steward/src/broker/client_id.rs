//! Client ids are bound to accounts: whoever connects with a client id takes over its session, so it must be theirs.
//!
//! An account owns its user name and every id that continues it with a colon (`user:anything`). Two accounts can never
//! own the same id, because a colon within a user name is written `%3A` there. Ids that the broker assigned to clients
//! without one (`auto-…`) belong to whoever connected first, and have no session to steal.

use std::borrow::Cow;

/// What the broker puts before the 128 random bits of an id that it assigns.
const ASSIGNED: &str = "auto-";
/// 128 bits in hexadecimal.
const ASSIGNED_DIGITS: usize = 32;

/// Whether `client_id` is `user`'s own.
pub(super) fn is_owned_by(client_id: &str, user: &str) -> bool {
    let name = name(user);
    let suffix = client_id.strip_prefix(name.as_ref());
    !name.is_empty() && suffix.is_some_and(|suffix| suffix.is_empty() || suffix.starts_with(':'))
}

/// Whether `client_id` looks like one that the broker assigned: one offered by a client cannot be told from it.
pub(super) fn is_assigned(client_id: &str) -> bool {
    client_id.strip_prefix(ASSIGNED).is_some_and(|digits| {
        digits.len() == ASSIGNED_DIGITS
            && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// The user name as it stands in client ids: without the separator, and without what cannot stand in a file's name,
/// since sessions are kept in files named after them.
fn name(user: &str) -> Cow<'_, str> {
    const ESCAPED: [char; 4] = ['%', ':', '/', '\\'];
    if !user.contains(|c: char| ESCAPED.contains(&c) || c.is_control()) {
        return Cow::Borrowed(user);
    }
    let escape = |c: char| {
        if ESCAPED.contains(&c) || c.is_control() {
            format!("%{:02X}", u32::from(c))
        } else {
            c.to_string()
        }
    };
    Cow::Owned(user.chars().map(escape).collect())
}
