//! Secrets that the server makes: random, and compared without telling how far they agreed.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::datadir::secret::Secret;

/// Bytes of a made secret: 256 bits, beyond guessing.
const SECRET_BYTES: usize = 32;

/// A new secret from the operating system's randomness.
pub(super) fn random() -> Secret {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    Secret::new(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether `offered` is `secret`; takes as long whatever it is.
pub(super) fn is(secret: &Secret, offered: &[u8]) -> bool {
    Digested::of(secret.expose().as_bytes()).matches(offered)
}

/// Writes the secret itself: only into files of mode 0600.
pub(super) fn serialize<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    secret.expose().serialize(to)
}

/// Reads it again.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
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
