//! A plan carried out: chunk by chunk, each one unit of work. What it changes is locked and must be as the plan saw it;
//! otherwise the plan is made again from what is there.

mod ends;
mod lock;
mod saves;

use futures::{FutureExt, future::BoxFuture};
use kernel::{Problem, job::Job, permission::ImportWrite, tx::Tx};
use uuid::Uuid;

use super::{
    diff::{Change, Plan},
    known::Linked,
};
use crate::{
    Error,
    bulk::{self, BulkJob},
};

/// The action in audit records.
pub(super) const ACTION: &str = "roster.import";
/// Changes of one unit of work: its locks are held for a fraction of a second.
const CHUNK: usize = 500;
/// People and classes that end in one unit of work: each takes what hangs on it along.
const ENDS: usize = 50;
/// What a chunk refuses when the roster is not what the plan saw.
const STALE: &str = "The roster changed while the import was running.";

/// Carries out some changes of one kind.
type Apply<T> = for<'t> fn(&'t mut Tx, &'t [Change<T>]) -> BoxFuture<'t, Result<(), Error>>;

/// What carries a plan out.
pub(super) struct Run<'a> {
    pub(super) job: &'a Job,
    /// Names the steps of this run: what a run before has committed is seen in the plan.
    pub(super) id: Uuid,
    pub(super) source: String,
}

impl Run<'_> {
    /// Carries a plan out: what others refer to first, then what ends.
    ///
    /// # Errors
    /// A conflict when the roster changed since the plan was made.
    pub(super) fn carry_out<'r>(&'r self, plan: &'r Plan) -> BoxFuture<'r, Result<(), Problem>> {
        Box::pin(async move {
            self.save(plan).await?;
            self.end(plan).await
        })
    }

    async fn save(&self, plan: &Plan) -> Result<(), Problem> {
        self.each("schools", CHUNK, &plan.schools.saved, |tx, some| {
            saves::schools(tx, some).boxed()
        })
        .await?;
        self.each("terms", CHUNK, &plan.terms.saved, |tx, some| saves::terms(tx, some).boxed())
            .await?;
        self.each("classes", CHUNK, &plan.classes.saved, |tx, some| {
            saves::classes(tx, some).boxed()
        })
        .await?;
        self.each("staff", CHUNK, &plan.staff.saved, |tx, some| saves::staff(tx, some).boxed())
            .await?;
        self.each("students", CHUNK, &plan.students.saved, |tx, some| {
            saves::students(tx, some).boxed()
        })
        .await?;
        self.each("guardians", CHUNK, &plan.guardians.saved, |tx, some| {
            saves::guardians(tx, some).boxed()
        })
        .await?;
        // A new enrolment may begin where one ends.
        self.each("ended enrollments", CHUNK, &plan.enrollments.ended, |tx, some| {
            ends::enrollments(tx, some).boxed()
        })
        .await?;
        self.each("ended assignments", CHUNK, &plan.assignments.ended, |tx, some| {
            ends::assignments(tx, some).boxed()
        })
        .await?;
        self.each("enrollments", CHUNK, &plan.enrollments.saved, |tx, some| {
            saves::enrollments(tx, some).boxed()
        })
        .await?;
        self.each("assignments", CHUNK, &plan.assignments.saved, |tx, some| {
            saves::assignments(tx, some).boxed()
        })
        .await?;
        self.link("enrollment", &plan.enrollment_links).await?;
        self.link("assignment", &plan.assignment_links).await
    }

    async fn end(&self, plan: &Plan) -> Result<(), Problem> {
        self.each("ended guardians", CHUNK, &plan.guardians.ended, |tx, some| {
            ends::guardians(tx, some).boxed()
        })
        .await?;
        self.each("ended students", ENDS, &plan.students.ended, |tx, some| {
            ends::students(tx, some).boxed()
        })
        .await?;
        self.each("ended staff", ENDS, &plan.staff.ended, |tx, some| ends::staff(tx, some).boxed())
            .await?;
        self.each("ended classes", ENDS, &plan.classes.ended, |tx, some| {
            ends::classes(tx, some).boxed()
        })
        .await?;
        self.each("ended schools", ENDS, &plan.schools.ended, |tx, some| {
            ends::schools(tx, some).boxed()
        })
        .await
    }

    fn each<'r, T: Clone + Send + Sync + 'static>(
        &'r self,
        name: &'r str,
        size: usize,
        changes: &'r [Change<T>],
        apply: Apply<T>,
    ) -> BoxFuture<'r, Result<(), Problem>> {
        Box::pin(async move {
            for (n, chunk) in changes.chunks(size).enumerate() {
                let step = format!("{} {name} {n}", self.id);
                let chunk = chunk.to_vec();
                bulk::step::<ImportWrite>(self.job, ACTION, &step, async move |tx, before| {
                    apply(tx, &chunk).await?;
                    Ok(further(&before, chunk.len(), tx))
                })
                .await?;
            }
            Ok(())
        })
    }

    /// Remembers which rows enrolments or assignments come from.
    async fn link(&self, kind: &'static str, links: &[Linked]) -> Result<(), Problem> {
        let row = |(value, id): &Linked| {
            let after = Row { source: self.source.clone(), kind, value: value.clone(), id: *id };
            Change { before: None, after }
        };
        let rows: Vec<_> = links.iter().map(row).collect();
        self.each(kind, CHUNK, &rows, |tx, some| saves::links(tx, some).boxed()).await
    }
}

/// A row of the source and what it stands for.
#[derive(Clone)]
struct Row {
    source: String,
    kind: &'static str,
    value: String,
    id: Uuid,
}

/// The job with so many more rows done.
fn further(before: &BulkJob, rows: usize, tx: &Tx) -> BulkJob {
    let mut after = before.next(tx.now());
    let done = before.processed_rows.saturating_add(i32::try_from(rows).unwrap_or(i32::MAX));
    after.processed_rows = done.min(before.total_rows);
    after
}
