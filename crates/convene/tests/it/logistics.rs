//! The Logistics Coordinator on a meetup, a conference and a congress, and where there are too few rooms.

use std::collections::BTreeSet;

use convene::{
    agent::Facts,
    artifact::{
        Amount, ApprovalKind, ContingencyPlan, ContractStatus, CostModel, DecisionLog, Dossier,
        Kind, LogisticsPlan, MetricKind, MetricVerdict, ResourceKind, ResourceRoster, RiskRegister,
        RunBook, ScenarioStatus, Schedule, TaskRegister, VendorContracts, canonical,
    },
    gate::{self, Verdict},
    lifecycle::{self, Phase},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::events::{CONFERENCE, CONGRESS, MEETUP, changed, planned, run, scope};

fn approved(mut dossier: Dossier) -> Dossier {
    for approval in &mut dossier.approvals {
        approval.status = convene::approval::ApprovalStatus::Approved;
    }
    dossier
}

fn decisions<'a>(dossier: &'a Dossier, kind: &str) -> Vec<&'a convene::artifact::Decision> {
    let log = dossier.get::<DecisionLog>().unwrap();
    log.decisions.iter().filter(|decision| decision.decision_type == kind).collect()
}

#[test]
fn every_gate_up_to_confirm_waits_for_people_alone_and_opens_when_they_say_yes() {
    for text in [MEETUP, CONFERENCE, CONGRESS] {
        let dossier = planned(text);
        let until_confirm = |dossier: &Dossier| {
            gate::all(dossier)
                .into_iter()
                .filter(|gate| gate.phase <= Phase::Confirm)
                .collect::<Vec<_>>()
        };
        let waiting: BTreeSet<&str> = until_confirm(&dossier)
            .iter()
            .filter(|gate| gate.verdict == Verdict::Blocked)
            .map(|gate| gate.name)
            .collect();
        assert_eq!(waiting, BTreeSet::from(["budget-decision", "approvals"]));
        let dossier = approved(dossier);
        let closed: Vec<_> = until_confirm(&dossier)
            .into_iter()
            .filter(|gate| gate.verdict != Verdict::Passed)
            .collect();
        assert!(closed.is_empty(), "{closed:?}");
        assert_eq!(lifecycle::furthest(&dossier).0, Phase::Confirm);
        assert!(lifecycle::transition(&dossier, Phase::Confirm, Phase::Execute).is_ok());
        assert!(dossier.broken_references().is_empty() && dossier.artifacts().count() >= 24);
    }
}

#[test]
fn a_meetup_has_three_workflows_three_sessions_and_what_they_need() {
    let dossier = planned(MEETUP);
    let plan = dossier.get::<LogisticsPlan>().unwrap();
    let names: Vec<&str> = plan.workflows.iter().map(|it| it.workflow.as_str()).collect();
    assert_eq!(names, ["registration", "talk", "networking"]);
    let schedule = dossier.get::<Schedule>().unwrap();
    let titles: Vec<&str> = schedule.sessions.iter().map(|it| it.title.as_str()).collect();
    assert_eq!(titles, ["Arrival and registration", "Talk", "Networking"]);
    assert_eq!(schedule.optimality_gap, Some(0.0));
    let roster = dossier.get::<ResourceRoster>().unwrap();
    let ids: Vec<&str> = roster.resources.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["av-room", "chairs", "host-01", "space-room", "tables"]);
    assert!(dossier.get::<VendorContracts>().unwrap().contracts.is_empty());
    let asked: Vec<ApprovalKind> = dossier.approvals.iter().map(|it| it.kind).collect();
    assert_eq!(asked, [ApprovalKind::VenueSelection, ApprovalKind::BudgetDecision]);
}

#[test]
fn parallel_sessions_hold_the_audience_between_plenaries_and_breaks() {
    for (text, tracks) in [(CONFERENCE, 3), (CONGRESS, 6)] {
        let (scope, dossier) = (scope(text), planned(text));
        let sessions = &dossier.get::<Schedule>().unwrap().sessions;
        assert!(sessions.len() > 20);
        for session in sessions.iter().filter(|it| it.track.starts_with("Track")) {
            let beside: Vec<_> = sessions
                .iter()
                .filter(|it| it.start == session.start && it.track.starts_with("Track"))
                .collect();
            let seats: u32 = beside.iter().map(|it| it.audience).sum();
            assert!(beside.len() == tracks && seats >= scope.audience, "{session:?}");
        }
        let plenaries = sessions.iter().filter(|it| it.track == "Plenary");
        assert!(
            plenaries.clone().count() >= 4
                && plenaries.clone().all(|it| it.audience == scope.audience)
        );
        let book = dossier.get::<RunBook>().unwrap();
        let lunches = book.entries.iter().filter(|it| it.what == "Lunch");
        assert_eq!(lunches.clone().count(), 3);
        for lunch in lunches {
            let end = lunch.at.saturating_add(jiff::Span::new().minutes(i64::from(lunch.minutes)));
            let within = |it: &&convene::artifact::Session| {
                it.track != "Exhibition" && it.start < end && lunch.at < it.end
            };
            assert_eq!(sessions.iter().filter(within).count(), 0, "{lunch:?}");
        }
    }
}

#[test]
fn a_congress_streams_its_main_hall_and_shows_its_exhibition_in_the_other_house() {
    let dossier = planned(CONGRESS);
    let sessions = &dossier.get::<Schedule>().unwrap().sessions;
    let shown: Vec<_> = sessions.iter().filter(|it| it.title == "Exhibition").collect();
    assert_eq!(shown.len(), 3);
    for session in sessions.iter().filter(|it| it.title != "Exhibition") {
        assert_ne!(session.location, shown[0].location);
        let streamed = session.resources.iter().any(|id| id == "stream-unit");
        let is_main =
            session.location.starts_with("Main Hall") && session.title != "Evening reception";
        assert_eq!(streamed, is_main, "{session:?}");
    }
}

#[test]
fn people_stand_where_they_are_needed_as_long_as_each_other_and_never_too_long() {
    for text in [MEETUP, CONFERENCE, CONGRESS] {
        let (scope, dossier) = (scope(text), planned(text));
        let roster = dossier.get::<ResourceRoster>().unwrap();
        let people = roster.resources.iter().filter(|it| it.kind == ResourceKind::Person);
        let hosts = people.clone().filter(|it| it.role == "Host").count();
        assert!(hosts >= scope.audience.div_ceil(40) as usize);
        for person in people {
            for day in &person.availability {
                let of_day = person
                    .assignments
                    .iter()
                    .filter(|it| day.start <= it.start && it.end <= day.end);
                let stood =
                    |it: &convene::artifact::Assignment| it.end.duration_since(it.start).as_mins();
                let minutes: i64 = of_day.map(stood).sum();
                assert!(minutes <= 600, "{person:?}");
            }
        }
        let sessions = &dossier.get::<Schedule>().unwrap().sessions;
        let ids: BTreeSet<&str> = roster.resources.iter().map(|it| it.id.as_str()).collect();
        let used: Vec<&String> = sessions.iter().flat_map(|it| &it.resources).collect();
        assert!(!used.is_empty() && used.iter().all(|id| ids.contains(id.as_str())));
    }
}

#[test]
fn contracts_come_to_what_the_cost_model_has_and_each_is_asked_for() {
    for text in [CONFERENCE, CONGRESS] {
        let dossier = planned(text);
        let contracts = &dossier.get::<VendorContracts>().unwrap().contracts;
        let model = dossier.get::<CostModel>().unwrap();
        let catering: Amount =
            model.line_items.iter().filter(|it| it.category == "catering").map(|it| it.total).sum();
        let of = |service: &str| contracts.iter().find(|it| it.service_type == service).unwrap();
        assert_eq!(of("catering").terms.total_cost, catering, "food, 18 % service and 8 % tax");
        for contract in contracts {
            assert!(contract.backup_vendor.is_some() && !contract.sla.is_empty(), "{contract:?}");
            let asked =
                dossier.approvals.iter().find(|it| it.item.as_ref() == Some(&contract.id)).unwrap();
            assert_eq!(asked.amount, Some(contract.terms.total_cost));
        }
        let chosen = decisions(&dossier, "vendor_selection");
        assert_eq!(chosen.len(), 1);
        assert_eq!(chosen[0].alternatives_considered.len(), contracts.len());
    }
}

#[test]
fn a_vendor_that_cancels_is_replaced_and_its_scenario_is_set_off() {
    let before = planned(CONFERENCE);
    let catering = |dossier: &Dossier| {
        let all = dossier.get::<VendorContracts>().unwrap().contracts.clone();
        all.into_iter().filter(|it| it.service_type == "catering").collect::<Vec<_>>()
    };
    let gone = catering(&before)[0].vendor_name.clone();
    let facts = Facts { cancelled_vendors: BTreeSet::from([gone.clone()]), ..Facts::default() };
    let after = run(CONFERENCE, &facts, Some(&before)).unwrap();
    let status = |name: &str| {
        catering(&after).into_iter().find(|it| it.vendor_name == name).map(|it| it.status)
    };
    let backup = catering(&before)[0].backup_vendor.clone().unwrap();
    assert_eq!(
        (status(&gone), status(&backup)),
        (Some(ContractStatus::Cancelled), Some(ContractStatus::Draft))
    );
    let scenarios = &after.get::<ContingencyPlan>().unwrap().scenarios;
    let fired = scenarios.iter().find(|it| it.id.ends_with("vendor-cancels")).unwrap();
    assert_eq!(fired.status, ScenarioStatus::Fired);
    assert_eq!(after.find(Kind::Schedule).unwrap().header.revision, 1);
}

#[test]
fn every_high_risk_has_a_scenario_with_trigger_response_owner_and_tasks_of_the_plan() {
    for text in [MEETUP, CONFERENCE, CONGRESS] {
        let dossier = planned(text);
        let scenarios = &dossier.get::<ContingencyPlan>().unwrap().scenarios;
        let tasks = &dossier.get::<TaskRegister>().unwrap().tasks;
        for risk in &dossier.get::<RiskRegister>().unwrap().risks {
            let scenario = scenarios.iter().find(|it| it.risk_id == risk.id).unwrap();
            assert!(
                !scenario.trigger.signal.is_empty()
                    && !scenario.owner.is_empty()
                    && scenario.minutes <= 60
            );
            assert!(scenario.task_ids.iter().all(|id| tasks.iter().any(|task| task.id == *id)));
            assert!(scenario.response.iter().all(|step| !step.contains('{')), "{scenario:?}");
        }
    }
}

#[test]
fn metrics_are_projected_where_a_plan_can_tell_and_open_where_only_the_event_can() {
    for (text, judged) in [(MEETUP, 5), (CONFERENCE, 10), (CONGRESS, 10)] {
        let dossier = planned(text);
        let metrics = &dossier.get::<RunBook>().unwrap().metrics;
        let actual: Vec<&str> = metrics
            .iter()
            .filter(|it| it.kind == MetricKind::Actual)
            .map(|it| it.name.as_str())
            .collect();
        assert_eq!(
            actual,
            [
                "stakeholder satisfaction",
                "incident resolution in minutes",
                "contingency effectiveness"
            ]
        );
        let open = metrics.iter().filter(|it| it.verdict == MetricVerdict::NotApplicable);
        assert!(open.clone().all(|it| it.value.is_none()));
        assert_eq!(metrics.len() - open.count(), judged);
        let failed: Vec<&str> = metrics
            .iter()
            .filter(|it| it.verdict == MetricVerdict::Fail)
            .map(|it| it.name.as_str())
            .collect();
        if text != MEETUP {
            assert!(failed.is_empty(), "{failed:?}");
        }
    }
}

#[test]
fn too_few_rooms_mean_fewer_tracks_and_a_conflict_with_ways_out() {
    let text = changed(CONFERENCE, "tracks", json!(12));
    let dossier = planned(&text);
    let sessions = &dossier.get::<Schedule>().unwrap().sessions;
    let tracks: BTreeSet<&str> =
        sessions.iter().map(|it| it.track.as_str()).filter(|it| it.starts_with("Track")).collect();
    assert!(tracks.len() < 12 && !tracks.is_empty());
    let conflict = decisions(&dossier, "session_conflict");
    assert_eq!(conflict.len(), 1);
    assert!(
        conflict[0].rationale.contains("12 parallel sessions")
            && !conflict[0].alternatives_considered.is_empty(),
        "{conflict:?}"
    );
}

fn talk(title: &str, minutes: u32, speaker: &str) -> Value {
    json!({ "title": title, "minutes": minutes, "speakers": [speaker] })
}

#[test]
fn sessions_that_cannot_be_placed_name_what_is_short_and_what_would_help() {
    let all: Vec<Value> = (0..9).map(|at| talk(&format!("Talk {at}"), 60, "Ada")).collect();
    let faults =
        run(&changed(MEETUP, "sessions", json!(all)), &Facts::default(), None).unwrap_err();
    assert_eq!(faults[0].pointer, "/sessions");
    let message = &faults[0].message;
    assert!(message.contains("short by") && message.contains("What would help: "), "{message}");
}

#[test]
fn sessions_of_the_brief_take_their_own_lengths_and_a_speaker_is_in_one_at_a_time() {
    let mut all: Vec<Value> = (0..40)
        .map(|at| {
            talk(
                &format!("Talk {at:02}"),
                [20, 45, 90][at % 3],
                ["Ada", "Grace", "Linus", "Barbara", "Edsger", "Tony", "Leslie", "Frances"][at % 8],
            )
        })
        .collect();
    all.push(json!({ "title": "Opening", "minutes": 30, "is_plenary": true }));
    let dossier = planned(&changed(CONFERENCE, "sessions", json!(all)));
    let schedule = dossier.get::<Schedule>().unwrap();
    assert_eq!(schedule.sessions.len(), 41);
    let failed = gate::of_phase(&dossier, Phase::Logistics)
        .into_iter()
        .find(|gate| gate.verdict == Verdict::Failed);
    assert!(failed.is_none(), "{failed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn the_order_in_which_sessions_are_written_means_nothing(order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let session = |at: usize| talk(&format!("Talk {}", at / 2), [20, 45][at % 2], ["Ada", "Grace", "Linus"][at % 3]);
        let text = |order: &[usize]| changed(CONFERENCE, "sessions", json!(order.iter().map(|at| session(*at)).collect::<Vec<_>>()));
        let bytes = |text: &str| planned(text).artifacts().map(|it| canonical(&it.value())).collect::<Vec<_>>();
        let straight: Vec<usize> = (0..12).collect();
        prop_assert_eq!(bytes(&text(&order)), bytes(&text(&straight)));
    }

    #[test]
    fn every_size_length_and_kind_of_event_has_a_programme_without_conflict(
        audience in 1..1_500_u32, kind in 0..5_usize, level in 0..3_usize, from in 6..20_u32, minutes in 1..300_u32, days in 0..4_u32
    ) {
        let event_type = ["meetup", "conference", "workshop", "gala", "festival"][kind];
        let level = ["beginner", "intermediate", "advanced"][level];
        let end = from * 60 + minutes.min((23 - from) * 60 + 59);
        let brief = json!({
            "title": "Any event", "event_type": event_type, "level": level, "audience_size": audience,
            "date_range": {
                "start": format!("2027-06-01T{from:02}:00"),
                "end": format!("2027-06-{:02}T{:02}:{:02}", 1 + days, end / 60, end % 60),
            },
        });
        let dossier = planned(&brief.to_string());
        for gate in gate::of_phase(&dossier, Phase::Logistics) {
            prop_assert_eq!(gate.verdict, Verdict::Passed, "{:?}", gate);
        }
    }
}
