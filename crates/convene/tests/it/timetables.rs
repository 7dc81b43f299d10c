//! Sessions find room and time, and where they cannot, it is told what is short.

use std::collections::BTreeSet;

use convene::math::timetable::{
    self, Away, Block, Effort, Error, Instance, Room, Session, Shortage, Timetable, Walk, Weights,
};
use proptest::prelude::*;

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn room(id: &str, capacity: u32) -> Room {
    Room {
        id: id.to_owned(),
        capacity,
        venue: String::new(),
        equipment: BTreeSet::new(),
        closed: Vec::new(),
    }
}

fn session(id: &str, audience: u32) -> Session {
    Session { id: id.to_owned(), slots: 1, audience, ..Session::default() }
}

/// Half hours in a morning of four and an afternoon of four.
fn instance(rooms: Vec<Room>, sessions: Vec<Session>) -> Instance {
    Instance {
        slot_minutes: 30,
        blocks: vec![Block { start: 540, slots: 4 }, Block { start: 780, slots: 4 }],
        rooms,
        sessions,
        walks: Vec::new(),
        away: Vec::new(),
        movable: std::collections::BTreeMap::new(),
        weights: Weights::default(),
    }
}

fn solved(instance: &Instance) -> Timetable {
    let found = timetable::solve(instance, Effort::default(), 1).unwrap();
    assert_eq!(timetable::check(instance, &found.placed), Vec::<String>::new());
    found
}

fn shortage(instance: &Instance) -> Shortage {
    let refusal = timetable::solve(instance, Effort::default(), 1).unwrap_err();
    let Error::Short(shortages) = refusal else { return unexpected(&refusal) };
    shortages[0].clone()
}

/// A refusal that counts nothing, as one that no test expects.
fn unexpected(refusal: &Error) -> Shortage {
    Shortage::Equipment { session: refusal.to_string(), needs: Vec::new() }
}

/// The minute at which a session begins.
fn start(found: &Timetable, session: &str) -> i64 {
    found.placed.iter().find(|it| it.session == session).unwrap().start
}

#[test]
fn each_session_gets_the_room_that_it_fills_best() {
    let rooms = vec![room("large", 100), room("small", 30)];
    let found = solved(&instance(rooms, vec![session("keynote", 100), session("workshop", 30)]));
    let of: Vec<&str> = found.placed.iter().map(|it| it.room.as_str()).collect();
    assert_eq!((of, found.cost), (vec!["large", "small"], 0));
    assert!(found.gap.abs() < f64::EPSILON, "proven to be the best");
}

#[test]
fn nothing_takes_place_beside_a_plenary_and_a_speaker_is_in_one_place() {
    let plenary = Session { plenary: true, slots: 4, ..session("opening", 50) };
    let by_ada = |id| Session { people: names(&["Ada"]), ..session(id, 50) };
    let sessions = vec![plenary, by_ada("a"), by_ada("b"), by_ada("c"), by_ada("d")];
    let found = solved(&instance(vec![room("one", 50), room("two", 50)], sessions));
    let starts: BTreeSet<i64> = ["a", "b", "c", "d"].iter().map(|id| start(&found, id)).collect();
    assert_eq!(starts.len(), 4);
    assert_eq!(
        found.placed.iter().filter(|it| it.start < 780).count() % 4,
        1 - usize::from(start(&found, "opening") == 780)
    );
}

#[test]
fn a_way_between_venues_and_an_absence_are_kept() {
    let mut rooms = vec![room("arena", 50), room("loft", 20)];
    rooms[0].venue = "Arena".to_owned();
    rooms[1].venue = "Loft".to_owned();
    let ada = |id, room: &str| Session {
        people: names(&["Ada"]),
        room: Some(room.to_owned()),
        ..session(id, 10)
    };
    let mut instance = instance(rooms, vec![ada("talk", "arena"), ada("table", "loft")]);
    instance.walks = vec![Walk { between: ("Loft".to_owned(), "Arena".to_owned()), minutes: 40 }];
    instance.away = vec![Away { person: "Ada".to_owned(), from: 780, to: 2_000 }];
    let found = solved(&instance);
    assert!((start(&found, "talk") - start(&found, "table")).abs() >= 90, "{found:?}");
}

#[test]
fn order_lengths_and_things_that_move_are_kept() {
    let long = Session { slots: 3, ..session("lab", 10) };
    let after = Session { after: names(&["lab"]), ..session("review", 10) };
    let filmed = |id| Session { movable: [("camera".to_owned(), 1)].into(), ..session(id, 10) };
    let sessions = vec![long, after, filmed("a"), filmed("b")];
    let mut instance = instance(vec![room("one", 10), room("two", 10)], sessions);
    instance.movable = [("camera".to_owned(), 1)].into();
    let found = solved(&instance);
    assert!(start(&found, "review") >= start(&found, "lab") + 90);
    assert_ne!(start(&found, "a"), start(&found, "b"));
}

#[test]
fn a_track_is_not_parallel_to_itself_when_there_is_time() {
    let of = |id| Session { track: Some("rust".to_owned()), ..session(id, 10) };
    let found = solved(&instance(
        vec![room("one", 10), room("two", 10)],
        ["a", "b", "c", "d"].map(of).to_vec(),
    ));
    let starts: BTreeSet<i64> = found.placed.iter().map(|it| it.start).collect();
    assert_eq!((starts.len(), found.cost), (4, 0));
}

#[test]
fn what_was_decided_stays() {
    let fixed = Session { room: Some("two".to_owned()), start: Some(840), ..session("fixed", 5) };
    let found = solved(&instance(vec![room("one", 5), room("two", 50)], vec![fixed]));
    assert_eq!((found.placed[0].room.as_str(), found.placed[0].start), ("two", 840));
}

#[test]
fn too_many_sessions_are_counted() {
    let sessions = (0..17).map(|at| session(&format!("s{at:02}"), 10)).collect();
    let told = shortage(&instance(vec![room("one", 10), room("two", 10)], sessions));
    assert_eq!(
        told.to_string(),
        "17 sessions need 17 slots in one, two, which have 16: short by 1"
    );
}

#[test]
fn large_sessions_are_counted_against_the_large_room() {
    let sessions = (0..9).map(|at| session(&format!("s{at}"), 80)).collect();
    let told = shortage(&instance(vec![room("large", 100), room("small", 10)], sessions));
    assert_eq!(told.to_string(), "9 sessions need 9 slots in large, which have 8: short by 1");
}

#[test]
fn what_is_short_for_one_session_or_person_is_told() {
    let rooms = || vec![room("one", 40)];
    for (session, text) in [
        (
            session("gala", 90),
            "session gala needs 90 seats, the largest suitable room has 40: short by 50",
        ),
        (
            Session { needs: names(&["stage"]), ..session("play", 9) },
            "session play needs a room with stage, and none has that",
        ),
        (
            Session { slots: 5, ..session("course", 9) },
            "session course (5 slots) finds no time at which a room is open and its people are there",
        ),
    ] {
        assert_eq!(shortage(&instance(rooms(), vec![session])).to_string(), text);
    }
    let ada = |at| Session { people: names(&["Ada"]), ..session(&format!("s{at}"), 9) };
    let mut busy = instance(vec![room("one", 9), room("two", 9)], (0..5).map(ada).collect());
    busy.away = vec![Away { person: "Ada".to_owned(), from: 780, to: 900 }];
    assert_eq!(
        shortage(&busy).to_string(),
        "Ada is in sessions of 5 slots and is there for 4: short by 1"
    );
}

#[test]
fn what_counting_does_not_see_is_proven_by_trying() {
    // Each pair of three shares a speaker who is there in two slots only: three sessions, two slots.
    let of = |id, people: [&str; 2]| Session { people: names(&people), ..session(id, 9) };
    let sessions = vec![of("x", ["Ada", "Bob"]), of("y", ["Bob", "Cy"]), of("z", ["Cy", "Ada"])];
    let mut instance = instance(vec![room("one", 9), room("two", 9), room("three", 9)], sessions);
    instance.away = ["Ada", "Bob", "Cy"]
        .map(|it| Away { person: it.to_owned(), from: 600, to: 2_000 })
        .to_vec();
    let refusal = timetable::solve(&instance, Effort::default(), 1).unwrap_err();
    assert!(matches!(refusal, Error::Impossible { least: 1, .. }), "{refusal}");
    assert!(refusal.to_string().contains("at least 1 of the sessions find no place"), "{refusal}");
    let quick = Effort { nodes: 0, ejections: 50, ..Effort::default() };
    let refusal = timetable::solve(&instance, quick, 1).unwrap_err().to_string();
    assert!(refusal.contains("none was proven impossible"), "{refusal}");
}

#[test]
fn a_question_that_makes_no_sense_is_refused() {
    let one = || vec![room("one", 9)];
    let cycle = |id, after: &str| Session { after: names(&[after]), ..session(id, 9) };
    for (instance, text) in [
        (
            instance(one(), vec![session("a", 1), session("a", 2)]),
            "two sessions have the id a: ids are unique",
        ),
        (
            instance(one(), vec![Session { slots: 0, ..session("a", 1) }]),
            "session a has no length: give it at least one slot",
        ),
        (
            instance(one(), vec![cycle("a", "b"), cycle("b", "a")]),
            "tasks wait for each other: a → b → a: remove one link of each",
        ),
        (instance(one(), vec![cycle("a", "x")]), "session a comes after x, which is no session"),
        (
            Instance { slot_minutes: 0, ..instance(one(), Vec::new()) },
            "a slot lasts 1 to 1440 minutes, not 0",
        ),
    ] {
        let refusal = timetable::solve(&instance, Effort::default(), 1).unwrap_err();
        assert_eq!(refusal.to_string(), text);
    }
}

#[test]
fn the_check_sees_a_plan_that_was_spoilt() {
    let by_ada = |id| Session { people: names(&["Ada"]), ..session(id, 9) };
    let instance = instance(vec![room("one", 9), room("two", 9)], vec![by_ada("a"), by_ada("b")]);
    let mut placed = solved(&instance).placed;
    (placed[1].start, placed[1].end) = (placed[0].start, placed[0].end);
    placed[1].room = if placed[0].room == "one" { "two" } else { "one" }.to_owned();
    assert_eq!(timetable::check(&instance, &placed), ["a and b: somebody is in both"]);
    placed.pop();
    assert_eq!(timetable::check(&instance, &placed), ["b is not placed"]);
}

prop_compose! {
    fn any_sessions()(
        all in proptest::collection::vec((1_u32..60, 1_u32..3, 0_usize..6, 0_usize..3), 1..10),
    ) -> Vec<Session> {
        let of = |(at, (audience, slots, person, track)): (usize, &(u32, u32, usize, usize))| Session {
            slots: *slots,
            people: names(&[&format!("p{person}")]),
            track: Some(format!("t{track}")),
            ..session(&format!("s{at}"), *audience)
        };
        all.iter().enumerate().map(of).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_order_of_the_lists_changes_nothing(
        (sessions, shuffled) in any_sessions().prop_flat_map(|it| (Just(it.clone()), Just(it).prop_shuffle())),
        seed in 0_u64..1_000,
    ) {
        let rooms = vec![room("a", 60), room("b", 40), room("c", 40)];
        let one = instance(rooms.clone(), sessions);
        let mut other = instance(rooms.into_iter().rev().collect(), shuffled);
        other.blocks.reverse();
        let found = timetable::solve(&one, Effort::default(), seed);
        prop_assert_eq!(&found, &timetable::solve(&other, Effort::default(), seed));
        if let Ok(found) = found {
            prop_assert_eq!(timetable::check(&one, &found.placed), Vec::<String>::new());
            prop_assert!(found.lower_bound <= found.cost);
        }
    }
}
