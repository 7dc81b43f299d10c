//! Several venues for one event: a main hall here, the breakout rooms there.
//!
//! Exact: every combination is looked at unless it cannot be better than what was found (branch and bound).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Error, Millionths, Minor, PERFECT};

/// Steps of the search: beyond, the lists are too long for an exact answer.
const STEPS_MAX: u64 = 2_000_000;

/// Something that needs room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Names it: `main_hall`.
    pub id: String,
    /// Seats that it needs.
    pub people: u32,
}

/// A venue's offer for a function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The venue. It may offer for several functions.
    pub venue: String,
    /// The function.
    pub function: String,
    /// Seats that it offers.
    pub capacity: u32,
    /// All-in cost.
    pub cost: Minor,
    /// Its score.
    pub score: Millionths,
}

/// A venue for each function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The venue by function.
    pub venues: BTreeMap<String, String>,
    /// What all cost.
    pub cost: Minor,
    /// The mean of their scores, rounded down.
    pub score: Millionths,
}

/// Chooses an offer for each function: least cost less what the scores are worth.
///
/// Among equals the first function by id gets what is best for it alone, then what costs less, then the first by id.
/// `worth` is what a perfect score of one function is worth in money. Two venues of a choice are at most
/// `minutes_max` of walking apart; pairs that are not listed are. None: no combination is possible.
pub fn choose_set(
    functions: &[Function],
    offers: &[Offer],
    walks: &BTreeMap<(String, String), u32>,
    (worth, minutes_max): (Minor, u32),
) -> Result<Option<Choice>, Error> {
    let mut functions: Vec<&Function> = functions.iter().collect();
    functions.sort_by(|one, other| one.id.cmp(&other.id));
    let lists = functions.iter().map(|function| fitting(function, offers, worth)).collect();
    let mut search = Search { lists, walks, minutes_max, worth, steps: 0, best: None };
    search.visit(&mut Vec::new(), 0);
    if search.steps > STEPS_MAX {
        return Err(Error::TooMany(STEPS_MAX));
    }
    let Some((_, chosen)) = search.best else { return Ok(None) };
    let count = i64::try_from(chosen.len().max(1)).unwrap_or(i64::MAX);
    Ok(Some(Choice {
        venues: chosen.iter().map(|it| (it.function.clone(), it.venue.clone())).collect(),
        cost: chosen.iter().map(|it| it.cost).sum(),
        score: chosen.iter().map(|it| it.score).sum::<i64>() / count,
    }))
}

/// The offers that are large enough, the best by themselves first.
fn fitting<'o>(function: &Function, offers: &'o [Offer], worth: Minor) -> Vec<&'o Offer> {
    let mut fitting: Vec<&Offer> = offers
        .iter()
        .filter(|offer| offer.function == function.id && offer.capacity >= function.people)
        .collect();
    fitting.sort_by(|one, other| {
        let key = |it: &Offer| (price(it, worth), it.cost);
        key(one).cmp(&key(other)).then_with(|| one.venue.cmp(&other.venue))
    });
    fitting
}

/// Cost less worth, in millionths of minor units.
fn price(offer: &Offer, worth: Minor) -> i128 {
    i128::from(offer.cost) * i128::from(PERFECT) - i128::from(worth) * i128::from(offer.score)
}

struct Search<'o> {
    lists: Vec<Vec<&'o Offer>>,
    walks: &'o BTreeMap<(String, String), u32>,
    minutes_max: u32,
    worth: Minor,
    steps: u64,
    best: Option<(i128, Vec<&'o Offer>)>,
}

impl<'o> Search<'o> {
    fn visit(&mut self, chosen: &mut Vec<&'o Offer>, so_far: i128) {
        self.steps += 1;
        if self.steps > STEPS_MAX || !self.may_be_better(chosen.len(), so_far) {
            return;
        }
        let Some(list) = self.lists.get(chosen.len()).cloned() else {
            self.best = Some((so_far, chosen.clone()));
            return;
        };
        for offer in list {
            if chosen.iter().all(|other| self.near(other, offer)) {
                chosen.push(offer);
                self.visit(chosen, so_far + price(offer, self.worth));
                chosen.pop();
            }
        }
    }

    /// Whether the cheapest of all that is left would still be better.
    fn may_be_better(&self, chosen: usize, so_far: i128) -> bool {
        let left = self.lists.iter().skip(chosen);
        let least: i128 =
            left.filter_map(|list| list.first()).map(|offer| price(offer, self.worth)).sum();
        self.best.as_ref().is_none_or(|(best, _)| so_far + least < *best)
    }

    fn near(&self, one: &Offer, other: &Offer) -> bool {
        let walk = |from: &Offer, to: &Offer| {
            self.walks.get(&(from.venue.clone(), to.venue.clone())).copied()
        };
        let minutes = walk(one, other).or_else(|| walk(other, one)).unwrap_or(0);
        one.venue == other.venue || minutes <= self.minutes_max
    }
}
