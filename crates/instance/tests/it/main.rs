//! Stories about the log and the instance.
#![expect(clippy::expect_used, reason = "tests")]

mod grammar;
