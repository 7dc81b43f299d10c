//! Risks, estimates, simulations, metrics and triggers.

use std::collections::BTreeMap;

use convene::{
    brief::Level,
    math::{
        cpm::{Link, Network, Task},
        metric::{self, Basis, Name, Verdict},
        risk::{self, Error, Estimate, Step},
        seed,
        simulate::{self, CostItem, Setup, Shape, Threat},
        trigger::{self, Comparison, Memory, Reading, Trigger},
    },
};

const SETUP: Setup = Setup { seed: 7, runs: 2_000, shape: Shape::Pert };

fn task(id: &str, duration: i64) -> Task {
    Task { id: id.to_owned(), duration, calendar: 0, not_before: None, due: None }
}

fn estimate(optimistic: f64, likely: f64, pessimistic: f64) -> Estimate {
    Estimate::new(optimistic, likely, pessimistic).unwrap()
}

#[test]
fn a_rating_is_probability_times_impact() {
    assert_eq!(risk::rating(Step::Low, Step::High), risk::NEEDS_MITIGATION);
    assert_eq!(risk::rating(Step::VeryHigh, Step::Medium), risk::BLOCKS);
    assert_eq!(risk::expected_loss(Step::Medium, 1_000_000), Ok(350_000));
    assert!((risk::adequacy(500, 10_000, 11_000) - 0.5).abs() < 1e-12);
    assert!((risk::adequacy(0, 10_000, 9_000) - 1.0).abs() < 1e-12);
}

#[test]
fn a_chain_ends_in_time_with_the_chance_of_the_normal_distribution() {
    // Mean 4 + 16 = 20, deviations 1 and √3: one deviation (2) later is Φ(1) = 0.8413.
    let root = 3.0_f64.sqrt() * 3.0;
    let chain = [estimate(1.0, 4.0, 7.0), estimate(16.0 - root, 16.0, 16.0 + root)];
    assert!((risk::chance_within(&chain, 22.0) - 0.841_344_746).abs() < 1e-9);
    assert!((risk::chance_within(&[estimate(3.0, 3.0, 3.0)], 3.0) - 1.0).abs() < 1e-12);
}

#[test]
fn estimates_out_of_order_are_refused() {
    assert!(matches!(Estimate::new(3.0, 2.0, 4.0), Err(Error::NotInOrder(_))));
    assert!(matches!(Estimate::new(1.0, f64::NAN, 4.0), Err(Error::NotInOrder(_))));
    let network = Network::new(vec![task("a", 1)], &[], Vec::new()).unwrap();
    let estimates = BTreeMap::from([("z".to_owned(), estimate(1.0, 2.0, 3.0))]);
    let refusal = simulate::durations(&network, &estimates, (0, None), SETUP).unwrap_err();
    assert_eq!(refusal.to_string(), "there is an estimate for z, which is no task");
    let runs = Setup { runs: 1, ..SETUP };
    assert_eq!(simulate::costs(&[], &[], None, runs), Err(Error::BadRuns(1)));
}

#[test]
fn two_chains_that_merge_are_later_than_one_alone_would_be() {
    let tasks = vec![task("left", 10), task("right", 10), task("end", 0)];
    let links = [Link::after("left", "end"), Link::after("right", "end")];
    let network = Network::new(tasks, &links, Vec::new()).unwrap();
    let wide = estimate(5.0, 10.0, 30.0);
    let estimates = BTreeMap::from([("left".to_owned(), wide), ("right".to_owned(), wide)]);
    let outcome = simulate::durations(&network, &estimates, (100, Some(112)), SETUP).unwrap();
    let (within, alone) = (outcome.within.unwrap(), risk::chance_within(&[wide], 12.0));
    assert!(within < alone - 0.1, "{within} of both, {alone} of one");
    assert!(outcome.p50.value <= outcome.p80.value && outcome.p80.value <= outcome.p90.value);
    let shares = [&outcome.criticality["left"], &outcome.criticality["right"]];
    assert!(shares.iter().all(|share| (0.4..0.7).contains(*share)), "{shares:?}");
    assert_eq!(
        simulate::durations(&network, &estimates, (100, Some(112)), SETUP).unwrap(),
        outcome
    );
    let other =
        simulate::durations(&network, &estimates, (100, None), Setup { seed: 8, ..SETUP }).unwrap();
    assert!((other.mean - outcome.mean).abs() > 0.0);
}

#[test]
fn a_certain_loss_is_added_and_an_impossible_one_is_not() {
    let sure = estimate(1_000.0, 1_000.0, 1_000.0);
    let items = [CostItem { id: "hall".to_owned(), estimate: sure }];
    let threat = |probability| [Threat { id: "rain".to_owned(), probability, loss: sure }];
    for (probability, sum) in [(0.0, 1_000.0), (1.0, 2_000.0)] {
        let outcome = simulate::costs(&items, &threat(probability), Some(1_500), SETUP).unwrap();
        assert!((outcome.p90.value - sum).abs() < 1e-9 && outcome.p90.error.abs() < 1e-9);
        assert_eq!(outcome.within, Some(2.0 - sum / 1_000.0));
    }
    let refusal = simulate::costs(&items, &threat(1.5), None, SETUP).unwrap_err();
    assert_eq!(refusal.to_string(), "1.5 is no probability: it lies between 0 and 1");
}

#[test]
fn seeds_tell_questions_apart() {
    assert_eq!(seed::of(&["evt", "costs"]), seed::of(&["evt", "costs"]));
    assert_ne!(seed::of(&["evt", "costs"]), seed::of(&["evtc", "osts"]));
}

#[test]
fn a_metric_says_nothing_where_there_is_nothing_to_say() {
    let verdict = |name, level, basis, value| metric::judge(name, level, basis, value).verdict;
    let (beginner, advanced) = (Level::Beginner, Level::Advanced);
    let slip = Name::TimelineSlippage;
    assert_eq!(verdict(slip, beginner, Basis::Projected, Some(0.1)), Verdict::Pass);
    assert_eq!(verdict(slip, beginner, Basis::Projected, Some(0.11)), Verdict::Fail);
    assert_eq!(verdict(slip, beginner, Basis::Projected, None), Verdict::NotApplicable);
    assert_eq!(
        verdict(Name::ContingencyEffectiveness, Level::Intermediate, Basis::Actual, Some(0.0)),
        Verdict::NotApplicable
    );
    let survey = |basis| {
        verdict(Name::StakeholderSatisfaction, advanced, basis, metric::satisfaction(&[4, 4, 5]))
    };
    assert_eq!(
        (survey(Basis::Projected), survey(Basis::Actual)),
        (Verdict::NotApplicable, Verdict::Pass)
    );
}

#[test]
fn metrics_are_what_their_formulas_say() {
    let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-12;
    assert!(near(metric::slippage(0, 50, 55), 0.1) && near(metric::slippage(0, 50, 40), 0.0));
    assert!(near(metric::budget_fit(&[100, 200, 300, 400], 300), 0.75));
    assert!(near(metric::budget_variance(1_000, 950), 0.05));
    assert!(near(metric::incident_resolution(&[(0, 600), (0, 900)]), 15.0));
    assert!(near(metric::utilisation_balance(&[0.5, 0.5]), 1.0));
    assert!(near(metric::utilisation_balance(&[0.2, 0.6]), 0.5));
    let risks = [(8, true), (25, false), (7, false)]
        .map(|(rating, complete)| metric::Covered { rating, complete });
    assert!(near(metric::risk_coverage(&risks), 0.5));
    for none in [
        metric::slippage(5, 5, 6),
        metric::shortlist_quality(&[]),
        metric::utilisation_balance(&[]),
        metric::on_time(0, 0),
    ] {
        assert_eq!(none, None);
    }
}

fn registrations() -> Trigger {
    Trigger {
        id: "few".to_owned(),
        signal: "registrations".to_owned(),
        comparison: Comparison::Below,
        threshold: 0.6,
        hold_seconds: 60,
        cooldown_seconds: 600,
        scenario: "promote".to_owned(),
    }
}

/// The seconds at which it fires for these readings.
fn fired(readings: &[(i64, f64)]) -> Vec<i64> {
    let mut memory = Memory::default();
    let reading = |(at, value)| Reading {
        signal: "registrations".to_owned(),
        cause: "gala".to_owned(),
        value,
        at,
    };
    let firings = readings.iter().copied().filter_map(|it| {
        let (next, firing) = trigger::observe(&registrations(), memory, &reading(it));
        memory = next;
        firing
    });
    firings.map(|firing| firing.at).collect()
}

#[test]
fn a_trigger_fires_once_when_the_signal_has_stayed_low_for_long_enough() {
    assert_eq!(fired(&[(0, 0.5), (59, 0.5), (60, 0.5), (61, 0.5), (2_000, 0.5)]), [60]);
    assert_eq!(fired(&[(0, 0.5), (30, 0.7), (60, 0.5), (119, 0.5)]), [0_i64; 0]);
    assert_eq!(fired(&[(0, 0.6), (100, 0.6)]), [0_i64; 0], "0.6 is not below 0.6");
}

#[test]
fn a_trigger_rests_before_it_fires_for_the_same_cause_again() {
    assert_eq!(
        fired(&[(0, 0.5), (60, 0.5), (70, 0.9), (80, 0.5), (200, 0.5), (660, 0.5)]),
        [60, 660]
    );
    assert_eq!(
        fired(&[(100, 0.5), (160, 0.5), (20, 0.9), (170, 0.5)]),
        [160],
        "an old reading changes nothing"
    );
}
