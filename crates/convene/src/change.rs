//! Changes as people tell them: `task-slipped:venue-booking:+5d`, `budget:40000 USD`.

mod apply;

use std::{fmt, str::FromStr};

use iso_currency::Currency;
use jiff::civil::Date;

use crate::{artifact::Amount, brief::AUDIENCE_MAX};

pub use apply::apply;

/// Working days that a task can be reported late at once: more is another plan.
pub const SLIP_DAYS_MAX: u32 = 500;

/// The forms of a change, each with what it says.
pub const FORMS: &[(&str, &str)] = &[
    ("as-of:DATE", "the day on which is planned anew; nothing undone begins before it"),
    ("done:TASK:FIRST..LAST", "a task was done on these days"),
    ("task-slipped:TASK:+5d", "a task takes so many working days longer"),
    ("vendor-cancelled:NAME", "a vendor does not deliver"),
    ("venue-lost:NAME", "a venue cannot be had"),
    ("budget:40000 USD", "so much may be spent in all"),
    ("audience:250", "so many people come"),
    ("occurred:RISK", "a risk of the register came true"),
    ("resolved:RISK", "a risk that came true was dealt with"),
];

/// Something that has happened, or that is wanted otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The day on which is planned anew.
    AsOf(Date),
    /// A task was done.
    Done {
        /// Its key.
        task: String,
        /// Its first day.
        first: Date,
        /// Its last day.
        last: Date,
    },
    /// A task takes longer.
    TaskSlipped {
        /// Its key.
        task: String,
        /// By so many working days.
        days: u32,
    },
    /// A vendor does not deliver.
    VendorCancelled(String),
    /// A venue cannot be had, by id or name.
    VenueLost(String),
    /// So much may be spent.
    Budget {
        /// In all.
        total: Amount,
        /// Of the amount; the plan's when not said.
        currency: Option<Currency>,
    },
    /// So many people come.
    Audience(u32),
    /// A risk came true, by key.
    Occurred(String),
    /// A risk that came true was dealt with, by key.
    Resolved(String),
}

/// Why a text is no change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}`: {why}")]
pub struct NoChange {
    /// What was given.
    pub text: String,
    /// What is wrong with it and what to write.
    pub why: String,
}

impl FromStr for Change {
    type Err = NoChange;

    fn from_str(text: &str) -> Result<Self, NoChange> {
        let refused = |why: String| NoChange { text: text.to_owned(), why };
        let Some((kind, value)) =
            text.split_once(':').filter(|(_, value)| !value.trim().is_empty())
        else {
            return Err(refused(format!("is no change: write one of {}", forms())));
        };
        let value = value.trim();
        let change = match kind {
            "as-of" => date(value).map(Self::AsOf),
            "done" => done(value),
            "task-slipped" => slipped(value),
            "vendor-cancelled" => Ok(Self::VendorCancelled(value.to_owned())),
            "venue-lost" => Ok(Self::VenueLost(value.to_owned())),
            "budget" => budget(value),
            "audience" => audience(value),
            "occurred" => Ok(Self::Occurred(value.to_owned())),
            "resolved" => Ok(Self::Resolved(value.to_owned())),
            _ => Err(format!("`{kind}` is not known: write one of {}", forms())),
        };
        change.map_err(refused)
    }
}

fn forms() -> String {
    FORMS.iter().map(|(form, _)| *form).collect::<Vec<_>>().join(", ")
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| format!("`{text}` is no date: write it like 2027-03-01"))
}

fn done(text: &str) -> Result<Change, String> {
    let parts = text.split_once(':').and_then(|(task, days)| Some((task, days.split_once("..")?)));
    let Some((task, (first, last))) = parts else {
        return Err("say which task and when: done:TASK:2027-03-01..2027-03-05".to_owned());
    };
    let (first, last) = (date(first)?, date(last)?);
    if last < first {
        return Err(format!("{last} lies before {first}: give the first day first"));
    }
    Ok(Change::Done { task: task.to_owned(), first, last })
}

fn slipped(text: &str) -> Result<Change, String> {
    let Some((task, by)) = text.split_once(':') else {
        return Err("say which task and how much: task-slipped:TASK:+5d".to_owned());
    };
    let digits = by.strip_prefix('+').unwrap_or(by);
    let days = digits.strip_suffix('d').unwrap_or(digits).parse::<u32>().ok();
    let days = days.filter(|days| (1..=SLIP_DAYS_MAX).contains(days)).ok_or_else(|| {
        format!("`{by}` is no delay: write +5d for five working days, from 1 to {SLIP_DAYS_MAX}")
    })?;
    Ok(Change::TaskSlipped { task: task.to_owned(), days })
}

fn budget(text: &str) -> Result<Change, String> {
    let (amount, code) = text.split_once(' ').map_or((text, None), |(a, code)| (a, Some(code)));
    let total = Amount::parse(amount)?;
    if total <= Amount::ZERO {
        return Err("a budget is more than nothing".to_owned());
    }
    let currency = code.map(|code| {
        Currency::from_code(code.trim())
            .ok_or_else(|| format!("`{code}` is no ISO 4217 currency, like USD or EUR"))
    });
    Ok(Change::Budget { total, currency: currency.transpose()? })
}

fn audience(text: &str) -> Result<Change, String> {
    let people = text.parse::<u32>().ok().filter(|people| (1..=AUDIENCE_MAX).contains(people));
    people
        .map(Change::Audience)
        .ok_or_else(|| format!("`{text}` is no audience: give a number from 1 to {AUDIENCE_MAX}"))
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsOf(day) => write!(out, "as-of:{day}"),
            Self::Done { task, first, last } => write!(out, "done:{task}:{first}..{last}"),
            Self::TaskSlipped { task, days } => write!(out, "task-slipped:{task}:+{days}d"),
            Self::VendorCancelled(name) => write!(out, "vendor-cancelled:{name}"),
            Self::VenueLost(name) => write!(out, "venue-lost:{name}"),
            Self::Budget { total, currency: None } => write!(out, "budget:{total}"),
            Self::Budget { total, currency: Some(of) } => {
                write!(out, "budget:{total} {}", of.code())
            }
            Self::Audience(people) => write!(out, "audience:{people}"),
            Self::Occurred(risk) => write!(out, "occurred:{risk}"),
            Self::Resolved(risk) => write!(out, "resolved:{risk}"),
        }
    }
}
