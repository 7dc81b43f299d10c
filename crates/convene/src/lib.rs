//! Plans events: what an event needs, when, where, for how much, and what may go wrong.
//!
//! Everything here is a pure function of its input: no clock, no database, no network, no language model. The same
//! input and the same seed give the same bytes, on every machine.

pub mod math;
