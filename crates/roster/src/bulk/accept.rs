//! Taking a file: what is wrong with it as a whole is refused before anything is stored.

use kernel::{
    Problem,
    answer::{Accepted, Outcome},
    http::upload::Received,
    job::{self, NewJob},
    problem::{FieldError, kinds},
    rows,
    tx::Tx,
};
use serde_json::json;

use super::{
    Asked, BulkJob, Format, JOB, JobId, JobStatus, JobType, TABLE,
    cells::Header,
    file,
    records::{Endless, RECORD_MAX, Record, Splitter},
    store,
    table::{self, Rows},
};
use crate::{Error, own};

/// Most bytes of a file of rows: fifty thousand with a kilobyte each, and a margin.
pub const UPLOAD_MAX: u64 = 64 << 20;
/// Most rows of a file.
const ROWS_MAX: i32 = 50_000;
/// Jobs of this kind wait for each other while they are made.
const SAME_FILE: &str = "roster.bulk";

/// Takes a file: the job exists, with its file, when this is answered. The same file again is the first job.
pub async fn accept(
    tx: &mut Tx,
    asked: &Asked,
    received: &Received,
) -> Result<Outcome<Accepted<BulkJob>>, Error> {
    let school_ids = own::limits(tx).await?;
    let checksum = received.checksum_text();
    tx.serialise(SAME_FILE, &checksum).await?;
    let now = tx.now();
    let mut job = BulkJob {
        job_id: JobId(uuid::Uuid::nil()),
        job_type: asked.job_type,
        status: JobStatus::Pending,
        source: asked.source.clone(),
        options: asked.options.clone(),
        format: asked.format,
        checksum,
        bytes: i64::try_from(received.size).unwrap_or(i64::MAX),
        school_ids,
        total_rows: asked.rows,
        processed_rows: 0,
        failed_rows: 0,
        place: 0,
        line: 1,
        summary: json!({}),
        error: None,
        version: 1,
        created_at: now,
        updated_at: now,
        completed_at: None,
    };
    if asked.job_type != JobType::OneRoster
        && let Some(first) = store::twin(tx, &job).await?
    {
        let first = rows::find(tx, &TABLE, first.0, &[]).await?.ok_or(Error::Missing)?;
        return Ok(Outcome::AlreadyApplied(accepted(tx, first)));
    }
    let queued = NewJob { kind: JOB.name, args: json!({}), run_at: now, unique_key: None };
    let id = job::enqueue(tx, &queued).await?.ok_or(Error::Missing)?;
    job.job_id = JobId(id);
    store::insert(tx, &job).await?;
    file::save(tx, job.job_id, received).await?;
    tx.audited(None, Some(&job));
    Ok(Outcome::Executed(accepted(tx, job)))
}

fn accepted(tx: &Tx, job: BulkJob) -> Accepted<BulkJob> {
    let location = format!("/api/v1/tenants/{}/bulk/jobs/{}", tx.tenant(), job.job_id);
    Accepted { location, body: job }
}

/// Reads a file of rows once: that it is text of this format, that its columns are known, and how many rows it has.
///
/// # Errors
/// 400 with the line for what cannot be read, 422 for what breaks a rule.
pub fn survey(
    received: &Received,
    job_type: JobType,
    format: Format,
    source: Option<&str>,
) -> Result<i32, Problem> {
    let rows = table::of(job_type);
    let mut survey = Survey { rows, format, source, header: None, count: 0 };
    let mut splitter = Splitter::new(format, 0, 1);
    let mut offset = 0;
    while offset < received.size {
        let piece = received.read_at(offset, file::PIECE).map_err(|e| Problem::internal(&e))?;
        offset += piece.len() as u64;
        survey.records(&splitter.push(&piece).map_err(endless)?)?;
    }
    survey.records(splitter.finish().map_err(endless)?.as_slice())?;
    match survey.count {
        0 => Err(unreadable("no_rows", "The file has no rows.")),
        count if count > ROWS_MAX => Err(Problem::invalid(vec![FieldError::new(
            "",
            "too_many_rows",
            format!("The file has more than {ROWS_MAX} rows: send it in parts."),
        )])),
        count => Ok(count),
    }
}

struct Survey<'a> {
    rows: &'static Rows,
    format: Format,
    source: Option<&'a str>,
    header: Option<Header>,
    count: i32,
}

impl Survey<'_> {
    fn records(&mut self, mut records: &[Record]) -> Result<(), Problem> {
        records.iter().try_for_each(encoded)?;
        if self.format == Format::Csv && self.header.is_none() {
            let Some((first, rest)) = records.split_first() else { return Ok(()) };
            let header = Header::of(first, self.rows.columns);
            let header = header.map_err(|error| malformed(vec![error]))?;
            (self.rows.complete)(&header).map_err(|error| malformed(vec![error]))?;
            (self.header, records) = (Some(header), rest);
        }
        if self.count == 0 && records.first().is_some_and(|record| record.bytes.starts_with(b"[")) {
            let said = "Send one JSON object a line, without an array around them.";
            return Err(unreadable("wrong_shape", said));
        }
        if self.source.is_none() {
            self.named(records)?;
        }
        let more = i32::try_from(records.len()).unwrap_or(i32::MAX);
        self.count = self.count.saturating_add(more);
        Ok(())
    }

    /// Without a source every row names its entity by our id.
    fn named(&self, records: &[Record]) -> Result<(), Problem> {
        let unnamed = (self.rows.unnamed)(self.format, self.header.as_ref(), records);
        let Some(at) = unnamed else { return Ok(()) };
        let line = records.get(at).map_or(0, |record| record.line);
        let message = format!(
            "Line {line} does not say by our ids what it is about: name the system that the external ids are from, as in ?source=sis."
        );
        Err(Problem::invalid(vec![FieldError::new("?source", "required", message)]))
    }
}

/// A record must be UTF-8. Where it is not, the likeliest reason is a spreadsheet.
fn encoded(record: &Record) -> Result<(), Problem> {
    let Err(error) = std::str::from_utf8(&record.bytes) else { return Ok(()) };
    let at = error.valid_up_to();
    let byte = record.bytes.get(at).copied().unwrap_or_default();
    let line = record.line;
    let column = at + 1;
    let message = format!(
        "Line {line}, byte {column}: {byte:#04x} is no UTF-8. The file may be Windows-1252: save it as UTF-8."
    );
    Err(unreadable("not_utf8", message))
}

fn endless(endless: Endless) -> Problem {
    let line = endless.line;
    let said = if endless.quote {
        format!("Line {line}: a quote opens here that does not close.")
    } else {
        format!("Line {line}: more than {RECORD_MAX} bytes in one line.")
    };
    unreadable("endless", said)
}

fn unreadable(code: &str, message: impl Into<String>) -> Problem {
    malformed(vec![FieldError::new("", code, message)])
}

fn malformed(errors: Vec<FieldError>) -> Problem {
    Problem::new(&kinds::MALFORMED, "The file cannot be read; nothing was changed.")
        .with_errors(errors)
}
