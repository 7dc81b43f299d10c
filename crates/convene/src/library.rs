//! What the planner knows about events of any kind: the work, the risks, how money is shared out. Data, not code.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::{
    artifact::Comparison,
    brief::{EventType, Level, Scope},
    instruction::Agent,
    lifecycle::Phase,
};

/// A piece of standard work.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Its key.
    pub key: String,
    /// What is done.
    pub title: String,
    /// What that means, with places for this event's figures.
    pub description: String,
    /// Who answers for it.
    pub owner: Agent,
    /// The phase that it belongs to.
    pub phase: Phase,
    /// Levels that plan it.
    pub levels: Vec<Level>,
    /// Events that need it; all when empty.
    #[serde(default)]
    pub types: Vec<EventType>,
    /// Only when people take part from elsewhere.
    #[serde(default)]
    pub hybrid_only: bool,
    /// What comes before.
    pub after: Vec<String>,
    /// Optimistic, most likely, pessimistic working days.
    pub days: [u32; 3],
    /// Working days more for each hundred guests beyond the first.
    #[serde(default)]
    pub per_100: u32,
    /// Not earlier than so many weeks before the event; 0: as soon as possible.
    #[serde(default)]
    pub weeks: u32,
    /// What is true when it is done.
    #[serde(default)]
    pub milestone: Option<String>,
}

/// A standard risk and what is done when it comes true.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownRisk {
    /// Its key.
    pub key: String,
    /// What may happen.
    pub description: String,
    /// Levels that look at it.
    pub levels: Vec<Level>,
    /// Events that have it; all when empty.
    #[serde(default)]
    pub types: Vec<EventType>,
    /// Only when people take part from elsewhere.
    #[serde(default)]
    pub hybrid_only: bool,
    /// Only when several venues are used.
    #[serde(default)]
    pub multi_venue_only: bool,
    /// 1 to 5.
    pub probability: u8,
    /// 1 to 5.
    pub impact: u8,
    /// Conditions that make it likelier by one.
    #[serde(default)]
    pub raise_probability: Vec<Condition>,
    /// Conditions that make it worse by one.
    #[serde(default)]
    pub raise_impact: Vec<Condition>,
    /// Percent of the budget.
    pub cost_share: u32,
    /// Working days.
    pub delay_days: u32,
    /// Who watches it.
    pub owner: Agent,
    /// What is done beforehand.
    pub mitigation: Vec<String>,
    /// What is watched.
    pub signal: String,
    /// How it is compared.
    pub op: Comparison,
    /// With what.
    pub threshold: f64,
    /// The same in words.
    pub trigger: String,
    /// What is done then.
    pub response: Vec<String>,
    /// Tasks that it touches.
    pub tasks: Vec<String>,
    /// Minutes within which it must be under way.
    pub minutes: u32,
}

/// What makes a risk likelier or worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Three hundred people and more.
    Large,
    /// Less than ten working days of slack.
    Rushed,
    /// More than one venue.
    MultiVenue,
    /// Less than half the usual money a guest.
    TightBudget,
}

#[derive(Deserialize)]
struct WorkFile {
    task: Vec<Work>,
}

#[derive(Deserialize)]
struct RiskFile {
    risk: Vec<KnownRisk>,
}

/// All standard work, in the order of the file.
pub static WORK: LazyLock<Vec<Work>> = LazyLock::new(|| {
    let file: WorkFile =
        toml::from_str(include_str!("../library/work.toml")).expect("checked by a test");
    file.task
});

/// All standard risks, in the order of the file.
pub static RISKS: LazyLock<Vec<KnownRisk>> = LazyLock::new(|| {
    let file: RiskFile =
        toml::from_str(include_str!("../library/risks.toml")).expect("checked by a test");
    file.risk
});

/// Shares of the budget by type of event and category.
pub static SHARES: LazyLock<BTreeMap<EventType, BTreeMap<String, u64>>> = LazyLock::new(|| {
    toml::from_str(include_str!("../library/shares.toml")).expect("checked by a test")
});

impl Work {
    /// Whether an event of this scope needs it.
    pub fn is_needed(&self, scope: &Scope) -> bool {
        self.levels.contains(&scope.level)
            && (self.types.is_empty() || self.types.contains(&scope.event_type))
            && (!self.hybrid_only || scope.is_hybrid)
    }
}

/// Puts the figures of this event in the places of a text.
pub fn filled(text: &str, figures: &[(&str, String)]) -> String {
    figures
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

/// A number with its noun: `1 day`, `2 days`.
pub fn counted(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The dates of an event in words: `1 to 3 June 2027`.
pub fn dates_in_words(scope: &Scope) -> String {
    let (first, last) = (scope.dates.start.date(), scope.dates.end.date());
    let full = |date: jiff::civil::Date| date.strftime("%-d %B %Y").to_string();
    if first == last {
        return full(first);
    }
    if first.first_of_month() == last.first_of_month() {
        return format!("{} to {}", first.day(), full(last));
    }
    format!("{} to {}", full(first), full(last))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RISKS, SHARES, WORK};
    use crate::brief::EventType;

    #[test]
    fn every_name_in_the_library_means_something() {
        let keys: BTreeSet<&str> = WORK.iter().map(|work| work.key.as_str()).collect();
        assert_eq!(keys.len(), WORK.len(), "keys differ");
        for work in WORK.iter() {
            assert!(work.after.iter().all(|before| keys.contains(before.as_str())), "{}", work.key);
            assert!(work.days.is_sorted() && work.days[0] > 0, "{}", work.key);
        }
        for risk in RISKS.iter() {
            assert!(risk.tasks.iter().all(|task| keys.contains(task.as_str())), "{}", risk.key);
            assert!(!risk.response.is_empty() && !risk.mitigation.is_empty(), "{}", risk.key);
        }
    }

    #[test]
    fn every_type_of_event_has_shares() {
        assert_eq!(SHARES.len(), 5);
        assert!(SHARES[&EventType::Gala]["catering"] > SHARES[&EventType::Gala]["venue"]);
    }
}
