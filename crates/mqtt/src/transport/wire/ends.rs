//! The two ends of an open connection, whatever carries it.

use bytes::BytesMut;
use futures::future::OptionFuture;
use mqtt5::MqttError;
use mqtt5::packet::Packet;
use mqtt5::transport::packet_io::read_packet_from_stream;
use mqtt5::transport::websocket::{WebSocketReadHandle, WebSocketWriteHandle};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio_util::task::AbortOnDropHandle;

use super::LARGEST_PACKET;

/// How many bytes wait for a WebSocket.
const PIPE: usize = 64 * 1024;

/// Where packets come from.
pub(in crate::transport) enum Reader {
    Stream(Box<dyn AsyncRead + Send + Unpin>, BytesMut),
    WebSocket(WebSocketReadHandle),
}

impl Reader {
    pub(super) fn stream(reader: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self::Stream(Box::new(reader), BytesMut::new())
    }

    pub(super) fn websocket(reader: WebSocketReadHandle) -> Self {
        Self::WebSocket(reader)
    }

    /// The next packet. May be cancelled: what was read stays in a buffer.
    pub(in crate::transport) async fn read(&mut self, version: u8) -> Result<Packet, MqttError> {
        match self {
            Self::Stream(reader, buffer) => {
                read_packet_from_stream(reader, version, buffer, LARGEST_PACKET).await
            }
            Self::WebSocket(reader) => reader.read_packet_limited(version, LARGEST_PACKET).await,
        }
    }
}

/// Where bytes go.
pub(in crate::transport) struct Writer {
    stream: Box<dyn AsyncWrite + Send + Unpin>,
    /// Carries them on to a WebSocket.
    carrier: Option<AbortOnDropHandle<()>>,
}

impl Writer {
    pub(super) fn stream(stream: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), carrier: None }
    }

    /// A message of the WebSocket layer cannot be half written and then left, so a task of its own writes them.
    pub(super) fn websocket(socket: WebSocketWriteHandle) -> Self {
        let (stream, bytes) = tokio::io::duplex(PIPE);
        let carrier = AbortOnDropHandle::new(tokio::spawn(carry(bytes, socket)));
        Self { stream: Box::new(stream), carrier: Some(carrier) }
    }

    /// Writes some of `out`, or all of it, and removes that. May be cancelled.
    pub(in crate::transport) async fn write_some(
        &mut self,
        out: &mut BytesMut,
    ) -> Result<(), MqttError> {
        self.stream.write_buf(out).await?;
        if out.is_empty() {
            self.stream.flush().await?;
        }
        Ok(())
    }

    pub(super) async fn write_all(&mut self, out: &mut BytesMut) -> Result<(), MqttError> {
        while !out.is_empty() {
            self.write_some(out).await?;
        }
        Ok(())
    }

    pub(super) async fn close(&mut self) -> Result<(), MqttError> {
        self.stream.shutdown().await?;
        if let Some(Err(error)) = OptionFuture::from(self.carrier.as_mut()).await {
            tracing::debug!(%error, "the WebSocket was not closed");
        }
        Ok(())
    }
}

/// Hands on what comes through the pipe, one message for what is there at a time, until the pipe or the socket ends.
async fn carry(mut pipe: DuplexStream, mut socket: WebSocketWriteHandle) {
    let mut bytes = BytesMut::with_capacity(PIPE);
    let carrying = async {
        while pipe.read_buf(&mut bytes).await? > 0 {
            socket.write(&bytes.split()).await?;
        }
        socket.close().await
    };
    if let Err(error) = carrying.await {
        tracing::debug!(%error, "the WebSocket ended");
    }
}
