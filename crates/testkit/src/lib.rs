//! The test harness: real components, made in milliseconds, gone at the end.
//!
//! A test takes what it needs: a [`Database`] of its own, cloned from a template that holds the current schema.
//! Nothing is mocked that can be run. `bin/test` starts the PostgreSQL that this crate connects to.

pub mod database;
mod schema;

pub use database::Database;
