//! The two files of a certificate.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use sha2::{Digest, Sha256};

use super::Error;
use crate::datadir::secret;

/// Where a certificate chain and its private key lie, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The chain, the server's own certificate first.
    pub cert: PathBuf,
    /// The key of that certificate, readable by its owner only.
    pub key: PathBuf,
}

impl Pair {
    /// What the files hold now, if it can be used.
    pub(super) fn read(&self) -> Result<Arc<CertifiedKey>, Error> {
        let chain = chain(&self.cert)?;
        let pem = secret::read(&self.key)?;
        let key = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes())
            .map_err(|_| Error::NoKey(self.key.clone()))?;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        Ok(Arc::new(certified.map_err(|why| self.unusable(why))?))
    }

    /// Changes when a file does, and when one comes or goes.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for path in [&self.cert, &self.key] {
            let content = std::fs::read(path).unwrap_or_default();
            digest.update((content.len() as u64).to_be_bytes());
            digest.update(content);
        }
        digest.finalize().into()
    }

    fn unusable(&self, why: rustls::Error) -> Error {
        let (cert, key) = (self.cert.clone(), self.key.clone());
        if matches!(why, rustls::Error::InconsistentKeys(_)) {
            return Error::Mismatch { cert, key };
        }
        Error::Unusable { cert, key, why }
    }
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem =
        std::fs::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(Error::NoCertificate(path.to_owned())),
    }
}
