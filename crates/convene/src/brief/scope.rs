//! The brief with nothing left open: what the agents work from.

use std::collections::BTreeMap;

use iso_currency::Currency;
use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::{
    Brief, BriefSession, BriefTask, Criterion, DAYS_MAX, EventType, Fault, Level, RoomLayout,
    assume::{self, Assumptions},
};
use crate::{
    artifact::{Amount, Assumption, DateRange, Stakeholder},
    catalogue::{Catalogue, City},
};

/// When an event's days begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Daily {
    /// Doors.
    pub start: Time,
    /// The last session's end.
    pub end: Time,
}

/// The brief with nothing left open.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The event's key: `evt-YYYYMMDD-slug`, by the day on which planning starts.
    pub event_id: String,
    /// What people will call it.
    pub title: String,
    /// First and last moment.
    pub dates: DateRange,
    /// The hours of each day.
    pub daily: Daily,
    /// The zone of the place.
    pub time_zone: String,
    /// People expected.
    pub audience: u32,
    /// What kind of event it is.
    pub event_type: EventType,
    /// What it is for.
    pub objectives: Vec<String>,
    /// Constraints in words.
    pub constraints: String,
    /// All that may be spent.
    pub budget: Amount,
    /// Of every amount.
    pub currency: Currency,
    /// Most that the venue may cost, when the brief says so.
    pub venue_maximum: Option<Amount>,
    /// How thoroughly to plan.
    pub level: Level,
    /// The city.
    pub city: City,
    /// Districts, the preferred first.
    pub districts: Vec<String>,
    /// What the venue must have.
    pub amenities: Vec<String>,
    /// Whom it must let in.
    pub accessibility: Vec<String>,
    /// How the main room is arranged.
    pub layout: RoomLayout,
    /// Whether people take part from elsewhere.
    pub is_hybrid: bool,
    /// Sessions at the same time, when the brief says so.
    pub tracks: Option<u32>,
    /// Sessions that are known.
    pub sessions: Vec<BriefSession>,
    /// Who has a say; one is the owner.
    pub stakeholders: Vec<Stakeholder>,
    /// Work of the planner's own.
    pub tasks: Vec<BriefTask>,
    /// Days on which nobody works.
    pub holidays: Vec<Date>,
    /// How criteria count, when the brief says so.
    pub weights: Option<BTreeMap<Criterion, f64>>,
    /// The first day of planning.
    pub planning_start: Date,
    /// What was assumed.
    pub assumptions: Vec<Assumption>,
    /// What looks wrong but does not stop the plan.
    pub warnings: Vec<String>,
}

impl Scope {
    /// The days of the event.
    pub fn days(&self) -> Vec<Date> {
        self.dates.days()
    }

    /// How many.
    pub fn day_count(&self) -> u32 {
        u32::try_from(self.days().len()).unwrap_or(1).max(1)
    }

    /// Minutes of each day between doors and end.
    pub fn minutes_a_day(&self) -> u32 {
        let minutes = self.daily.start.until(self.daily.end).map(|span| span.get_hours() * 60);
        let rest = self.daily.start.until(self.daily.end).map(|span| span.get_minutes());
        let total = i64::from(minutes.unwrap_or(0)) + rest.unwrap_or(0);
        u32::try_from(total).unwrap_or(0)
    }

    /// The moment at which planning starts: what every timestamp of the plan is.
    pub fn now(&self) -> Timestamp {
        let start = self.planning_start.to_zoned(TimeZone::UTC);
        start.map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
    }
}

/// Weeks that an event of each level is planned ahead, when its date is already past: enough for every task.
const LEAD_WEEKS: [i64; 3] = [8, 20, 36];

/// Settles everything that the brief leaves open, and says what was assumed.
///
/// # Errors
/// What only the catalogue can tell, such as a city without venues.
pub fn settle(
    brief: &Brief,
    catalogue: &Catalogue,
    start: Date,
    level: Option<Level>,
) -> Result<Scope, Vec<Fault>> {
    let mut said = Assumptions::default();
    let city = assume::city(brief, catalogue, &mut said)?;
    let zone = assume::zone(brief, &city, &mut said)?;
    let event_type = assume::event_type(brief, &mut said);
    let (dates, daily) = timed(brief, event_type, &zone, &mut said)?;
    let audience = assume::audience(brief, event_type, &mut said);
    let level = assume::level(brief, level, audience, &mut said);
    let currency = assume::currency(brief, &city, &mut said);
    let days = u32::try_from(dates.days().len()).unwrap_or(1);
    let budget = assume::budget(brief, event_type, (audience, days), &city, &mut said);
    let mut warnings = Vec::new();
    let planning_start = planning_start(&dates, start, level, &mut warnings);
    let working = (planning_start, dates.end.date());
    let holidays = assume::holidays(brief, &city, working, &mut said);
    Ok(Scope {
        event_id: event_id(&brief.title, planning_start),
        title: brief.title.trim().to_owned(),
        dates,
        daily,
        time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        audience,
        event_type,
        objectives: assume::objectives(brief, audience, &mut said),
        constraints: brief.constraints.clone(),
        budget,
        currency,
        venue_maximum: brief.budget.as_ref().and_then(|budget| budget.venue_maximum),
        level,
        city,
        districts: assume::districts(brief, &mut said),
        amenities: assume::amenities(brief, level, event_type),
        accessibility: assume::accessibility(brief),
        layout: assume::layout(brief, event_type, &mut said),
        is_hybrid: assume::hybrid(brief, &mut said),
        tracks: brief.tracks,
        sessions: brief.sessions.clone(),
        stakeholders: assume::stakeholders(brief, level, &mut said),
        tasks: brief.tasks.clone(),
        holidays,
        weights: Some(brief.venue_weights.clone()).filter(|weights| !weights.is_empty()),
        planning_start,
        assumptions: said.all,
        warnings,
    })
}

fn planning_start(
    dates: &DateRange,
    start: Date,
    level: Level,
    warnings: &mut Vec<String>,
) -> Date {
    let first = dates.start.date();
    if start < first {
        return start;
    }
    let weeks = LEAD_WEEKS.get(level as usize).copied().unwrap_or(8);
    let assumed = first.saturating_sub(weeks.weeks());
    warnings.push(format!(
        "/date_range: the event begins on {first}, which is not after the planning start {start}: it is planned as if planning had started on {assumed}"
    ));
    assumed
}

fn timed(
    brief: &Brief,
    event_type: EventType,
    zone: &TimeZone,
    said: &mut Assumptions,
) -> Result<(DateRange, Daily), Vec<Fault>> {
    let Given { start, end } = dates(brief, zone)?;
    let usual = assume::hours(event_type);
    let daily = Daily { start: start.1.unwrap_or(usual.start), end: end.1.unwrap_or(usual.end) };
    if start.1.is_none() || end.1.is_none() {
        let value = format!("{} to {}", daily.start.strftime("%H:%M"), daily.end.strftime("%H:%M"));
        said.add("/date_range", value, format!("the usual hours of a {event_type}"));
    }
    if daily.end <= daily.start {
        let message = "each day must end after it begins: give the hours of one day, like 2027-06-01T09:00 and 2027-06-03T17:00";
        return Err(vec![Fault::new("/date_range/end", message)]);
    }
    let dates =
        DateRange { start: start.0.to_datetime(daily.start), end: end.0.to_datetime(daily.end) };
    Ok((dates, daily))
}

/// A day, with a time when one was given.
type Moment = (Date, Option<Time>);

/// The dates as they were given.
#[derive(Debug)]
pub(super) struct Given {
    start: Moment,
    end: Moment,
}

/// Reads and checks the dates of a brief.
pub(super) fn dates(brief: &Brief, zone: &TimeZone) -> Result<Given, Vec<Fault>> {
    let start = moment(&brief.date_range.start, zone);
    let end = moment(&brief.date_range.end, zone);
    let (Some(start), Some(end)) = (start, end) else {
        let bad = [
            ("/date_range/start", start, &brief.date_range.start),
            ("/date_range/end", end, &brief.date_range.end),
        ];
        let bad = bad.into_iter().filter(|(_, moment, _)| moment.is_none());
        return Err(bad
            .map(|(at, _, text)| {
                Fault::new(at, format!("`{text}` is no date: write 2027-06-01 or 2027-06-01T18:00"))
            })
            .collect());
    };
    let is_backwards = end.0 < start.0
        || matches!((start.1, end.1), (Some(a), Some(b)) if start.0 == end.0 && b <= a);
    if is_backwards {
        let message =
            format!("{} is not after the start, {}", brief.date_range.end, brief.date_range.start);
        return Err(vec![Fault::new("/date_range/end", message)]);
    }
    let days = start.0.until(end.0).map_or(i32::MAX, |span| span.get_days());
    if usize::try_from(days).unwrap_or(usize::MAX) >= DAYS_MAX {
        let message = format!("more than {DAYS_MAX} days: plan a series of events instead");
        return Err(vec![Fault::new("/date_range", message)]);
    }
    Ok(Given { start, end })
}

fn moment(text: &str, zone: &TimeZone) -> Option<Moment> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        let local = instant.to_zoned(zone.clone());
        return Some((local.date(), Some(local.time())));
    }
    if text.len() > "2027-06-01".len() {
        return text.parse::<DateTime>().ok().map(|moment| (moment.date(), Some(moment.time())));
    }
    text.parse::<Date>().ok().map(|date| (date, None))
}

/// Characters of a slug: short enough to be typed.
const SLUG_MAX: usize = 40;

fn event_id(title: &str, start: Date) -> String {
    let mut slug = String::new();
    for letter in title.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(SLUG_MAX);
    let slug = slug.trim_end_matches('-');
    format!("evt-{}-{}", start.strftime("%Y%m%d"), if slug.is_empty() { "event" } else { slug })
}
