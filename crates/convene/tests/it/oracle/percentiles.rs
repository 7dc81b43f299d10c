//! Percentiles beside those of another generator with many more runs.

use std::collections::BTreeMap;

use convene::math::{
    cpm::{Link, Network, Task},
    risk::Estimate,
    simulate::{self, CostItem, Outcome, Setup, Shape, Threat},
};
use rand::{Rng, RngExt as _};
use serde::{Deserialize, Serialize};

use super::{ask, random};

/// By how many standard errors of their difference two estimates may differ: one of 16,000 does by chance.
const ERRORS_MAX: f64 = 4.0;
const RUNS: u32 = 2_000;

#[derive(Serialize)]
struct Question {
    seed: u64,
    shape: Shape,
    what: What,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    Costs { items: Vec<CostItem>, threats: Vec<Threat> },
    Lengths { estimates: BTreeMap<String, Estimate>, links: Vec<(String, String)> },
}

#[derive(Debug, Deserialize)]
struct Answer {
    /// Value and standard error.
    mean: (f64, f64),
    percentiles: [(f64, f64); 3],
}

fn estimate(random: &mut impl Rng) -> Estimate {
    let optimistic = random.random_range(100.0..1_000.0);
    let likely = optimistic + random.random_range(0.0..500.0);
    Estimate { optimistic, likely, pessimistic: likely + random.random_range(1.0..900.0) }
}

fn costs(random: &mut impl Rng) -> What {
    let item = |at, estimate| CostItem { id: format!("i{at}"), estimate };
    let threat = |at, probability, loss| Threat { id: format!("t{at}"), probability, loss };
    let items = (0..random.random_range(1..8)).map(|at| item(at, estimate(random))).collect();
    let threats = (0..random.random_range(0..4))
        .map(|at| threat(at, random.random_range(0.05..0.85), estimate(random)))
        .collect();
    What::Costs { items, threats }
}

fn lengths(random: &mut impl Rng) -> What {
    let count = random.random_range(3..15);
    let links =
        (1..count).map(|to| (format!("t{:02}", random.random_range(0..to)), format!("t{to:02}")));
    let links = links.collect();
    let estimates = (0..count).map(|at| (format!("t{at:02}"), estimate(random))).collect();
    What::Lengths { estimates, links }
}

fn simulated(question: &Question) -> Outcome {
    let setup = Setup { seed: question.seed, runs: RUNS, shape: question.shape };
    match &question.what {
        What::Costs { items, threats } => simulate::costs(items, threats, None, setup).unwrap(),
        What::Lengths { estimates, links } => {
            let task = |id: &String| Task {
                id: id.clone(),
                duration: 0,
                calendar: 0,
                not_before: None,
                due: None,
            };
            let links: Vec<Link> = links.iter().map(|(from, to)| Link::after(from, to)).collect();
            let network =
                Network::new(estimates.keys().map(task).collect(), &links, Vec::new()).unwrap();
            simulate::durations(&network, estimates, (0, None), setup).unwrap()
        }
    }
}

#[test]
fn percentiles_are_within_four_standard_errors_of_another_simulation() {
    let mut random = random(6);
    let questions: Vec<Question> = (0..200)
        .map(|seed| Question {
            seed,
            shape: if seed % 3 == 0 { Shape::Triangular } else { Shape::Pert },
            what: if seed % 2 == 0 { costs(&mut random) } else { lengths(&mut random) },
        })
        .collect();
    let answers: Vec<Answer> = ask("percentiles.py", "percentiles", &questions);
    assert_eq!(answers.len(), questions.len());
    for (question, answer) in questions.iter().zip(answers) {
        let outcome = simulated(question);
        for (ours, theirs) in [outcome.p50, outcome.p80, outcome.p90].iter().zip(answer.percentiles)
        {
            let error = ours.error.hypot(theirs.1);
            let apart = (ours.value - theirs.0).abs();
            assert!(
                apart <= ERRORS_MAX * error,
                "seed {}: {ours:?}, numpy {theirs:?}",
                question.seed
            );
        }
        // Four errors of our mean: numpy's is smaller by the root of the ratio of the runs.
        let error = answer.mean.1 * (40_000.0 / f64::from(RUNS)).sqrt();
        let apart = (outcome.mean - answer.mean.0).abs();
        assert!(
            apart <= ERRORS_MAX * error.hypot(answer.mean.1),
            "seed {}: {}",
            question.seed,
            outcome.mean
        );
    }
}
