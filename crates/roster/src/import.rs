//! Imports of OneRoster packages: what a package wants is compared with what the roster knows of its source, and the
//! difference is carried out, once a person has approved it where much would end.
//!
//! The plan is not stored. It is made from the package and the roster, so that a run after a crash finds what is left to
//! do; what a run before has committed is unchanged to it.

mod apply;
pub(crate) mod diff;
mod hold;
mod known;
mod report;
mod summary;
pub(crate) mod wanted;

use std::{io::Write as _, sync::Arc};

use jiff::SignedDuration;
use kernel::{
    Kernel, Problem,
    answer::{Accepted, Outcome},
    http::upload::Received,
    job::{Job, Next},
    permission::ImportWrite,
    problem::kinds,
    rows::{self, Only},
    tx::Tx,
};
use serde_json::json;

pub use hold::DECISION;
pub use summary::{ByKind, Counts, Kind, OfSchool, Summary};

use crate::{
    Error,
    bulk::{self, Asked, BulkJob, Format, JobStatus, JobType},
    oneroster::{Package, Refused},
};
use apply::Run;
use diff::{Frame, Plan};
use known::Known;
use report::Report;
use wanted::Wanted;

/// Most bytes of a package.
pub const PACKAGE_MAX: u64 = 256 << 20;
/// Plans that one run makes when others change the roster meanwhile; then it pauses.
const PLANS: usize = 5;
/// How often a held import looks whether it still is: a decision wakes it.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// What is asked for with a package.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// Whose ids the rows carry.
    pub source: String,
    /// Whether it is only a trial.
    pub dry_run: bool,
}

/// Reads a package to its end: whatever makes it unusable as a whole is refused before anything is stored.
///
/// # Errors
/// 413 for what unpacks to too much, 400 for every other fault, which names file and line.
pub async fn survey(received: &Received) -> Result<(), Problem> {
    let file = received.file().map_err(|e| Problem::internal(&e))?;
    let read = tokio::task::spawn_blocking(move || Wanted::of(&mut Package::open(file)?).map(drop));
    read.await.map_err(|e| Problem::internal(&e))?.map_err(|refused| unusable(&refused))
}

fn unusable(refused: &Refused) -> Problem {
    let kind = if matches!(refused, Refused::TooLarge { .. }) {
        &kinds::TOO_LARGE
    } else {
        &kinds::MALFORMED
    };
    Problem::new(kind, format!("{refused}."))
}

/// Takes a package: the job exists, with its file, when this is answered. One import of a source at a time.
///
/// # Errors
/// A conflict with the import of the source that runs or is held.
pub async fn accept(
    tx: &mut Tx,
    new: &NewImport,
    received: &Received,
) -> Result<Outcome<Accepted<BulkJob>>, Error> {
    tx.serialise("roster.import", &new.source).await?;
    if !new.dry_run
        && let Some(open) = open_import(tx, &new.source).await?
    {
        let said = if open.status == JobStatus::Held {
            "An import of this source is held until somebody decides."
        } else {
            "An import of this source is running."
        };
        let id = open.job_id.0;
        return Err(Error::Taken(said.to_owned(), id, bulk::path(tx, open.job_id)));
    }
    let asked = Asked {
        job_type: JobType::OneRoster,
        source: Some(new.source.clone()),
        options: json!({"dryRun": new.dry_run, "asker": hold::asker(tx)}),
        format: Format::Zip,
        rows: 0,
    };
    bulk::accept(tx, &asked, received).await
}

async fn open_import(tx: &mut Tx, source: &str) -> Result<Option<BulkJob>, Error> {
    const OPEN: &str = "job_type = 'OneRoster' and status in ('Pending', 'Running', 'Held') and options -> 'dryRun' = 'false'";
    let only = [Only::Sql(OPEN), Only::Text("source", source.to_owned())];
    Ok(rows::all(tx, &bulk::TABLE, &only).await?.pop())
}

/// What an import does, or would do, as far as its job tells it.
///
/// # Errors
/// For a job of another type.
pub fn summary(bulk: &BulkJob) -> Result<Summary, Problem> {
    Ok(Report::of(bulk)?.summary)
}

/// Does an import, or a part of it.
pub(crate) async fn run(job: &Job, bulk: BulkJob) -> Result<Next, Problem> {
    let mut report = Report::of(&bulk)?;
    if bulk.status == JobStatus::Held {
        match report.decision() {
            None => {
                let later = job.kernel().clock.now().saturating_add(LOOK_AGAIN);
                return later.map(Next::Again).map_err(|e| Problem::internal(&e));
            }
            Some(false) => {
                let said = "Rejected: nothing was changed.";
                return bulk::finish::<ImportWrite>(job, JobStatus::Failed, Some(said.to_owned()))
                    .await;
            }
            Some(true) => {}
        }
    }
    let import = Import {
        wanted: Arc::new(wanted(job).await?),
        source: bulk.source.clone().unwrap_or_default(),
        dry_run: report::is_dry_run(&bulk),
        job,
    };
    for _ in 0..PLANS {
        let plan = import.plan().await?;
        if !report.applying
            && let Some(end) = import.begin(&mut report, &plan).await?
        {
            return Ok(end);
        }
        let run = Run { job, id: job.kernel().ids.next(), source: import.source.clone() };
        match run.carry_out(&plan).await {
            Ok(()) => return report::finish(job, &report).await,
            Err(problem) if *problem.kind == kinds::CONFLICT => {
                tracing::info!(job = %job.id, detail = problem.detail, "an import plans again");
            }
            Err(problem) => return Err(problem),
        }
    }
    let said = "The roster changes too fast for the import: it tries again.";
    Err(Problem::new(&kinds::CONFLICT, said))
}

/// An import that is being done.
struct Import<'a> {
    job: &'a Job,
    wanted: Arc<Wanted>,
    source: String,
    dry_run: bool,
}

impl Import<'_> {
    /// Compares what is wanted with what there is.
    async fn plan(&self) -> Result<Plan, Problem> {
        let mut known = self.read().await?;
        let (plan, back) = self.compare(known).await?;
        if plan.look.students.is_empty() && plan.look.classes.is_empty() {
            return Ok(plan);
        }
        known = back;
        let look = plan.look;
        let cx = self.job.cx::<ImportWrite>("read more");
        let read = cx.read(async move |tx| {
            known.read_more(tx, &look.students, &look.classes).await?;
            Ok::<_, Error>(known)
        });
        Ok(self.compare(read.await?).await?.0)
    }

    async fn read(&self) -> Result<Known, Problem> {
        let (wanted, source) = (Arc::clone(&self.wanted), self.source.clone());
        let cx = self.job.cx::<ImportWrite>("read");
        cx.read(async move |tx| Known::read(tx, &source, &wanted).await).await
    }

    async fn compare(&self, known: Known) -> Result<(Plan, Known), Problem> {
        let (wanted, source) = (Arc::clone(&self.wanted), self.source.clone());
        let (dry_run, Parts { now, ids }) = (self.dry_run, Parts::of(self.job.kernel()));
        let compared = tokio::task::spawn_blocking(move || {
            let frame = Frame { source: &source, now, ids: &ids, dry_run };
            let plan = diff::plan(frame, &wanted, &known);
            (plan, known)
        });
        compared.await.map_err(|e| Problem::internal(&e))
    }

    /// Tells what will be done. Nothing more happens in a trial, or before a person approves what must be approved.
    async fn begin(&self, report: &mut Report, plan: &Plan) -> Result<Option<Next>, Problem> {
        report.summary = plan.summary.clone();
        if self.dry_run {
            report::begin(self.job, report, plan).await?;
            return report::finish(self.job, report).await.map(Some);
        }
        let revision = hold::revision(plan);
        let must_ask = !plan.summary.held_because.is_empty();
        if must_ask && !report.is_approved(&revision) {
            let later = job_later(self.job)?;
            hold::hold(self.job, report, plan, (&self.source, revision)).await?;
            return Ok(Some(Next::Again(later)));
        }
        report.applying = true;
        report::begin(self.job, report, plan).await?;
        Ok(None)
    }
}

fn job_later(job: &Job) -> Result<jiff::Timestamp, Problem> {
    let later = job.kernel().clock.now().saturating_add(LOOK_AGAIN);
    later.map_err(|e| Problem::internal(&e))
}

/// What a plan takes from the kernel.
struct Parts {
    now: jiff::Timestamp,
    ids: kernel::Ids,
}

impl Parts {
    fn of(kernel: &Kernel) -> Self {
        Self { now: kernel.clock.now(), ids: kernel.ids.clone() }
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex<'b>(bytes: impl Iterator<Item = &'b u8>) -> String {
    bytes.fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Reads the package of a job.
async fn wanted(job: &Job) -> Result<Wanted, Problem> {
    let folder = job.kernel().spool.clone();
    let mut file = tempfile::tempfile_in(folder).map_err(|e| Problem::internal(&e))?;
    for number in 0.. {
        let Some(piece) = bulk::file::piece::<ImportWrite>(job, number).await? else { break };
        file.write_all(&piece).map_err(|e| Problem::internal(&e))?;
    }
    let read = tokio::task::spawn_blocking(move || Wanted::of(&mut Package::open(file)?));
    let read = read.await.map_err(|e| Problem::internal(&e))?;
    // It was read to its end before it was taken.
    read.map_err(|refused| Problem::internal(&refused))
}
