//! From text to a brief: every fault at once, each with the place where it is.

use std::{collections::BTreeSet, fmt, sync::OnceLock};

use iso_currency::Currency;
use jsonschema::Validator;
use serde_json::Value;

use super::{Brief, scope};
use crate::artifact;

/// Something that is wrong with a brief.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Where, as a JSON pointer; empty for the whole document.
    pub pointer: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(out, "{pointer}: {}", self.message)
    }
}

/// The tolerance of a sum of weights: what decimal fractions lose in floating point, and no more.
const WEIGHTS_TOLERANCE: f64 = 1e-6;

/// Reads a brief.
///
/// # Errors
/// Every fault that can be found without the catalogue.
pub fn parse(text: &str) -> Result<Brief, Vec<Fault>> {
    let value: Value = serde_json::from_str(text)
        .map_err(|e| vec![Fault::new("", format!("not JSON: {e}. A brief is an object like {{\"title\": \"…\", \"date_range\": {{\"start\": \"2027-06-01\", \"end\": \"2027-06-03\"}}}}"))])?;
    let faults: Vec<Fault> = artifact::faults(compiled(), &value)
        .into_iter()
        .map(|(pointer, message)| Fault { pointer, message })
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let brief: Brief = serde_path_to_error::deserialize(value)
        .map_err(|e| vec![Fault::new(pointer(e.path()), e.inner().to_string())])?;
    let faults = meaning(&brief);
    if faults.is_empty() { Ok(brief) } else { Err(faults) }
}

/// The path as a JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => {
            format!("/{}", key.replace('~', "~0").replace('/', "~1"))
        }
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

fn compiled() -> &'static Validator {
    static COMPILED: OnceLock<Validator> = OnceLock::new();
    COMPILED.get_or_init(|| artifact::validator(&super::schema()))
}

/// What a schema cannot say.
fn meaning(brief: &Brief) -> Vec<Fault> {
    let mut faults = Vec::new();
    if brief.title.trim().is_empty() {
        faults.push(Fault::new("/title", "is empty: say what people will call the event"));
    }
    zone(brief, &mut faults);
    if faults.is_empty() {
        faults.extend(scope::dates(brief, &jiff::tz::TimeZone::UTC).err().into_iter().flatten());
    }
    money(brief, &mut faults);
    weights(brief, &mut faults);
    tasks(brief, &mut faults);
    faults
}

fn zone(brief: &Brief, faults: &mut Vec<Fault>) {
    let Some(name) = &brief.time_zone else { return };
    if jiff::tz::TimeZone::get(name).is_err() {
        let message = format!(
            "`{name}` is no time zone: give an IANA name like Europe/Berlin, or leave it out for the city's"
        );
        faults.push(Fault::new("/time_zone", message));
    }
}

fn money(brief: &Brief, faults: &mut Vec<Fault>) {
    let Some(budget) = &brief.budget else { return };
    let currency = budget.currency.as_deref().map(|code| (code, Currency::from_code(code)));
    if let Some((code, None)) = currency {
        let message = format!("`{code}` is no ISO 4217 currency, like USD or EUR");
        faults.push(Fault::new("/budget/currency", message));
    }
    if let Some((code, Some(known))) = currency
        && !budget.total.is_payable(known)
    {
        let message =
            format!("{} cannot be paid in {code}: it has too many decimals", budget.total);
        faults.push(Fault::new("/budget/total", message));
    }
    if budget
        .venue_maximum
        .is_some_and(|most| most > budget.total || most <= artifact::Amount::ZERO)
    {
        let message = format!("must be more than 0 and at most the total, {}", budget.total);
        faults.push(Fault::new("/budget/venue_maximum", message));
    }
}

fn weights(brief: &Brief, faults: &mut Vec<Fault>) {
    if brief.venue_weights.is_empty() {
        return;
    }
    let sum: f64 = brief.venue_weights.values().sum();
    if brief.venue_weights.values().any(|weight| !(0.0..=1.0).contains(weight)) {
        faults.push(Fault::new("/venue_weights", "each weight must be from 0 to 1"));
    } else if (sum - 1.0).abs() > WEIGHTS_TOLERANCE {
        faults.push(Fault::new(
            "/venue_weights",
            format!("the weights sum to {sum:.4}: they must sum to 1"),
        ));
    }
}

fn tasks(brief: &Brief, faults: &mut Vec<Fault>) {
    let mut keys = BTreeSet::new();
    for (at, task) in brief.tasks.iter().enumerate() {
        if !keys.insert(task.key.as_str()) {
            let message =
                format!("`{}` is the key of another task too: keys must differ", task.key);
            faults.push(Fault::new(format!("/tasks/{at}/key"), message));
        }
    }
}
