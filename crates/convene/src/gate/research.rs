//! Is there a venue, and is known why this one?

use std::collections::BTreeSet;

use super::Findings;
use crate::artifact::{
    Amount, CANCELLED, CandidateScore, Content, Dossier, EventBrief, Kind, VenueCriteria,
    VenueLeads, VenueScorecard, VenueShortlist,
};

/// Fewer candidates are no choice.
const CANDIDATES_MIN: usize = 3;
/// What decimal fractions lose in floating point, and no more.
const TOLERANCE: f64 = 1e-6;

/// Criteria hold the audience, and at least three venues meet them.
pub(super) fn shortlist(dossier: &Dossier, findings: &mut Findings) {
    let Some(criteria) = findings.need::<VenueCriteria>(dossier) else { return };
    ranges(dossier, criteria, findings);
    let Some(shortlist) = findings.need::<VenueShortlist>(dossier) else { return };
    if shortlist.candidates.len() + lost(dossier, shortlist) < CANDIDATES_MIN {
        let found = format!("has {} candidates", shortlist.candidates.len());
        let remedy =
            format!("find {CANDIDATES_MIN}: widen the range of cost, the districts or the dates");
        findings.broken("candidates", (Kind::VenueShortlist, "/candidates"), found, remedy);
    }
    for (at, candidate) in shortlist.candidates.iter().enumerate() {
        if candidate.capacity < criteria.min_capacity {
            let found = format!("{} holds {}", candidate.venue_name, candidate.capacity);
            let remedy = format!("take venues for {} and more", criteria.min_capacity);
            findings.broken(
                "capacity",
                (Kind::VenueShortlist, format!("/candidates/{at}/capacity")),
                found,
                remedy,
            );
        }
        let (least, most) = (criteria.budget_range_min, criteria.budget_range_max);
        if !(least..=most).contains(&candidate.cost_estimate) {
            let found = format!("{} costs {}", candidate.venue_name, candidate.cost_estimate);
            let remedy = format!("take venues for {least} to {most}");
            findings.broken(
                "cost",
                (Kind::VenueShortlist, format!("/candidates/{at}/cost_estimate")),
                found,
                remedy,
            );
        }
    }
}

/// Venues that were compared and then lost: the choice was among them, too. None when nothing is left to choose.
fn lost(dossier: &Dossier, shortlist: &VenueShortlist) -> usize {
    let leads = dossier.get::<VenueLeads>().map(|leads| leads.leads.as_slice()).unwrap_or_default();
    let cancelled = leads.iter().filter(|it| it.excluded_because.as_deref() == Some(CANCELLED));
    let earlier =
        dossier.history().iter().filter_map(|artifact| VenueShortlist::of(&artifact.body));
    let compared: BTreeSet<&str> =
        earlier.flat_map(|old| &old.candidates).map(|venue| venue.venue_id.as_str()).collect();
    if shortlist.candidates.is_empty() {
        return 0;
    }
    cancelled.filter(|lead| compared.contains(lead.venue_id.as_str())).count()
}

fn ranges(dossier: &Dossier, criteria: &VenueCriteria, findings: &mut Findings) {
    if let Some(brief) = dossier.get::<EventBrief>()
        && criteria.max_capacity < brief.audience_size
    {
        let found = format!("at most {} people, of {}", criteria.max_capacity, brief.audience_size);
        findings.broken(
            "audience",
            (Kind::VenueCriteria, "/max_capacity"),
            found,
            "make room for the audience",
        );
    }
    if criteria.max_capacity < criteria.min_capacity {
        let found = format!("{} to {}", criteria.min_capacity, criteria.max_capacity);
        findings.broken(
            "capacity",
            (Kind::VenueCriteria, "/max_capacity"),
            found,
            "let the most be above the least",
        );
    }
    if criteria.budget_range_max < criteria.budget_range_min
        || criteria.budget_range_max <= Amount::ZERO
    {
        let found = format!("{} to {}", criteria.budget_range_min, criteria.budget_range_max);
        findings.broken(
            "cost",
            (Kind::VenueCriteria, "/budget_range_max"),
            found,
            "let the most be above the least",
        );
    }
}

/// Weights sum to one, every candidate is scored on every criterion, and the choice is explained.
pub(super) fn scorecard(dossier: &Dossier, findings: &mut Findings) {
    let Some(card) = findings.need::<VenueScorecard>(dossier) else { return };
    let sum: f64 = card.criteria_weights.iter().map(|criterion| criterion.weight).sum();
    if (sum - 1.0).abs() > TOLERANCE {
        let found = format!("the weights sum to {sum:.4}");
        findings.broken(
            "weights",
            (Kind::VenueScorecard, "/criteria_weights"),
            found,
            "let them sum to 1",
        );
    }
    for (at, score) in card.candidate_scores.iter().enumerate() {
        scored(card, at, score, findings);
    }
    unscored(dossier, card, findings);
    selection(dossier, card, findings);
}

fn scored(card: &VenueScorecard, at: usize, score: &CandidateScore, findings: &mut Findings) {
    let pointer = format!("/candidate_scores/{at}");
    for criterion in &card.criteria_weights {
        if !score.scores.contains_key(&criterion.criterion) {
            let found = format!("`{}` has no score for {}", score.venue_id, criterion.criterion);
            let remedy = "score every candidate on every criterion";
            findings.broken("scores", (Kind::VenueScorecard, pointer.clone()), found, remedy);
        }
    }
    let of = |criterion: &str| score.scores.get(criterion).copied().unwrap_or_default();
    let total: f64 = card
        .criteria_weights
        .iter()
        .map(|criterion| criterion.weight * of(&criterion.criterion))
        .sum();
    if (total - score.total).abs() > TOLERANCE {
        let found =
            format!("`{}` has {:.6}, its scores give {total:.6}", score.venue_id, score.total);
        findings.broken(
            "totals",
            (Kind::VenueScorecard, format!("{pointer}/total")),
            found,
            "weigh the scores again",
        );
    }
}

fn unscored(dossier: &Dossier, card: &VenueScorecard, findings: &mut Findings) {
    let Some(shortlist) = dossier.get::<VenueShortlist>() else { return };
    let scored: BTreeSet<&str> =
        card.candidate_scores.iter().map(|score| score.venue_id.as_str()).collect();
    for candidate in shortlist.candidates.iter().filter(|c| !scored.contains(c.venue_id.as_str())) {
        let found = format!("`{}` is on the shortlist and not scored", candidate.venue_id);
        let remedy = "score every candidate on every criterion";
        findings.broken("scores", (Kind::VenueScorecard, "/candidate_scores"), found, remedy);
    }
}

fn selection(dossier: &Dossier, card: &VenueScorecard, findings: &mut Findings) {
    if card.selection.is_empty() {
        findings.broken(
            "selection",
            (Kind::VenueScorecard, "/selection"),
            "no venue is proposed",
            "propose one",
        );
    }
    if card.selection_rationale.trim().is_empty() {
        let pointer = "/selection_rationale";
        findings.broken(
            "rationale",
            (Kind::VenueScorecard, pointer),
            "is empty",
            "say why, with figures",
        );
    }
    let Some(shortlist) = dossier.get::<VenueShortlist>() else { return };
    let listed: BTreeSet<&str> = shortlist.candidates.iter().map(|c| c.venue_id.as_str()).collect();
    for (at, venue) in
        card.selection.iter().enumerate().filter(|(_, v)| !listed.contains(v.venue_id.as_str()))
    {
        let found = format!("`{}` is not on the shortlist", venue.venue_id);
        let remedy = "propose a venue of the shortlist";
        findings.broken(
            "selection",
            (Kind::VenueScorecard, format!("/selection/{at}")),
            found,
            remedy,
        );
    }
}
