//! Asks a language model: a client of any endpoint that speaks the protocol of OpenAI, `POST …/chat/completions`.
//!
//! A model is outside, as a broker or a mail server is: it may be away, slow, wrong or endless. [`Client::ask`] therefore
//! ends within known limits ([`Limits`]), and whatever it answers is only text, which the caller has to check. The key is
//! shown nowhere: not by `Debug`, not in an error, not in an answer that repeats it.

mod blocking;
mod client;
mod error;
mod pace;
mod settings;
#[cfg(feature = "stand-in")]
pub mod stand_in;
mod wire;

pub use blocking::Blocking;
pub use client::Client;
pub use error::Error;
pub use settings::{Key, Limits, OPENAI, Settings};
pub use wire::{Answer, Message, Role};
