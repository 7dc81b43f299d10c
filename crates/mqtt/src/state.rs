//! Where a client stands, and who may know.

use futures::Stream;
use tokio::sync::watch;

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Made, never connected.
    Created,
    /// On the way to the first connection.
    Connecting,
    /// Connected; every subscription stands.
    Connected,
    /// The connection was lost; it is being made again.
    Reconnecting,
    /// Being shut down.
    Disconnecting,
    /// At rest: disconnected by the caller, given up, or shut down.
    Disconnected,
}

impl State {
    /// Whether a connection is being made, so that waiting for it makes sense.
    pub(crate) fn is_on_the_way(self) -> bool {
        matches!(self, Self::Connecting | Self::Reconnecting)
    }

    /// Whether `connect` may be called.
    pub(crate) fn is_at_rest(self) -> bool {
        matches!(self, Self::Created | Self::Disconnected)
    }
}

/// The changes of `state` as a stream that begins with the current one. A reader that is slow sees the latest.
pub(crate) fn stream(state: watch::Receiver<State>) -> impl Stream<Item = State> + Send + 'static {
    futures::stream::unfold((state, true), async |(mut state, first)| {
        if !first {
            state.changed().await.ok()?;
        }
        let current = *state.borrow_and_update();
        Some((current, (state, false)))
    })
}
