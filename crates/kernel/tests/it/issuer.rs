//! An issuer of tokens for tests: real keys, and a real HTTP server that publishes them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair,
    },
};
use axum::{Router, extract::State, routing::get};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};

/// A key pair that signs tokens, and the public half as it is published.
pub(crate) struct Signer {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) private: EncodingKey,
    pub(crate) public: Value,
}

impl Signer {
    pub(crate) fn ed25519(kid: &str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let public = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": x});
        let private = EncodingKey::from_ed_der(pkcs8.as_ref());
        Self { kid: kid.to_owned(), algorithm: Algorithm::EdDSA, private, public }
    }

    pub(crate) fn of(algorithm: Algorithm, kid: &str) -> Self {
        let private = match algorithm.family() {
            AlgorithmFamily::Ed => return Self::ed25519(kid),
            AlgorithmFamily::Ec => ec_key(algorithm),
            AlgorithmFamily::Rsa => rsa_key(),
            AlgorithmFamily::Hmac => unreachable!("who shares a secret has nothing to publish"),
        };
        let mut public =
            serde_json::to_value(Jwk::from_encoding_key(&private, algorithm).unwrap()).unwrap();
        public["kid"] = json!(kid);
        Self { kid: kid.to_owned(), algorithm, private, public }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }

    /// Signs with the header as given, whatever it says.
    pub(crate) fn sign_with_header(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{signed}.{signature}")
    }
}

fn ec_key(algorithm: Algorithm) -> EncodingKey {
    let is_short = algorithm == Algorithm::ES256;
    let curve =
        if is_short { &ECDSA_P256_SHA256_FIXED_SIGNING } else { &ECDSA_P384_SHA384_FIXED_SIGNING };
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).unwrap();
    EncodingKey::from_ec_der(pkcs8.as_ref())
}

fn rsa_key() -> EncodingKey {
    let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(pkcs8.as_ref())
    );
    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
}

/// `header.payload`, without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

pub(crate) fn jwks<'s>(signers: impl IntoIterator<Item = &'s Signer>) -> Value {
    json!({"keys": signers.into_iter().map(|signer| signer.public.clone()).collect::<Vec<_>>()})
}

/// An HTTP server that publishes what it is told to, counts the reads, and stops with the test.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) origin: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    body: Mutex<String>,
    configuration: Mutex<String>,
    reads: AtomicUsize,
}

impl Publisher {
    pub(crate) async fn start(document: &Value) -> Self {
        let shared = Arc::new(Shared::default());
        let routes = Router::new()
            .route("/jwks", get(keys))
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/moved", get(async || axum::response::Redirect::temporary("/jwks")))
            .with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        let publisher = Self { origin, shared };
        publisher.publish(document);
        publisher.configure(&publisher.origin);
        publisher
    }

    pub(crate) fn publish(&self, document: &Value) {
        self.publish_text(document.to_string());
    }

    pub(crate) fn publish_text(&self, body: String) {
        *self.shared.body.lock().unwrap() = body;
    }

    /// What the discovery document names as its issuer.
    pub(crate) fn configure(&self, issuer: &str) {
        let document =
            json!({"issuer": issuer, "jwks_uri": self.url(), "response_types_supported": ["code"]});
        *self.shared.configuration.lock().unwrap() = document.to_string();
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/jwks", self.origin)
    }

    /// How often the keys were read.
    pub(crate) fn reads(&self) -> usize {
        self.shared.reads.load(Ordering::SeqCst)
    }
}

async fn keys(State(shared): State<Arc<Shared>>) -> String {
    shared.reads.fetch_add(1, Ordering::SeqCst);
    shared.body.lock().unwrap().clone()
}

async fn configuration(State(shared): State<Arc<Shared>>) -> String {
    shared.configuration.lock().unwrap().clone()
}
