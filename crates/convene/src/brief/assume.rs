//! What is assumed where a brief says nothing, and the reason that is given for it.

use std::collections::BTreeSet;

use iso_currency::Currency;
use jiff::{
    ToSpan,
    civil::{Date, time},
    tz::TimeZone,
};

use super::{Brief, Daily, EventType, Fault, Level, RoomLayout, words};
use crate::{
    artifact::{Amount, ApprovalKind, Assumption, OWNER, Stakeholder},
    catalogue::{Catalogue, City, Country},
};

/// What was assumed so far.
#[derive(Debug, Default)]
pub(super) struct Assumptions {
    pub(super) all: Vec<Assumption>,
}

impl Assumptions {
    pub(super) fn add(&mut self, field: &str, value: impl Into<String>, reason: impl Into<String>) {
        self.all.push(Assumption {
            field: field.to_owned(),
            value: value.into(),
            reason: reason.into(),
        });
    }
}

const FROM_WORDS: &str = "read from the constraints";

pub(super) fn city(
    brief: &Brief,
    catalogue: &Catalogue,
    said: &mut Assumptions,
) -> Result<City, Vec<Fault>> {
    if let Some(name) = &brief.city {
        return named(name, brief, catalogue, said).ok_or_else(|| {
            let cities = catalogue.venues.iter().map(|venue| venue.city.as_str());
            let known: BTreeSet<&str> = cities.collect();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            let message = format!("no venue in `{name}` is known: known are {known}. Bring venues of your own with --venues");
            vec![Fault::new("/city", message)]
        });
    }
    if let Some(name) = words::city(&brief.constraints, catalogue) {
        said.add("/city", name.as_str(), FROM_WORDS);
        return Ok(catalogue.city(&name).expect("the name came from the catalogue").clone());
    }
    let first = catalogue.venues.first().map(|venue| venue.city.as_str()).unwrap_or_default();
    let city = named(first, brief, catalogue, &mut Assumptions::default());
    let city =
        city.ok_or_else(|| vec![Fault::new("/city", "the catalogue holds no venue at all")])?;
    said.add(
        "/city",
        city.name.as_str(),
        format!("the first city of the {}", catalogue.venue_source),
    );
    Ok(city)
}

/// A city of the catalogue, or one that only a table of venues names: its prices are taken as they are in dollars.
fn named(name: &str, brief: &Brief, catalogue: &Catalogue, said: &mut Assumptions) -> Option<City> {
    let venue = catalogue.venues.iter().find(|venue| venue.city.eq_ignore_ascii_case(name))?;
    if let Some(city) = catalogue.city(name) {
        return Some(city.clone());
    }
    let reason =
        "the catalogue has no prices for this city: those of a dollar city are taken one to one";
    said.add("/city", venue.city.as_str(), reason);
    Some(City {
        name: venue.city.clone(),
        time_zone: brief.time_zone.clone().unwrap_or_default(),
        currency: venue.currency,
        price_of_one_usd: 100,
        country: None,
    })
}

/// Months after the event for which holidays are still reckoned: room for work that is late.
const HOLIDAYS_AFTER_MONTHS: i64 = 12;

/// Days on which nobody works: those of the brief, or else the public holidays of the city's country.
pub(super) fn holidays(
    brief: &Brief,
    city: &City,
    (start, end): (Date, Date),
    said: &mut Assumptions,
) -> Vec<Date> {
    let mut given = brief.holidays.clone();
    given.sort_unstable();
    given.dedup();
    let country = city.country.as_deref().and_then(Country::find);
    let Some(country) = country.filter(|_| given.is_empty()) else { return given };
    let all = country.holidays(start, end.saturating_add(HOLIDAYS_AFTER_MONTHS.months()));
    let within: Vec<String> =
        all.iter().filter(|day| **day <= end).map(ToString::to_string).collect();
    if !within.is_empty() {
        let reason = format!("public holidays of {} ({})", country.name, country.source);
        said.add("/holidays", within.join(", "), reason);
    }
    all
}

pub(super) fn zone(
    brief: &Brief,
    city: &City,
    said: &mut Assumptions,
) -> Result<TimeZone, Vec<Fault>> {
    let name = brief.time_zone.as_deref().unwrap_or(&city.time_zone);
    let zone = TimeZone::get(name).map_err(|_| {
        let message = format!(
            "is missing, and no zone is known for `{}`: give an IANA name like Europe/Berlin",
            city.name
        );
        vec![Fault::new("/time_zone", message)]
    })?;
    if brief.time_zone.is_none() {
        said.add("/time_zone", city.time_zone.as_str(), format!("the zone of {}", city.name));
    }
    Ok(zone)
}

pub(super) fn event_type(brief: &Brief, said: &mut Assumptions) -> EventType {
    if let Some(given) = brief.event_type {
        return given;
    }
    let read = words::event_type(&brief.title);
    let reason =
        if read.is_some() { "read from the title" } else { "neither field nor title says" };
    let taken = read.unwrap_or(EventType::Workshop);
    said.add("/event_type", taken.to_string(), reason);
    taken
}

pub(super) fn hours(event_type: EventType) -> Daily {
    let (start, end) = match event_type {
        EventType::Meetup => (time(18, 0, 0, 0), time(21, 0, 0, 0)),
        EventType::Conference | EventType::Workshop => (time(9, 0, 0, 0), time(17, 30, 0, 0)),
        EventType::Gala => (time(18, 0, 0, 0), time(23, 0, 0, 0)),
        EventType::Festival => (time(11, 0, 0, 0), time(22, 0, 0, 0)),
    };
    Daily { start, end }
}

pub(super) fn audience(brief: &Brief, event_type: EventType, said: &mut Assumptions) -> u32 {
    if let Some(given) = brief.audience_size {
        return given;
    }
    let usual = match event_type {
        EventType::Meetup => 30,
        EventType::Workshop => 40,
        EventType::Gala => 150,
        EventType::Conference => 200,
        EventType::Festival => 500,
    };
    said.add("/audience_size", usual.to_string(), format!("usual for a {event_type}"));
    usual
}

/// Guests from which an event is planned at the intermediate and at the advanced level.
const INTERMEDIATE_FROM: u32 = 50;
const ADVANCED_FROM: u32 = 500;

pub(super) fn level(
    brief: &Brief,
    asked: Option<Level>,
    audience: u32,
    said: &mut Assumptions,
) -> Level {
    if let Some(level) = asked.or(brief.level) {
        return level;
    }
    let level = match audience {
        0..INTERMEDIATE_FROM => Level::Beginner,
        INTERMEDIATE_FROM..ADVANCED_FROM => Level::Intermediate,
        _ => Level::Advanced,
    };
    said.add("/level", level.to_string(), format!("for {audience} people"));
    level
}

pub(super) fn currency(brief: &Brief, city: &City, said: &mut Assumptions) -> Currency {
    let given = brief.budget.as_ref().and_then(|budget| budget.currency.as_deref());
    if let Some(currency) = given.and_then(Currency::from_code) {
        return currency;
    }
    let read = words::money(&brief.constraints).and_then(|(_, currency)| currency);
    let (currency, reason) = match read {
        Some(currency) => (currency, FROM_WORDS.to_owned()),
        None => (city.currency, format!("the currency of {}", city.name)),
    };
    said.add("/budget/currency", currency.code(), reason);
    currency
}

/// What a guest costs a day, in dollars, all in: planning figures of the built-in catalogue.
const fn usd_a_guest_and_day(event_type: EventType) -> u32 {
    match event_type {
        EventType::Meetup => 25,
        EventType::Festival => 60,
        EventType::Conference | EventType::Workshop => 95,
        EventType::Gala => 160,
    }
}

pub(super) fn budget(
    brief: &Brief,
    event_type: EventType,
    (audience, days): (u32, u32),
    city: &City,
    said: &mut Assumptions,
) -> Amount {
    if let Some(budget) = &brief.budget {
        return budget.total;
    }
    if let Some((amount, _)) = words::money(&brief.constraints) {
        said.add("/budget/total", amount.to_string(), FROM_WORDS);
        return amount;
    }
    let each = u64::from(usd_a_guest_and_day(event_type)) * u64::from(city.price_of_one_usd);
    let total = (u64::from(audience) * u64::from(days) * each).div_ceil(10_000) * 100;
    let total = Amount::parse(&total.to_string()).unwrap_or(Amount::ZERO);
    let reason = format!(
        "{} dollars a guest and day for a {event_type}, at the prices of {}",
        usd_a_guest_and_day(event_type),
        city.name
    );
    said.add("/budget/total", total.to_string(), reason);
    total
}

pub(super) fn objectives(brief: &Brief, audience: u32, said: &mut Assumptions) -> Vec<String> {
    if !brief.objectives.is_empty() {
        return brief.objectives.clone();
    }
    let objective = format!("Bring {audience} people together for {}", brief.title.trim());
    said.add("/objectives", objective.as_str(), "the brief names none");
    vec![objective]
}

pub(super) fn districts(brief: &Brief, said: &mut Assumptions) -> Vec<String> {
    if !brief.location_preferences.is_empty() {
        return brief.location_preferences.clone();
    }
    let read = words::districts(&brief.constraints);
    let (districts, reason) = if read.is_empty() {
        (vec!["downtown".to_owned()], "most people reach it most easily")
    } else {
        (read, FROM_WORDS)
    };
    said.add("/location_preferences", districts.join(", "), reason);
    districts
}

pub(super) fn amenities(brief: &Brief, level: Level, event_type: EventType) -> Vec<String> {
    let mut wanted = brief.amenities.clone();
    wanted.extend(["wifi", "projector"].map(str::to_owned));
    if level >= Level::Intermediate && event_type == EventType::Conference {
        wanted.push("breakout rooms".to_owned());
    }
    wanted.sort();
    wanted.dedup();
    wanted
}

pub(super) fn accessibility(brief: &Brief) -> Vec<String> {
    let mut needs = brief.accessibility.clone();
    needs.push("step_free".to_owned());
    needs.sort();
    needs.dedup();
    needs
}

pub(super) fn layout(brief: &Brief, event_type: EventType, said: &mut Assumptions) -> RoomLayout {
    if let Some(given) = brief.layout {
        return given;
    }
    let layout = match event_type {
        EventType::Meetup | EventType::Conference => RoomLayout::Theatre,
        EventType::Workshop => RoomLayout::Classroom,
        EventType::Gala => RoomLayout::Banquet,
        EventType::Festival => RoomLayout::Standing,
    };
    said.add("/layout", layout.name(), format!("usual for a {event_type}"));
    layout
}

pub(super) fn hybrid(brief: &Brief, said: &mut Assumptions) -> bool {
    if let Some(given) = brief.is_hybrid {
        return given;
    }
    let read = words::is_hybrid(&brief.constraints);
    let reason = if read { FROM_WORDS } else { "the brief names no remote participants" };
    said.add("/is_hybrid", read.to_string(), reason);
    read
}

/// What a place in the plan for somebody yet to be named is called.
fn to_be_named(role: &str, rights: &[ApprovalKind]) -> Stakeholder {
    let name = format!("{role} (to be named)");
    Stakeholder { name, role: role.to_owned(), email: None, decision_rights: rights.to_vec() }
}

pub(super) fn stakeholders(
    brief: &Brief,
    level: Level,
    said: &mut Assumptions,
) -> Vec<Stakeholder> {
    let mut all = brief.stakeholders.clone();
    let mut missing = Vec::new();
    if !all.iter().any(|who| who.role == OWNER) {
        missing.push(to_be_named(OWNER, ApprovalKind::ALL));
    }
    let deciders = all.iter().filter(|who| !who.decision_rights.is_empty()).count();
    if deciders + missing.len() < 2 && level >= Level::Intermediate {
        missing.push(to_be_named("Deputy", ApprovalKind::ALL));
    }
    for who in &missing {
        said.add(
            "/stakeholders",
            who.name.as_str(),
            format!("the brief names no {}", who.role.to_lowercase()),
        );
    }
    all.extend(missing);
    all
}
