//! TLS of the listeners: a certificate and its key from PEM files, looked at again while the server runs.
//!
//! The files are read again every two seconds and compared by content, because renewals replace them in different ways: in place,
//! by a rename, or by turning a link as container platforms do. Open connections go on with the certificate they began with.

mod error;
mod pair;

use std::{
    fmt, io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::{net::TcpStream, time};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;

pub use error::Error;
pub use pair::Pair;

/// How long a client may take for its handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often the files are looked at: two small files, and nobody waits long for a renewal to count.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// TLS of one listener. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    current: Arc<Current>,
    pair: Pair,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("pair", &self.pair).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files. `protocols` are the names of ALPN that the listener answers to; none: it does not negotiate.
    ///
    /// # Errors
    /// See [`Error`]: when a file is missing, or the key is not the certificate's.
    pub fn load(pair: Pair, protocols: &[&str]) -> Result<Self, Error> {
        let current = Arc::new(Current(RwLock::new(pair.read()?)));
        // The provider by name: the process may hold two, and rustls refuses to choose.
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .map_err(Error::Rustls)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), current, pair })
    }

    /// The handshake with a client that connected.
    ///
    /// # Errors
    /// When the client speaks no TLS, trusts somebody else, or is too slow.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        time::timeout(HANDSHAKE_TIMEOUT, self.acceptor.accept(stream)).await?
    }

    /// Takes renewed files into use until `stop`. A pair that cannot be used is told once, and the former one stays.
    pub async fn watch(self, stop: CancellationToken) {
        let mut seen = self.pair.digest();
        let mut tick = time::interval(LOOK_EVERY);
        while stop.run_until_cancelled(tick.tick()).await.is_some() {
            let found = self.pair.digest();
            if found != seen {
                self.renew();
                seen = found;
            }
        }
    }

    fn renew(&self) {
        let cert = self.pair.cert.display();
        match self.pair.read() {
            Ok(renewed) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = renewed;
                tracing::info!(%cert, "the renewed certificate is in use");
            }
            Err(error) => {
                tracing::error!(%cert, %error, "the changed certificate is not used; the former one stays");
            }
        }
    }
}

/// The certificate that new connections are shown.
struct Current(RwLock<Arc<CertifiedKey>>);

/// A key has no readable form.
impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
