//! A token taken apart, before anything in it is believed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    Rejected,
    keyset::{SigningKey, algorithm},
};

/// What is read of the header. `jku`, `x5u`, `x5c` and `jwk` are not: a token must not bring its own key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

/// The parts of a token whose header asks for nothing that is refused.
pub(super) struct Parts<'t> {
    signed: &'t str,
    payload: &'t str,
    signature: &'t str,
    algorithm: Algorithm,
    kid: Option<String>,
}

impl<'t> Parts<'t> {
    pub(super) fn of(token: &'t str) -> Result<Self, Rejected> {
        let (signed, signature) = token.rsplit_once('.').ok_or(THREE_PARTS)?;
        let (header, payload) = signed.split_once('.').ok_or(THREE_PARTS)?;
        if payload.contains('.') {
            return Err(THREE_PARTS);
        }
        let header: Header = serde_json::from_slice(&decode(header)?)
            .map_err(|_| Rejected::Malformed("its header is not that of a JWT"))?;
        let algorithm = algorithm(&header.alg).ok_or(Rejected::AlgorithmNotAllowed)?;
        header.refuse_surprises()?;
        Ok(Self { signed, payload, signature, algorithm, kid: header.kid })
    }

    /// The id of the key that is said to have signed: only ever compared, never a path or part of a query.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn payload(&self) -> Result<Vec<u8>, Rejected> {
        decode(self.payload)
    }

    pub(super) fn signed_by(&self, key: &SigningKey) -> Result<(), Rejected> {
        if self.algorithm != key.algorithm {
            return Err(Rejected::AlgorithmNotAllowed);
        }
        match jsonwebtoken::crypto::verify(
            self.signature,
            self.signed.as_bytes(),
            &key.decoding,
            key.algorithm,
        ) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Rejected::BadSignature),
        }
    }
}

impl Header {
    /// Extensions that must be understood (RFC 7515, section 4.1.11), and other kinds of JWT than access tokens.
    fn refuse_surprises(&self) -> Result<(), Rejected> {
        if self.crit.is_some() {
            return Err(Rejected::Malformed("it demands extensions (crit) that are not supported"));
        }
        let access = |typ: &String| {
            ["jwt", "at+jwt", "application/at+jwt"].contains(&typ.to_ascii_lowercase().as_str())
        };
        if self.typ.as_ref().is_some_and(|typ| !access(typ)) {
            return Err(Rejected::Malformed("its type (typ) is not that of an access token"));
        }
        Ok(())
    }
}

const THREE_PARTS: Rejected =
    Rejected::Malformed("it does not consist of header, payload and signature");

fn decode(part: &str) -> Result<Vec<u8>, Rejected> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejected::Malformed("a part of it is not base64url"))
}
