//! An `OpenID` Connect issuer: keys, and the two documents by which a server finds them.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A part of a token.
pub(super) fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// An Ed25519 key.
pub(super) struct Key {
    pub(super) id: String,
    private: EncodingKey,
    public: Vec<u8>,
}

impl Key {
    pub(super) fn new(id: &str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        Self { id: id.to_owned(), private: EncodingKey::from_ed_der(pkcs8.as_ref()), public }
    }

    /// As it is published.
    pub(super) fn published(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(&self.public);
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.id, "x": x})
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"alg": "EdDSA", "kid": self.id, "typ": "JWT"}), claims)
    }

    /// A token with these claims and this header.
    pub(super) fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = crypto::sign(signed.as_bytes(), &self.private, Algorithm::EdDSA).unwrap();
        format!("{signed}.{signature}")
    }

    /// The forms of the public key that a careless verifier would take for a shared secret.
    pub(super) fn public_texts(&self) -> [Vec<u8>; 3] {
        let x = URL_SAFE_NO_PAD.encode(&self.public).into_bytes();
        [self.public.clone(), x, self.published().to_string().into_bytes()]
    }

    /// A token signed with HMAC under a secret.
    pub(super) fn sign_with_secret(&self, claims: &Value, secret: &[u8]) -> String {
        let header = json!({"alg": "HS256", "kid": self.id, "typ": "JWT"});
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let secret = EncodingKey::from_secret(secret);
        let signature = crypto::sign(signed.as_bytes(), &secret, Algorithm::HS256).unwrap();
        format!("{signed}.{signature}")
    }
}

/// A running issuer.
pub(super) struct Published {
    pub(super) url: String,
    /// Its first key.
    pub(super) key: Arc<Key>,
    keys: Arc<Mutex<String>>,
}

impl Published {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let document = json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string();
        let keys = Arc::new(Mutex::new(String::new()));
        let served = Arc::clone(&keys);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async move || document.clone()))
            .route("/keys", get(async move || served.lock().unwrap().clone()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let issuer = Self { url, key: Arc::new(Key::new("first")), keys };
        issuer.publish(&[&issuer.key]);
        issuer
    }

    /// Publishes exactly these keys from now on.
    pub(super) fn publish(&self, keys: &[&Key]) {
        let keys: Vec<_> = keys.iter().map(|key| key.published()).collect();
        *self.keys.lock().unwrap() = json!({ "keys": keys }).to_string();
    }
}
