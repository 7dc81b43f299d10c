//! Encryption of single fields: AES-256-GCM-SIV (RFC 8452), bound to the place where the field stands.

use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit,
    aead::{Aead, Payload},
};
use rand::{TryRng, rngs::SysRng};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::KeyError;
use crate::TenantId;

/// The first byte of every ciphertext: a later format can be told from this one.
const FORMAT: u8 = 1;
/// 96 bits, random. Should two ever agree, GCM-SIV only tells that equal plaintexts are equal.
const NONCE_BYTES: usize = 12;

/// Where an encrypted field stands. It can be opened there and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tenant.
    pub tenant: TenantId,
    /// The table with its schema, as in `roster.student`.
    pub table: &'static str,
    /// The column.
    pub column: &'static str,
    /// The id of the row.
    pub row: Uuid,
}

/// One version of a tenant's data key. Never shown, wiped from memory when dropped.
#[derive(Clone)]
pub struct DataKey {
    pub(super) tenant: TenantId,
    pub(super) version: i32,
    pub(super) key: Zeroizing<[u8; 32]>,
}

impl DataKey {
    /// Which version of the tenant's key it is.
    pub const fn version(&self) -> i32 {
        self.version
    }

    /// Encrypts `plaintext` for `place`: format, version of the key, nonce, ciphertext with tag.
    ///
    /// [`KeyError::Broken`] when `place` belongs to another tenant.
    pub fn seal(&self, place: Place, plaintext: &[u8]) -> Result<Vec<u8>, KeyError> {
        let bound = self.bound_to(place)?;
        let mut sealed = vec![FORMAT];
        sealed.extend(self.version.to_be_bytes());
        sealed.extend(encrypt(&self.key, &bound, plaintext)?);
        Ok(sealed)
    }

    /// Decrypts what was sealed for exactly this place with this version of the key.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bound = self.bound_to(place)?;
        let (version, encrypted) = split(sealed).ok_or(KeyError::Broken)?;
        if version != self.version {
            return Err(KeyError::Broken);
        }
        decrypt(&self.key, &bound, encrypted)
    }

    /// Lengths before the names: no two places share a text.
    fn bound_to(&self, place: Place) -> Result<Vec<u8>, KeyError> {
        if place.tenant != self.tenant {
            return Err(KeyError::Broken);
        }
        let mut text = b"steward field v1".to_vec();
        text.extend(place.tenant.0.as_bytes());
        text.extend(self.version.to_be_bytes());
        for name in [place.table, place.column] {
            text.extend((name.len() as u64).to_be_bytes());
            text.extend(name.as_bytes());
        }
        text.extend(place.row.as_bytes());
        Ok(text)
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DataKey(version {} of {}, hidden)", self.version, self.tenant)
    }
}

/// Which version of the key a ciphertext was made with; `None` when it is none of ours.
pub(super) fn version(sealed: &[u8]) -> Option<i32> {
    split(sealed).map(|(version, _)| version)
}

fn split(sealed: &[u8]) -> Option<(i32, &[u8])> {
    let rest = sealed.strip_prefix(&[FORMAT])?;
    let (version, encrypted) = rest.split_first_chunk()?;
    Some((i32::from_be_bytes(*version), encrypted))
}

/// Nonce and ciphertext with tag.
pub(crate) fn encrypt(key: &[u8; 32], bound: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0; NONCE_BYTES];
    SysRng.try_fill_bytes(&mut nonce).map_err(|_| KeyError::Broken)?;
    let payload = Payload { msg: plaintext, aad: bound };
    let encrypted = Aes256GcmSiv::new(key.into()).encrypt(&nonce.into(), payload);
    let encrypted = encrypted.map_err(|_| KeyError::Broken)?;
    Ok([nonce.as_slice(), &encrypted].concat())
}

pub(crate) fn decrypt(
    key: &[u8; 32],
    bound: &[u8],
    encrypted: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (nonce, encrypted) =
        encrypted.split_first_chunk::<NONCE_BYTES>().ok_or(KeyError::Broken)?;
    let payload = Payload { msg: encrypted, aad: bound };
    let plaintext = Aes256GcmSiv::new(key.into()).decrypt(nonce.into(), payload);
    plaintext.map(Zeroizing::new).map_err(|_| KeyError::Broken)
}
