//! Secrets: random, never shown, compared without telling how far they agreed.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Bytes of a made secret: 256 bits, beyond guessing.
const SECRET_BYTES: usize = 32;

/// A password. `Debug` and logs show nothing of it; it is written to files of mode 0600 alone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// A new one from the operating system's randomness.
    pub(super) fn random() -> Self {
        let bytes: [u8; SECRET_BYTES] = rand::random();
        Self(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The text, for the moment it is sent or shown to the one who asked for it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `offered` is this secret; takes as long whatever it is.
    pub(super) fn is(&self, offered: &[u8]) -> bool {
        Digested::of(self.0.as_bytes()).matches(offered)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is stored of a device's secret: its SHA-256.
///
/// A slow password hash (argon2) protects secrets that people choose, because those can be guessed. These are 256
/// random bits: no guess will ever hit, so a fast hash is as safe, and a sign-in costs nothing that an attacker could
/// turn into load.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Digested(String);

impl Digested {
    /// The digest of `secret`.
    pub(super) fn of(secret: &[u8]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret)))
    }

    /// Whether `offered` has this digest.
    pub(super) fn matches(&self, offered: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(Self::of(offered).0.as_bytes()).into()
    }
}

impl fmt::Debug for Digested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digested(…)")
    }
}
