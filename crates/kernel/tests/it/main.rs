//! The kernel's stories, on real components.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop there"
)]

mod approval;
mod catalogue;
mod cursor;
mod home;
mod inbox;
mod issuer;
mod job;
mod keys;
mod lease;
mod rate;
mod relay;
mod retention;
mod seal;
mod text;
mod token;
