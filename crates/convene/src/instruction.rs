//! Instruction sets: what an agent aims at, reads, makes, must respect and does when something is wrong; and the
//! numbers that it works by.
//!
//! They are files, TOML or Markdown, one for each agent and level. The built-in ones can be replaced one by one by a
//! folder. Each decision names the version and digest of the set that was followed.

mod markdown;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    artifact::{InstructionRef, Kind},
    brief::Level,
};

/// Largest file that is read: a set is a page of text.
const BYTES_MAX: usize = 64 * 1024;

/// An instruction set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstructionSet {
    /// The agent that follows it.
    pub agent: Agent,
    /// At which level.
    pub level: Level,
    /// Its version (semver).
    pub version: String,
    /// What is aimed at.
    #[schemars(length(min = 1))]
    pub objectives: Vec<String>,
    /// Artifacts that are read.
    #[schemars(length(min = 1))]
    pub inputs: Vec<Kind>,
    /// Artifacts that are made.
    #[schemars(length(min = 1))]
    pub outputs: Vec<Kind>,
    /// What must be respected.
    #[schemars(length(min = 1))]
    pub constraints: Vec<String>,
    /// What is done when something is wrong.
    #[schemars(length(min = 1))]
    pub error_handling: Vec<String>,
    /// The numbers that the agent works by.
    pub parameters: BTreeMap<String, u32>,
}

/// One of the four agents.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Agent {
    /// Scope, work, dates, risks; breaks ties.
    EventPlanner,
    /// Venues.
    VenueResearcher,
    /// Money.
    BudgetAnalyst,
    /// Sessions, resources, vendors, contingencies.
    LogisticsCoordinator,
}

impl Agent {
    /// All four, in the order in which they work.
    pub const ALL: &[Self] = &[
        Self::EventPlanner,
        Self::VenueResearcher,
        Self::BudgetAnalyst,
        Self::LogisticsCoordinator,
    ];

    /// Its name in files and artifacts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventPlanner => "event-planner",
            Self::VenueResearcher => "venue-researcher",
            Self::BudgetAnalyst => "budget-analyst",
            Self::LogisticsCoordinator => "logistics-coordinator",
        }
    }

    /// The parameters that its sets must give, with the least and the most that makes sense.
    const fn parameters(self) -> &'static [(&'static str, u32, u32)] {
        match self {
            Self::EventPlanner => &[
                ("simulation_runs", 100, 20_000),
                ("mitigate_from_rating", 1, 25),
                ("slip_approval_percent", 1, 100),
            ],
            Self::VenueResearcher => &[
                ("leads_minimum", 1, 100),
                ("shortlist_minimum", 1, 20),
                ("shortlist_maximum", 1, 20),
                ("holds_minimum", 0, 10),
                ("negotiate_percent", 0, 50),
                ("venues_maximum", 1, 3),
                ("weight_cost", 0, 100),
                ("weight_location", 0, 100),
                ("weight_capacity", 0, 100),
                ("weight_amenities", 0, 100),
                ("weight_availability", 0, 100),
            ],
            Self::BudgetAnalyst => &[
                ("reserve_percent", 0, 50),
                ("max_variance_percent", 0, 100),
                ("approval_threshold", 0, 1_000_000),
                ("savings_percent", 0, 50),
                ("simulation_runs", 100, 20_000),
            ],
            Self::LogisticsCoordinator => &[
                ("tracks_maximum", 1, 20),
                ("session_minutes", 15, 240),
                ("buffer_minutes", 0, 60),
                ("guests_per_host", 5, 500),
                ("solver_seconds", 1, 60),
            ],
        }
    }
}

/// What is wrong with an instruction set, and in which file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {fault}")]
pub struct Error {
    /// The file.
    pub file: String,
    /// What is wrong there.
    pub fault: String,
}

/// A set together with the digest of its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The set.
    pub set: InstructionSet,
    digest: String,
}

impl Loaded {
    /// How decisions name it.
    pub fn reference(&self) -> InstructionRef {
        let InstructionSet { agent, level, version, .. } = &self.set;
        InstructionRef {
            agent: agent.name().to_owned(),
            level: *level,
            version: version.clone(),
            digest: self.digest.clone(),
        }
    }

    /// A number that the agent works by.
    pub fn number(&self, name: &str) -> u32 {
        *self.set.parameters.get(name).expect("the parameters were checked when the set was loaded")
    }
}

/// The sets of all agents at all levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Instructions {
    sets: BTreeMap<(Agent, Level), Loaded>,
}

impl Instructions {
    /// Those that come with the program.
    pub fn built_in() -> Self {
        let mut sets = BTreeMap::new();
        for (file, text) in BUILT_IN {
            let loaded = parse(file, text).expect("the built-in sets are checked by a test");
            sets.insert((loaded.set.agent, loaded.set.level), loaded);
        }
        Self { sets }
    }

    /// The same with these files in place of those for the same agent and level.
    ///
    /// # Errors
    /// Every file that is no valid set, or that repeats another.
    pub fn overridden<'a>(
        mut self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<Error>> {
        let mut errors = Vec::new();
        let mut seen: BTreeMap<(Agent, Level), String> = BTreeMap::new();
        for (file, text) in files {
            match parse(file, text) {
                Err(error) => errors.push(error),
                Ok(loaded) => {
                    let key = (loaded.set.agent, loaded.set.level);
                    if let Some(other) = seen.insert(key, file.to_owned()) {
                        let fault =
                            format!("the same agent and level as {other}: keep one of them");
                        errors.push(Error { file: file.to_owned(), fault });
                    }
                    self.sets.insert(key, loaded);
                }
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// The set of an agent at a level.
    pub fn of(&self, agent: Agent, level: Level) -> &Loaded {
        self.sets.get(&(agent, level)).expect("the built-in sets cover every agent and level")
    }
}

/// Reads and checks one file. Markdown when its name ends so, otherwise TOML.
///
/// # Errors
/// The first fault, with what would mend it.
pub fn parse(file: &str, text: &str) -> Result<Loaded, Error> {
    let refused = |fault: String| Error { file: file.to_owned(), fault };
    if text.len() > BYTES_MAX {
        return Err(refused(format!(
            "longer than {BYTES_MAX} bytes: an instruction set is a page of text"
        )));
    }
    let is_markdown =
        std::path::Path::new(file).extension().is_some_and(|end| end.eq_ignore_ascii_case("md"));
    let set: InstructionSet = if is_markdown {
        markdown::parse(text).map_err(refused)?
    } else {
        toml::from_str(text)
            .map_err(|e| refused(e.message().to_owned() + &place(text, e.span())))?
    };
    check(&set).map_err(refused)?;
    Ok(Loaded { set, digest: crate::artifact::hex(text.as_bytes()) })
}

fn place(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let line =
        span.and_then(|span| text.get(..span.start)).map(|before| before.lines().count().max(1));
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}

fn check(set: &InstructionSet) -> Result<(), String> {
    let parts: Vec<_> = set.version.split('.').collect();
    if parts.len() != 3 || parts.iter().any(|part| part.parse::<u32>().is_err()) {
        return Err(format!("version `{}` must be three numbers, like 1.0.0", set.version));
    }
    let sections = [
        ("objectives", set.objectives.len()),
        ("inputs", set.inputs.len()),
        ("outputs", set.outputs.len()),
        ("constraints", set.constraints.len()),
        ("error_handling", set.error_handling.len()),
    ];
    if let Some((section, _)) = sections.iter().find(|(_, entries)| *entries == 0) {
        return Err(format!("`{section}` is empty: say at least one thing"));
    }
    check_parameters(set)
}

fn check_parameters(set: &InstructionSet) -> Result<(), String> {
    let wanted = set.agent.parameters();
    for (name, least, most) in wanted {
        let Some(value) = set.parameters.get(*name) else {
            return Err(format!(
                "parameter `{name}` is missing: give a number from {least} to {most}"
            ));
        };
        if !(least..=most).contains(&value) {
            return Err(format!(
                "parameter `{name}` is {value}: it must be from {least} to {most}"
            ));
        }
    }
    if let Some(name) =
        set.parameters.keys().find(|name| !wanted.iter().any(|(known, ..)| known == name))
    {
        return Err(format!("parameter `{name}` is not known to {}", set.agent.name()));
    }
    let weights = set.parameters.iter().filter(|(name, _)| name.starts_with("weight_"));
    let sum: u32 = weights.map(|(_, weight)| weight).sum();
    if set.agent == Agent::VenueResearcher && sum != 100 {
        return Err(format!("the weights sum to {sum}: they must sum to 100"));
    }
    Ok(())
}

macro_rules! built_in {
    ($($agent:literal),+) => {
        &[$(
            (concat!($agent, "/beginner.toml"), include_str!(concat!("../library/instructions/", $agent, "/beginner.toml"))),
            (concat!($agent, "/intermediate.toml"), include_str!(concat!("../library/instructions/", $agent, "/intermediate.toml"))),
            (concat!($agent, "/advanced.toml"), include_str!(concat!("../library/instructions/", $agent, "/advanced.toml"))),
        )+]
    };
}

const BUILT_IN: &[(&str, &str)] =
    built_in!("event-planner", "venue-researcher", "budget-analyst", "logistics-coordinator");
