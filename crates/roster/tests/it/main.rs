//! The roster's stories over HTTP, MQTT and the feed, on real components.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop there"
)]

mod audit;
mod bulk;
mod class;
mod export;
mod feed;
mod guardian;
mod home;
mod idempotency;
mod import;
mod limits;
mod listing;
mod oneroster;
mod origin;
mod own;
mod people;
mod plans;
mod reads;
mod retention;
mod room;
mod school;
mod tenant;
mod term;
