//! The server's stories: one binary, a module for each part.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod approvals;
mod broker;
mod certificates;
mod cli_convene;
mod cli_mqtt;
mod cli_roster;
mod cluster;
mod config;
mod contracts;
mod faults;
mod hostile;
mod identity;
mod instance;
mod leaks;
mod matrix;
mod migrate;
mod passwords;
mod process;
mod schemathesis;
mod secrets;
mod serve;
mod tls;
mod tokens;
mod traces;
