//! Instances in the server: which there are, what is to be done to them, who confirmed it, what became of it.
//!
//! The server queues, approves, records and shows; the tools run where the instance lives, by its executor's account. It owns the schema `instance`, and its events
//! never carry personal data: who was on an instance stands in traces alone.

pub mod error;
pub mod events;
pub mod http;
pub mod message;
pub mod registry;
pub mod remedy;
pub mod settings;

pub use error::Error;
pub use settings::Settings;

use kernel::job::JobKind;

/// The context's migrations.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// The kinds of jobs of this context.
pub const JOBS: [JobKind; 2] = [remedy::DECISION, remedy::EXPIRY];
