//! Bodies that are too large for memory: received into a file that has no name, hashed on the way.
//!
//! The file is gone with the last handle on it, also when the process dies: what was sent lies nowhere until a unit of
//! work has stored it.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use futures::StreamExt;
use http::header;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};

use crate::{
    Kernel,
    problem::{Problem, kinds},
};

/// How long a client may pause while it sends: a hotspot that changes cells takes seconds.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// How long a whole upload may take: the largest one over 5 Mbit/s, with a margin.
const UPLOAD_MAX: Duration = Duration::from_mins(10);
/// Bytes that are written to the file at once.
const WRITE: usize = 256 << 10;

/// A body that was not read yet: whoever may not send it is refused before.
#[derive(Debug)]
pub struct Upload {
    media_type: String,
    charset: Option<String>,
    length: Option<u64>,
    body: Body,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let mut parts = content_type.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default().to_owned();
        let charset = parts.find_map(|part| part.strip_prefix("charset="));
        let charset = charset.map(|name| name.trim_matches('"').to_owned());
        let length = text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
        Ok(Self { media_type, charset, length, body: request.into_body() })
    }
}

impl Upload {
    /// The type of the content, without parameters, in lower case.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The encoding that the client names for its text, in lower case.
    pub fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    /// Reads the body.
    ///
    /// # Errors
    /// 413 above `max` bytes; 400 when it stops or ends before it is complete; a disk that is full.
    pub async fn receive(self, kernel: &Kernel, max: u64) -> Result<Received, Problem> {
        let folder = kernel.spool.clone();
        let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder)).await;
        let file = file.map_err(|e| Problem::internal(&e))?.map_err(|e| Problem::internal(&e))?;
        let whole = receive(self, file, max);
        tokio::time::timeout(UPLOAD_MAX, whole).await.map_err(|_| late())?
    }
}

async fn receive(upload: Upload, file: File, max: u64) -> Result<Received, Problem> {
    // What is announced to be too large is not even kept.
    let accepted = if upload.length.is_some_and(|length| length > max) { 0 } else { max };
    let mut stream = upload.body.into_data_stream();
    let mut to = BufWriter::with_capacity(WRITE, tokio::fs::File::from_std(file));
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    while let Some(chunk) = next(&mut stream).await? {
        size += chunk.len() as u64;
        if size <= accepted {
            hash.update(&chunk);
            to.write_all(&chunk).await.map_err(|e| Problem::internal(&e))?;
        } else {
            // The rest is drained where the request came in.
            break;
        }
    }
    if size > accepted {
        let detail = format!("At most {max} bytes are accepted here: send the file in parts.");
        return Err(Problem::new(&kinds::TOO_LARGE, detail));
    }
    to.flush().await.map_err(|e| Problem::internal(&e))?;
    let file = Arc::new(to.into_inner().into_std().await);
    Ok(Received { size, checksum: hash.finalize().into(), file })
}

async fn next(stream: &mut axum::body::BodyDataStream) -> Result<Option<Bytes>, Problem> {
    let chunk = tokio::time::timeout(PAUSE_MAX, stream.next()).await.map_err(|_| late())?;
    let cut = |_| Problem::new(&kinds::MALFORMED, "The body ended before it was complete.");
    chunk.transpose().map_err(cut)
}

fn late() -> Problem {
    Problem::new(&kinds::MALFORMED, "The body did not arrive in time.")
}

/// A body that was received whole. Cheap to clone: all clones are one file.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its bytes.
    pub size: u64,
    /// Its SHA-256.
    pub checksum: [u8; 32],
    file: Arc<File>,
}

impl Received {
    /// What the server itself brings in, as if it had been sent. It blocks for as long as a disk takes.
    ///
    /// # Errors
    /// The disk's.
    pub fn own(kernel: &Kernel, bytes: &[u8]) -> io::Result<Self> {
        let file = tempfile::tempfile_in(&kernel.spool)?;
        file.write_all_at(bytes, 0)?;
        let checksum = Sha256::digest(bytes).into();
        Ok(Self { size: bytes.len() as u64, checksum, file: Arc::new(file) })
    }

    /// Its SHA-256 in hexadecimal.
    pub fn checksum_text(&self) -> String {
        crate::cx::hex(&self.checksum)
    }

    /// Up to `length` bytes from `offset` on; fewer only at the end. It blocks for as long as a disk takes.
    ///
    /// # Errors
    /// The disk's.
    pub fn read_at(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let left = usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; length.min(left)];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    /// The file itself, for readers that seek. Its position is shared by all who ask for it.
    ///
    /// # Errors
    /// The system's, when it has no more handles.
    pub fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}
