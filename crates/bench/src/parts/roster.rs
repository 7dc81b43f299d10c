//! A district of 10,000, 100,000 and 1,000,000 enrolments, 2,000 small ones beside it: what its operations cost, and that
//! they do not cost more as it grows.

mod ask;
mod seed;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use kernel::{Role, TenantId};

pub(crate) use ask::{Ask, Operation};

use super::{Bench, token};
use crate::{
    http::{self, Api},
    latency::{Latencies, millis},
    load, machine,
    postgres::Load,
    report::{self, Row},
};

/// Enrolments of the districts that are compared.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// Small districts.
const SMALL: u32 = 2_000;
/// Enrolments of each of them.
const SMALL_SIZE: u64 = 125;
/// Requests a second.
const RATE: u32 = 200;
/// Of one operation in one district.
const TIME_S: u64 = 6;

/// A district that is measured.
struct District {
    tenant: TenantId,
    enrollments: u64,
    api: Arc<Api>,
}

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    let sizes = if bench.short { SIZES.map(|size| size / 10) } else { SIZES };
    let began = Instant::now();
    let mut districts = Vec::new();
    for enrollments in sizes {
        districts.push(District::seeded(bench, enrollments).await?);
    }
    seed::small(bench, if bench.short { SMALL / 10 } else { SMALL }, SMALL_SIZE).await?;
    bench.database.admin(&["vacuum analyze"]).await?;
    let [small, middle, large] = sizes;
    report::part("The roster: p95 at 200 requests a second, by enrolments of the district");
    report::note(format_args!(
        "{small} / {middle} / {large} enrolments, and the small districts beside: made in {:.0} s. The ratio is that of the \
         medians in the largest and the smallest.\n",
        began.elapsed().as_secs_f64()
    ));
    for operation in Operation::ALL {
        compared(bench, &districts, *operation).await?;
    }
    if let Some(largest) = districts.last() {
        members(bench, largest).await?;
        export(bench, largest).await?;
    }
    Ok(())
}

impl District {
    async fn seeded(bench: &Bench, enrollments: u64) -> Result<Self> {
        let tenant = bench.platform.provision(&format!("District of {enrollments}")).await?;
        seed::fill(bench, &tenant.to_string(), enrollments).await?;
        let token = token(&bench.server, Role::Registrar, Some(tenant))?;
        let api = Arc::new(Api::new(bench.server.address(), token, Some(tenant)));
        Ok(Self { tenant, enrollments, api })
    }

    async fn took(&self, operation: Operation, time: Duration) -> Result<Latencies> {
        let ask = http::Ask::Roster(Ask { operation, enrollments: self.enrollments });
        load::steady(&self.api, ask, RATE, time).await
    }
}

/// One operation in each of the districts.
async fn compared(bench: &Bench, districts: &[District], operation: Operation) -> Result<()> {
    let (mut p95, mut medians) = (Vec::new(), Vec::new());
    for district in districts {
        bench.at_rest().await?;
        let took = district.took(operation, bench.seconds(TIME_S)).await?;
        p95.push(millis(took.percentile(95)));
        medians.push(took.percentile(50).as_secs_f64());
    }
    let growth = medians.last().zip(medians.first()).map(|(large, small)| large / small);
    report::row(&Row {
        figure: operation.name(),
        steward: format!("{} ms", p95.join(" / ")),
        baseline: String::new(),
        ratio: growth,
        aim: operation.aim(),
    });
    Ok(())
}

/// The members of a class in the largest district, beside pgbench, and how they are found.
async fn members(bench: &Bench, district: &District) -> Result<()> {
    report::part("Members of a class in the largest district, p50 / p95 / p99");
    let (tenant, time) = (district.tenant.to_string(), bench.seconds(TIME_S));
    let scans =
        "select coalesce(sum(seq_scan), 0) from pg_stat_user_tables where schemaname = 'roster'";
    let before = bench.database.admin(&[scans]).await?;
    let took = district.took(Operation::Members, time).await?;
    let classes = (district.enrollments / 25).to_string();
    let variables = [("tenant", tenant.as_str()), ("classes", classes.as_str())];
    let script = include_str!("../sql/roster/members.sql");
    let load = Load { script, variables: &variables, time, rate: Some(RATE) };
    let bare = bench.database.pgbench(&load).await?;
    report::row(&Row {
        figure: "class members (baseline: pgbench -R 200, the same statements)",
        steward: took.to_string(),
        baseline: bare.latencies.to_string(),
        ratio: Some(
            took.percentile(95).as_secs_f64() / bare.latencies.percentile(95).as_secs_f64(),
        ),
        aim: "p95 < 5 ms",
    });
    let after = bench.database.admin(&[scans]).await?;
    ensure!(before == after, "a table of the roster was read whole: {before} scans, then {after}");
    let plan = include_str!("../sql/roster/plan.sql");
    let plan = bench.database.script(plan, &[("tenant", &tenant)]).await?;
    ensure!(!plan.contains("Seq Scan"), "a free planner reads a whole table:\n{plan}");
    report::note("No table of the roster was read whole, nor would a planner that may choose to.");
    Ok(())
}

/// All enrolments of the largest district, beside COPY of the same rows.
async fn export(bench: &Bench, district: &District) -> Result<()> {
    report::part("Export of all enrolments of the largest district");
    let before = machine::resident_mb(bench.server.pid())?;
    let began = Instant::now();
    let drained =
        district.api.drain("/exports/enrollments", || machine::resident_mb(bench.server.pid()));
    let drained = drained.await?;
    let took = began.elapsed();
    ensure!(drained.lines >= district.enrollments, "only {} lines came", drained.lines);
    let began = Instant::now();
    let copy = include_str!("../sql/roster/copy.sql");
    bench.database.script(copy, &[("tenant", &district.tenant.to_string())]).await?;
    let bare = began.elapsed();
    report::row(&Row {
        figure: "CSV over HTTP (baseline: COPY of the same rows by psql, to a file)",
        steward: format!("{:.2} s", took.as_secs_f64()),
        baseline: format!("{:.2} s", bare.as_secs_f64()),
        ratio: Some(took.as_secs_f64() / bare.as_secs_f64()),
        aim: "< 10 s",
    });
    report::note(format_args!(
        "{} lines, {:.0} MB. Resident memory of `steward`: {before:.1} MB before, {:.1} MB at most meanwhile.",
        drained.lines, drained.megabytes, drained.watched
    ));
    Ok(())
}
