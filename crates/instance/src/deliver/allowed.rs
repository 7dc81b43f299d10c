//! Where results may be sent. A command comes from outside: it must not make this host call any other.

use super::{Destination, Scheme};

/// Beginnings of addresses: scheme, host and port must be equal, and the path below.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Vec<Destination>);

impl Allowed {
    /// Reads the entries of a list.
    ///
    /// # Errors
    /// The entry that is no address.
    pub fn read<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let read = |entry: &'a str| {
            Destination::parse(entry).map_err(|e| format!("REPLY_ALLOWED: {entry}: {e}"))
        };
        entries.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Allows a whole host: the one where commands come from.
    pub fn add(&mut self, destination: Destination) {
        self.0.push(destination);
    }

    /// The place that a command names.
    ///
    /// # Errors
    /// Why nothing is sent there, and what is allowed.
    pub fn check(&self, reply_to: &str) -> Result<Destination, String> {
        let wanted = Destination::parse(reply_to)?;
        if self.0.iter().any(|allowed| covers(allowed, &wanted)) {
            return Ok(wanted);
        }
        let place = match wanted.scheme() {
            Scheme::Http | Scheme::Mqtt => wanted.origin(),
            Scheme::File => wanted.url().path().to_owned(),
        };
        let list: Vec<_> = self.0.iter().map(Destination::as_str).collect();
        let list = if list.is_empty() { "nothing".to_owned() } else { list.join(", ") };
        Err(format!("{place} is not allowed; REPLY_ALLOWED allows {list}"))
    }
}

fn covers(allowed: &Destination, wanted: &Destination) -> bool {
    if allowed.scheme() == Scheme::File {
        return match (allowed.path(), wanted.path()) {
            (Some(allowed), Some(wanted)) => wanted.starts_with(allowed),
            _ => false,
        };
    }
    let (path, below) = (allowed.url().path().trim_end_matches('/'), wanted.url().path());
    let rest = below.strip_prefix(path);
    allowed.origin() == wanted.origin()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
