//! What every service of Steward shares: tenancy, identity, the unit of work, audit, outbox and relay, inbox, jobs,
//! problems, paging.
//!
//! It knows no context, no broker and no transport but HTTP: the broker is the port [`relay::Broker`], which the server
//! implements. It never hands out a bare database connection: data is reached through [`Cx`] and [`Tx`] alone.

pub mod answer;
pub mod approval;
pub mod audit;
mod background;
mod bounded;
pub mod caller;
pub mod clock;
pub mod cursor;
pub mod cx;
pub mod db;
pub mod event;
pub mod failpoint;
pub mod feed;
pub mod health;
pub mod http;
pub mod id;
pub mod inbox;
pub mod job;
pub mod keys;
pub mod lease;
pub mod migrate;
pub mod permission;
pub mod problem;
pub mod rate;
pub mod relay;
pub mod retention;
pub mod rows;
pub mod snapshot;
pub mod span;
pub mod tenant;
pub mod text;
pub mod token;
pub mod tx;
pub mod unit;
pub mod word;

pub use caller::{ActorKind, Caller, Role};
pub use clock::Clock;
pub use cx::Cx;
pub use db::Kernel;
pub use id::{Ids, TenantId};
pub use problem::Problem;
pub use tx::Tx;
