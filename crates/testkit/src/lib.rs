//! The test harness: real components, made in milliseconds, gone at the end. Nothing is mocked that can be run.
//!
//! - [`Database`]: a database of its own for a test, cloned from a template that holds the current schema.
//! - `Server` (feature `server`): Steward in this process, on such a database, at a fixed time, with its own broker.
//! - [`Client`]: HTTP as one caller, with the headers that every request needs.
//! - `Events` (feature `server`): everything that arrives at an MQTT subscriber.
//! - [`planted::Planted`]: what must not be seen outside, and where it was not.
//! - [`Process`]: the real binary, to be started, stopped and killed.
//!
//! `bin/test` starts the PostgreSQL that this crate connects to. A failed expectation panics, as an assertion does; what
//! a story only needs on its way returns an error.
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness fails the test, and shows where"
)]

pub mod client;
pub mod database;
#[cfg(feature = "server")]
pub mod events;
pub mod issuer;
pub mod planted;
pub mod process;
mod schema;
#[cfg(feature = "server")]
pub mod server;

pub use client::{Answer, Client};
pub use database::{Database, Login};
#[cfg(feature = "server")]
pub use events::Events;
pub use issuer::{Issuer, Person};
pub use process::Process;
#[cfg(feature = "server")]
pub use server::Server;
