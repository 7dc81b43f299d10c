//! TLS in front of the embedded broker: the broker's own cannot renew a certificate while it runs.
//!
//! The broker then listens on loopback only. Who a client really is stays known: each connection is led there from a port of its
//! own, and [`Peers`] says for whom it was opened.

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncWriteExt as _, copy, sink, split},
    net::{TcpListener, TcpSocket, TcpStream, tcp::OwnedReadHalf},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::embedded::CLIENTS_MAX;
use crate::tls::Tls;

/// How long the broker may take to read what a client left behind when it hung up.
const LINGER: Duration = Duration::from_secs(5);
/// Pause after a connection that could not be accepted: file descriptors are not there again at once.
const PAUSE: Duration = Duration::from_millis(50);

/// For whom the connections on loopback were opened.
#[derive(Clone, Default)]
pub(super) struct Peers(Arc<Mutex<HashMap<SocketAddr, SocketAddr>>>);

impl Peers {
    /// The client behind a connection: that of the front, or its own address when it came without.
    pub(super) fn behind(&self, address: SocketAddr) -> SocketAddr {
        self.known().get(&address).copied().unwrap_or(address)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, SocketAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where clients of the network connect.
pub(super) struct Front {
    pub(super) listener: TcpListener,
    pub(super) tls: Tls,
    /// Where the broker listens.
    pub(super) broker: SocketAddr,
    pub(super) peers: Peers,
}

impl Front {
    /// Accepts until `stop`; then the connections end, too.
    pub(super) async fn run(self, stop: CancellationToken) {
        tokio::spawn(self.tls.clone().watch(stop.clone()));
        let places = Arc::new(Semaphore::new(CLIENTS_MAX));
        while let Some(accepted) = stop.run_until_cancelled(self.accept(&places)).await {
            match accepted {
                Ok((stream, place, peer)) => {
                    let way = Way { peer, broker: self.broker, peers: self.peers.clone() };
                    tokio::spawn(until(stop.clone(), place, lead(stream, self.tls.clone(), way)));
                }
                Err(e) => {
                    tracing::warn!(error = %e, "an MQTT connection could not be accepted");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    async fn accept(
        &self,
        places: &Arc<Semaphore>,
    ) -> io::Result<(TcpStream, OwnedSemaphorePermit, SocketAddr)> {
        let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        Ok((stream, place, peer))
    }
}

/// Holds a place among all connections as long as this one lasts.
async fn until(
    stop: CancellationToken,
    place: OwnedSemaphorePermit,
    connection: impl Future<Output = io::Result<()>>,
) {
    if let Some(Err(e)) = stop.run_until_cancelled(connection).await {
        tracing::debug!(error = %e, "an MQTT connection ended");
    }
    drop(place);
}

/// From a client to the broker.
struct Way {
    peer: SocketAddr,
    broker: SocketAddr,
    peers: Peers,
}

impl Way {
    /// Opens the inner connection; the broker knows for whom before it sees it.
    async fn open(&self) -> io::Result<(TcpStream, Known<'_>)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let inner = socket.local_addr()?;
        self.peers.known().insert(inner, self.peer);
        let known = Known { inner, peers: &self.peers };
        let stream = socket.connect(self.broker).await?;
        stream.set_nodelay(true)?;
        Ok((stream, known))
    }
}

/// An entry that goes with its connection: its port is somebody else's afterwards.
struct Known<'a> {
    inner: SocketAddr,
    peers: &'a Peers,
}

impl Drop for Known<'_> {
    fn drop(&mut self) {
        self.peers.known().remove(&self.inner);
    }
}

/// Carries both directions until either side ends.
async fn lead(stream: TcpStream, tls: Tls, way: Way) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let client = tls.accept(stream).await?;
    let (inner, _known) = way.open().await?;
    let (mut from_client, mut to_client) = split(client);
    let (mut from_broker, mut to_broker) = inner.into_split();
    tokio::select! {
        sent = copy(&mut from_client, &mut to_broker) => {
            // A last message counts also from a client that hangs up at once.
            to_broker.shutdown().await?;
            drain(from_broker).await;
            sent.map(drop)
        }
        received = copy(&mut from_broker, &mut to_client) => {
            to_client.shutdown().await?;
            received.map(drop)
        }
    }
}

/// Until the broker closes, so that it has read everything.
async fn drain(mut from_broker: OwnedReadHalf) {
    if let Ok(Err(e)) = timeout(LINGER, copy(&mut from_broker, &mut sink())).await {
        tracing::debug!(error = %e, "the broker's side ended");
    }
}

#[cfg(test)]
mod tests {
    use super::{Peers, Way};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_broker_knows_for_whom_a_connection_was_opened_as_long_as_it_is() {
        let broker = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let peers = Peers::default();
        let far = "203.0.113.7:50123".parse().expect("an address");
        let address = broker.local_addr().expect("an address");
        let way = Way { peer: far, broker: address, peers: peers.clone() };
        let (opened, known) = way.open().await.expect("connected");
        let (_accepted, inner) = broker.accept().await.expect("accepted");
        assert_eq!((inner, peers.behind(inner)), (opened.local_addr().expect("bound"), far));
        drop(known);
        assert_eq!(peers.behind(inner), inner, "the port may be anybody's now");
    }
}
