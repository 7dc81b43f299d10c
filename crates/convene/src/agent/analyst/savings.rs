//! What may be had for less, and which of it is taken so that the lines and the reserve fit the budget.

use std::collections::BTreeSet;

use super::{
    lines::{CATERING, Priced, least_price},
    reserve::{reserve, spending},
};
use crate::{
    agent::Desk,
    artifact::{Amount, Reserve, Saving},
    brief::Fault,
    math::budget::{self, Alternative},
};

/// Categories that guests notice: money saved there counts twice as a loss.
const NOTICED: [&str; 4] = [CATERING, "speakers", "av", "streaming"];
/// The points that a line saved whole loses, where guests do not notice.
const POINTS: f64 = 100.0;

/// A line that can be bought for less.
#[derive(Debug, Clone)]
struct Offer {
    /// The place of the line.
    at: usize,
    amount: Amount,
    loss: u32,
}

/// The lines as they are proposed.
#[derive(Debug)]
pub(super) struct Fit {
    pub(super) priced: Vec<Priced>,
    pub(super) reserve: Reserve,
    /// All lines at the usual prices.
    pub(super) first_estimate: Amount,
    /// What could be saved; taken is what had to be.
    pub(super) savings: Vec<Saving>,
    /// Other sets of savings that would have been enough, in words.
    pub(super) others: Vec<Other>,
    /// What is still missing; nothing when all fits.
    pub(super) gap: Amount,
}

/// A set of savings that was not taken.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) items: Vec<String>,
    pub(super) amount: Amount,
    pub(super) loss: u32,
}

/// Lines and reserve within the budget, by the savings that lose least; all of them when even that is not enough.
///
/// # Errors
/// When the reserve cannot be simulated.
pub(super) fn fit(desk: &Desk<'_>, priced: &[Priced]) -> Result<Fit, Vec<Fault>> {
    let scope = desk.scope();
    let budget = scope.budget;
    let offers = offers(desk, priced)?;
    let first_estimate = spending(desk, priced);
    let mut kept = reserve(desk, priced)?;
    let mut over = first_estimate.plus(kept.amount).minus(budget);
    let (mut taken, mut others, mut asked) = (BTreeSet::new(), Vec::new(), Amount::ZERO);
    let mut lines = priced.to_vec();
    while over > Amount::ZERO && taken.len() < offers.len() {
        // The reserve depends on what is taken: what is still missing then is asked for on top.
        asked = asked.plus(over);
        let found = budget::alternatives(&weighed(desk, &offers), asked.minor(scope.currency));
        (taken, others) = choice(desk, priced, &offers, &found);
        lines = with(desk, priced, &taken)?;
        kept = reserve(desk, &lines)?;
        over = spending(desk, &lines).plus(kept.amount).minus(budget);
    }
    Ok(Fit {
        savings: savings(desk, priced, &offers, &taken),
        priced: lines,
        reserve: kept,
        first_estimate,
        others,
        gap: over.max(Amount::ZERO),
    })
}

/// Every line that has a cheaper way, with what it saves and loses.
fn offers(desk: &Desk<'_>, priced: &[Priced]) -> Result<Vec<Offer>, Vec<Fault>> {
    let scope = desk.scope();
    let mut offers = Vec::new();
    for (at, priced) in priced.iter().enumerate().filter(|(_, line)| line.low_means.is_some()) {
        let amount = priced.total(scope).minus(priced.cheaper(scope)?.total(scope));
        if amount > Amount::ZERO {
            offers.push(Offer {
                at,
                amount,
                loss: loss(priced, amount.share_of(priced.total(scope))),
            });
        }
    }
    Ok(offers)
}

/// Points that saving a share of a line loses.
pub(super) fn loss(priced: &Priced, share: f64) -> u32 {
    let weight = if NOTICED.contains(&priced.line.category.as_str()) { 2.0 } else { 1.0 };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a hundred or two"
    )]
    let points = (share * POINTS * weight).ceil() as u32;
    points.max(1)
}

fn weighed(desk: &Desk<'_>, offers: &[Offer]) -> Vec<budget::Saving> {
    let saving = |offer: &Offer| budget::Saving {
        id: id(offer.at),
        amount: offer.amount.minor(desk.scope().currency),
        loss: offer.loss,
        source: Some(least_price(desk.scope())),
        must_have: false,
    };
    offers.iter().map(saving).collect()
}

/// Digits, so that order is the order of the lines.
fn id(at: usize) -> String {
    format!("{at:04}")
}

/// The best set as places of lines, the others in words; everything when no set is enough.
fn choice(
    desk: &Desk<'_>,
    priced: &[Priced],
    offers: &[Offer],
    found: &[Alternative],
) -> (BTreeSet<usize>, Vec<Other>) {
    let currency = desk.scope().currency;
    let Some((best, others)) = found.split_first() else {
        return (offers.iter().map(|offer| offer.at).collect(), Vec::new());
    };
    let places = |set: &Alternative| -> BTreeSet<usize> {
        offers.iter().map(|offer| offer.at).filter(|at| set.savings.contains(&id(*at))).collect()
    };
    let named = |set: &Alternative| Other {
        items: places(set).into_iter().filter_map(|at| item(priced, at)).collect(),
        amount: Amount::of(set.amount, currency),
        loss: set.loss,
    };
    (places(best), others.iter().map(named).collect())
}

fn item(priced: &[Priced], at: usize) -> Option<String> {
    priced.get(at).map(|priced| priced.line.item.clone())
}

fn with(
    desk: &Desk<'_>,
    priced: &[Priced],
    taken: &BTreeSet<usize>,
) -> Result<Vec<Priced>, Vec<Fault>> {
    let line = |(at, priced): (usize, &Priced)| {
        if taken.contains(&at) { priced.cheaper(desk.scope()) } else { Ok(priced.clone()) }
    };
    priced.iter().enumerate().map(line).collect()
}

/// What was taken first, then the largest.
fn savings(
    desk: &Desk<'_>,
    priced: &[Priced],
    offers: &[Offer],
    taken: &BTreeSet<usize>,
) -> Vec<Saving> {
    let saving = |offer: &Offer| {
        let priced = priced.get(offer.at)?;
        Some(Saving {
            item: priced.line.item.clone(),
            how: priced.low_means.clone()?,
            amount: offer.amount,
            source: least_price(desk.scope()),
            is_taken: taken.contains(&offer.at),
        })
    };
    let mut savings: Vec<Saving> = offers.iter().filter_map(saving).collect();
    savings.sort_by_key(|saving| std::cmp::Reverse((saving.is_taken, saving.amount)));
    savings
}
