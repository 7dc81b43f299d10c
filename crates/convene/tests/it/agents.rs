//! The Event Planner and the Venue Researcher on a meetup, a conference and a congress.

use std::collections::BTreeSet;

use convene::{
    agent::Facts,
    artifact::{
        DecisionLog, Dossier, Kind, RiskRegister, TaskRegister, TaskStatus, Timeline, VenueLeads,
        VenueScorecard, VenueShortlist, canonical,
    },
    gate::{self, Verdict},
    lifecycle::Phase,
};
use jiff::civil::Weekday;
use serde_json::json;

use crate::events::{CONFERENCE, CONGRESS, MEETUP, changed, planned, run, scope};

#[test]
fn every_gate_up_to_research_passes_but_for_the_people_who_must_approve() {
    for text in [MEETUP, CONFERENCE, CONGRESS] {
        let dossier = planned(text);
        for phase in [Phase::Initiate, Phase::Plan, Phase::Research] {
            for gate in gate::of_phase(&dossier, phase) {
                assert_ne!(gate.verdict, Verdict::Failed, "{gate:?}");
            }
        }
        assert!(dossier.broken_references().is_empty());
    }
}

#[test]
fn tasks_lie_on_working_days_within_the_usual_lead_and_the_deadline_holds() {
    for (text, weeks) in [(MEETUP, 8), (CONFERENCE, 20), (CONGRESS, 36)] {
        let (scope, dossier) = (scope(text), planned(text));
        let (event, tasks) = (scope.dates.start.date(), dossier.get::<TaskRegister>().unwrap());
        for task in tasks.tasks.iter().filter(|task| !task.id.ends_with("-event")) {
            for day in [task.start_date, task.end_date] {
                assert!(!matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday), "{task:?}");
            }
            assert!((event - task.start_date).get_days() <= weeks * 7, "{task:?}");
        }
        let timeline = dossier.get::<Timeline>().unwrap();
        assert!(timeline.slack_days >= 0 && timeline.forecast.on_time > 0.5, "{timeline:?}");
    }
}

#[test]
fn the_critical_path_has_the_slack_of_the_whole_and_the_parts_of_a_score_sum_to_it() {
    let dossier = planned(CONFERENCE);
    let (timeline, tasks) =
        (dossier.get::<Timeline>().unwrap(), dossier.get::<TaskRegister>().unwrap());
    let critical: BTreeSet<&str> =
        tasks.tasks.iter().filter(|task| task.is_critical).map(|task| task.id.as_str()).collect();
    assert!(timeline.critical_path.iter().all(|id| critical.contains(id.as_str())));
    assert!(critical.len() < tasks.tasks.len());
    let card = dossier.get::<VenueScorecard>().unwrap();
    for score in &card.candidate_scores {
        let parts = card.criteria_weights.iter().map(|it| it.weight * score.scores[&it.criterion]);
        assert!((parts.sum::<f64>() - score.total).abs() < 1e-9, "{score:?}");
    }
}

#[test]
fn a_congress_gets_a_house_of_its_own_for_the_exhibition_within_the_range() {
    let card = planned(CONGRESS).get::<VenueScorecard>().unwrap().clone();
    let house = |function: &str| {
        card.selection.iter().find(|it| it.function == function).unwrap().venue_id.clone()
    };
    assert_eq!(house("main"), house("breakout"));
    assert_ne!(house("main"), house("expo"));
    assert!(card.sensitivity.iter().all(|line| !line.is_empty()) && !card.sensitivity.is_empty());
}

#[test]
fn the_same_brief_seed_and_day_give_the_same_bytes() {
    for text in [MEETUP, CONGRESS] {
        let bytes = |dossier: &Dossier| -> Vec<String> {
            dossier.artifacts().map(|artifact| canonical(&artifact.value())).collect()
        };
        assert_eq!(bytes(&planned(text)), bytes(&planned(text)));
    }
}

#[test]
fn tasks_that_wait_for_each_other_are_refused() {
    let task = |key: &str, after: &str| json!({ "key": key, "title": key, "owner": "event-planner", "days": 2, "after": [after] });
    let tasks = json!([task("posters", "flyers"), task("flyers", "posters")]);
    let faults = run(&changed(MEETUP, "tasks", tasks), &Facts::default(), None).unwrap_err();
    assert_eq!(faults[0].pointer, "/tasks");
    assert!(faults[0].message.contains("posters"), "{faults:?}");
}

#[test]
fn dates_that_are_too_near_show_how_much_is_missing() {
    let near = json!({ "start": "2026-11-11", "end": "2026-11-13" });
    let dossier = planned(&changed(CONGRESS, "date_range", near));
    let timeline = dossier.get::<Timeline>().unwrap();
    assert!(timeline.slack_days < 0 && timeline.forecast.on_time < 0.05, "{timeline:?}");
}

#[test]
fn no_venue_in_range_is_said_with_a_reason_for_each() {
    let poor = json!({ "total": 500, "currency": "USD", "venue_maximum": 1 });
    let dossier = planned(&changed(MEETUP, "budget", poor));
    assert!(dossier.get::<VenueShortlist>().unwrap().candidates.is_empty());
    let leads = &dossier.get::<VenueLeads>().unwrap().leads;
    assert!(leads.iter().all(|lead| lead.excluded_because.is_some()) && leads.len() >= 5);
    let gates = gate::of_phase(&dossier, Phase::Research);
    assert!(gates.iter().any(|gate| gate.verdict == Verdict::Failed));
}

#[test]
fn a_lost_venue_is_replaced_and_what_it_does_not_touch_keeps_its_revision() {
    let before = planned(CONFERENCE);
    let lost = before.get::<VenueScorecard>().unwrap().selection[0].venue_id.clone();
    let facts = Facts { lost_venues: BTreeSet::from([lost.clone()]), ..Facts::default() };
    let after = run(CONFERENCE, &facts, Some(&before)).unwrap();
    assert_ne!(after.get::<VenueScorecard>().unwrap().selection[0].venue_id, lost);
    let revision = |kind: Kind| after.find(kind).unwrap().header.revision;
    assert_eq!((revision(Kind::VenueScorecard), revision(Kind::Timeline)), (2, 1));
    assert_eq!(after.get::<RiskRegister>(), before.get::<RiskRegister>());
    let decided = |dossier: &Dossier| dossier.get::<DecisionLog>().unwrap().decisions.clone();
    let known = decided(&before).len();
    let all = decided(&after);
    let new: BTreeSet<&str> = all[known..].iter().map(|it| it.decision_type.as_str()).collect();
    assert!(new.contains("venue_selection"), "{new:?}");
}

#[test]
fn a_slip_moves_what_waits_for_it_and_keeps_what_is_done() {
    let before = planned(CONFERENCE);
    let register = before.get::<TaskRegister>().unwrap();
    let find = |tasks: &TaskRegister, key: &str| {
        tasks.tasks.iter().find(|task| task.id.ends_with(key)).unwrap().clone()
    };
    let brief = find(register, "-brief");
    let facts = Facts {
        as_of: Some(find(register, "-venue-search").start_date),
        done: [("brief".to_owned(), (brief.start_date, brief.end_date))].into(),
        slips: [("venue-search".to_owned(), 5)].into(),
        ..Facts::default()
    };
    let after = run(CONFERENCE, &facts, Some(&before)).unwrap();
    let tasks = after.get::<TaskRegister>().unwrap();
    let done = find(tasks, "-brief");
    assert_eq!((done.start_date, done.status), (brief.start_date, TaskStatus::Completed));
    let (then, now) = (find(register, "-venue-booking"), find(tasks, "-venue-booking"));
    assert!(now.start_date > then.start_date, "{then:?} {now:?}");
}
