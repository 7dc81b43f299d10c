//! Stories of the harness itself.

mod database;
mod server;
