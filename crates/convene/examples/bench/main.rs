//! The planner's figures beside what others need on the same machine in the same run.
//!
//! ```sh
//! cargo run --release -p convene --example bench                 # makes a Python environment for the baselines first
//! cargo run --release -p convene --example bench -- --python .venv/bin/python
//! ```
#![expect(clippy::print_stdout, reason = "its output is the figures")]

mod baseline;
mod instances;
mod measure;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::ensure;
use clap::Parser as _;
use convene::{
    agent::{Desk, analyst, planner, researcher},
    artifact::{Dossier, read},
    brief::Fault,
    gate,
    inputs::{Inputs, Refused, Settings},
    math::{
        cpm::{self, Anchor, Network},
        risk::Estimate,
        simulate::{self, Setup, Shape},
        timetable::{self, Effort, Instance},
    },
};
use jiff::civil::date;

use baseline::{Baseline, Question};
use measure::{Figure, Times, measured};

/// S-03: 800 people, three days, several venues.
const CONGRESS: &str = include_str!("../../tests/it/fixtures/s03.json");
/// Of what takes long; the median counts.
const FEW: usize = 5;
/// Of what is quick; the 95th percentile counts.
const MANY: usize = 100;

/// Measures the planner.
#[derive(clap::Parser)]
struct Args {
    /// A Python interpreter with networkx, numpy and OR-Tools
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let (tasks, links) = instances::chains(100_000);
    let (few, few_links) = instances::chains(60);
    let conference = instances::conference(300, 20);
    let question = Question {
        tasks: &tasks,
        links: &links,
        few: &few,
        few_links: &few_links,
        conference: &conference,
    };
    println!("| figure | Convene | baseline | ratio | aim |\n|---|---|---|---|---|");
    let others = Baseline::ask(args.python.as_deref(), &question)?;
    let build = measured(FEW, || Ok(Network::new(tasks.clone(), &links, Vec::new()).map(drop)?))?;
    Figure::median("100,000 tasks with 199,998 links: checked, sorted, numbered (baseline: a networkx graph of the same)", &build)
        .beside(others.graph)
        .print();
    let network = Network::new(tasks.clone(), &links, Vec::new())?;
    let passes = measured(FEW, || Ok(cpm::schedule(&network, Anchor::Start(0)).map(drop)?))?;
    Figure::median("critical path of the same, both passes, floats and path (baseline: networkx, longest path length alone)", &passes)
        .beside(others.longest)
        .aim("< 200 ms")
        .print();
    let network = Network::new(few, &few_links, Vec::new())?;
    let runs = measured(FEW, || simulated(&network))?;
    Figure::median("5,000 simulations of 60 tasks (baseline: numpy, forward passes alone)", &runs)
        .beside(others.simulation)
        .print();
    let told = timetables(&conference, &others)?;
    whole()?;
    println!("\n{told}");
    Ok(())
}

fn simulated(network: &Network) -> anyhow::Result<()> {
    let mut estimates = BTreeMap::new();
    for task in network.tasks() {
        let days = f64::from(u32::try_from(task.duration)?);
        estimates.insert(task.id.clone(), Estimate::new(days * 0.8, days, days * 1.6)?);
    }
    let setup = Setup { seed: 1, runs: simulate::RUNS, shape: Shape::Pert };
    Ok(simulate::durations(network, &estimates, (0, None), setup).map(drop)?)
}

fn timetables(conference: &Instance, others: &Baseline) -> anyhow::Result<String> {
    let mut told = Vec::new();
    let walked = instances::walked(conference);
    for (instance, name) in [(conference, "in one house"), (&walked, "in two houses, with ways")] {
        let mut found = None;
        let times = measured(FEW, || {
            let timetable = timetable::solve(instance, Effort::default(), 1)?;
            ensure!(timetable::check(instance, &timetable.placed).is_empty(), "not sound");
            found = Some(timetable);
            Ok(())
        })?;
        let title = format!("timetable of 300 sessions, 20 rooms, 3 days, {name}");
        let figure = Figure::median(&title, &times).aim("< 10 s");
        if let Some(timetable) = found {
            let (cost, least, gap) = (timetable.cost, timetable.lower_bound, 100.0 * timetable.gap);
            told.push(format!(
                "{name}: cost {cost}, none costs less than {least}, a gap of at most {gap:.1} %"
            ));
        }
        figure.print();
    }
    told.push(others.solver.clone());
    Ok(format!("The timetables, {}.", told.join("; ")))
}

/// The whole of S-03: its agents one by one, the run, its gates.
fn whole() -> anyhow::Result<()> {
    let settings = Settings { start: date(2026, 11, 2), seed: 1, level: None };
    let inputs = Inputs::of(CONGRESS, settings);
    let plan = measured(FEW, || Ok(inputs.plan().map(drop)?))?;
    let dossier = inputs.plan()?;
    let texts: Vec<String> = dossier.artifacts().map(convene::artifact::Artifact::text).collect();
    let reread = measured(FEW, || reread(&texts))?;
    Figure::median("whole run of S-03, from the text of the brief to sealed artifacts (baseline: reading the same artifacts back, checked)", &plan)
        .beside(reread.median())
        .aim("< 2 s")
        .print();
    for (name, times) in agents(&inputs)? {
        Figure::p95(&format!("{name} in S-03, p95 of {MANY}"), &times).aim("< 100 ms").print();
    }
    gates(&dossier, &texts)
}

fn reread(texts: &[String]) -> anyhow::Result<()> {
    texts.iter().try_for_each(|text| Ok(read(text).map(drop)?))
}

/// Each agent's own time, at a desk that the agents before it have left.
fn agents(inputs: &Inputs) -> anyhow::Result<Vec<(&'static str, Times)>> {
    let settled = inputs.settle()?;
    let mut all = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..MANY {
        let mut desk = Desk::new(inputs.world(&settled, None));
        let [planning, research, money] = &mut all;
        planning.push(measure::once(|| {
            planner::initiate(&mut desk);
            Ok(planner::plan(&mut desk).map_err(faults)?)
        })?);
        research.push(measure::once(|| Ok(researcher::research(&mut desk).map_err(faults)?))?);
        money.push(measure::once(|| Ok(analyst::budget(&mut desk).map_err(faults)?))?);
    }
    let names = ["Event Planner", "Venue Researcher", "Budget Analyst"];
    Ok(names.into_iter().zip(all.map(Times::of)).collect())
}

fn faults(faults: Vec<Fault>) -> Refused {
    Refused::Brief(faults)
}

fn gates(dossier: &Dossier, texts: &[String]) -> anyhow::Result<()> {
    let checks = measured(MANY, || {
        ensure!(!gate::all(dossier).is_empty(), "there are gates");
        Ok(())
    })?;
    let parsed = measured(MANY, || {
        texts
            .iter()
            .try_for_each(|text| Ok(serde_json::from_str::<serde_json::Value>(text).map(drop)?))
    })?;
    let title =
        format!("all gates of S-03, p95 of {MANY} (baseline: parsing the same artifacts as JSON)");
    Figure::p95(&title, &checks).beside(parsed.p95()).aim("< 20 ms").print();
    Ok(())
}
