//! Stories about the log and the instance.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::semicolon_if_nothing_returned,
    clippy::type_complexity,
    reason = "tests"
)]

mod command;
mod cpf;
mod deliver;
mod emulated;
mod emulator;
mod follow;
mod generate;
mod grammar;
mod kernel;
mod learn;
mod message;
mod monitor;
mod orchestrate;
mod parse;
mod restart;
mod scenario;
mod tour;
mod writer;
