//! The server's stories: one binary, a module for each part.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod broker;
mod cluster;
mod config;
mod identity;
mod migrate;
mod process;
mod serve;
