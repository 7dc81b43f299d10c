//! `schedule.svg`: a block a day, a column a room, time downwards.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};

use super::{
    svg::Svg,
    text::{clock, day, fit, width, wrap},
};
use crate::artifact::{Dossier, EventBrief, Schedule, Session};

/// Room for the hours, in pixels.
const HOURS: f64 = 52.0;
/// One room.
const ROOM: f64 = 178.0;
/// One minute.
const MINUTE: f64 = 1.5;
/// Room around everything.
const EDGE: f64 = 20.0;
/// Name of the day and of the rooms.
const HEAD: f64 = 58.0;
/// Line height in a box.
const LINE: f64 = 14.0;
/// The narrowest picture: its title needs that.
const NARROWEST: f64 = 640.0;

/// Grounds of the tracks: pale enough for dark text on each.
const TRACKS: [&str; 8] =
    ["#dbe9f6", "#fde5cc", "#dcefdc", "#f6dbe6", "#e8e1f5", "#fbf3c4", "#d5eeee", "#e9e4dc"];

/// Draws the days.
pub(super) fn render(dossier: &Dossier) -> Option<String> {
    let schedule = dossier.get::<Schedule>()?;
    let days = days(&schedule.sessions);
    let rooms = days.iter().map(|day| day.rooms.len()).max()?;
    let tracks: Vec<&str> = {
        let all = schedule.sessions.iter().map(|session| session.track.as_str());
        all.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let wide = (HOURS + columns(rooms) + 2.0 * EDGE).max(NARROWEST);
    let legend = legend_rows(&tracks, wide);
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    let top = 50.0 + legend.len() as f64 * 20.0;
    let height = top + days.iter().map(Day::height).sum::<f64>() + EDGE;
    let name = dossier.get::<EventBrief>().map_or("", |brief| brief.title.as_str());
    let title = format!("Programme: {name}");
    let told = format!("{} sessions, up to {rooms} rooms a day", schedule.sessions.len());
    let mut svg = Svg::new(wide, height, &title, &told);
    svg.text((EDGE, 30.0), "h", &fit(&title, wide - 2.0 * EDGE, 19.0));
    draw_legend(&mut svg, &legend);
    let mut y = top;
    for day in &days {
        day.draw(&mut svg, y, &tracks);
        y += day.height();
    }
    Some(svg.finish())
}

#[expect(clippy::cast_precision_loss, reason = "a number of rooms")]
fn columns(rooms: usize) -> f64 {
    rooms as f64 * ROOM
}

fn colour(tracks: &[&str], track: &str) -> &'static str {
    let at = tracks.iter().position(|other| *other == track).unwrap_or_default();
    TRACKS.get(at % TRACKS.len()).copied().unwrap_or("#fff")
}

/// The tracks in rows that fit: label, colour and left edge of each.
fn legend_rows<'a>(tracks: &[&'a str], wide: f64) -> Vec<Vec<(&'a str, &'static str, f64)>> {
    let mut rows = vec![Vec::new()];
    let mut x = EDGE;
    for track in tracks {
        let needs = width(track, 11.0).min(300.0) + 42.0;
        if x + needs > wide - EDGE && x > EDGE {
            rows.push(Vec::new());
            x = EDGE;
        }
        if let Some(row) = rows.last_mut() {
            row.push((*track, colour(tracks, track), x));
        }
        x += needs;
    }
    rows
}

fn draw_legend(svg: &mut Svg, rows: &[Vec<(&str, &'static str, f64)>]) {
    let mut y = 52.0;
    for row in rows {
        for (track, fill, x) in row {
            svg.filled([*x, y - 10.0, 14.0, 11.0], fill, "");
            svg.text((*x + 20.0, y), "s", &fit(track, 310.0, 11.0));
        }
        y += 20.0;
    }
}

/// The sessions of one day.
struct Day<'a> {
    date: Date,
    rooms: Vec<&'a str>,
    sessions: Vec<&'a Session>,
    /// Whole hours, so that the grid begins and ends with a line.
    from: i32,
    to: i32,
}

fn days(sessions: &[Session]) -> Vec<Day<'_>> {
    let dates: BTreeSet<Date> = sessions.iter().map(|session| session.start.date()).collect();
    let of = |date: Date| {
        let sessions: Vec<&Session> =
            sessions.iter().filter(|session| session.start.date() == date).collect();
        let rooms: BTreeSet<&str> = sessions.iter().map(|s| s.location.as_str()).collect();
        let from = sessions.iter().map(|s| minutes(date, s.start)).min().unwrap_or_default();
        let to = sessions.iter().map(|s| minutes(date, s.end)).max().unwrap_or_default();
        let (from, to) =
            (from.div_euclid(60) * 60, to.div_euclid(60) * 60 + to.rem_euclid(60).signum() * 60);
        Day { date, rooms: rooms.into_iter().collect(), sessions, from, to: to.max(from + 60) }
    };
    dates.into_iter().map(of).collect()
}

/// Minutes since the day began; a session may end after midnight, within the next day.
fn minutes(date: Date, at: DateTime) -> i32 {
    let clock = i32::from(at.hour()) * 60 + i32::from(at.minute());
    if at.date() > date { clock + 24 * 60 } else { clock }
}

impl Day<'_> {
    fn height(&self) -> f64 {
        HEAD + f64::from(self.to - self.from) * MINUTE + 24.0
    }

    fn draw(&self, svg: &mut Svg, top: f64, tracks: &[&str]) {
        let grid = top + HEAD;
        let left = EDGE + HOURS;
        svg.text((EDGE, top + 24.0), "b", &day(self.date));
        let right = left + columns(self.rooms.len());
        for hour in self.from / 60..=self.to / 60 {
            let y = grid + f64::from(hour * 60 - self.from) * MINUTE;
            svg.line((left - 6.0, y), (right, y), "grid");
            svg.text((left - 10.0, y + 4.0), "s e", &format!("{:02}:00", hour % 24));
        }
        for (at, room) in self.rooms.iter().enumerate() {
            let x = left + columns(at);
            svg.line((x, grid - 22.0), (x, grid + f64::from(self.to - self.from) * MINUTE), "grid");
            draw_room(svg, (x + 6.0, grid - 8.0), room);
        }
        for session in &self.sessions {
            let column = self.rooms.iter().position(|room| *room == session.location);
            let x = left + columns(column.unwrap_or_default());
            let from = minutes(self.date, session.start);
            let long = f64::from(minutes(self.date, session.end) - from).max(5.0) * MINUTE;
            let y = grid + f64::from(from - self.from) * MINUTE;
            draw_session(
                svg,
                [x + 3.0, y + 1.0, ROOM - 6.0, long - 2.0],
                session,
                colour(tracks, &session.track),
            );
        }
    }
}

/// A room's name; its house, where there are several, below.
fn draw_room(svg: &mut Svg, (x, base): (f64, f64), room: &str) {
    let Some((name, house)) = room.split_once(", ") else {
        return svg.text((x, base), "b", &fit(room, ROOM - 12.0, 13.5));
    };
    svg.text((x, base - LINE), "b", &fit(name, ROOM - 12.0, 13.5));
    svg.text((x, base), "s", &fit(house, ROOM - 12.0, 11.0));
}

/// A box with as much text as has room: title, then time and audience, then speakers.
fn draw_session(svg: &mut Svg, place: [f64; 4], session: &Session, fill: &str) {
    let [x, y, wide, high] = place;
    let Session { title, track, location, audience, speakers, .. } = session;
    let time = format!("{} to {}", clock(session.start), clock(session.end));
    let speakers = speakers.join(", ");
    let tip = format!("{title}: {time}, {location}, {track}, {audience} people. {speakers}");
    svg.filled(place, fill, tip.trim_end());
    let mut room = 0_usize;
    let mut taken = 6.0;
    while taken + LINE <= high + 4.0 {
        taken += LINE;
        room += 1;
    }
    let inner = wide - 12.0;
    let short = format!("{}, {audience} people", time.replace(" to ", "–"));
    let notes = [short, speakers].into_iter().filter(|note| !note.is_empty());
    let notes: Vec<String> = notes.take(room.saturating_sub(1)).collect();
    let mut base = y + 15.0;
    for line in wrap(title, inner, 12.0, room.saturating_sub(notes.len()).clamp(1, 3)) {
        svg.text((x + 6.0, base), "", &line);
        base += LINE;
    }
    for note in notes {
        svg.text((x + 6.0, base), "s", &fit(&note, inner, 11.0));
        base += LINE;
    }
}
