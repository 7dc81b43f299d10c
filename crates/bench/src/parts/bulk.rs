//! 50,000 students in one file: how long until they are there and announced, beside PostgreSQL's own COPY of them.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::Bench;
use crate::report::{self, Row};

const ROWS: u32 = 50_000;
/// A job that takes longer is broken.
const PATIENCE: Duration = Duration::from_mins(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The first run of a statement plans it, and the first rows of a table are few: both take part unmeasured.
const WARM: u32 = 1_000;

/// What a bench reads of a job.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Job {
    job_id: String,
    status: String,
    failed_rows: u32,
}

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    report::part("50,000 students in one file");
    let rows = if bench.short { ROWS / 10 } else { ROWS };
    run(bench, "warm", WARM).await?;
    bench.at_rest().await?;
    let began = Instant::now();
    run(bench, "n", rows).await?;
    let done = began.elapsed();
    bench.at_rest().await?;
    let announced = began.elapsed();
    let copied = copy(bench, rows).await?;
    let [rate, bare] = [done, copied].map(|took| f64::from(rows) / took.as_secs_f64());
    report::row(&Row {
        figure: "rows a second, from the first byte sent to the job's end (baseline: COPY of the same rows)",
        steward: format!("{rate:.0}"),
        baseline: format!("{bare:.0}"),
        ratio: Some(rate / bare),
        aim: "≥ 1/15",
    });
    report::row(&Row {
        figure: "seconds until every event is acknowledged",
        steward: format!("{:.1}", announced.as_secs_f64()),
        baseline: format!("{:.2}", copied.as_secs_f64()),
        ratio: None,
        aim: "< 60",
    });
    Ok(())
}

/// Sends a file and waits for the end of its job.
async fn run(bench: &Bench, prefix: &str, rows: u32) -> Result<()> {
    let mut connection = bench.api.connect().await?;
    let path = "/bulk/students?source=bench";
    let sent = bench.api.upload(&mut connection, path, file(prefix, rows)).await?;
    let mut job: Job = serde_json::from_slice(&sent)?;
    let path = format!("/bulk/jobs/{}", job.job_id);
    let began = Instant::now();
    while job.status != "Completed" {
        ensure!(job.status != "Failed" && began.elapsed() < PATIENCE, "the job is {}", job.status);
        tokio::time::sleep(LOOK_AGAIN).await;
        job = serde_json::from_slice(&bench.api.read(&mut connection, &path).await?)?;
    }
    ensure!(job.failed_rows == 0, "{} rows failed", job.failed_rows);
    Ok(())
}

fn file(prefix: &str, rows: u32) -> String {
    let mut text = "externalId,givenName,familyName,birthDate,grade\n".to_owned();
    for n in 1..=rows {
        let (day, grade) = (n % 28 + 1, n % 12 + 1);
        // Into memory, which does not fail.
        let _written =
            writeln!(text, "{prefix}-{n},Given {n},Family {n},2014-05-{day:02},{grade:02}");
    }
    text
}

/// COPY of the students that the server has made into the same table of the twin, with the same indexes.
async fn copy(bench: &Bench, rows: u32) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("students");
    let columns = "tenant_id, student_id, given_name, family_name, name_key, given_key, birth_date, grade, school_ids, \
                   status, external_refs, version, created_at, updated_at";
    let out = format!(
        "\\copy (select {columns} from roster.student order by student_id desc limit {rows}) to '{}'",
        path.display()
    );
    bench.database.admin(&[&out]).await?;
    let into = format!("\\copy roster.student ({columns}) from '{}'", path.display());
    let began = Instant::now();
    bench.twin.admin(&[&into]).await.context("COPY into the twin")?;
    Ok(began.elapsed())
}
