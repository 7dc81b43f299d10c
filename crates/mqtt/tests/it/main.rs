//! Stories about the client and real brokers.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![expect(clippy::indexing_slicing, reason = "tests")]

mod back_pressure;
mod brokers;
mod configuration;
mod documents;
mod events;
mod fuzz;
mod heavy;
mod liveness;
mod observability;
mod properties;
mod publishing;
mod python;
mod reliability;
mod session;
mod stories;
mod support;
mod traps;
