//! The HTTP listener: connections with limits, with TLS where it is configured, and a graceful end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;

use crate::tls::Tls;

/// What clients may call the protocol when TLS begins.
pub const PROTOCOLS: [&str; 1] = ["http/1.1"];
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Largest head that is read at all; what is above the limit of 16 KiB then gets an answer instead of a closed connection.
const HEAD_BUFFER: usize = 256 << 10;
/// Most connections at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;
/// How long requests may go on after the end was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves `router` until `stop`, then lets running requests end.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    stop: CancellationToken,
) {
    let graceful = GracefulShutdown::new();
    if let Some(tls) = &tls {
        tokio::spawn(tls.clone().watch(stop.clone()));
    }
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match (accepted, place) {
            (Ok((stream, peer)), Ok(place)) => {
                let client = Client { peer, watcher: graceful.watcher(), _place: place };
                let (tls, router, stop) = (tls.clone(), router.clone(), stop.clone());
                tokio::spawn(async move {
                    match tls {
                        Some(tls) => client.secured(stream, &tls, router, stop).await,
                        None => client.plain(stream, router).await,
                    }
                });
            }
            (Err(e), _) => {
                tracing::warn!(error = %e, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (_, Err(_)) => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = DRAIN.as_secs(), "requests still ran at the end of the drain");
    }
}

/// A connection that was accepted, with its place among all.
struct Client {
    peer: SocketAddr,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
}

impl Client {
    async fn plain(self, stream: TcpStream, router: Router) {
        self.without_delay(&stream);
        self.talk(stream, router).await;
    }

    /// No request has begun before the handshake ended, so the end need not wait for it.
    async fn secured(self, stream: TcpStream, tls: &Tls, router: Router, stop: CancellationToken) {
        self.without_delay(&stream);
        match stop.run_until_cancelled(tls.accept(stream)).await {
            Some(Ok(stream)) => self.talk(stream, router).await,
            Some(Err(e)) => tracing::debug!(peer = %self.peer, error = %e, "no TLS handshake"),
            None => {}
        }
    }

    fn without_delay(&self, stream: &TcpStream) {
        if let Err(e) = stream.set_nodelay(true) {
            tracing::debug!(peer = %self.peer, error = %e, "nodelay could not be set");
        }
    }

    async fn talk(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static, router: Router) {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(HEAD_BUFFER)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
        if let Err(e) = self.watcher.watch(connection).await {
            tracing::debug!(peer = %self.peer, error = %e, "connection ended");
        }
    }
}
