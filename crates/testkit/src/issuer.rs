//! An issuer of tokens with its own key pair: the server only ever validates.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{Role, TenantId};
use serde_json::{Value, json};

/// The issuer's name, in its tokens and in the configuration of the server under test.
pub const ISSUER: &str = "https://issuer.test";
/// The audience that the server under test demands.
pub const AUDIENCE: &str = "steward";

const KEY_ID: &str = "test";
/// Longer than any story; expiry has its own tests.
const VALID_FOR: SignedDuration = SignedDuration::from_hours(1);

/// Signs whatever a story wants to claim.
pub struct Issuer {
    private: EncodingKey,
    public: String,
}

/// Who a token speaks for.
#[derive(Clone, Debug)]
pub struct Person {
    /// The claim `sub`.
    pub subject: String,
    /// The claim `roles`.
    pub roles: Vec<Role>,
    /// The claim `tenants`.
    pub tenants: Vec<TenantId>,
    /// Whether the token has the scope `service`.
    pub is_service: bool,
}

impl Person {
    /// A person with one role, named after it.
    pub fn with(role: Role, tenants: &[TenantId]) -> Self {
        let subject = format!("{}@story", role.name());
        Self { subject, roles: vec![role], tenants: tenants.to_vec(), is_service: false }
    }
}

impl Issuer {
    /// An issuer with a new key.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn new() -> anyhow::Result<Self> {
        let refused = |_| anyhow::anyhow!("no Ed25519 key could be made");
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(refused)?;
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref())?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Ok(Self { private: EncodingKey::from_ed_der(pkcs8.as_ref()), public })
    }

    /// What the issuer publishes: the set of its public keys.
    pub fn jwks(&self) -> Value {
        let key = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KEY_ID, "x": self.public});
        json!({"keys": [key]})
    }

    /// A good token for `person`, issued at `now`.
    ///
    /// # Errors
    /// When signing fails.
    pub fn token(&self, person: &Person, now: Timestamp) -> anyhow::Result<String> {
        let mut claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": person.subject,
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": (now + VALID_FOR).as_second(),
            "roles": person.roles,
            "tenants": person.tenants,
        });
        if person.is_service {
            claims["scope"] = json!("service");
        }
        self.sign(&claims)
    }

    /// A token with exactly these claims, for stories about bad ones.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::EdDSA) };
        Ok(jsonwebtoken::encode(&header, claims, &self.private)?)
    }
}
