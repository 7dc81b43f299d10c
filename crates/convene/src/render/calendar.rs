//! `calendar.ics` (RFC 5545): the event, its sessions, milestones and holds. Times in UTC, so that no reader needs a
//! description of the zone.

use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::artifact::{
    Artifact, Dossier, EventBrief, Kind, Schedule, Timeline, VenueAvailability, VenueScorecard,
};

/// The most octets of a line (RFC 5545, 3.1); longer ones are folded.
const LINE_OCTETS_MAX: usize = 75;

/// Writes the calendar.
pub(super) fn render(dossier: &Dossier) -> Option<String> {
    let brief = dossier.get::<EventBrief>()?;
    let event = &dossier.find(Kind::EventBrief)?.header.event_id;
    let mut file = File { out: String::new(), event, zone: TimeZone::get(&brief.time_zone).ok() };
    file.line("BEGIN:VCALENDAR");
    file.line("VERSION:2.0");
    file.line("PRODID:-//Steward//Convene//EN");
    file.line("CALSCALE:GREGORIAN");
    file.text("X-WR-CALNAME", &brief.title);
    file.whole_event(dossier, brief);
    file.sessions(dossier);
    file.milestones(dossier);
    file.holds(dossier);
    file.line("END:VCALENDAR");
    Some(file.out)
}

struct File<'a> {
    out: String,
    event: &'a str,
    zone: Option<TimeZone>,
}

impl File<'_> {
    fn whole_event(&mut self, dossier: &Dossier, brief: &EventBrief) {
        let Some(artifact) = dossier.find(Kind::EventBrief) else { return };
        self.begin(artifact, "event");
        self.moments(brief.date_range.start, brief.date_range.end);
        self.text("SUMMARY", &brief.title);
        self.text("DESCRIPTION", &brief.objectives.join("\n"));
        let venues = dossier.get::<VenueScorecard>().map(|card| card.selection.as_slice());
        let names = venues.unwrap_or_default().iter().map(|venue| venue.venue_name.as_str());
        let place: Vec<&str> = names.chain([brief.city.as_str()]).collect();
        self.text("LOCATION", &place.join(", "));
        self.line("END:VEVENT");
    }

    fn sessions(&mut self, dossier: &Dossier) {
        let Some(artifact) = dossier.find(Kind::Schedule) else { return };
        for session in dossier.get::<Schedule>().iter().flat_map(|schedule| &schedule.sessions) {
            self.begin(artifact, &format!("session-{}", session.id));
            self.moments(session.start, session.end);
            self.text("SUMMARY", &session.title);
            self.text("LOCATION", &session.location);
            self.text("CATEGORIES", &session.track);
            let speakers = session.speakers.join(", ");
            let people = format!("{} people expected", session.audience);
            let described =
                if speakers.is_empty() { people } else { format!("{speakers}\n{people}") };
            self.text("DESCRIPTION", &described);
            self.line("END:VEVENT");
        }
    }

    fn milestones(&mut self, dossier: &Dossier) {
        let Some(artifact) = dossier.find(Kind::Timeline) else { return };
        for milestone in dossier.get::<Timeline>().iter().flat_map(|timeline| &timeline.milestones)
        {
            self.begin(artifact, &format!("milestone-{}", milestone.id));
            self.whole_day(milestone.date);
            self.text("SUMMARY", &format!("Milestone: {}", milestone.name));
            self.line("END:VEVENT");
        }
    }

    /// The last day on which each venue keeps its days: whoever misses it loses them.
    fn holds(&mut self, dossier: &Dossier) {
        let Some(artifact) = dossier.find(Kind::VenueAvailability) else { return };
        let venues = dossier.get::<VenueAvailability>();
        for venue in venues.iter().flat_map(|all| &all.venues) {
            for (at, hold) in venue.holds.iter().enumerate() {
                self.begin(artifact, &format!("hold-{}-{at}", venue.venue_id));
                self.whole_day(hold.expires_at);
                self.text("SUMMARY", &format!("Hold on venue {} expires", venue.venue_id));
                self.text("DESCRIPTION", &format!("{} to {}", hold.from, hold.to));
                self.line("END:VEVENT");
            }
        }
    }

    /// Begins an entry. Its UID stays the same in every revision, so that a calendar updates and does not double it.
    fn begin(&mut self, artifact: &Artifact, id: &str) {
        let header = &artifact.header;
        self.line("BEGIN:VEVENT");
        self.text("UID", &format!("{id}.{}@convene.steward.invalid", self.event));
        self.line(&format!("DTSTAMP:{}", utc(header.created_at)));
        self.line(&format!("SEQUENCE:{}", header.revision.saturating_sub(1)));
    }

    fn moments(&mut self, start: DateTime, end: DateTime) {
        let (start, end) = (self.moment(start), self.moment(end));
        self.line(&format!("DTSTART:{start}"));
        self.line(&format!("DTEND:{end}"));
    }

    /// In UTC; on local clocks wherever they are where the zone is not known.
    fn moment(&self, at: DateTime) -> String {
        let zone = self.zone.clone();
        let zoned = zone.and_then(|zone| zone.to_ambiguous_zoned(at).compatible().ok());
        let floating = || at.strftime("%Y%m%dT%H%M%S").to_string();
        zoned.map_or_else(floating, |zoned| utc(zoned.timestamp()))
    }

    fn whole_day(&mut self, date: Date) {
        let next = date.saturating_add(Span::new().days(1));
        self.line(&format!("DTSTART;VALUE=DATE:{}", date.strftime("%Y%m%d")));
        self.line(&format!("DTEND;VALUE=DATE:{}", next.strftime("%Y%m%d")));
        self.line("TRANSP:TRANSPARENT");
    }

    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.line(&format!("{name}:{}", escape(value)));
        }
    }

    /// Writes a line, folded where it is too long, never within a character.
    fn line(&mut self, line: &str) {
        let mut octets = 0;
        for letter in line.chars() {
            if octets + letter.len_utf8() > LINE_OCTETS_MAX {
                self.out.push_str("\r\n ");
                octets = 1;
            }
            self.out.push(letter);
            octets += letter.len_utf8();
        }
        self.out.push_str("\r\n");
    }
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// TEXT of RFC 5545, 3.3.11. Controls other than a line break have no place in it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => {}
            other => out.push(other),
        }
    }
    out
}
