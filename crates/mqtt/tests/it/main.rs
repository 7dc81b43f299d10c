//! Stories about the client and real brokers.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod brokers;
mod publishing;
mod support;
