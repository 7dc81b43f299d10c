//! The log of an InterSystems IRIS instance, written and read; and the instance itself, repaired.
//!
//! Everything here works without database, server or licence, but for the feature `server`: this context's part of `steward
//! serve`. [`log`] knows the grammar of `messages.log`; [`cli`] is the `instance` binary, whose commands `steward instance` has
//! too.

pub mod beneath;
pub mod cli;
pub mod clock;
pub mod command;
pub mod cpf;
pub mod deliver;
pub mod emulator;
pub mod exec;
pub mod generate;
pub mod learn;
pub mod license_key;
pub mod log;
pub mod memory;
pub mod metrics;
pub mod orchestrate;
pub mod profile;
pub mod redact;
#[cfg(feature = "server")]
pub mod server;
pub mod tool;
pub mod writer;
