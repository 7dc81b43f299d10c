//! Faults: the real binary, real databases and real brokers, killed, stopped and cut off while districts write.
//!
//! Every story runs the same way: [`generator`] writes and keeps a history of what was acknowledged, a [`subscriber`]
//! keeps what arrived, something breaks, and [`checker`] compares history, database and deliveries. What is random comes
//! from one seed, which a failure shows.
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking, and shows where")]

mod broker_down;
mod bulk;
mod cancelled;
mod checker;
mod crash;
mod database_down;
mod generator;
mod history;
mod import;
mod mosquitto;
mod nodes;
mod postgres;
mod same_key;
mod site;
mod subscriber;
