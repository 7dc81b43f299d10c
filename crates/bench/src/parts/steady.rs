//! The time of requests at a steady rate.

use anyhow::Result;

use super::{Bench, create};
use crate::{
    http::Ask,
    load,
    postgres::Load,
    report::{self, Row},
};

/// Requests a second.
const RATE: u32 = 200;
const CREATE_S: u64 = 15;
const READ_S: u64 = 8;
/// Keeps the rows of this part's pgbench apart from those of the rounds.
const RUN: &str = "9";

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    report::part("Time of a request at 200 a second, p50 / p95 / p99");
    let school = bench.api.schools.first().map_or("", String::as_str);
    let mut reading = bench.sample.variables(RUN).to_vec();
    reading.push(("school", school));
    let (list, read) = (include_str!("../sql/list.sql"), include_str!("../sql/read.sql"));
    let kinds = [
        ("create", Ask::Create, CREATE_S, create::SCRIPT, &bench.twin, "p95 < 25 ms"),
        ("list, page of 50", Ask::List, READ_S, list, &bench.database, "p95 < 5 ms"),
        ("read", Ask::Read, READ_S, read, &bench.database, "p95 < 5 ms"),
    ];
    for (figure, ask, seconds, script, database, aim) in kinds {
        bench.at_rest().await?;
        let time = bench.seconds(seconds);
        let took = load::steady(&bench.api, ask, RATE, time).await?;
        bench.at_rest().await?;
        let bare = Load { script, variables: &reading, time, rate: Some(RATE) };
        let bare = database.pgbench(&bare).await?;
        report::row(&Row {
            figure: &format!("{figure} (baseline: pgbench -R 200, the same statements)"),
            steward: took.to_string(),
            baseline: bare.latencies.to_string(),
            ratio: Some(
                took.percentile(95).as_secs_f64() / bare.latencies.percentile(95).as_secs_f64(),
            ),
            aim,
        });
    }
    report::note("The ratio is that of p95. Times count from when a request was due.");
    Ok(())
}
