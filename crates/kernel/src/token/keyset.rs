//! The issuer's public keys at one moment.

use std::time::Instant;

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The most keys of a set that are looked at; issuers publish two or three.
const MAX_KEYS: usize = 100;

/// The algorithms that a key may have: asymmetric ones only, so that a public key is never a shared secret.
const ALLOWED: [Algorithm; 9] = [
    Algorithm::EdDSA,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
];

/// The allowed algorithm of that name in a token's header; `Ed25519` is the newer name of `EdDSA` (RFC 9864).
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    let name = if name == "Ed25519" { "EdDSA" } else { name };
    name.parse().ok().filter(|algorithm| ALLOWED.contains(algorithm))
}

/// A key that verifies signatures of exactly one algorithm.
#[derive(Clone)]
pub(super) struct SigningKey {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
    /// Set when the issuer no longer publishes the key: until then tokens under way are still good.
    pub(super) until: Option<Instant>,
    /// SHA-256 of the key as published, to see whether it changed.
    pub(super) print: [u8; 32],
}

impl SigningKey {
    pub(super) fn is_usable(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// All keys at one moment; `generation` changes whenever they do.
#[derive(Default)]
pub(super) struct KeySet {
    pub(super) generation: u64,
    pub(super) keys: Vec<SigningKey>,
}

impl KeySet {
    /// The key of that id. A token without one is only understood while there is nothing to choose from.
    pub(super) fn find(&self, kid: Option<&str>, now: Instant) -> Option<&SigningKey> {
        let mut usable = self.keys.iter().filter(|key| key.is_usable(now));
        match kid {
            Some(kid) => usable.find(|key| key.kid.as_deref() == Some(kid)),
            None => usable.next().filter(|_| usable.next().is_none()),
        }
    }
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// The usable keys of a JWKS document (RFC 7517); keys of other kinds and for other uses are passed over, as it demands.
pub(super) fn parse(document: &[u8]) -> Result<Vec<SigningKey>, serde_json::Error> {
    let published: Published = serde_json::from_slice(document)?;
    Ok(published.keys.into_iter().take(MAX_KEYS).filter_map(signing_key).collect())
}

fn signing_key(published: Value) -> Option<SigningKey> {
    let print = Sha256::digest(published.to_string()).into();
    let jwk: Jwk = serde_json::from_value(published).ok()?;
    let algorithm = only_algorithm(&jwk).filter(|_| is_for_verifying(&jwk))?;
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    Some(SigningKey { kid: jwk.common.key_id, algorithm, decoding, until: None, print })
}

fn is_for_verifying(jwk: &Jwk) -> bool {
    let usage = jwk.common.public_key_use.as_ref();
    let operations = jwk.common.key_operations.as_ref();
    usage.is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

/// The one algorithm of a key: the curve's, or what an RSA key declares (RS256 when it declares none, as `OpenID` Connect
/// has it). A key that declares what it cannot do is not used.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "shared secrets, other curves and kinds to come never verify"
)]
fn only_algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let declared = jwk.common.key_algorithm;
    let able = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => declared.map_or(Some(Algorithm::RS256), rsa),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
            Some(Algorithm::ES384)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Some(Algorithm::EdDSA)
        }
        _ => None,
    }?;
    // The library knows the name "Ed25519" only as an unknown one, and EdDSA is all that such a key can do.
    let unknown = declared == Some(KeyAlgorithm::UNKNOWN_ALGORITHM) && able == Algorithm::EdDSA;
    declared.is_none_or(|declared| unknown || declared == able.into()).then_some(able)
}

fn rsa(declared: KeyAlgorithm) -> Option<Algorithm> {
    let algorithm = Algorithm::try_from(declared).ok()?;
    (algorithm.family() == AlgorithmFamily::Rsa).then_some(algorithm)
}
