//! The roster: the authority on tenants and schools (and, as it grows, classes, people and enrolments).
//!
//! It owns the schema `roster` and the lifecycle of tenants. It never reads another context's tables, and its events
//! never carry personal data: ids, statuses and times only.

pub mod bulk;
pub mod class;
pub mod enrollment;
pub mod error;
pub mod events;
pub mod export;
pub mod external;
pub mod guardian;
pub mod http;
pub mod import;
pub mod oneroster;
pub mod own;
pub mod person;
pub mod record;
pub mod retention;
pub mod room;
pub mod school;
pub mod seed;
pub mod staff;
pub mod status;
pub mod student;
pub mod teaching;
pub mod tenant;
pub mod term;

pub use error::Error;
pub use status::{Presence, Status};

/// The roster's migrations.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
