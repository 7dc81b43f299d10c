//! Venues: what is wanted, what was found, how it compares.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Amount;

/// What a venue must offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueCriteria {
    /// Where it should be: the city, then districts.
    pub location_preferences: Vec<String>,
    /// People it must hold.
    #[schemars(range(min = 1))]
    pub min_capacity: u32,
    /// Beyond this the room looks empty.
    pub max_capacity: u32,
    /// What it must have.
    pub required_amenities: Vec<String>,
    /// What people need who would else be shut out.
    pub accessibility_requirements: Vec<String>,
    /// How the room is arranged.
    pub layout_requirements: String,
    /// The least that is expected to be paid, all in.
    pub budget_range_min: Amount,
    /// The most that may be paid, all in.
    pub budget_range_max: Amount,
    /// Days it must be free.
    pub dates: Vec<Date>,
}

/// Venues that were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueLeads {
    /// Where was looked.
    pub sources: Vec<String>,
    /// What was found, by id.
    pub leads: Vec<Lead>,
}

/// Why a venue goes no further that was lost after it had been found.
pub const CANCELLED: &str = "it cancelled";

/// A venue that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// The venue's id in its source.
    pub venue_id: String,
    /// Its name.
    #[schemars(length(min = 1, max = 200))]
    pub venue_name: String,
    /// Where it was found.
    pub source: String,
    /// How to reach it.
    pub contact: String,
    /// The largest number of people it holds.
    pub capacity: u32,
    /// All in, for the event's days.
    pub cost_estimate: Amount,
    /// Why it goes no further; absent when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_because: Option<String>,
}

/// Venues that meet the criteria.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueShortlist {
    /// Best first.
    pub candidates: Vec<Candidate>,
}

/// A venue that meets the criteria.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The venue's id.
    pub venue_id: String,
    /// Its name.
    #[schemars(length(min = 1, max = 200))]
    pub venue_name: String,
    /// Its district and city.
    pub location: String,
    /// People it holds in the layout wanted.
    pub capacity: u32,
    /// All in, for the event's days.
    pub cost_estimate: Amount,
    /// Its score, 0..=1.
    #[schemars(range(min = 0, max = 1))]
    pub initial_score: f64,
}

/// How the shortlisted venues compare, and which one is proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueScorecard {
    /// The criteria; weights sum to 1.
    #[schemars(length(min = 1))]
    pub criteria_weights: Vec<CriterionWeight>,
    /// One a candidate, best first.
    pub candidate_scores: Vec<CandidateScore>,
    /// The venues proposed, one a function. One for all at most events.
    pub selection: Vec<SelectedVenue>,
    /// Why.
    pub selection_rationale: String,
    /// What would have to change for another venue to win.
    pub sensitivity: Vec<String>,
}

/// How much a criterion counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CriterionWeight {
    /// The criterion.
    pub criterion: String,
    /// Its share, 0..=1.
    #[schemars(range(min = 0, max = 1))]
    pub weight: f64,
}

/// How one venue does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CandidateScore {
    /// The venue.
    pub venue_id: String,
    /// Criterion by criterion, 0..=1.
    pub scores: std::collections::BTreeMap<String, f64>,
    /// Weighted.
    #[schemars(range(min = 0, max = 1))]
    pub total: f64,
}

/// A venue and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectedVenue {
    /// `all`, or `main`, `breakout`, `expo`.
    pub function: String,
    /// The venue.
    pub venue_id: String,
    /// Its name.
    pub venue_name: String,
    /// What it costs, all in.
    pub cost_estimate: Amount,
    /// People that the function needs to hold.
    pub need: u32,
}

/// When the venues are free, and what is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueAvailability {
    /// One a shortlisted venue.
    pub venues: Vec<Availability>,
}

/// One venue's days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Availability {
    /// The venue.
    pub venue_id: String,
    /// Days asked for that are free.
    pub free_dates: Vec<Date>,
    /// Days asked for that are taken.
    pub taken_dates: Vec<Date>,
    /// What is held for this event.
    pub holds: Vec<Hold>,
}

/// Days held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Where it stands.
    pub status: HoldStatus,
    /// The last day on which the venue keeps it.
    pub expires_at: Date,
}

/// Where a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// To be asked for: nobody has answered.
    Requested,
    /// The venue keeps the days.
    Held,
    /// The venue is booked.
    Confirmed,
    /// Given back.
    Released,
}

/// What is to be negotiated with the venues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VenueNegotiationNotes {
    /// One a venue that is talked to.
    pub notes: Vec<NegotiationNote>,
}

/// The talk with one venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NegotiationNote {
    /// The venue.
    pub venue_id: String,
    /// What it asks for.
    pub asking: Amount,
    /// What is aimed at.
    pub target: Amount,
    /// Beyond this the next venue is better.
    pub walk_away: Amount,
    /// What can be asked for.
    pub gets: Vec<String>,
    /// What can be given.
    pub gives: Vec<String>,
    /// What was conceded so far.
    pub concessions: Vec<String>,
    /// Where it stands.
    pub status: NegotiationStatus,
}

/// Where a negotiation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NegotiationStatus {
    /// Not begun, or no answer yet.
    Open,
    /// They answered with terms of their own.
    Countered,
    /// Agreed.
    Agreed,
    /// Ended without agreement.
    Declined,
}
