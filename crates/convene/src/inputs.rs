//! Everything that a plan is made from, as it was given. The same inputs give the same plan to the last byte, so a plan
//! that keeps them can be made anew, by anybody, with what happened since.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    agent::{self, Facts, Replanned, World},
    artifact::Dossier,
    brief::{self, Fault, Level, Scope},
    catalogue::{Catalogue, RowError},
    change::{self, Change},
    instruction::{self, Instructions},
};

/// What a plan is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// The brief's text.
    pub brief: String,
    /// How it is planned.
    pub settings: Settings,
    /// Venues in place of the built-in ones.
    pub venues: Option<Named>,
    /// Instruction sets in place of the built-in ones, by name.
    pub instructions: Vec<Named>,
    /// What happened since the first plan.
    pub facts: Facts,
}

/// How it is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The first day of planning.
    pub start: Date,
    /// What all chance is drawn from.
    pub seed: u64,
    /// The level asked for; the brief's, or one by the audience, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
}

/// A text and the name of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The file's name, without folders.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The brief cannot be planned.
    #[error("the brief cannot be planned{}", lines(.0))]
    Brief(Vec<Fault>),
    /// The table of venues is broken.
    #[error("{file} is no table of venues{}", lines(.faults))]
    Venues {
        /// The file.
        file: String,
        /// Row by row.
        faults: Vec<RowError>,
    },
    /// Changes do not fit the plan.
    #[error("the plan cannot be changed so{}", lines(.0))]
    Changes(Vec<Fault>),
    /// Instruction sets are invalid.
    #[error("the instruction sets cannot be used{}", lines(.0))]
    Instructions(Vec<instruction::Error>),
}

fn lines<T: ToString>(faults: &[T]) -> String {
    faults.iter().flat_map(|fault| ["\n  ".to_owned(), fault.to_string()]).collect()
}

/// Inputs that were read and found good.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The brief with nothing left open.
    pub scope: Scope,
    catalogue: Catalogue,
    instructions: Instructions,
}

impl Inputs {
    /// Of a brief alone: everything else is built in.
    pub fn of(brief: &str, settings: Settings) -> Self {
        let (venues, instructions, facts) = (None, Vec::new(), Facts::default());
        Self { brief: brief.to_owned(), settings, venues, instructions, facts }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// Every fault of the first input that has one.
    pub fn settle(&self) -> Result<Settled, Refused> {
        let brief = brief::parse(&self.brief).map_err(Refused::Brief)?;
        let catalogue = match &self.venues {
            None => Catalogue::built_in(),
            Some(Named { name, text }) => Catalogue::built_in()
                .with_venues(name, text)
                .map_err(|faults| Refused::Venues { file: name.clone(), faults })?,
        };
        let files = self.instructions.iter().map(|file| (file.name.as_str(), file.text.as_str()));
        let instructions =
            Instructions::built_in().overridden(files).map_err(Refused::Instructions)?;
        let Settings { start, level, .. } = self.settings;
        let scope = brief::settle(&brief, &catalogue, start, level).map_err(Refused::Brief)?;
        Ok(Settled { scope, catalogue, instructions })
    }

    /// All that the agents may know, with the plan before this one.
    pub fn world<'a>(&'a self, settled: &'a Settled, before: Option<&'a Dossier>) -> World<'a> {
        World {
            scope: &settled.scope,
            catalogue: &settled.catalogue,
            instructions: &settled.instructions,
            facts: &self.facts,
            seed: self.settings.seed,
            before,
        }
    }

    /// Makes the plan.
    ///
    /// # Errors
    /// What is wrong with the inputs, also what only planning can tell.
    pub fn plan(&self) -> Result<Dossier, Refused> {
        let settled = self.settle()?;
        agent::plan(self.world(&settled, None)).map_err(Refused::Brief)
    }

    /// Makes the plan anew after something has happened. What it answers has the facts to keep for the next time.
    ///
    /// # Errors
    /// Changes that do not fit the plan, and what is wrong with the inputs.
    pub fn replan(&self, before: &Dossier, changes: &[Change]) -> Result<Replanned, Refused> {
        let settled = self.settle()?;
        let world = self.world(&settled, None);
        change::apply(world, before, changes).map_err(Refused::Changes)?;
        agent::replan(world, before, changes).map_err(Refused::Brief)
    }
}
