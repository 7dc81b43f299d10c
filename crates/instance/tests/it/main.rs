//! Stories about the log and the instance.
#![expect(clippy::expect_used, reason = "tests")]

mod follow;
mod grammar;
mod parse;
