//! Stories about the log and the instance.
#![expect(clippy::expect_used, reason = "tests")]

mod follow;
mod generate;
mod grammar;
mod parse;
