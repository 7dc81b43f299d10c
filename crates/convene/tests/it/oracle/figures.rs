//! Scores, sensitivity and sums, to the last unit.

use std::collections::{BTreeMap, BTreeSet};

use convene::math::{
    budget::{self, Line, Quantity},
    money,
    venue::{self, Candidate, Criterion, Wanted, Weights},
};
use jiff::{
    ToSpan as _,
    civil::{Date, date},
};
use rand::{Rng, RngExt as _};
use serde::{Deserialize, Serialize};

use super::{ask, random};

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Question {
    Venues { wanted: Wanted, candidates: Vec<Candidate>, weights: BTreeMap<Criterion, u32> },
    Shares { total: i64, shares: Vec<u64> },
    Line { quantity: u64, unit_cost: i64, service: u32, tax: u32 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Venues(Card),
    Shares(Vec<i64>),
    /// Net, service, tax.
    Line([i64; 3]),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Card {
    scores: Vec<(String, i64)>,
    /// Points as the bits of the double, so that not even its last digit may differ.
    flips: Vec<(u64, Criterion, String)>,
    costs: Vec<(String, i64)>,
}

fn some(random: &mut impl Rng, names: &[&str], chance: f64) -> BTreeSet<String> {
    names.iter().filter(|_| random.random_bool(chance)).map(|name| (*name).to_owned()).collect()
}

fn dates(random: &mut impl Rng, chance: f64) -> BTreeSet<Date> {
    let first = date(2027, 3, 1);
    (0..4).filter(|_| random.random_bool(chance)).map(|day| first + day.days()).collect()
}

fn venues(random: &mut impl Rng) -> Question {
    let budget_min = random.random_range(0..150);
    let wanted = Wanted {
        capacity: random.random_range(1..300),
        budget_min,
        budget_max: budget_min + random.random_range(0..400),
        amenities: some(random, &["a", "b", "c"], 0.6),
        accessibility: some(random, &["step_free"], 0.5),
        dates: dates(random, 0.5).into_iter().chain([date(2027, 3, 1)]).collect(),
        metres_max: random.random_range(0..5_000),
    };
    let candidates =
        (0..random.random_range(0..8)).map(|at| candidate(random, at, &wanted)).collect();
    let parts: Vec<u64> = (0..5).map(|_| random.random_range(0..5)).collect();
    let parts = if parts.iter().sum::<u64>() == 0 { vec![1; 5] } else { parts };
    let points =
        money::allocate(10_000, &parts).unwrap().into_iter().map(|it| u32::try_from(it).unwrap());
    Question::Venues {
        wanted,
        candidates,
        weights: Criterion::ALL.into_iter().zip(points).collect(),
    }
}

fn candidate(random: &mut impl Rng, at: usize, wanted: &Wanted) -> Candidate {
    Candidate {
        id: format!("v{at}"),
        capacity: wanted.capacity * random.random_range(95..260) / 100,
        cost: (wanted.budget_max * random.random_range(40..104) / 100).max(0),
        amenities: some(random, &["a", "b", "c", "d"], 0.7),
        accessibility: some(random, &["step_free"], 0.9),
        free: dates(random, 0.8),
        metres: random.random_range(0..6_000),
    }
}

fn answer(question: &Question) -> Answer {
    match question {
        Question::Venues { wanted, candidates, weights } => {
            let weights = Weights::new(weights.clone()).unwrap();
            Answer::Venues(card(wanted, candidates, &weights))
        }
        Question::Shares { total, shares } => {
            Answer::Shares(money::allocate(*total, shares).unwrap())
        }
        Question::Line { quantity, unit_cost, service, tax } => {
            let line = Line {
                category: String::new(),
                item: String::new(),
                quantity: Quantity::Fixed(*quantity),
                unit_cost: *unit_cost,
                service: *service,
                tax: *tax,
            };
            let amounts = budget::line(&line, 1).unwrap();
            Answer::Line([amounts.net, amounts.service, amounts.tax])
        }
    }
}

fn card(wanted: &Wanted, candidates: &[Candidate], weights: &Weights) -> Card {
    let scored = venue::scorecard(wanted, candidates, weights);
    let sensitivity = venue::sensitivity(wanted, &scored, weights);
    let (flips, costs) = sensitivity.map(|it| (it.flips, it.costs_to_win)).unwrap_or_default();
    Card {
        scores: scored.into_iter().map(|it| (it.id, it.total)).collect(),
        flips: flips.into_iter().map(|it| (it.points.to_bits(), it.criterion, it.rival)).collect(),
        costs,
    }
}

#[test]
fn scores_sensitivity_shares_and_lines_are_those_of_fractions() {
    let mut random = random(5);
    let mut questions: Vec<Question> = (0..1_000).map(|_| venues(&mut random)).collect();
    questions.extend((0..1_000).map(|at| Question::Shares {
        total: random.random_range(-1_000_000..1_000_000_000),
        shares: (0..=at % 30).map(|_| random.random_range(0..1_000)).chain([1]).collect(),
    }));
    questions.extend((0..1_000).map(|_| Question::Line {
        quantity: random.random_range(0..1_000),
        unit_cost: random.random_range(0..10_000_000),
        service: random.random_range(0..3_000),
        tax: random.random_range(0..3_000),
    }));
    let answers: Vec<Answer> = ask("figures.py", "figures", &questions);
    assert_eq!(answers.len(), questions.len());
    let mut flips = 0;
    for (number, (question, expected)) in questions.iter().zip(answers).enumerate() {
        if let Answer::Venues(card) = &expected {
            flips += card.flips.len();
        }
        assert_eq!(
            answer(question),
            expected,
            "{number}: {}",
            serde_json::to_string(question).unwrap()
        );
    }
    assert!(flips > 1_000, "{flips} flips: make venues that compete");
}
