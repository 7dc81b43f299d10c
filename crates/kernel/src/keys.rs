//! Secrets of the server: the master key, what is derived from it, and the data keys of tenants.

mod master;

pub use master::{Absent, MasterKey};

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
}
