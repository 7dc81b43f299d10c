//! Secrets of the server: the master key, what is derived from it, and the data keys of tenants.
//!
//! The master key never encrypts data. It wraps one data key a tenant and version ([`DataKeys`]), which encrypts single
//! fields ([`DataKey`]) bound to their [`Place`], so that a ciphertext is of no use in another row. A database knows a value
//! derived from its master key and refuses every other ([`unlock`]).

mod data;
mod field;
mod master;
mod rotate;
mod unlock;

pub use data::DataKeys;
pub use field::{DataKey, Place};
pub(crate) use field::{decrypt, encrypt};
pub use master::{Absent, MasterKey};
pub use rotate::{Rotated, rotate, tenants};
pub use unlock::unlock;

use crate::TenantId;

/// Why a key cannot be had or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no key file, and none may be made.
    #[error(
        "there is no key file {0}: give the one this database was made with (--secret-key-file); without it, what is encrypted stays encrypted"
    )]
    Missing(String),
    /// The key file cannot be read or written.
    #[error("cannot use the key file {path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// What the operating system says.
        error: std::io::Error,
    },
    /// Others can read the file.
    #[error(
        "the key file {path} can be read by others (mode {mode:o}): run `chmod 600 {path}` and consider the key known"
    )]
    Exposed {
        /// Which file.
        path: String,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else.
    #[error("the key file {0} must hold 32 random bytes as base64 or hexadecimal text")]
    Unreadable(String),
    /// The database belongs to another master key.
    #[error(
        "{0} is not the key that this database was made with: give the right file (--secret-key-file); nothing was changed"
    )]
    Wrong(String),
    /// A tenant has no such data key.
    #[error("tenant {tenant} has no data key of version {version}")]
    UnknownVersion {
        /// Whose key.
        tenant: TenantId,
        /// Which one.
        version: i32,
    },
    /// A ciphertext or wrapped key was altered, moved, or made with another key.
    #[error("an encrypted value does not belong where it stands")]
    Broken,
    /// The database does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
