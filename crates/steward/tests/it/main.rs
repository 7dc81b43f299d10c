//! The server's stories: one binary, a module for each part.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod migrate;
mod process;
