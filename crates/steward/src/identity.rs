//! The developer identity: a key pair in the data folder, for a first look on one machine.
//!
//! `DIR/identity/private.pem` (Ed25519, PKCS#8, mode 0600) signs; `DIR/identity/jwks.json` is what the server of that folder
//! trusts. The issuer is named after the key, so that the tokens of one folder mean nothing to another. The server issues
//! no token: who can read the private key runs `steward token`.

use std::{
    fs::DirBuilder,
    io::ErrorKind,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::{
    Role, TenantId,
    token::{ClaimNames, KeySource, Trust},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::datadir::secret::{self, Secret};

/// The audience of developer tokens.
pub const AUDIENCE: &str = "steward";
/// What an issuer's name starts with.
const ISSUER: &str = "steward-dev:";
/// How much of the public key's SHA-256 names it: 128 bits are unique.
const ID_BYTES: usize = 16;

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// The identity of one data folder.
pub struct Identity {
    id: String,
    folder: PathBuf,
    signing: EncodingKey,
}

/// What a token shall say.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Who asks.
    pub subject: String,
    /// The roles.
    pub roles: Vec<Role>,
    /// The tenants.
    pub tenants: Vec<TenantId>,
    /// The scopes; `service` marks a machine account.
    pub scopes: Vec<String>,
}

/// Why the developer identity cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No server has run on the folder yet.
    #[error(
        "{0} holds no developer identity: start `steward serve --data-dir {0}` once (with the same folder, and without an OIDC issuer)"
    )]
    Missing(PathBuf),
    /// The file is no Ed25519 key.
    #[error(
        "{0} is not an Ed25519 private key: remove the folder that it is in, and the next start makes a new identity (tokens made so far end)"
    )]
    NotAKey(PathBuf),
    /// The private key's file cannot be used.
    #[error(transparent)]
    Secret(#[from] secret::Error),
    /// The folder or the public key's file cannot be used.
    #[error("cannot use {path}: {error}")]
    File {
        /// Which one.
        path: PathBuf,
        /// The system's answer.
        error: std::io::Error,
    },
    /// Making or using the key failed.
    #[error("cannot sign: {0}")]
    Crypto(String),
}

/// Why a server must not trust developer tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Real identities are configured.
    #[error("developer tokens are not trusted: tokens come from the configured issuer {0}")]
    IssuerConfigured(String),
    /// Others can reach the listener.
    #[error(
        "developer tokens are only trusted on loopback, and {0} is open to others: configure an OIDC issuer, or listen on 127.0.0.1"
    )]
    NotLoopback(SocketAddr),
}

/// Whether a server with this configuration may trust its folder's developer identity.
pub fn permitted(oidc_issuer: Option<&str>, listen: SocketAddr) -> Result<(), Refused> {
    match oidc_issuer {
        Some(issuer) => Err(Refused::IssuerConfigured(issuer.to_owned())),
        None if !listen.ip().to_canonical().is_loopback() => Err(Refused::NotLoopback(listen)),
        None => Ok(()),
    }
}

/// The identity of the folder, made now if there is none: for the server, which holds the folder.
pub fn ensure(data_dir: &Path) -> Result<Identity, Error> {
    match open(data_dir) {
        Err(Error::Missing(_)) => {}
        found => return found.and_then(published),
    }
    let folder = folder(data_dir);
    let made = DirBuilder::new().mode(0o700).recursive(true).create(&folder);
    made.map_err(|error| Error::File { path: folder.clone(), error })?;
    let pair = Ed25519KeyPair::generate().map_err(|error| Error::Crypto(error.to_string()))?;
    let pkcs8 =
        AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|error| Error::Crypto(error.to_string()))?;
    let pem = format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(pkcs8.as_ref()));
    secret::create(&private_key(&folder), pem.as_bytes())?;
    published(open(data_dir)?)
}

/// The identity of the folder, which a server must have made.
pub fn open(data_dir: &Path) -> Result<Identity, Error> {
    let folder = folder(data_dir);
    let path = private_key(&folder);
    let pem = match secret::read(&path) {
        Err(secret::Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Err(Error::Missing(data_dir.to_owned()));
        }
        read => read?,
    };
    let pair = key_pair(&pem).ok_or_else(|| Error::NotAKey(path.clone()))?;
    let signing =
        EncodingKey::from_ed_pem(pem.expose().as_bytes()).map_err(|_| Error::NotAKey(path))?;
    Ok(Identity { id: id(&pair), folder, signing })
}

impl Identity {
    /// The issuer of this folder's tokens.
    pub fn issuer(&self) -> String {
        format!("{ISSUER}{}", self.id)
    }

    /// What the server of this folder trusts.
    pub fn trust(&self) -> Trust {
        Trust {
            issuer: self.issuer(),
            audience: AUDIENCE.to_owned(),
            keys: KeySource::File(public_key(&self.folder)),
            claims: ClaimNames::default(),
        }
    }

    /// A token that says `grant`, good from `now` on for `ttl`.
    pub fn sign(
        &self,
        grant: &Grant,
        now: Timestamp,
        ttl: SignedDuration,
    ) -> Result<String, Error> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(Algorithm::EdDSA) };
        let roles: Vec<&str> = grant.roles.iter().map(|role| role.name()).collect();
        let claims = json!({
            "iss": self.issuer(), "aud": AUDIENCE, "sub": grant.subject, "iat": now.as_second(),
            "exp": now.as_second().saturating_add(ttl.as_secs()),
            "roles": roles, "tenants": grant.tenants, "scope": grant.scopes.join(" "),
        });
        jsonwebtoken::encode(&header, &claims, &self.signing)
            .map_err(|error| Error::Crypto(error.to_string()))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("issuer", &self.issuer()).finish_non_exhaustive()
    }
}

/// Writes the public half again: it follows from the private one, whatever became of its file.
fn published(identity: Identity) -> Result<Identity, Error> {
    let path = public_key(&identity.folder);
    let failed = |error| Error::File { path: path.clone(), error };
    let pem = secret::read(&private_key(&identity.folder))?;
    let pair = key_pair(&pem).ok_or_else(|| Error::NotAKey(private_key(&identity.folder)))?;
    let document = format!("{:#}\n", key_set(&identity.id, &pair));
    if std::fs::read_to_string(&path).is_ok_and(|found| found == document) {
        return Ok(identity);
    }
    let new = path.with_extension("new");
    std::fs::write(&new, document).and_then(|()| std::fs::rename(&new, &path)).map_err(failed)?;
    Ok(identity)
}

fn key_set(id: &str, pair: &Ed25519KeyPair) -> Value {
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": id, "x": x}]})
}

fn key_pair(pem: &Secret) -> Option<Ed25519KeyPair> {
    let body = pem.expose().trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let der = STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()?;
    Ed25519KeyPair::from_pkcs8(&der).ok()
}

fn id(pair: &Ed25519KeyPair) -> String {
    let print = Sha256::digest(pair.public_key().as_ref());
    URL_SAFE_NO_PAD.encode(print.iter().copied().take(ID_BYTES).collect::<Vec<u8>>())
}

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("identity")
}

fn private_key(folder: &Path) -> PathBuf {
    folder.join("private.pem")
}

fn public_key(folder: &Path) -> PathBuf {
    folder.join("jwks.json")
}
