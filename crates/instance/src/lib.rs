//! The log of an InterSystems IRIS instance, written, read and delivered; and the instance itself, repaired.
//!
//! Everything here works without database, server or licence. [`log`] knows the grammar of `messages.log`; [`cli`] is the
//! `instance` binary, whose commands `steward instance` has too.

pub mod cli;
pub mod clock;
pub mod generate;
pub mod log;
