//! Lines, variances, earned value, and what to give up when money is short.

use std::collections::BTreeMap;

use convene::math::budget::{self, Amounts, Light, Line, Quantity, Saving};
use proptest::prelude::*;

fn line(quantity: Quantity, unit_cost: i64) -> Line {
    Line {
        category: "catering".to_owned(),
        item: "dinner".to_owned(),
        quantity,
        unit_cost,
        service: 1_800,
        tax: 800,
    }
}

#[test]
fn a_line_is_price_then_service_then_tax_on_both() {
    let amounts = budget::line(&line(Quantity::PerHead(2), 1_250), 40).unwrap();
    assert_eq!(amounts, Amounts { net: 100_000, service: 18_000, tax: 9_440, total: 127_440 });
    let fixed = budget::line(&line(Quantity::Fixed(1), 50_000), 40).unwrap();
    assert_eq!(fixed, budget::line(&line(Quantity::Fixed(1), 50_000), 4_000).unwrap());
}

#[test]
fn a_sum_too_large_for_money_is_refused() {
    assert!(budget::line(&line(Quantity::PerHead(u64::MAX), 1), 2).is_err());
    assert!(budget::line(&line(Quantity::Fixed(u64::MAX), i64::MAX), 1).is_err());
}

#[test]
fn a_price_pays_for_the_hall_from_so_many_guests_on() {
    assert_eq!(budget::break_even(100_000, 3_000, 2_000), Some(100));
    assert_eq!(budget::break_even(100_001, 3_000, 2_000), Some(101));
    assert_eq!(budget::break_even(100_000, 2_000, 2_000), None);
}

#[test]
fn variance_is_green_to_five_percent_amber_to_ten_then_red() {
    for (forecast, points, light) in [
        (80_000, -2_000, Light::Green),
        (105_000, 500, Light::Green),
        (105_001, 501, Light::Amber),
        (110_000, 1_000, Light::Amber),
        (110_001, 1_001, Light::Red),
    ] {
        let variance = budget::variance(100_000, forecast);
        assert_eq!((variance.basis_points, variance.light), (Some(points), light), "{forecast}");
    }
    let unplanned = budget::variances(&BTreeMap::new(), &BTreeMap::from([("fines".to_owned(), 1)]));
    assert_eq!((unplanned["fines"].basis_points, unplanned["fines"].light), (None, Light::Red));
}

#[test]
fn earned_value_is_that_of_the_textbook() {
    // PMBOK's example: half done of what should be 60 % done, for 55 % of the money.
    let it = budget::earned_value(100_000, 60_000, 50_000, 55_000);
    assert_eq!((it.cost_variance, it.schedule_variance), (-5_000, -10_000));
    let near = |value: Option<f64>, expected: f64| (value.unwrap() - expected).abs() < 1e-9;
    assert!(near(it.cost_index, 50.0 / 55.0) && near(it.schedule_index, 50.0 / 60.0));
    assert!(near(it.estimate_at_completion, 110_000.0) && near(it.to_complete_index, 50.0 / 45.0));
    assert_eq!(budget::earned_value(100, 0, 0, 0).cost_index, None);
}

fn saving(id: &str, amount: i64, loss: u32) -> Saving {
    Saving { id: id.to_owned(), amount, loss, source: Some("quote".to_owned()), must_have: false }
}

#[test]
fn the_gap_is_closed_by_what_is_missed_least() {
    let savings = [
        saving("buffet", 3_000, 2),
        saving("no_band", 5_000, 9),
        saving("print_less", 2_000, 1),
        Saving { must_have: true, ..saving("no_ramp", 9_000, 0) },
    ];
    let found = budget::alternatives(&savings, 5_000);
    let told: Vec<(i64, u32)> = found.iter().map(|it| (it.amount, it.loss)).collect();
    assert_eq!(found[0].savings, ["buffet", "print_less"]);
    assert_eq!(told, [(5_000, 3), (7_000, 10), (8_000, 11)]);
    assert!(budget::alternatives(&savings, 10_001).is_empty());
}

#[test]
fn only_savings_with_a_source_count_as_found() {
    let guess = Saving { source: None, ..saving("guess", 900, 0) };
    assert_eq!(budget::savings_found(10_000, &[saving("quote", 1_000, 0), guess]), Ok(0.1));
    assert_eq!(budget::savings_found(0, &[]), Ok(0.0));
}

proptest! {
    #[test]
    fn alternatives_are_those_of_trying_everything(
        options in proptest::collection::vec((1_i64..50, 0_u32..12), 0..9), gap in 1_i64..150,
    ) {
        let savings: Vec<Saving> =
            options.iter().enumerate().map(|(at, (amount, loss))| saving(&format!("s{at}"), *amount, *loss)).collect();
        let least = (0_u32..1 << savings.len()).filter_map(|chosen| {
            let of = |what: fn(&Saving) -> i64| -> i64 {
                savings.iter().enumerate().filter(|(at, _)| chosen >> at & 1 == 1).map(|(_, it)| what(it)).sum()
            };
            (of(|it| it.amount) >= gap).then(|| of(|it| i64::from(it.loss)))
        }).min();
        let found = budget::alternatives(&savings, gap);
        prop_assert_eq!(found.first().map(|it| i64::from(it.loss)), least);
        let shuffled: Vec<Saving> = savings.into_iter().rev().collect();
        prop_assert_eq!(budget::alternatives(&shuffled, gap), found);
    }

    #[test]
    fn categories_sum_to_the_total(costs in proptest::collection::vec((0_usize..4, 0_i64..1_000_000), 0..20), heads in 0_u64..900) {
        let lines: Vec<Line> = costs.iter().map(|(category, cost)| {
            Line { category: format!("c{category}"), ..line(Quantity::PerHead(1), *cost) }
        }).collect();
        let all = budget::costs(&lines, heads).unwrap();
        prop_assert_eq!(all.total, all.lines.iter().map(|it| it.total).sum::<i64>());
        prop_assert_eq!(all.total, all.categories.values().sum::<i64>());
    }
}
