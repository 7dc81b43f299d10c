//! Who a bearer token speaks for. Tokens are verified here and never issued.
//!
//! A token is a JWT (RFC 7519) under the rules of RFC 8725: the key decides the algorithm, never the token; issuer,
//! audience, expiry and subject are required; what the header says about where to find keys (`jku`, `x5u`, `jwk`) is not
//! read. Time comes from [`Clock`], keys from a [`KeySource`] that is read again when it changes. A verified token is
//! remembered until it expires or the keys change, so that the usual request pays for a hash instead of a signature.

mod claims;
mod keyring;
mod keyset;
mod parts;
mod rejected;
mod remembered;
mod source;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

pub use self::{
    claims::ClaimNames,
    keyring::Pace,
    rejected::Rejected,
    source::{KeySource, SourceError},
};
use self::{
    claims::Claims, keyring::Keyring, keyset::SigningKey, parts::Parts, remembered::Remembered,
};
use crate::{Caller, Clock};

/// The longest token that is looked at: as much as a request's whole header may hold.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How far the clocks of issuer and server may be apart: NTP keeps them far closer, RFC 8725 calls minutes too much.
pub const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Which tokens are trusted.
#[derive(Clone, Debug)]
pub struct Trust {
    /// The one issuer, compared to the letter with the claim `iss`.
    pub issuer: String,
    /// Must be among the claim `aud`.
    pub audience: String,
    /// Where the issuer's public keys come from.
    pub keys: KeySource,
    /// Which claims carry tenants, roles and scopes.
    pub claims: ClaimNames,
}

/// What a good token proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Who asks.
    pub caller: Caller,
    /// When the token expires, leeway not counted.
    pub expires: Timestamp,
}

/// Verifies tokens. A clone shares keys and memory with its origin.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    issuer: String,
    audience: String,
    claims: ClaimNames,
    clock: Clock,
    keys: Arc<Keyring>,
    remembered: Remembered,
}

impl Verifier {
    /// A verifier that reads its keys when the first token comes; [`Verifier::warm`] reads them at once.
    ///
    /// Fails when `trust` names a key source that could never be read safely (plain HTTP to another machine).
    pub fn new(trust: Trust, clock: Clock) -> Result<Self, SourceError> {
        let pace = trust.keys.pace();
        Self::with_pace(trust, clock, pace)
    }

    /// As [`Verifier::new`], with another rhythm of reading keys: for tests.
    pub fn with_pace(trust: Trust, clock: Clock, pace: Pace) -> Result<Self, SourceError> {
        let keys = Arc::new(Keyring::new(trust.keys.open(&trust.issuer)?, pace));
        let Trust { issuer, audience, claims, .. } = trust;
        Ok(Self(Arc::new(Inner {
            issuer,
            audience,
            claims,
            clock,
            keys,
            remembered: Remembered::default(),
        })))
    }

    /// Reads the keys now, so that a server can say at its start that its issuer does not answer.
    pub async fn warm(&self) -> Result<(), SourceError> {
        self.0.keys.warm().await
    }

    /// Who `token` speaks for (the bare token, without `Bearer`), or why it is refused.
    pub async fn verify(&self, token: &str) -> Result<Verified, Rejected> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Rejected::Malformed("it is longer than 16 KiB"));
        }
        let print: [u8; 32] = Sha256::digest(token).into();
        let keys = self.0.keys.current().await;
        if let Some(known) = self.0.remembered.get(keys.generation, &print, self.0.clock.now()) {
            return Ok(known);
        }
        let parts = Parts::of(token)?;
        let (generation, key) = self.0.keys.find(parts.kid()).await?;
        let verified = self.check(&parts, &key)?;
        self.0.remembered.keep(generation, print, &verified, key.until);
        Ok(verified)
    }

    fn check(&self, parts: &Parts<'_>, key: &SigningKey) -> Result<Verified, Rejected> {
        parts.signed_by(key)?;
        let claims = Claims::read(parts)?;
        claims.issued_by(&self.0.issuer)?;
        claims.meant_for(&self.0.audience)?;
        let expires = claims.valid_at(self.0.clock.now())?;
        Ok(Verified { caller: claims.caller(&self.0.claims, &self.0.issuer)?, expires })
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.0.issuer)
            .field("audience", &self.0.audience)
            .finish_non_exhaustive()
    }
}
