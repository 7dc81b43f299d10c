//! The master key: 32 random bytes in a file that only the server may read.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hkdf::Hkdf;
use rand::{TryRng, rngs::SysRng};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::KeyError;

/// Longer than any form of 32 bytes, so that a wrong path (a log, a disk) is not read to its end.
const MAX_FILE_BYTES: u64 = 1024;

/// What to do when there is no key file yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// Make one: on one machine, on a database that has seen no key.
    Create,
    /// Refuse: the operator gives the key.
    Refuse,
}

/// The key from which all others come. Never shown, wiped from memory when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads the key file, or makes it (mode 0600, safely on disk) when there is none and `absent` allows it.
    pub fn open(path: &Path, absent: Absent) -> Result<Self, KeyError> {
        match Self::read(path) {
            Err(KeyError::Missing(_)) if absent == Absent::Create => Self::create(path),
            other => other,
        }
    }

    /// A key of these bytes, for tests and tools.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for one purpose (HKDF-SHA256): whoever knows it knows nothing of the master key or of other purposes' keys.
    pub fn derive(&self, label: &str) -> [u8; 32] {
        let mut key = [0; 32];
        let expanded =
            Hkdf::<Sha256>::new(Some(b"steward"), &self.0).expand(label.as_bytes(), &mut key);
        debug_assert!(expanded.is_ok(), "HKDF-SHA256 gives up to 8160 bytes");
        key
    }

    fn read(path: &Path) -> Result<Self, KeyError> {
        let shown = path.display().to_string();
        let failed = |error: std::io::Error| {
            let path = shown.clone();
            if error.kind() == ErrorKind::NotFound {
                KeyError::Missing(path)
            } else {
                KeyError::File { path, error }
            }
        };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: shown, mode });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
        parse(text.trim()).ok_or(KeyError::Unreadable(shown))
    }

    /// Another process may create at the same time: the first file stays, both read it.
    fn create(path: &Path) -> Result<Self, KeyError> {
        let failed = |error| KeyError::File { path: path.display().to_string(), error };
        let mut bytes = Zeroizing::new([0; 32]);
        SysRng
            .try_fill_bytes(bytes.as_mut_slice())
            .map_err(|error| failed(std::io::Error::other(error)))?;
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .map_err(failed)?;
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(*bytes)));
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).map_err(failed)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
            Ok(()) | Err(_) => {}
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or_else(|| Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Self::read(path)
    }
}

/// Base64 (44 characters, or 43 without padding) or hexadecimal (64).
fn parse(text: &str) -> Option<MasterKey> {
    let bytes = if text.len() == 64 { from_hex(text)? } else { from_base64(text)? };
    bytes.as_slice().try_into().ok().map(MasterKey)
}

fn from_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(text.trim_end_matches('='))
        .ok()
        .map(Zeroizing::new)
}

fn from_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |c: &u8| char::from(*c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(hidden)")
    }
}
