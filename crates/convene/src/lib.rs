//! Plans events: what an event needs, when, where, for how much, and what may go wrong.
//!
//! Everything here is a pure function of its input: no clock, no database, no network; a language model only behind the port
//! [`prose::Writer`], when one is given. Without it, the same
//! input and the same seed give the same bytes, on every machine. Only [`folder`] touches files.

pub mod agent;
pub mod approval;
pub mod artifact;
pub mod brief;
pub mod catalogue;
pub mod change;
pub mod folder;
pub mod gate;
pub mod inputs;
pub mod instruction;
pub mod library;
pub mod lifecycle;
pub mod math;
pub mod prose;
pub mod render;
