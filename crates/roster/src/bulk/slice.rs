//! Rows done chunk by chunk: each chunk is one unit of work with its effects, its results and its place in the file.

use std::collections::VecDeque;

use kernel::{
    Problem,
    job::{Job, Next},
    permission::{EnrollmentBulk, Permission, StaffBulk, StudentBulk},
    tx::Tx,
};
use metrics::counter;

use super::{
    BulkJob, Format, JobStatus, JobType,
    cells::{self, Header},
    enrollments, file,
    records::{Endless, Record, Splitter},
    step, store, students, table,
    tally::{Counts, Tally},
    teachers,
};
use crate::Error;

/// Rows of one unit of work: their locks are held for a fraction of a second.
const CHUNK: usize = 500;
/// Chunks after which other jobs have their turn.
const TURN: usize = 20;

/// Does the next rows of a job.
pub(super) async fn run(job: &Job, bulk: BulkJob) -> Result<Next, Problem> {
    match bulk.job_type {
        JobType::Students => turn::<StudentBulk>(job, bulk, "roster.student.bulk").await,
        JobType::Teachers => turn::<StaffBulk>(job, bulk, "roster.staff.bulk").await,
        JobType::Enrollments | JobType::OneRoster => {
            turn::<EnrollmentBulk>(job, bulk, "roster.enrollment.bulk").await
        }
    }
}

async fn turn<P: Permission>(
    job: &Job,
    mut bulk: BulkJob,
    action: &'static str,
) -> Result<Next, Problem> {
    let mut reader = Reader::<P>::open(job, &bulk).await?;
    // After a death the turn is one chunk: its end tells the kernel that the job goes on, however often the server dies.
    let chunks = if job.attempt > 1 { 1 } else { TURN };
    for _ in 0..chunks {
        let records = reader.take(CHUNK).await?;
        if records.is_empty() {
            return super::finish::<P>(job, JobStatus::Completed, None).await;
        }
        let before = bulk.summary.clone();
        bulk = chunk::<P>(job, bulk.place, action, (reader.header.clone(), records)).await?;
        measure(bulk.job_type, &Counts::of(&before), &Counts::of(&bulk.summary));
    }
    Ok(Next::Again(job.kernel().clock.now()))
}

async fn chunk<P: Permission>(
    job: &Job,
    place: i64,
    action: &'static str,
    (header, records): (Option<Header>, Vec<Record>),
) -> Result<BulkJob, Problem> {
    let name = format!("rows from byte {place}");
    step::<P>(job, action, &name, async move |tx, before| {
        if before.place != place {
            return Err(Error::Conflict("Another run of this job is ahead of this one."));
        }
        let tally = apply(tx, &before, (header.as_ref(), &records)).await?;
        store::save_results(tx, before.job_id, &tally.results).await?;
        Ok(after(&before, &records, &tally, tx))
    })
    .await
}

async fn apply(
    tx: &mut Tx,
    job: &BulkJob,
    (header, records): (Option<&Header>, &[Record]),
) -> Result<Tally, Error> {
    let (format, first) = (job.format, job.processed_rows + 1);
    match job.job_type {
        JobType::Students => {
            students::apply(tx, job, cells::read(format, header, records, first)).await
        }
        JobType::Teachers => {
            teachers::apply(tx, job, cells::read(format, header, records, first)).await
        }
        JobType::Enrollments | JobType::OneRoster => {
            enrollments::apply(tx, job, cells::read(format, header, records, first)).await
        }
    }
}

fn after(before: &BulkJob, records: &[Record], tally: &Tally, tx: &Tx) -> BulkJob {
    let mut after = before.started(tx.now());
    let counts = Counts::of(&before.summary).and(&tally.counts);
    if let Some(last) = records.last() {
        (after.place, after.line) = (last.end, last.next_line);
    }
    after.processed_rows += i32::try_from(records.len()).unwrap_or(0);
    after.failed_rows = counts.failed;
    after.summary = counts.summary();
    after
}

fn measure(job_type: JobType, before: &Counts, after: &Counts) {
    for (outcome, rows) in after.since(before) {
        counter!("bulk_job_rows_total", "type" => job_type.name(), "outcome" => outcome)
            .increment(u64::try_from(rows).unwrap_or(0));
    }
}

/// Reads the records of a job's file from the place on up to which it is done.
struct Reader<'a, P> {
    job: &'a Job,
    header: Option<Header>,
    splitter: Splitter,
    next: i32,
    ended: bool,
    ready: VecDeque<Record>,
    permission: std::marker::PhantomData<fn() -> P>,
}

impl<'a, P: Permission> Reader<'a, P> {
    async fn open(job: &'a Job, bulk: &BulkJob) -> Result<Self, Problem> {
        let mut reader = Self {
            job,
            header: None,
            splitter: Splitter::new(bulk.format, 0, 1),
            next: 0,
            ended: false,
            ready: VecDeque::new(),
            permission: std::marker::PhantomData,
        };
        if bulk.format == Format::Csv {
            let first = reader.take(1).await?;
            let columns = table::of(bulk.job_type).columns;
            let header = first.first().map(|record| Header::of(record, columns));
            reader.header = header.transpose().map_err(|e| defect(&e.message))?;
        }
        if bulk.place > 0 {
            reader.go_to(bulk).await?;
        }
        Ok(reader)
    }

    async fn go_to(&mut self, bulk: &BulkJob) -> Result<(), Problem> {
        let piece = i64::try_from(file::PIECE).unwrap_or(i64::MAX);
        self.next = i32::try_from(bulk.place / piece).unwrap_or(i32::MAX);
        self.splitter = Splitter::new(bulk.format, bulk.place, bulk.line);
        self.ready.clear();
        self.ended = false;
        let behind = usize::try_from(bulk.place % piece).unwrap_or(0);
        self.more(behind).await
    }

    /// The next records, fewer only at the end.
    async fn take(&mut self, count: usize) -> Result<Vec<Record>, Problem> {
        while self.ready.len() < count && !self.ended {
            self.more(0).await?;
        }
        let count = count.min(self.ready.len());
        Ok(self.ready.drain(..count).collect())
    }

    async fn more(&mut self, behind: usize) -> Result<(), Problem> {
        let piece = file::piece::<P>(self.job, self.next).await?;
        self.next += 1;
        self.ended = piece.is_none();
        let found = match &piece {
            Some(piece) => self.splitter.push(piece.get(behind..).unwrap_or_default()),
            None => self.splitter.finish().map(|last| last.into_iter().collect()),
        };
        let endless = |e: Endless| defect(&format!("line {} does not end", e.line));
        self.ready.extend(found.map_err(endless)?);
        Ok(())
    }
}

/// What the survey let in cannot be wrong later.
fn defect(what: &str) -> Problem {
    Problem::internal(&std::io::Error::other(what.to_owned()))
}
