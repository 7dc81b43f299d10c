//! How far an import is, as its job tells it.

use futures::future::BoxFuture;
use kernel::{
    Problem,
    approval::ApprovalId,
    job::{Job, Next},
    permission::ImportWrite,
};
use serde::{Deserialize, Serialize};

use super::{apply::ACTION, diff::Plan, summary::Summary};
use crate::{
    bulk::{self, BulkJob, JobStatus, RowResult},
    oneroster::RowError,
};

/// Faults that are kept of one package: nobody reads on, and what causes most of them is one thing.
const FAULTS_MAX: usize = 10_000;
/// Faults that are stored by one statement.
const PIECE: usize = 1_000;

/// What the summary of an import's job holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Report {
    #[serde(flatten)]
    pub(super) summary: Summary,
    /// The question that it is held by, or was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approval: Option<Asked>,
    /// Whether what is planned is being done.
    pub(super) applying: bool,
}

/// The question whether to go on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    pub(super) approval_id: ApprovalId,
    /// Which ends were asked about.
    pub(super) revision: String,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approved: Option<bool>,
}

impl Report {
    pub(super) fn of(bulk: &BulkJob) -> Result<Self, Problem> {
        serde_json::from_value(bulk.summary.clone()).map_err(|e| Problem::internal(&e))
    }

    pub(super) fn decision(&self) -> Option<bool> {
        self.approval.as_ref()?.approved
    }

    /// Whether somebody approved just these ends.
    pub(super) fn is_approved(&self, revision: &str) -> bool {
        let asked = self.approval.as_ref();
        asked.is_some_and(|asked| asked.revision == revision && asked.approved == Some(true))
    }

    /// The job with this report.
    pub(super) fn on(&self, before: &BulkJob, now: jiff::Timestamp) -> Result<BulkJob, Problem> {
        let summary = serde_json::to_value(self).map_err(|e| Problem::internal(&e))?;
        Ok(BulkJob { summary, ..before.next(now) })
    }
}

/// Whether a job is only a trial.
pub(super) fn is_dry_run(bulk: &BulkJob) -> bool {
    bulk.options.get("dryRun").is_some_and(|asked| asked == true)
}

/// Tells what will be done, and every row that cannot be followed.
pub(super) fn begin<'j>(
    job: &'j Job,
    report: &Report,
    plan: &Plan,
) -> BoxFuture<'j, Result<(), Problem>> {
    let counts = plan.summary.counts.values();
    let rows = |of: u64| i32::try_from(of).unwrap_or(i32::MAX);
    let total: u64 =
        counts.clone().map(|c| c.created + c.updated + c.ended + c.unchanged + c.failed).sum();
    let done: u64 = counts.map(|c| c.unchanged + c.failed).sum();
    let name = format!("begin {}", job.kernel().ids.next());
    let faults = plan.errors.iter().take(FAULTS_MAX);
    let results: Vec<_> = (1..).zip(faults).map(|(n, fault)| result(n, fault)).collect();
    let (report, failed) = (report.clone(), rows(plan.summary.failed()));
    let (total, done) = (rows(total), rows(done));
    Box::pin(async move {
        bulk::step::<ImportWrite>(job, ACTION, &name, async move |tx, before| {
            bulk::forget_results(tx, before.job_id).await?;
            for piece in results.chunks(PIECE) {
                bulk::store::save_results(tx, before.job_id, piece).await?;
            }
            Ok(BulkJob {
                status: JobStatus::Running,
                total_rows: total,
                processed_rows: done,
                failed_rows: failed,
                ..report.on(&before, tx.now())?
            })
        })
        .await
        .map(drop)
    })
}

/// A fault as the result of a row.
pub(super) fn result(number: i32, fault: &RowError) -> RowResult {
    RowResult {
        file: Some(format!("{}.csv", fault.file)),
        line: Some(i32::try_from(fault.line).unwrap_or(i32::MAX)),
        column: Some(fault.column.to_owned()),
        ..RowResult::failed(number, fault.code, fault.message.as_str())
    }
}

/// Ends an import. One that changed nothing is not announced.
pub(super) fn finish<'j>(job: &'j Job, report: &Report) -> BoxFuture<'j, Result<Next, Problem>> {
    if report.summary.changes() && !report.summary.dry_run {
        Box::pin(bulk::finish::<ImportWrite>(job, JobStatus::Completed, None))
    } else {
        Box::pin(bulk::finish_quietly::<ImportWrite>(job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::summary::{Counts, Kind};

    #[test]
    fn what_a_job_holds_is_read_as_it_was_written() {
        let empty: Report = serde_json::from_value(serde_json::json!({})).unwrap();
        assert!(!empty.applying && empty.approval.is_none());
        let counts = [(Kind::Students, Counts { created: 3, ..Counts::default() })].into();
        let asked = Asked {
            approval_id: ApprovalId(uuid::Uuid::nil()),
            revision: "r".to_owned(),
            approved: Some(true),
        };
        let summary = Summary { counts, ..Summary::default() };
        let written = Report { summary, approval: Some(asked), applying: true };
        let json = serde_json::to_value(&written).unwrap();
        assert_eq!(json["students"]["created"], 3, "{json}");
        let read: Report = serde_json::from_value(json).unwrap();
        assert_eq!((read.summary, read.applying), (written.summary, true));
        assert!(read.approval.is_some_and(|asked| asked.revision == "r"));
    }
}
