//! Why a certificate cannot be used.

use std::{io, path::PathBuf};

use crate::datadir::secret;

/// Why a certificate cannot be used. Each message says what to do; none holds a part of the key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate's file cannot be read.
    #[error("the certificate {path} cannot be read: {source}; check the path and who may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The key's file cannot be read, or others may read it.
    #[error(transparent)]
    Secret(#[from] secret::Error),
    /// No certificate in it.
    #[error(
        "{0} holds no certificate: give a PEM file with the whole chain (BEGIN CERTIFICATE), the server's own first"
    )]
    NoCertificate(PathBuf),
    /// No key in it.
    #[error("{0} holds no private key: give a PEM file (BEGIN PRIVATE KEY) without a passphrase")]
    NoKey(PathBuf),
    /// The key belongs to another certificate.
    #[error(
        "the key {key} is not the one of the first certificate in {cert}: give the two files that were issued together"
    )]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Of a kind that is not supported, or damaged.
    #[error(
        "{cert} with {key} cannot be used: {why}; issue a certificate with an ECDSA, Ed25519 or RSA key"
    )]
    Unusable {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The library's words.
        why: rustls::Error,
    },
    /// The library itself refuses.
    #[error("TLS cannot be set up: {0}")]
    Rustls(rustls::Error),
}
