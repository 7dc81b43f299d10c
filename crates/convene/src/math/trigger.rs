//! Triggers of contingencies: when a signal has been beyond its threshold for long enough, the scenario starts, once.
//!
//! Source: alarm management with delay and latch (ANSI/ISA-18.2). The clock of the response starts when it fires.

use serde::{Deserialize, Serialize};

/// How a signal is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Beyond the threshold, or at it.
    AtLeast,
    /// Below the threshold.
    Below,
}

/// When a scenario starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// Names it.
    pub id: String,
    /// The signal that it watches: `slippage`, `forecast_variance`, `registrations`.
    pub signal: String,
    /// How.
    pub comparison: Comparison,
    /// The value that matters.
    pub threshold: f64,
    /// Seconds for which the signal must stay there; zero fires at once.
    #[serde(default)]
    pub hold_seconds: i64,
    /// Seconds after firing in which it does not fire again for the same cause, even when the signal was back between.
    #[serde(default)]
    pub cooldown_seconds: i64,
    /// The scenario that starts.
    pub scenario: String,
}

/// A value of a signal at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The signal.
    pub signal: String,
    /// What caused it: the vendor, the venue, the task.
    pub cause: String,
    /// Its value.
    pub value: f64,
    /// Seconds since the epoch.
    pub at: i64,
}

/// What is remembered of a trigger and a cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Since when the signal has been beyond the threshold.
    pub beyond_since: Option<i64>,
    /// When it fired last.
    pub fired_at: Option<i64>,
}

/// A scenario that starts now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firing {
    /// The trigger.
    pub trigger: String,
    /// The cause.
    pub cause: String,
    /// The scenario.
    pub scenario: String,
    /// Seconds since the epoch; the response is timed from here.
    pub at: i64,
    /// The same for the same firing, however often the reading arrives: a step done under it is not done twice.
    pub key: String,
}

/// Looks at a reading. Readings of a cause come in the order of their times; an older one changes nothing.
pub fn observe(trigger: &Trigger, memory: Memory, reading: &Reading) -> (Memory, Option<Firing>) {
    let beyond = match trigger.comparison {
        Comparison::AtLeast => reading.value >= trigger.threshold,
        Comparison::Below => reading.value < trigger.threshold,
    };
    let is_old = memory.beyond_since.max(memory.fired_at).is_some_and(|seen| reading.at < seen);
    if reading.signal != trigger.signal || is_old {
        return (memory, None);
    }
    if !beyond {
        return (Memory { beyond_since: None, ..memory }, None);
    }
    let since = memory.beyond_since.unwrap_or(reading.at);
    let rested = memory.fired_at.is_none_or(|fired| reading.at - fired >= trigger.cooldown_seconds);
    let is_news = memory.fired_at.is_none_or(|fired| since > fired);
    if reading.at - since < trigger.hold_seconds || !rested || !is_news {
        return (Memory { beyond_since: Some(since), ..memory }, None);
    }
    let firing = Firing {
        trigger: trigger.id.clone(),
        cause: reading.cause.clone(),
        scenario: trigger.scenario.clone(),
        at: reading.at,
        key: format!("{}/{}/{}", trigger.id, reading.cause, reading.at),
    };
    (Memory { beyond_since: Some(since), fired_at: Some(reading.at) }, Some(firing))
}
