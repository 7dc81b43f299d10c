//! Creating schools as fast as 16 clients can, in turn with pgbench.

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use crate::{
    http::Ask,
    latency::{Latencies, median},
    load, machine,
    postgres::{Load, Measured},
    report::{self, Row},
};

/// As many as pgbench's clients and the server's connections for requests.
const CLIENTS: usize = 16;
/// The middle one counts.
const ROUNDS: u32 = 3;
/// Of one round: the relay's, the sealer's and autovacuum's turns lie in it.
const ROUND_S: u64 = 8;
/// Before the first round.
const WARM_S: u64 = 2;

/// What the server sends for one create.
pub(super) const SCRIPT: &str = include_str!("../sql/create.sql");

pub(crate) async fn measure(bench: &Bench) -> Result<()> {
    report::part("Create a school, 16 clients");
    load::closed(&bench.api, Ask::Create, CLIENTS, bench.seconds(WARM_S)).await?;
    bare(bench, "0", bench.seconds(WARM_S)).await?;
    for database in [&bench.database, &bench.twin] {
        database.admin(&["analyze"]).await?;
    }
    let time = bench.seconds(ROUND_S);
    let (mut rates, mut bare_rates) = (Vec::new(), Vec::new());
    let (mut took, mut bare_took) = (Vec::new(), Vec::new());
    let (mut shares, units) = (Shares::default(), bench.api.units().await?);
    for round in 1..=ROUNDS {
        bench.at_rest().await?;
        let before = Shares::now(bench)?;
        let latencies = load::closed(&bench.api, Ask::Create, CLIENTS, time).await?;
        shares = shares.plus(&Shares::now(bench)?.minus(&before));
        rates.push(per_second(latencies.count(), time));
        took.push(latencies);
        bench.at_rest().await?;
        let measured = bare(bench, &round.to_string(), time).await?;
        bare_rates.push(measured.rate);
        bare_took.push(measured.latencies);
    }
    let (took, bare_took) = (Latencies::joined(&took), Latencies::joined(&bare_took));
    let (rate, bare_rate) = (median(rates.clone()), median(bare_rates.clone()));
    report::row(&Row {
        figure: "creates a second, median of 3 rounds (baseline: pgbench, the same statements)",
        steward: format!("{rate:.0}"),
        baseline: format!("{bare_rate:.0}"),
        ratio: Some(rate / bare_rate),
        aim: "≥ 0.55",
    });
    report::row(&Row {
        figure: "time of one, p50 / p95 / p99",
        steward: took.to_string(),
        baseline: bare_took.to_string(),
        ratio: None,
        aim: "",
    });
    report::note(format_args!(
        "Rounds: {rates:.0?} creates a second, {bare_rates:.0?} by pgbench."
    ));
    let in_unit = bench.api.units().await?.mean_since(&units);
    report::note(shares.each(took.count(), in_unit));
    Ok(())
}

async fn bare(bench: &Bench, run: &str, time: Duration) -> Result<Measured> {
    let variables = bench.sample.variables(run);
    let load = Load { script: SCRIPT, variables: &variables, time, rate: None };
    bench.twin.pgbench(&load).await
}

fn per_second(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64()
}

/// Processor time of everybody who takes part.
#[derive(Default)]
struct Shares {
    steward: Duration,
    postgres: Duration,
    generator: Duration,
}

impl Shares {
    fn now(bench: &Bench) -> Result<Self> {
        Ok(Self {
            steward: machine::used(bench.server.pid())?.own,
            postgres: machine::used(bench.server.postmaster()?)?.all(),
            generator: machine::used(std::process::id())?.own,
        })
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            steward: self.steward + other.steward,
            postgres: self.postgres + other.postgres,
            generator: self.generator + other.generator,
        }
    }

    fn minus(&self, other: &Self) -> Self {
        Self {
            steward: self.steward.saturating_sub(other.steward),
            postgres: self.postgres.saturating_sub(other.postgres),
            generator: self.generator.saturating_sub(other.generator),
        }
    }

    fn each(&self, creates: usize, in_unit: Duration) -> String {
        let creates = u32::try_from(creates).unwrap_or(u32::MAX).max(1);
        let [steward, postgres, generator] =
            [self.steward, self.postgres, self.generator].map(|used| (used / creates).as_micros());
        format!(
            "Processor time of one create, its relay and sealing included: steward {steward} µs, PostgreSQL {postgres} µs, load generator {generator} µs. \
             Mean time inside the unit of work, waiting for the database included: {} ms.",
            crate::latency::millis(in_unit)
        )
    }
}
