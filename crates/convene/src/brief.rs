//! The brief: what somebody wants. Only a title and dates are required; for everything else an assumption is stated.

mod assume;
mod read;
mod scope;
mod words;

use std::{collections::BTreeMap, fmt};

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::{Amount, Stakeholder};

pub use read::{Fault, parse};
pub use scope::{Daily, Scope, settle};

/// The JSON Schema of a brief.
pub fn schema() -> serde_json::Value {
    crate::artifact::schema_of::<Brief>()
}

/// Most people of an event: beyond it planning is a profession of its own.
pub const AUDIENCE_MAX: u32 = 100_000;
/// Most days of an event.
pub const DAYS_MAX: usize = 31;
/// Most sessions, and most tasks of the planner's own, in a brief.
pub const LIST_MAX: usize = 1_000;

/// A brief as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// What people will call it.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// First and last day or moment.
    pub date_range: BriefDates,
    /// IANA name of the zone of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// People expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub audience_size: Option<u32>,
    /// What kind of event it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventType>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub objectives: Vec<String>,
    /// Constraints in words; money, city, district and access are read from it where no field says them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2_000))]
    pub constraints: String,
    /// All that may be spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BriefBudget>,
    /// How thoroughly to plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// Districts, the preferred first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub location_preferences: Vec<String>,
    /// What the venue must have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amenities: Vec<String>,
    /// What people need who would else be shut out; step-free access is always required.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accessibility: Vec<String>,
    /// How the main room is arranged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<RoomLayout>,
    /// Whether people also take part from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_hybrid: Option<bool>,
    /// Sessions at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 20))]
    pub tracks: Option<u32>,
    /// The sessions, when they are known already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub sessions: Vec<BriefSession>,
    /// Who has a say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub stakeholders: Vec<Stakeholder>,
    /// Work that the standard plan does not know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1_000))]
    pub tasks: Vec<BriefTask>,
    /// Days on which nobody works; the public holidays of the city's country when none are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Date>,
    /// How much each criterion counts for the venue; sums to 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub venue_weights: BTreeMap<Criterion, f64>,
}

/// First and last day (`2027-06-01`) or moment (`2027-06-01T18:00`, on local clocks; with `Z` or an offset it is converted).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BriefDates {
    /// The first.
    pub start: String,
    /// The last.
    pub end: String,
}

/// All that may be spent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BriefBudget {
    /// The total, in whole currency units with decimals.
    #[schemars(range(min = 0.01))]
    pub total: Amount,
    /// ISO 4217; the city's when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Most that the venue may cost, all in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue_maximum: Option<Amount>,
}

/// A session that is known already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BriefSession {
    /// Its title.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// Minutes that it takes.
    #[schemars(range(min = 5, max = 480))]
    pub minutes: u32,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<String>,
    /// Who speaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub speakers: Vec<String>,
    /// People expected; the audience shared over the tracks when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100_000))]
    pub audience: Option<u32>,
    /// Whether nothing else runs beside it.
    #[serde(default)]
    pub is_plenary: bool,
}

/// Work that the standard plan does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BriefTask {
    /// Its key, by which others name it.
    #[schemars(extend("pattern" = "^[a-z0-9]+(-[a-z0-9]+)*$"), length(max = 60))]
    pub key: String,
    /// What is done.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// Who does it.
    pub owner: String,
    /// Working days that it takes.
    #[schemars(range(min = 1, max = 500))]
    pub days: u32,
    /// Keys of tasks that come before: own or standard ones.
    #[serde(default)]
    pub after: Vec<String>,
    /// Keys of standard tasks that wait for it.
    #[serde(default)]
    pub before: Vec<String>,
}

/// What kind of event it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    /// An evening of one talk or two.
    Meetup,
    /// Days of talks, often in tracks.
    Conference,
    /// People learn by doing.
    Workshop,
    /// An evening of dinner and speeches.
    Gala,
    /// Days of performances.
    Festival,
}

impl fmt::Display for EventType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Meetup => "meetup",
            Self::Conference => "conference",
            Self::Workshop => "workshop",
            Self::Gala => "gala",
            Self::Festival => "festival",
        })
    }
}

/// How thoroughly an event is planned.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A short list that one person can follow.
    Beginner,
    /// Several vendors, parallel tracks, risks with mitigations.
    Intermediate,
    /// Several venues, contingencies, reserves set by simulation.
    Advanced,
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Beginner => "beginner",
            Self::Intermediate => "intermediate",
            Self::Advanced => "advanced",
        })
    }
}

/// What a venue is judged by.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Whom it lets in.
    Availability,
    /// What it has.
    Amenities,
    /// How well it fits the audience.
    Capacity,
    /// What it costs.
    Cost,
    /// How near it is to where people want to be.
    Location,
}

impl Criterion {
    /// All, by name.
    pub const ALL: &[Self] =
        &[Self::Availability, Self::Amenities, Self::Capacity, Self::Cost, Self::Location];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Amenities => "amenities",
            Self::Capacity => "capacity",
            Self::Cost => "cost",
            Self::Location => "location",
        }
    }
}

/// How a room is arranged.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RoomLayout {
    /// Rows of seats.
    Theatre,
    /// Rows of tables.
    Classroom,
    /// Round tables.
    Banquet,
    /// No seats.
    Standing,
}

impl RoomLayout {
    /// People that hold where `rows` are seated in rows. The usual planning factors of the trade: tables take half the
    /// room, round tables four tenths, and standing guests need a sixth less than rows.
    pub fn capacity(self, rows: u32) -> u32 {
        match self {
            Self::Theatre => rows,
            Self::Classroom => rows / 2,
            Self::Banquet => rows * 6 / 10,
            Self::Standing => rows * 12 / 10,
        }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Theatre => "theatre",
            Self::Classroom => "classroom",
            Self::Banquet => "banquet",
            Self::Standing => "standing",
        }
    }
}
