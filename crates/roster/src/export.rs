//! Exports: all rows of one kind from one snapshot, piece by piece, so that a large district needs no more memory than a
//! small one.

mod cells;
mod csv;
pub mod oneroster;

use axum::body::{Body, Bytes};
use futures::{Stream, stream};
use kernel::{
    problem::Problem,
    rows::{self, Only},
    snapshot::{self, Snapshot},
    tx::Tx,
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Error, class, enrollment, school,
    staff::{self, Staff},
    student,
};
use cells::Cells;

/// Rows of one piece: some hundred kilobytes.
const PIECE: i64 = 2_000;

kernel::word! {
    /// What is exported.
    Kind {
        /// Schools.
        Schools "schools",
        /// Classes.
        Classes "classes",
        /// Students.
        Students "students",
        /// Teachers.
        Teachers "teachers",
        /// Enrolments.
        Enrollments "enrollments",
    }
}

kernel::word! {
    /// How it is written.
    Format {
        /// Comma-separated values (RFC 4180), with a header.
        Csv "csv",
        /// A JSON object a line, as the operations of one entity answer it.
        Jsonl "jsonl",
    }
}

impl Format {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Jsonl => "application/x-ndjson",
        }
    }
}

/// The body of an export: rows in the order of their ids.
pub fn body(kind: Kind, format: Format, snapshot: Snapshot) -> Body {
    snapshot::body(pieces(Export { kind, format, snapshot, last: None, begun: false }))
}

/// An export on its way.
struct Export {
    kind: Kind,
    format: Format,
    snapshot: Snapshot,
    /// The last row that was written.
    last: Option<Uuid>,
    begun: bool,
}

fn pieces(export: Export) -> impl Stream<Item = Result<Bytes, Problem>> + Send {
    stream::try_unfold(export, async |mut export| {
        let piece = export.next().await?;
        Ok(piece.map(|bytes| (bytes, export)))
    })
}

impl Export {
    /// The next rows, written; `None` when all are. The first piece has the header, and is there without rows, too.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let first = !std::mem::replace(&mut self.begun, true);
        if self.last.is_none() && !first {
            return Ok(None);
        }
        let Piece { bytes, last } =
            piece(self.snapshot.tx(), self.kind, self.format, (first, self.last)).await?;
        self.last = last;
        Ok((first || last.is_some()).then_some(bytes))
    }
}

/// Some rows as they are sent.
struct Piece {
    bytes: Bytes,
    /// The last of them; `None` when there was none.
    last: Option<Uuid>,
}

async fn piece(
    tx: &mut Tx,
    kind: Kind,
    format: Format,
    (header, last): (bool, Option<Uuid>),
) -> Result<Piece, Error> {
    match kind {
        Kind::Schools => {
            let rows = rows::after(tx, &school::TABLE, &[], last, PIECE).await?;
            written::<school::School>(&rows, format, header)
        }
        Kind::Classes => {
            let rows = rows::after(tx, &class::TABLE, &[], last, PIECE).await?;
            written::<class::Class>(&rows, format, header)
        }
        Kind::Students => {
            let rows = rows::after(tx, &student::TABLE, &[], last, PIECE).await?;
            written(&student::store::unsealed(tx, rows).await?, format, header)
        }
        Kind::Teachers => {
            let teaches = [Only::Sql(staff::TEACHES)];
            let rows = rows::after(tx, &staff::TABLE, &teaches, last, PIECE).await?;
            written::<Staff>(&rows, format, header)
        }
        Kind::Enrollments => {
            let rows = rows::after(tx, &enrollment::TABLE, &[], last, PIECE).await?;
            written::<enrollment::Enrollment>(&rows, format, header)
        }
    }
}

fn written<T: Cells + Serialize>(
    items: &[T],
    format: Format,
    header: bool,
) -> Result<Piece, Error> {
    let bytes = match format {
        Format::Csv => csv::lines(items, header).map_err(|e| Problem::internal(&e))?,
        Format::Jsonl => lines(items).map_err(|e| Problem::internal(&e))?,
    };
    Ok(Piece { bytes: bytes.into(), last: items.last().map(Cells::id) })
}

fn lines<T: Serialize>(items: &[T]) -> Result<Vec<u8>, serde_json::Error> {
    let mut lines = Vec::new();
    for item in items {
        serde_json::to_writer(&mut lines, item)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
