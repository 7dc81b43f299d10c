//! What a venue must offer, what was found, how it compares, and what is held.

use std::collections::BTreeMap;

use super::{Page, inline, joined, sentence};
use crate::{
    artifact::{
        Dossier, VenueAvailability, VenueCriteria, VenueLeads, VenueNegotiationNotes,
        VenueScorecard, VenueShortlist,
    },
    render::text::{day, percent, word},
};

pub(super) fn write(page: &mut Page, dossier: &Dossier) {
    let Some(criteria) = dossier.get::<VenueCriteria>() else { return };
    page.heading(2, "Venue");
    page.paragraph(&format!(
        "Wanted: {} to {} people in {}, arranged as {}, between {} and {} all in.",
        criteria.min_capacity,
        criteria.max_capacity,
        joined(&criteria.location_preferences),
        inline(&criteria.layout_requirements),
        page.money(criteria.budget_range_min),
        page.money(criteria.budget_range_max),
    ));
    let needs = [&criteria.required_amenities, &criteria.accessibility_requirements];
    page.list(needs.into_iter().flatten().map(|need| inline(&need.replace('_', " "))));
    scorecard(page, dossier);
    candidates(page, dossier);
    availability(page, dossier);
    negotiation(page, dossier);
    excluded(page, dossier);
}

fn scorecard(page: &mut Page, dossier: &Dossier) {
    let Some(card) = dossier.get::<VenueScorecard>() else { return };
    let rows: Vec<_> = card
        .selection
        .iter()
        .map(|venue| {
            [
                inline(&venue.venue_name),
                inline(&venue.function),
                venue.need.to_string(),
                page.money(venue.cost_estimate),
            ]
        })
        .collect();
    page.table(["Proposed", "For", "People", "All in"], rows);
    page.paragraph(&sentence(&card.selection_rationale));
    page.list(card.sensitivity.iter().map(|line| sentence(line)));
    let weights = card.criteria_weights.iter();
    let weights =
        weights.map(|weight| format!("{} {}", inline(&weight.criterion), percent(weight.weight)));
    page.paragraph(&format!("Weights: {}.", weights.collect::<Vec<_>>().join(", ")));
}

fn candidates(page: &mut Page, dossier: &Dossier) {
    let Some(shortlist) = dossier.get::<VenueShortlist>() else { return };
    let card = dossier.get::<VenueScorecard>();
    let totals: BTreeMap<&str, f64> = card
        .iter()
        .flat_map(|card| &card.candidate_scores)
        .map(|score| (score.venue_id.as_str(), score.total))
        .collect();
    let rows: Vec<_> = shortlist
        .candidates
        .iter()
        .map(|venue| {
            let score = totals.get(venue.venue_id.as_str()).unwrap_or(&venue.initial_score);
            [
                inline(&venue.venue_name),
                inline(&venue.location),
                venue.capacity.to_string(),
                page.money(venue.cost_estimate),
                format!("{score:.3}"),
            ]
        })
        .collect();
    page.heading(3, "Shortlist");
    page.table(["Venue", "Where", "Holds", "All in", "Score"], rows);
}

/// The name of a venue, wherever it is known.
fn name(id: &str, dossier: &Dossier) -> String {
    let shortlist = dossier.get::<VenueShortlist>();
    let known =
        shortlist.iter().flat_map(|list| &list.candidates).find(|venue| venue.venue_id == id);
    inline(known.map_or(id, |venue| venue.venue_name.as_str()))
}

fn availability(page: &mut Page, dossier: &Dossier) {
    let Some(all) = dossier.get::<VenueAvailability>() else { return };
    page.heading(3, "Holds");
    let dates = |dates: &[jiff::civil::Date]| {
        dates.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    page.table(
        ["Venue", "Free", "Taken", "Held"],
        all.venues.iter().map(|venue| {
            let holds = venue.holds.iter().map(|hold| {
                format!(
                    "{} to {}, {} until {}",
                    hold.from,
                    hold.to,
                    word(&hold.status),
                    day(hold.expires_at)
                )
            });
            let holds = holds.collect::<Vec<_>>().join("; ");
            [
                name(&venue.venue_id, dossier),
                dates(&venue.free_dates),
                dates(&venue.taken_dates),
                holds,
            ]
        }),
    );
}

fn negotiation(page: &mut Page, dossier: &Dossier) {
    let Some(all) = dossier.get::<VenueNegotiationNotes>() else { return };
    page.heading(3, "Negotiation");
    let rows: Vec<_> = all
        .notes
        .iter()
        .map(|note| {
            [
                name(&note.venue_id, dossier),
                page.money(note.asking),
                page.money(note.target),
                page.money(note.walk_away),
                joined(&note.gets),
                joined(&note.gives),
                word(&note.status),
            ]
        })
        .collect();
    page.table(["Venue", "Asks", "Aim", "Walk away above", "Ask for", "Offer", "State"], rows);
}

fn excluded(page: &mut Page, dossier: &Dossier) {
    let Some(all) = dossier.get::<VenueLeads>() else { return };
    page.heading(3, "Found and left out");
    page.paragraph(&format!(
        "Looked in {}: {} venues found.",
        joined(&all.sources),
        all.leads.len()
    ));
    page.list(all.leads.iter().filter_map(|lead| {
        let reason = lead.excluded_because.as_ref()?;
        Some(format!("{}: {}", inline(&lead.venue_name), sentence(reason)))
    }));
}
