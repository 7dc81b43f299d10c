//! What a plan made anew differs in, in one screen of a terminal.

use super::{
    summary,
    terminal::{Screen, plain},
    text::{count, day, percent},
};
use crate::{
    agent::{Figures, Replanned},
    artifact::{Amount, Change, ChangeLog, Dossier, EventBrief, Kind},
    math::trigger::Firing,
};

/// Writes it.
pub(super) fn render(before: &Dossier, now: &Replanned) -> String {
    let brief = now.dossier.get::<EventBrief>();
    let title = brief.map_or_else(String::new, |brief| plain(&brief.title));
    let mut screen = Screen::headed(format!("{title}, planned anew.\n"));
    screen.section("Changes", &changes(before, now));
    let revised = now.revised.iter().map(|it| format!("{} r{}", it.artifact_type, it.revision));
    screen.section("Revised", &wrapped(revised));
    screen.section(
        "Made again, and as before",
        &wrapped(now.confirmed.iter().map(ToString::to_string)),
    );
    if let Some(brief) = brief {
        screen.section("Figures", &figures(now, |amount| amount.shown(brief.currency)));
    }
    screen.section("Decisions asked because of this", &summary::asked(now.asked.iter()));
    screen.section("Contingencies that start", &contingencies(now));
    screen.section("Gates", &summary::gates(&now.dossier));
    screen.text()
}

/// By the name of the scenario alone: the rest of its id is the event's.
fn contingencies(now: &Replanned) -> Vec<String> {
    let brief = now.dossier.find(Kind::EventBrief);
    let event = brief.map(|brief| brief.header.event_id.as_str()).unwrap_or_default();
    let line = |fired: &Firing| {
        let name = fired.scenario.rsplit_once(event).map_or("", |(_, name)| name);
        format!("{}, because of {}", name.trim_start_matches('-'), plain(&fired.cause))
    };
    now.fired.iter().map(line).collect()
}

/// The entries that this run wrote into the change log.
fn changes(before: &Dossier, now: &Replanned) -> Vec<String> {
    let logged = |dossier: &Dossier| dossier.get::<ChangeLog>().map_or(0, |log| log.changes.len());
    let all = now.dossier.get::<ChangeLog>().map_or(&[][..], |log| &log.changes);
    let new = all.iter().skip(logged(before));
    let line = |change: &Change| {
        let impact = plain(&change.impact);
        let gap = if impact.is_empty() { "" } else { ": " };
        format!("{}{gap}{impact}", plain(&change.description))
    };
    new.map(line).collect()
}

fn figures(now: &Replanned, shown: impl Fn(Amount) -> String) -> Vec<String> {
    let told = |it: &Figures| {
        let ready = it.ready.map_or_else(|| "no work before the event".to_owned(), day);
        [
            ("spending", shown(it.spending)),
            ("reserve", shown(it.reserve)),
            ("ready", ready),
            ("slack", count(it.slack_days, "working day")),
            ("on time", format!("{} of simulated runs", percent(it.on_time))),
        ]
    };
    let rows = told(&now.before).into_iter().zip(told(&now.after));
    let row = |((name, was), (_, is)): ((&str, String), (&str, String))| {
        if was == is {
            format!("{name:<9} {is}, as before")
        } else {
            format!("{name:<9} {was} -> {is}")
        }
    };
    rows.map(row).collect()
}

/// Characters of a line.
const LINE: usize = 76;

/// Words in lines, with commas.
fn wrapped(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() + 2 <= LINE => {
                line.push_str(", ");
                line.push_str(&word);
            }
            Some(line) => {
                line.push(',');
                lines.push(word);
            }
            None => lines.push(word),
        }
    }
    lines
}
