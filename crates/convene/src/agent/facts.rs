//! What has happened since a plan was made.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{artifact::Amount, brief::Scope};

/// What has happened since the plan was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Facts {
    /// The day on which is planned anew; nothing undone may begin before it.
    pub as_of: Option<Date>,
    /// Tasks that are done, by key, with their first and last day.
    pub done: BTreeMap<String, (Date, Date)>,
    /// Tasks that take longer, by key, with the working days.
    pub slips: BTreeMap<String, u32>,
    /// Venues that cannot be had any more, by id.
    pub lost_venues: BTreeSet<String>,
    /// Vendors that cancelled, by name.
    pub cancelled_vendors: BTreeSet<String>,
    /// The budget as it is now.
    pub budget: Option<Amount>,
    /// The audience as it is now.
    pub audience: Option<u32>,
    /// Risks that came true and are not dealt with yet, by key.
    pub occurred: BTreeSet<String>,
    /// Risks that came true and were dealt with, by key.
    pub resolved: BTreeSet<String>,
}

impl Facts {
    /// The scope with what the facts change of it.
    pub(crate) fn settled(&self, scope: &Scope) -> Scope {
        let mut scope = scope.clone();
        scope.audience = self.audience.unwrap_or(scope.audience);
        if let Some(budget) = self.budget {
            scope.budget = budget;
            scope.venue_maximum = scope.venue_maximum.map(|most| most.min(budget));
        }
        scope
    }

    /// Risks come true: also those that were dealt with when they came true before.
    pub(crate) fn come_true(&mut self, risks: Vec<String>) {
        for risk in risks {
            self.resolved.remove(&risk);
            self.occurred.insert(risk);
        }
    }
}
