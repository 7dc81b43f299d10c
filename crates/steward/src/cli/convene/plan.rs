//! `steward convene plan`: a brief in, a folder with the whole plan out.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use convene::{
    agent,
    artifact::{
        BudgetBaseline, CostModel, Decision, DecisionLog, Dossier, EventBrief, Timeline,
        VenueScorecard,
    },
    brief::{Level, Scope},
    folder, gate,
    inputs::{Inputs, Refused, Settings},
    prose::Writer,
    render,
};
use jiff::{civil::Date, tz::TimeZone};
use kernel::Clock;
use serde_json::{Value, json};

use super::model::Model;
use crate::cli::{print, tell};

/// Shown above the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  steward convene plan brief.json
  steward convene plan brief.json --level advanced --out ./congress
  OPENAI_API_KEY=… steward convene plan brief.json --llm --llm-model NAME
  steward convene plan brief.json --venues halls.csv --start 2027-01-04 --seed 7 --json

Exit codes: 0 planned, and nothing but people's decisions is missing, 1 planned, but a gate failed,
2 the brief, a file or the folder is not as it must be: then nothing is written.";

/// Shown below the help.
pub(super) const BRIEF: &str = "\
A brief needs a title and dates; every other field that is left out is assumed, and the plan says so:
  { \"title\": \"Systems conference\", \"date_range\": { \"start\": \"2027-06-01\", \"end\": \"2027-06-03\" },
    \"audience_size\": 200, \"budget\": { \"total\": 50000, \"currency\": \"USD\" }, \"city\": \"Brackwater\" }
contracts/convene/brief.schema.json has all of them. The same brief, files, seed and start give the same bytes.";

/// Arguments of `steward convene plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// The brief, as JSON; /dev/stdin reads it from another program
    #[arg(value_name = "BRIEF")]
    brief: PathBuf,
    /// How thoroughly to plan; the brief's level when left out, or one that fits the audience
    #[arg(long, value_name = "LEVEL", value_enum)]
    level: Option<Level>,
    /// A CSV table of venues to choose from instead of the invented ones that are built in
    #[arg(long, value_name = "FILE")]
    venues: Option<PathBuf>,
    /// A folder of instruction sets (*.toml, *.md), each in place of the built-in one for its agent and level
    #[arg(long, value_name = "DIR")]
    instructions: Option<PathBuf>,
    /// What all chance is drawn from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// The first day of planning; today (UTC) when left out
    #[arg(long, value_name = "DATE")]
    start: Option<Date>,
    /// The folder to write, new or empty; named after the event when left out
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    model: Model,
    /// As one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: Plan) -> anyhow::Result<ExitCode> {
    let inputs = inputs(&args)?;
    let settled = inputs.settle()?;
    let out = args.out.unwrap_or_else(|| PathBuf::from(&settled.scope.event_id));
    folder::refuse_occupied(&out)?;
    for warning in &settled.scope.warnings {
        tell(&format!("warning: {warning}"));
    }
    let writer = args.model.writer()?;
    let writer = writer.as_ref().map(|writer| writer as &dyn Writer);
    let world = inputs.world(&settled, None);
    let dossier = agent::plan_with(world, writer).map_err(Refused::Brief)?;
    warn_of_unused(&dossier);
    folder::write(&out, &dossier, Some(&inputs))?;
    let text = if args.json {
        format!("{:#}\n", document(&settled.scope, &dossier, &out))
    } else {
        render::summary(&dossier).unwrap_or_default() + &whereabouts(&dossier, &out)
    };
    print(&text)?;
    Ok(super::by_gates(&gate::due(&dossier)))
}

/// A model that was asked for and gave nothing is no fault of the plan, but its user should know.
fn warn_of_unused(dossier: &Dossier) {
    let decisions = dossier.get::<DecisionLog>().map_or(&[][..], |log| log.decisions.as_slice());
    let unused = |it: &&Decision| it.model.as_ref().is_some_and(|model| !model.is_used);
    for decision in decisions.iter().filter(unused) {
        tell(&format!("warning: {}: {} in decision-log.json", decision.description, decision.id));
    }
}

fn inputs(args: &Plan) -> anyhow::Result<Inputs> {
    let today = || Clock::system().now().to_zoned(TimeZone::UTC).date();
    let start = args.start.unwrap_or_else(today);
    let settings = Settings { start, seed: args.seed, level: args.level };
    let mut inputs = Inputs::of(&folder::read_brief(&args.brief)?, settings);
    inputs.venues = args.venues.as_deref().map(folder::read_venues).transpose()?;
    if let Some(folder) = &args.instructions {
        inputs.instructions = folder::read_instructions(folder)?;
    }
    Ok(inputs)
}

/// What each rendering shows.
const SHOWS: &[(&str, &str)] = &[
    ("plan.md", "the whole plan"),
    ("timeline.svg", "tasks, slack, milestones"),
    ("budget.svg", "allocated and planned"),
    ("schedule.svg", "sessions by room and time"),
    ("calendar.ics", "the dates for a calendar"),
];

/// Where to look, and what to do next.
fn whereabouts(dossier: &Dossier, out: &Path) -> String {
    let shown = out.display();
    let made = render::all(dossier);
    let is_made = |file: &str| made.iter().any(|rendering| rendering.file == file);
    let lines = SHOWS.iter().filter(|(file, _)| is_made(file));
    let lines: Vec<String> =
        lines.map(|(file, what)| format!("  {shown}/{file:<14} {what}\n")).collect();
    let artifacts = dossier.artifacts().count();
    format!(
        "\nLook at\n{}  {shown}/{:<14} {artifacts} artifacts; decision-log.json says why\n\nNext\n  steward convene check {shown}\n",
        lines.concat(),
        "artifacts"
    )
}

fn document(scope: &Scope, dossier: &Dossier, out: &Path) -> Value {
    let timeline = dossier.get::<Timeline>();
    let files: Vec<&str> = render::all(dossier).iter().map(|rendering| rendering.file).collect();
    json!({
        "event_id": scope.event_id,
        "folder": out,
        "files": files,
        "warnings": scope.warnings,
        "assumptions": scope.assumptions,
        "phases": timeline.map(|timeline| &timeline.phases),
        "critical_path": timeline.map(|timeline| &timeline.critical_path),
        "slack_days": timeline.map(|timeline| timeline.slack_days),
        "forecast": timeline.map(|timeline| &timeline.forecast),
        "venues": dossier.get::<VenueScorecard>().map(|card| &card.selection),
        "money": money(dossier),
        "gates": gate::due(dossier),
        "approvals": dossier.approvals,
    })
}

fn money(dossier: &Dossier) -> Value {
    let brief = dossier.get::<EventBrief>();
    let model = dossier.get::<CostModel>();
    json!({
        "currency": brief.map(|brief| brief.currency),
        "budget": brief.map(|brief| brief.total_budget),
        "allocations": dossier.get::<BudgetBaseline>().map(|it| &it.category_allocations),
        "cost": model.map(|model| model.reserve.base_cost),
        "reserve": model.map(|model| model.reserve.amount),
        "options_when_over": model.map(|model| &model.options_when_over),
    })
}
