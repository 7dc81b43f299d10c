//! Writes the entries that an instance would write, without one: from templates and a seeded process.
//!
//! The templates and scenarios are text files beside the code. Their wording is the product's where it is known.

mod generator;
mod scenario;
mod template;

pub use generator::{Generator, Plan};
pub use scenario::{Scenario, Step};
pub use template::{Class, Role};
