//! Dates and floats of random networks, by longest paths and day by day.

use std::collections::BTreeMap;

use convene::math::{
    cpm::{self, Anchor, Kind, Lag, Link, Network, Task, Times},
    grid::Grid,
};
use rand::{Rng, RngExt as _};
use serde::{Deserialize, Serialize};

use super::{ask, random};

/// Days of the calendars that are tried.
const DAYS: usize = 2_000;
/// The first day of plans with days off: there are days before it, for work that is due too early.
const FIRST: i64 = 800;

#[derive(Serialize)]
struct Question {
    tasks: Vec<Task>,
    links: Vec<Link>,
    start: i64,
    deadline: Option<i64>,
    /// The worked days of each calendar; none when all are.
    worked: Vec<Vec<bool>>,
}

#[derive(Deserialize)]
struct Answer {
    finish: i64,
    /// ES, EF, LS, LF, total float, free float.
    tasks: BTreeMap<String, [i64; 6]>,
}

fn question(random: &mut impl Rng, size: usize, has_days_off: bool) -> Question {
    let start = if has_days_off { FIRST } else { random.random_range(-50..50) };
    let worked = if has_days_off { vec![days(random), days(random)] } else { Vec::new() };
    let tasks: Vec<Task> = (0..size)
        .map(|at| Task {
            id: format!("t{at:03}"),
            duration: random.random_range(0..12),
            calendar: if has_days_off { random.random_range(0..2) } else { 0 },
            not_before: random.random_bool(0.1).then(|| start + random.random_range(-10..40)),
            due: random.random_bool(0.1).then(|| start + random.random_range(20..120)),
        })
        .collect();
    let links = (1..size).flat_map(|to| links(random, to)).collect();
    let deadline = random.random_bool(0.5).then(|| start + random.random_range(10..200));
    Question { tasks, links, start, deadline, worked }
}

/// Up to three links from earlier tasks, of all kinds.
fn links(random: &mut impl Rng, to: usize) -> Vec<Link> {
    (0..random.random_range(0..4))
        .map(|_| {
            let units = random.random_range(-4..7);
            Link {
                from: format!("t{:03}", random.random_range(0..to)),
                to: format!("t{to:03}"),
                kind: [Kind::FS, Kind::FS, Kind::SS, Kind::FF, Kind::SF][random.random_range(0..5)],
                lag: if random.random_bool(0.7) { Lag::Work(units) } else { Lag::Elapsed(units) },
            }
        })
        .collect()
}

fn days(random: &mut impl Rng) -> Vec<bool> {
    let week: Vec<bool> = (0..7).map(|day| day == 0 || random.random_bool(0.7)).collect();
    (0..DAYS).map(|day| week[day % 7] && !random.random_bool(0.03)).collect()
}

fn figures(times: &Times) -> [i64; 6] {
    [
        times.earliest_start,
        times.earliest_finish,
        times.latest_start,
        times.latest_finish,
        times.total_float,
        times.free_float,
    ]
}

fn compare(about: &str, questions: &[Question]) {
    let answers: Vec<Answer> = ask("networks.py", about, &questions);
    assert_eq!(answers.len(), questions.len());
    for (number, (question, answer)) in questions.iter().zip(answers).enumerate() {
        let grids = question.worked.iter().map(|days| Grid::new(days)).collect();
        let network = Network::new(question.tasks.clone(), &question.links, grids).unwrap();
        let anchor = match (question.start, question.deadline) {
            (start, None) => Anchor::Start(start),
            (start, Some(deadline)) => Anchor::Between { start, deadline },
        };
        let plan = cpm::schedule(&network, anchor).unwrap();
        assert_eq!(plan.finish, answer.finish, "the finish of network {number}");
        for times in &plan.tasks {
            let id = &times.id;
            assert_eq!(figures(times), answer.tasks[id], "{id} of network {number}");
        }
        assert_eq!(plan.tasks.len(), answer.tasks.len());
    }
}

#[test]
fn a_thousand_networks_are_planned_as_by_longest_paths() {
    let mut random = random(1);
    let questions: Vec<Question> =
        (0..1_000).map(|at| question(&mut random, 2 + at % 60, false)).collect();
    compare("longest-paths", &questions);
}

#[test]
fn two_hundred_networks_with_days_off_are_planned_as_day_by_day() {
    let mut random = random(2);
    let questions: Vec<Question> =
        (0..200).map(|at| question(&mut random, 2 + at % 20, true)).collect();
    compare("days-off", &questions);
}
