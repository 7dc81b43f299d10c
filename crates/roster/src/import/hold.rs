//! Held imports: what must be approved is asked, and what was decided is carried to the import.

use futures::future::BoxFuture;
use jiff::SignedDuration;
use kernel::{
    Problem, Role,
    answer::{NoContent, Outcome},
    approval::{self, Asker, Decided, Level, NewApproval},
    job::{self, Job, JobKind, Next},
    permission::ImportWrite,
    rows,
    tx::Tx,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    apply::ACTION,
    diff::{Changes, Plan},
    hex,
    report::{Asked, Report, begin},
    summary::Kind,
};
use crate::{
    Error,
    bulk::{self, BulkJob, JobStatus},
};

/// The kind of the question, and of the job that carries the decision out.
const KIND: &str = "roster.import";
/// Bytes of a digest that name a revision: nobody looks for two plans of the same one.
const REVISION_BYTES: usize = 8;

/// How soon it is looked whether a decision was seen.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

/// Carries a decision to the import that waits for it.
pub const DECISION: JobKind = JobKind { name: KIND, run: |job| Box::pin(decided(job)) };

/// Who asks for an import, kept for the question that it may have to ask: they do not answer it.
pub(super) fn asker(tx: &Tx) -> Asker {
    Asker::of(tx)
}

/// Names what a plan ends: a decision is about just this.
pub(super) fn revision(plan: &Plan) -> String {
    fn ids<T>(changes: &Changes<T>, id: impl Fn(&T) -> Uuid) -> Vec<Uuid> {
        changes.ended.iter().map(|change| id(&change.after)).collect()
    }
    let mut all = [
        ids(&plan.schools, |s| s.school_id.0),
        ids(&plan.classes, |c| c.class_id.0),
        ids(&plan.staff, |s| s.staff_id.0),
        ids(&plan.students, |s| s.student_id.0),
        ids(&plan.guardians, |g| g.guardian_id.0),
        ids(&plan.enrollments, |e| e.enrollment_id.0),
        ids(&plan.assignments, |a| a.assignment_id),
    ]
    .concat();
    all.sort_unstable();
    let digest = all.iter().fold(Sha256::new(), Sha256::chain_update).finalize();
    hex(digest.iter().take(REVISION_BYTES))
}

/// Holds an import until somebody decides.
pub(super) fn hold<'j>(
    job: &'j Job,
    report: &Report,
    plan: &Plan,
    (source, revision): (&str, String),
) -> BoxFuture<'j, Result<(), Problem>> {
    let report = Report { approval: None, ..report.clone() };
    let told = begin(job, &report, plan);
    let name = format!("hold {revision}");
    let (title, consequences) = (title(source), consequences(plan));
    let reason = plan.summary.held_because.join(" ");
    Box::pin(async move {
        told.await?;
        bulk::step::<ImportWrite>(job, ACTION, &name, async move |tx, before| {
            let new = NewApproval {
                kind: KIND,
                subject: before.job_id.0,
                revision: revision.clone(),
                title: title.clone(),
                reason: reason.clone(),
                consequences: consequences.clone(),
                levels: vec![Level::of(Role::DistrictAdmin)],
                asker: before
                    .options
                    .get("asker")
                    .cloned()
                    .and_then(|a| serde_json::from_value(a).ok()),
            };
            let approval_id = approval::request(tx, &new).await?;
            let asked = Asked { approval_id, revision: revision.clone(), approved: None };
            let held = Report { approval: Some(asked), ..report.clone() };
            Ok(BulkJob { status: JobStatus::Held, ..held.on(&before, tx.now())? })
        })
        .await
        .map(drop)
    })
}

fn title(source: &str) -> String {
    format!("Carry out the import of {source}, which ends more than usual?")
}

fn consequences(plan: &Plan) -> Vec<String> {
    let verb = |kind: &Kind| match kind {
        Kind::Schools | Kind::Classes => "are archived",
        Kind::Students | Kind::Teachers => "are deactivated",
        Kind::Enrollments => "end",
        Kind::Terms | Kind::Guardians | Kind::Assignments => "are removed",
    };
    let ended = plan.summary.counts.iter().filter(|(_, counts)| counts.ended > 0);
    ended
        .map(|(kind, counts)| format!("{} {} {}.", counts.ended, kind.name(), verb(kind)))
        .collect()
}

async fn decided(job: &Job) -> Result<Next, Problem> {
    let decided: Decided =
        serde_json::from_value(job.args.clone()).map_err(|e| Problem::internal(&e))?;
    let cx = job.cx::<ImportWrite>("decided");
    cx.write("roster.import.decide", async move |tx| tell(tx, decided).await).await?;
    let now = job.kernel().clock.now();
    let wake = job.cx::<ImportWrite>(&format!("wake at {now}"));
    wake.write("roster.import.wake", async move |tx| {
        job::hasten(tx, bulk::JOB.name, decided.subject_id).await?;
        Ok::<_, Error>(Outcome::AlreadyApplied(NoContent))
    })
    .await?;
    // A run that looked before the decision may have put itself off after it.
    let waits =
        job.cx::<ImportWrite>("look").read(async move |tx| waits(tx, decided).await).await?;
    let soon = now.saturating_add(AGAIN).map_err(|e| Problem::internal(&e))?;
    Ok(if waits { Next::Again(soon) } else { Next::Done })
}

async fn waits(tx: &mut Tx, decided: Decided) -> Result<bool, Error> {
    let found: Option<BulkJob> = rows::find(tx, &bulk::TABLE, decided.subject_id, &[]).await?;
    Ok(found.is_some_and(|job| job.status == JobStatus::Held))
}

async fn tell(tx: &mut Tx, decided: Decided) -> Result<Outcome<NoContent>, Error> {
    let found = rows::lock(tx, &bulk::TABLE, decided.subject_id, &[]).await?;
    let Some(before): Option<BulkJob> = found else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    let mut report = Report::of(&before)?;
    let waits = before.status == JobStatus::Held;
    let Some(asked) =
        report.approval.as_mut().filter(|asked| waits && asked.approval_id == decided.approval_id)
    else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    asked.approved = Some(decided.approved);
    let after = report.on(&before, tx.now())?;
    bulk::store::update(tx, &after).await?;
    tx.audited(Some(&before), Some(&after));
    Ok(Outcome::Executed(NoContent))
}
