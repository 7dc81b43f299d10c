//! The Venue Researcher: what is wanted of a venue, what was found, how it compares, what is held and negotiated.

mod combine;
mod criteria;
mod explain;
mod score;
mod search;
mod terms;

use crate::{
    agent::Desk,
    approval::Question,
    artifact::{
        Amount, ApprovalKind, Candidate, CandidateScore, CriterionWeight, Kind, SelectedVenue,
        VenueAvailability, VenueLeads, VenueNegotiationNotes, VenueScorecard, VenueShortlist,
    },
    brief::Fault,
    catalogue::Venue,
    instruction::Agent,
    math::venue::{Scored, Weights},
};

pub(crate) use combine::walk_minutes;
pub(crate) use criteria::cost;

const ME: Agent = Agent::VenueResearcher;

/// A venue that fits, with its figures.
#[derive(Debug, Clone)]
pub(crate) struct Fitting<'a> {
    pub(crate) venue: &'a Venue,
    pub(crate) capacity: u32,
    pub(crate) cost: Amount,
    pub(crate) scored: Scored,
}

/// Criteria, leads, shortlist, scorecard, availability, negotiation.
///
/// # Errors
/// When there are more combinations of venues than can be looked at.
pub fn research(desk: &mut Desk<'_>) -> Result<(), Vec<Fault>> {
    let criteria = criteria::criteria(desk);
    let found = search::search(desk, &criteria);
    let weights = score::weights(desk);
    let ranked = score::ranked(desk, &criteria, &found, &weights);
    let selection = combine::select(desk, &ranked)?;
    let sources = vec![desk.world.catalogue.venue_source.clone()];
    let rests_on = [Kind::EventBrief, Kind::Requirements];
    desk.publish(ME, criteria.clone(), &rests_on);
    desk.publish(ME, VenueLeads { sources, leads: found.leads.clone() }, &[Kind::VenueCriteria]);
    desk.publish(ME, shortlist(&ranked), &[Kind::VenueCriteria, Kind::VenueLeads]);
    let card = scorecard(desk, &criteria, &ranked, &weights, selection);
    desk.publish(ME, card, &[Kind::VenueShortlist]);
    let holds = VenueAvailability { venues: terms::availability(desk, &ranked) };
    desk.publish(ME, holds, &[Kind::VenueShortlist]);
    let notes = VenueNegotiationNotes { notes: terms::negotiation(desk, &ranked) };
    desk.publish(ME, notes, &[Kind::VenueScorecard]);
    ask_for_venue(desk);
    explain::explain(desk, &criteria, &found, &ranked);
    desk.trace(ME, &rests_on);
    Ok(())
}

fn shortlist(ranked: &[Fitting<'_>]) -> VenueShortlist {
    let candidate = |fitting: &Fitting<'_>| Candidate {
        venue_id: fitting.venue.id.clone(),
        venue_name: fitting.venue.name.clone(),
        location: format!("{}, {}", fitting.venue.district, fitting.venue.city),
        capacity: fitting.capacity,
        cost_estimate: fitting.cost,
        initial_score: crate::agent::rounded(fitting.scored.score()),
    };
    VenueShortlist { candidates: ranked.iter().map(candidate).collect() }
}

fn scorecard(
    desk: &Desk<'_>,
    criteria: &crate::artifact::VenueCriteria,
    ranked: &[Fitting<'_>],
    weights: &Weights,
    selection: Vec<SelectedVenue>,
) -> VenueScorecard {
    let score = |fitting: &Fitting<'_>| CandidateScore {
        venue_id: fitting.venue.id.clone(),
        scores: score::by_name(&fitting.scored, weights),
        // Not rounded: it is the sum of its weighted parts to the last digit.
        total: fitting.scored.score(),
    };
    let weight = |(criterion, points): (&crate::math::venue::Criterion, &u32)| CriterionWeight {
        criterion: score::name(*criterion).to_owned(),
        weight: f64::from(*points) / 10_000.0,
    };
    VenueScorecard {
        criteria_weights: weights.points().iter().map(weight).collect(),
        candidate_scores: ranked.iter().map(score).collect(),
        selection_rationale: explain::rationale(desk, ranked, &selection),
        sensitivity: score::sensitivity(desk, criteria, ranked, weights),
        selection,
    }
}

fn ask_for_venue(desk: &mut Desk<'_>) {
    let scope = desk.scope();
    let selection = &desk.read::<VenueScorecard>().selection;
    if selection.is_empty() {
        return;
    }
    let mut names: Vec<&str> = selection.iter().map(|venue| venue.venue_name.as_str()).collect();
    names.dedup();
    let total = total_cost(selection);
    let question = Question {
        kind: ApprovalKind::VenueSelection,
        item: None,
        question: format!("Book {} for {}?", names.join(" and "), total.shown(scope.currency)),
        amount: Some(total),
        consequences: vec!["the venue is booked and the other holds are released".to_owned()],
    };
    desk.ask(Kind::VenueScorecard, question);
}

/// What all selected venues cost: one that serves several functions is paid once.
pub(crate) fn total_cost(selection: &[SelectedVenue]) -> Amount {
    let mut seen = std::collections::BTreeSet::new();
    let once = selection.iter().filter(|venue| seen.insert(venue.venue_id.as_str()));
    once.map(|venue| venue.cost_estimate).sum()
}
