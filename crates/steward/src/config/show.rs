//! The effective configuration, for people: secrets stay hidden.

use serde::Serialize;

use super::value::Url;
use super::{Config, Secret, source};

/// One setting as it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its long flag, which is also its key in `steward.toml`.
    pub name: String,
    /// Its value, passwords hidden; none when it is not set.
    pub value: Option<String>,
    /// Where the value came from.
    pub origin: String,
}

impl Config {
    /// All settings with their origins, in the order of the help.
    pub fn shown(&self) -> Vec<Shown> {
        let command = source::command();
        let shown = command.get_arguments().filter_map(|argument| {
            let name = argument.get_long()?;
            let set = self.origins.values(name).unwrap_or_default();
            let values = if set.is_empty() {
                argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect()
            } else {
                set.iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>()
            };
            let value = match values.iter().map(|value| masked(value)).collect::<Vec<_>>() {
                none if none.is_empty() && name == "data-dir" => {
                    Some(self.data_dir.display().to_string())
                }
                none if none.is_empty() => None,
                some => Some(some.join(",")),
            };
            Some(Shown { name: name.to_owned(), value, origin: self.origin(name).to_string() })
        });
        shown.collect()
    }
}

/// Whatever looks like a URL may carry a password, in whatever setting it stands.
fn masked(value: &str) -> String {
    if value.contains("://") { Url::from(Secret::new(value)).to_string() } else { value.to_owned() }
}
