//! Who is ruled out, who wins, by how much, and what would have to change.

use std::collections::{BTreeMap, BTreeSet};

use convene::math::venue::{
    self, Candidate, Criterion, Error, Function, KnockOut, Offer, PERFECT, Wanted, Weights,
};
use jiff::civil::date;
use proptest::prelude::*;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn wanted() -> Wanted {
    Wanted {
        capacity: 200,
        budget_min: 1_000_000,
        budget_max: 2_000_000,
        amenities: set(&["projector", "catering"]),
        accessibility: set(&["step_free"]),
        dates: BTreeSet::from([date(2027, 3, 12), date(2027, 3, 19)]),
        metres_max: 5_000,
    }
}

fn candidate(id: &str, cost: i64) -> Candidate {
    Candidate {
        id: id.to_owned(),
        capacity: 240,
        cost,
        amenities: set(&["projector", "catering"]),
        accessibility: set(&["step_free"]),
        free: wanted().dates,
        metres: 0,
    }
}

fn weights(points: [u32; 5]) -> Weights {
    Weights::new(Criterion::ALL.into_iter().zip(points).collect()).unwrap()
}

fn even() -> Weights {
    weights([2_000; 5])
}

#[test]
fn a_venue_is_ruled_out_for_every_reason_at_once() {
    let it = Candidate {
        capacity: 150,
        accessibility: BTreeSet::new(),
        free: BTreeSet::new(),
        ..candidate("Cellar", 2_500_000)
    };
    let reasons = venue::knocked_out(&wanted(), &it);
    let missing = set(&["step_free"]).into_iter().collect();
    assert_eq!(
        reasons,
        [
            KnockOut::Capacity { needed: 200, there: 150 },
            KnockOut::Cost { cost: 2_500_000, most: 2_000_000 },
            KnockOut::Accessibility { missing },
            KnockOut::Dates,
        ]
    );
    assert_eq!(reasons[0].to_string(), "150 seats, 200 needed: short by 50");
    assert!(venue::scorecard(&wanted(), &[it], &even()).is_empty());
}

#[test]
fn utilities_are_anchored_in_what_is_wanted() {
    let of = |criterion, it: &Candidate| venue::utility(criterion, &wanted(), it);
    for (cost, utility) in [(500_000, PERFECT), (1_500_000, PERFECT / 2), (2_000_000, 0)] {
        assert_eq!(of(Criterion::Cost, &candidate("a", cost)), utility);
    }
    for (capacity, utility) in
        [(199, 0), (200, PERFECT), (250, PERFECT), (325, 750_000), (400, 500_000), (9_000, 500_000)]
    {
        assert_eq!(
            of(Criterion::Capacity, &Candidate { capacity, ..candidate("a", 0) }),
            utility,
            "{capacity}"
        );
    }
    let far = Candidate {
        metres: 4_000,
        amenities: set(&["catering"]),
        free: BTreeSet::from([date(2027, 3, 19)]),
        ..candidate("a", 0)
    };
    assert_eq!(of(Criterion::Distance, &far), 200_000);
    assert_eq!(of(Criterion::Amenities, &far), 500_000);
    assert_eq!(of(Criterion::Availability, &far), 500_000);
}

#[test]
fn the_best_comes_first_and_ties_go_to_the_cheaper_then_by_id() {
    let cheap_and_far = Candidate { metres: 5_000, ..candidate("Barn", 1_000_000) };
    let near_and_dear = candidate("Hall", 2_000_000);
    let also = candidate("Forum", 2_000_000);
    let card = venue::scorecard(&wanted(), &[near_and_dear, also, cheap_and_far], &even());
    let order: Vec<&str> = card.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(order, ["Barn", "Forum", "Hall"]);
    assert!(card.iter().all(|it| it.total == card[0].total));
    assert!((card[0].score() - 0.8).abs() < 1e-12);
}

#[test]
fn the_change_of_a_weight_that_is_told_makes_the_rival_win() {
    let candidates =
        [candidate("Hall", 1_800_000), Candidate { metres: 3_000, ..candidate("Barn", 1_200_000) }];
    let card = |points| venue::scorecard(&wanted(), &candidates, &weights(points));
    let now = [1_000, 1_000, 1_000, 6_000, 1_000];
    let told = venue::sensitivity(&wanted(), &card(now), &weights(now)).unwrap();
    assert_eq!(
        told.text(),
        "Hall stays first unless the weight of cost rises by 30.0 points; then Barn wins"
    );
    // With 40 % for cost the others have two thirds of what they had: 40 % for distance.
    let first = |points| card(points)[0].id.clone();
    assert_eq!(first([3_997, 667, 667, 4_002, 667]), "Hall");
    assert_eq!(first([4_003, 666, 666, 3_999, 666]), "Barn");
}

#[test]
fn the_cost_at_which_a_rival_wins_is_the_highest() {
    let candidates = [candidate("Hall", 1_200_000), candidate("Barn", 1_400_000)];
    let card = venue::scorecard(&wanted(), &candidates, &even());
    let told = venue::sensitivity(&wanted(), &card, &even()).unwrap();
    let (rival, cost) = told.costs_to_win[0].clone();
    let winner_at = |cost| {
        let candidates = [candidates[0].clone(), candidate(&rival, cost)];
        venue::scorecard(&wanted(), &candidates, &even())[0].id.clone()
    };
    assert_eq!((winner_at(cost - 1).as_str(), winner_at(cost + 1).as_str()), ("Barn", "Hall"));
}

#[test]
fn a_winner_by_everything_stays_first() {
    let worse = Candidate { metres: 100, ..candidate("Barn", 1_400_000) };
    let card = venue::scorecard(&wanted(), &[worse, candidate("Hall", 1_200_000)], &even());
    let told = venue::sensitivity(&wanted(), &card, &even()).unwrap();
    assert_eq!(told.text(), "Hall stays first whatever single weight changes");
    assert!(venue::sensitivity(&wanted(), &[], &even()).is_none());
}

#[test]
fn a_tie_is_called_one_and_whom_no_weight_makes_better_never_wins() {
    let told = |rival: Candidate| {
        let card = venue::scorecard(&wanted(), &[rival, candidate("Hall", 1_000_000)], &even());
        venue::sensitivity(&wanted(), &card, &even()).unwrap()
    };
    // Without cost they would score the same, and Hall would still be first.
    assert_eq!(told(candidate("Inn", 1_050_000)).flips, []);
    let far = Candidate { metres: 5_000, ..candidate("Barn", 1_000_000) };
    let card = [candidate("Hall", 2_000_000), far];
    let card = venue::scorecard(&wanted(), &card, &even());
    assert_eq!(
        venue::sensitivity(&wanted(), &card, &even()).unwrap().text(),
        "Barn and Hall score the same: the cheaper is first, then the first by name"
    );
}

#[test]
fn weights_sum_to_one_or_are_refused() {
    let third = BTreeMap::from([
        (Criterion::Cost, 1.0 / 3.0),
        (Criterion::Capacity, 1.0 / 3.0),
        (Criterion::Distance, 1.0 / 3.0),
    ]);
    let points: Vec<u32> =
        Weights::from_shares(&third).unwrap().points().values().copied().collect();
    assert_eq!(points, [3_334, 3_333, 3_333]);
    let off = BTreeMap::from([(Criterion::Cost, 0.5), (Criterion::Capacity, 0.4)]);
    assert_eq!(Weights::from_shares(&off), Err(Error::Sum(0.9)));
    let refusal = Weights::from_shares(&BTreeMap::from([(Criterion::Cost, -1.0)])).unwrap_err();
    assert_eq!(refusal.to_string(), "the weight -1 is no share: it lies between 0 and 1");
    assert_eq!(Weights::from_ranks(&[]), Err(Error::None));
    let ranked = Weights::from_ranks(&[Criterion::Distance, Criterion::Cost]).unwrap();
    assert_eq!(
        ranked.points(),
        &BTreeMap::from([(Criterion::Cost, 2_500), (Criterion::Distance, 7_500)])
    );
}

fn function(id: &str, people: u32) -> Function {
    Function { id: id.to_owned(), people }
}

fn offer(venue: &str, function: &str, capacity: u32, cost: i64, score: i64) -> Offer {
    Offer { venue: venue.to_owned(), function: function.to_owned(), capacity, cost, score }
}

#[test]
fn several_venues_are_chosen_together_within_walking_distance() {
    let functions = [function("main_hall", 800), function("breakout", 120)];
    let offers = [
        offer("Arena", "main_hall", 900, 80_000, 800_000),
        offer("Arena", "breakout", 150, 30_000, 600_000),
        offer("Loft", "breakout", 130, 10_000, 900_000),
        offer("Annex", "breakout", 120, 12_000, 700_000),
        offer("Booth", "breakout", 20, 10, PERFECT),
    ];
    let walks = BTreeMap::from([(("Loft".to_owned(), "Arena".to_owned()), 25)]);
    let chosen = |minutes_max| {
        venue::choose_set(&functions, &offers, &walks, (1_000, minutes_max)).unwrap().unwrap()
    };
    assert_eq!(chosen(30).venues["breakout"], "Loft");
    assert_eq!(chosen(20).venues["breakout"], "Annex");
    assert_eq!((chosen(20).cost, chosen(20).score), (92_000, 750_000));
    let none = venue::choose_set(&[function("main_hall", 5_000)], &offers, &walks, (0, 20));
    assert_eq!(none, Ok(None));
}

#[test]
fn a_better_score_is_worth_what_was_said() {
    let offers =
        [offer("Plain", "dinner", 50, 1_000, 500_000), offer("Fine", "dinner", 50, 1_400, 900_000)];
    let chosen = |worth| {
        let choice =
            venue::choose_set(&[function("dinner", 50)], &offers, &BTreeMap::new(), (worth, 0));
        choice.unwrap().unwrap().venues["dinner"].clone()
    };
    assert_eq!((chosen(999).as_str(), chosen(1_001).as_str()), ("Plain", "Fine"));
}

prop_compose! {
    fn any_candidate()(
        id in "[a-f]{6}", capacity in 100_u32..600, cost in 0_i64..2_500_000, metres in 0_u32..8_000, free in 0_usize..3,
    ) -> Candidate {
        let free = wanted().dates.into_iter().take(free).collect();
        Candidate { capacity, metres, free, ..candidate(&id, cost) }
    }
}

proptest! {
    #[test]
    fn order_and_newcomers_change_nobodys_score(
        (candidates, shuffled) in proptest::collection::vec(any_candidate(), 1..12)
            .prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle())),
        newcomer in any_candidate(),
    ) {
        let card = venue::scorecard(&wanted(), &candidates, &even());
        prop_assert_eq!(&card, &venue::scorecard(&wanted(), &shuffled, &even()));
        let all = [shuffled, vec![newcomer.clone()]].concat();
        let with = venue::scorecard(&wanted(), &all, &even());
        let old: Vec<_> = with.into_iter().filter(|it| *it != venue::score(&wanted(), &newcomer, &even())).collect();
        let expected: Vec<_> = card.into_iter().filter(|it| *it != venue::score(&wanted(), &newcomer, &even())).collect();
        prop_assert_eq!(old, expected);
    }

    #[test]
    fn shares_of_one_become_basis_points_of_one(parts in proptest::collection::vec(1_u32..1_000, 5)) {
        let sum: f64 = parts.iter().copied().map(f64::from).sum();
        let shares = Criterion::ALL.into_iter().zip(parts.iter().map(|part| f64::from(*part) / sum)).collect();
        let weights = Weights::from_shares(&shares).unwrap();
        prop_assert_eq!(weights.points().values().sum::<u32>(), 10_000);
    }
}
