//! Steward: the only server binary and its command line. The composition root: configuration, embedded PostgreSQL and
//! broker, the contexts' routers, background work.

pub mod app;
pub mod broker;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod contracts;
pub mod datadir;
pub mod demo;
pub mod identity;
pub mod listen;
pub mod server;
pub mod telemetry;
pub mod tls;

use sqlx::migrate::Migrator;

/// The migrations of kernel and contexts, in the order in which they run.
pub static MIGRATORS: [(&str, &Migrator); 3] = [
    ("kernel", &kernel::migrate::KERNEL),
    ("roster", &roster::MIGRATOR),
    ("instance", &instance::server::MIGRATOR),
];
