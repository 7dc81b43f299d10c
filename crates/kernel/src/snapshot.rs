//! Long reads from one snapshot, whose answer is streamed: exports.
//!
//! A snapshot holds a connection for as long as its reader takes, so there are few at a time, and a reader that stops
//! taking loses it.

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    db::Mode,
    problem::{Problem, kinds},
    tx::Tx,
};

/// Snapshots at a time on one node: each holds one of the connections that requests share.
const SNAPSHOTS_MAX: usize = 3;
/// Seconds after which one may be free again.
const RETRY_AFTER: u32 = 15;
/// How long a reader may take for one chunk, in PostgreSQL's spelling: whoever is slower is not reading.
pub(crate) const PATIENCE: &str = "60s";

static PLACES: Semaphore = Semaphore::const_new(SNAPSHOTS_MAX);

/// A transaction that reads what was committed when it began, and nothing later.
#[derive(Debug)]
pub struct Snapshot {
    tx: Tx,
    _place: SemaphorePermit<'static>,
}

impl Snapshot {
    /// Waits for nobody: when all places are taken, 503.
    pub(crate) fn place() -> Result<SemaphorePermit<'static>, Problem> {
        PLACES.try_acquire().map_err(|_| {
            let detail = format!("{SNAPSHOTS_MAX} exports are running already.");
            Problem::new(&kinds::UNAVAILABLE, detail).retry_after(RETRY_AFTER)
        })
    }

    pub(crate) async fn begin(
        context: &std::sync::Arc<crate::cx::Context>,
        place: SemaphorePermit<'static>,
    ) -> Result<Self, sqlx::Error> {
        Ok(Self { tx: Tx::begin(context, Mode::Snapshot).await?, _place: place })
    }

    /// The transaction, for queries.
    pub const fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }
}

/// An answer's body of these chunks. A failure on the way is logged and breaks the answer off: what arrived is then not
/// taken for the whole.
pub fn body(
    chunks: impl Stream<Item = Result<Bytes, Problem>> + Send + 'static,
) -> axum::body::Body {
    axum::body::Body::from_stream(chunks.map(|chunk| {
        chunk.map_err(|problem| {
            let cause = problem.internal.as_deref().unwrap_or(&problem.detail);
            tracing::error!(cause, "a streamed answer broke off");
            std::io::Error::other(problem.kind.title)
        })
    }))
}
