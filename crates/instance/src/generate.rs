//! Writes the entries that an instance would write, without one: from templates and a seeded process, or in the likeness of a log.
//!
//! The templates and scenarios are text files beside the code. Their wording is the product's where it is known.

mod clock;
mod generator;
mod likeness;
mod process;
mod scenario;
mod template;

pub use generator::{Generator, Plan};
pub use likeness::Likeness;
pub use process::Role;
pub use scenario::Scenario;
pub use template::Class;

use process::Pids;

/// All wording there is, for those who must tell the product's words from others.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    std::iter::once(generator::TEMPLATES).chain(scenario::texts())
}
