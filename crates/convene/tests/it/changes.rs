//! What happens to a plan: venue and vendors lost, tasks late, less money, more people; and what stays as it was.

use convene::{
    agent::{Facts, Replanned},
    approval::{self, Decided},
    artifact::{
        ApprovalKind, ChangeLog, CostModel, DecisionLog, Dossier, EventBrief, Kind, RiskRegister,
        RiskStatus, Task, TaskRegister, TaskStatus, VenueScorecard, canonical,
    },
    change::Change,
    folder,
    gate::{self, Verdict},
    inputs::{Inputs, Settings},
    lifecycle::Phase,
};

use crate::events::{CONFERENCE, CONGRESS, MEETUP, TODAY, after, planned, replanned};

fn revision(dossier: &Dossier, kind: Kind) -> u32 {
    dossier.find(kind).unwrap().header.revision
}

fn asks(replanned: &Replanned, kind: ApprovalKind) -> bool {
    replanned.asked.iter().any(|asked| asked.kind == kind)
}

fn task(dossier: &Dossier, key: &str) -> Task {
    let tasks = &dossier.get::<TaskRegister>().unwrap().tasks;
    tasks.iter().find(|task| task.id.ends_with(key)).unwrap().clone()
}

fn status(dossier: &Dossier, key: &str) -> RiskStatus {
    let risks = &dossier.get::<RiskRegister>().unwrap().risks;
    risks.iter().find(|risk| risk.id.ends_with(key)).unwrap().status
}

fn decided(dossier: &Dossier, kind: &str) -> convene::artifact::Decision {
    let log = dossier.get::<DecisionLog>().unwrap();
    log.decisions.iter().find(|it| it.decision_type == kind).unwrap().clone()
}

fn approve_all(dossier: &mut Dossier) {
    for approval in dossier.approvals.clone() {
        let (by, at) = (approval.chain[0].clone(), approval.requested_at);
        let decided = Decided { by, at, rationale: "As planned".to_owned() };
        approval::decide(dossier, &approval.id, true, decided).unwrap();
    }
}

#[test]
fn a_lost_venue_is_an_incident_with_a_backup_figures_and_an_approval() {
    let before = planned(CONGRESS);
    let lost = before.get::<VenueScorecard>().unwrap().selection[0].clone();
    let now = after(CONGRESS, &before, &[&format!("venue-lost:{}", lost.venue_name)]);
    let selection = &now.dossier.get::<VenueScorecard>().unwrap().selection;
    assert!(selection.iter().all(|venue| venue.venue_id != lost.venue_id));
    assert!(now.fired[0].scenario.ends_with("venue-lost") && now.fired[0].cause == lost.venue_id);
    assert_eq!(status(&now.dossier, "venue-lost"), RiskStatus::Occurred);
    let decision = decided(&now.dossier, "venue_replacement");
    assert!(decision.description.contains("takes the place of"), "{decision:?}");
    assert!(decision.rationale.contains("cost goes from USD"), "{decision:?}");
    assert!(asks(&now, ApprovalKind::VenueSelection));
    for gate in gate::of_phase(&now.dossier, Phase::Research) {
        assert_ne!(gate.verdict, Verdict::Failed, "{gate:?}");
    }
    let log = &now.dossier.get::<ChangeLog>().unwrap().changes;
    assert_eq!(log[0].change_type, "venue_replacement");
    assert!(log[0].approvals.iter().any(|id| id.contains("venue-selection")), "{log:?}");
}

#[test]
fn the_rest_of_the_shortlist_is_offered_in_place_of_a_lost_venue() {
    let before = planned(CONFERENCE);
    let card = before.get::<VenueScorecard>().unwrap();
    let now = after(CONFERENCE, &before, &[&format!("venue-lost:{}", card.selection[0].venue_id)]);
    let others = decided(&now.dossier, "venue_replacement").alternatives_considered;
    assert_eq!(others.len(), card.candidate_scores.len() - 2, "{others:?}");
    assert!(others.iter().all(|other| other.score.is_some() && other.pros[0].contains("all in")));
}

#[test]
fn a_venue_that_still_fits_stays_whatever_else_changes() {
    for changes in [&["audience:205"][..], &["budget:52000 USD"], &["task-slipped:requirements:2d"]]
    {
        let before = planned(CONFERENCE);
        let now = after(CONFERENCE, &before, changes).dossier;
        let house = |dossier: &Dossier| {
            dossier.get::<VenueScorecard>().unwrap().selection[0].venue_id.clone()
        };
        assert_eq!(house(&now), house(&before), "{changes:?}");
    }
}

#[test]
fn a_vendor_that_cancels_is_replaced_with_the_figures_and_ways_to_pay() {
    let before = planned(CONGRESS);
    let now = after(CONGRESS, &before, &["vendor-cancelled:Sample Table Co-operative"]);
    assert!(now.after.spending > now.before.spending);
    assert!(now.fired.iter().any(|firing| firing.scenario.ends_with("vendor-cancels")));
    assert_eq!(status(&now.dossier, "vendor-cancels"), RiskStatus::Occurred);
    let decision = decided(&now.dossier, "vendor_replacement");
    assert!(decision.description.starts_with("Placeholder Kitchens stands in"), "{decision:?}");
    assert!(decision.alternatives_considered.iter().any(|it| it.option.starts_with("pay for it")));
}

#[test]
fn a_slip_within_the_slack_moves_no_milestone_far_and_asks_nobody() {
    let before = planned(CONFERENCE);
    let now = after(CONFERENCE, &before, &["task-slipped:requirements:+1d"]);
    assert!(!asks(&now, ApprovalKind::MilestoneSlip), "{:?}", now.asked);
    assert!(now.after.slack_days < now.before.slack_days);
    assert_eq!(now.after.spending, now.before.spending);
    let change = &now.dossier.get::<ChangeLog>().unwrap().changes[0];
    assert!(change.impact.contains(&format!("instead of {}", now.before.slack_days)), "{change:?}");
}

#[test]
fn a_slip_of_more_than_a_tenth_is_put_to_people_with_ways_out() {
    let before = planned(CONFERENCE);
    let now = after(CONFERENCE, &before, &["task-slipped:venue-booking:+40d"]);
    assert!(asks(&now, ApprovalKind::MilestoneSlip));
    assert!(now.fired.iter().any(|firing| firing.scenario.ends_with("late")), "{:?}", now.fired);
    let decision = decided(&now.dossier, "milestone_slip");
    assert!(decision.rationale.contains("people decide"), "{decision:?}");
    assert!(decision.alternatives_considered.len() > 1 && !decision.approvals.is_empty());
}

#[test]
fn small_slips_add_up_until_somebody_is_asked() {
    let (mut now, mut facts, mut steps) = (planned(CONFERENCE), Facts::default(), 0);
    loop {
        let changes = ["task-slipped:venue-booking:3d"];
        let next = replanned(CONFERENCE, (&facts, &now), &changes).unwrap();
        let is_asked = asks(&next, ApprovalKind::MilestoneSlip);
        (now, facts, steps) = (next.dossier, next.facts, steps + 1);
        if is_asked {
            break;
        }
        assert!(steps < 20, "nobody was asked");
    }
    assert!(steps > 1, "one small slip is no matter for people");
}

#[test]
fn less_money_over_the_threshold_needs_a_yes_and_a_little_less_does_not() {
    let mut before = planned(CONFERENCE);
    approve_all(&mut before);
    let little = after(CONFERENCE, &before, &["audience:201"]);
    assert!(!asks(&little, ApprovalKind::BudgetChange), "{:?}", little.asked);
    assert_eq!(revision(&little.dossier, Kind::BudgetDecision), 1);
    let cut = after(CONFERENCE, &before, &["budget:42000 USD"]);
    assert!(asks(&cut, ApprovalKind::BudgetChange) && asks(&cut, ApprovalKind::BudgetDecision));
    assert_eq!(cut.dossier.get::<EventBrief>().unwrap().total_budget.to_string(), "42000");
    let log = &cut.dossier.get::<ChangeLog>().unwrap().changes;
    let kinds: Vec<&str> = log.iter().map(|change| change.change_type.as_str()).collect();
    assert_eq!(kinds, ["budget_change", "budget_adjustment"]);
}

#[test]
fn more_people_are_fed_and_what_their_number_does_not_touch_keeps_its_revision() {
    let before = planned(CONFERENCE);
    let now = after(CONFERENCE, &before, &["audience:210"]);
    let lunch = |dossier: &Dossier| {
        let lines = &dossier.get::<CostModel>().unwrap().line_items;
        lines.iter().find(|line| line.item == "Lunch buffet").unwrap().quantity
    };
    assert_eq!([lunch(&before), lunch(&now.dossier)], [600, 630]);
    assert_eq!(revision(&now.dossier, Kind::EventBrief), 2);
    assert_eq!(revision(&now.dossier, Kind::StakeholderMap), 1);
    assert!(now.confirmed.contains(&Kind::StakeholderMap), "{:?}", now.confirmed);
    assert!(now.revised.iter().all(|made| made.artifact_type != Kind::StakeholderMap));
}

#[test]
fn nothing_that_is_done_changes() {
    let before = planned(CONFERENCE);
    let (brief, needs) = (task(&before, "-brief"), task(&before, "-requirements"));
    let done =
        |key: &str, task: &Task| format!("done:{key}:{}..{}", task.start_date, task.end_date);
    let changes = [done("brief", &brief), done("requirements", &needs)];
    let first = after(CONFERENCE, &before, &[&changes[0], &changes[1]]);
    let later = format!("as-of:{}", needs.end_date.tomorrow().unwrap());
    let changes = [later.as_str(), "task-slipped:venue-search:10d", "audience:150", "budget:45000"];
    let second = replanned(CONFERENCE, (&first.facts, &first.dossier), &changes).unwrap();
    for (key, was) in [("-brief", brief), ("-requirements", needs)] {
        let is = task(&second.dossier, key);
        assert_eq!((is.start_date, is.end_date), (was.start_date, was.end_date));
        assert_eq!(is.status, TaskStatus::Completed);
        assert_eq!(task(&first.dossier, key), is);
    }
    let undone = second.dossier.get::<TaskRegister>().unwrap().tasks.iter();
    let today = second.facts.as_of.unwrap();
    assert!(
        undone.filter(|it| it.status == TaskStatus::NotStarted).all(|it| it.start_date >= today)
    );
}

#[test]
fn the_same_changes_give_the_same_bytes() {
    let before = planned(CONGRESS);
    let bytes = || -> Vec<String> {
        let now = after(CONGRESS, &before, &["audience:700", "vendor-cancelled:Specimen Streams"]);
        let all = now.dossier.artifacts().chain(now.dossier.history());
        all.map(|artifact| canonical(&artifact.value())).collect()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn every_revision_is_kept_and_a_folder_gives_them_back() {
    let before = planned(MEETUP);
    let first = after(MEETUP, &before, &["audience:22"]);
    let second = replanned(MEETUP, (&first.facts, &first.dossier), &["audience:24"]).unwrap();
    let brief = |revision| second.dossier.at(Kind::EventBrief, revision);
    assert_eq!(brief(1), before.find(Kind::EventBrief));
    assert_eq!(brief(2), first.dossier.find(Kind::EventBrief));
    assert!(second.dossier.broken_references().is_empty());
    let place = tempfile::tempdir().unwrap();
    folder::write(&place.path().join("plan"), &second.dossier, None).unwrap();
    assert_eq!(folder::read(&place.path().join("plan")).unwrap().dossier, second.dossier);
}

#[test]
fn a_plan_is_made_anew_from_what_it_was_made_from() {
    let settings = Settings { start: TODAY, seed: 7, level: None };
    let mut inputs = Inputs::of(MEETUP, settings);
    let before = inputs.plan().unwrap();
    let now = inputs.replan(&before, &["audience:24".parse().unwrap()]).unwrap();
    assert_eq!(now.facts.audience, Some(24));
    inputs.facts = now.facts;
    let refused = inputs.replan(&now.dossier, &["audience:24".parse().unwrap()]).unwrap_err();
    assert!(refused.to_string().starts_with("the plan cannot be changed so\n  /changes/0: "));
}

#[test]
fn an_answer_stays_with_what_it_was_about_and_an_open_question_is_withdrawn() {
    let mut before = planned(CONFERENCE);
    approve_all(&mut before);
    let now = after(CONFERENCE, &before, &["task-slipped:requirements:1d"]);
    assert!(now.asked.is_empty(), "{:?}", now.asked);
    assert_eq!(now.dossier.approvals, before.approvals);
    let open = planned(CONFERENCE);
    let venue = &open.get::<VenueScorecard>().unwrap().selection[0].venue_name;
    let now = after(CONFERENCE, &open, &[&format!("venue-lost:{venue}")]);
    let old = now.dossier.approvals.iter().find(|it| it.id == open.approvals[0].id).unwrap();
    assert_eq!(old.status, approval::ApprovalStatus::Superseded);
}

#[test]
fn an_incident_that_is_dealt_with_blocks_no_more() {
    let before = planned(CONFERENCE);
    let first = after(CONFERENCE, &before, &["occurred:late"]);
    assert_eq!(status(&first.dossier, "conference-late"), RiskStatus::Occurred);
    let second = replanned(CONFERENCE, (&first.facts, &first.dossier), &["resolved:late"]).unwrap();
    assert_eq!(status(&second.dossier, "conference-late"), RiskStatus::Mitigated);
}

#[test]
fn an_incident_of_a_kind_that_was_dealt_with_comes_true_again() {
    let before = planned(CONFERENCE);
    let facts = Facts { resolved: ["vendor-cancels".to_owned()].into(), ..Facts::default() };
    let changes = ["vendor-cancelled:Model Stagecraft"];
    let now = replanned(CONFERENCE, (&facts, &before), &changes).unwrap();
    assert_eq!(status(&now.dossier, "vendor-cancels"), RiskStatus::Occurred);
    assert!(now.facts.resolved.is_empty() && now.facts.occurred.contains("vendor-cancels"));
}

#[test]
fn a_change_that_is_none_says_what_to_write() {
    for (text, says) in [
        ("late", "write one of as-of:DATE"),
        ("moved:venue", "`moved` is not known"),
        ("as-of:tomorrow", "write it like 2027-03-01"),
        ("done:brief", "done:TASK:2027-03-01..2027-03-05"),
        ("done:brief:2027-03-05..2027-03-01", "lies before"),
        ("task-slipped:brief", "task-slipped:TASK:+5d"),
        ("task-slipped:brief:0d", "from 1 to 500"),
        ("budget:a lot", "`a`"),
        ("budget:40000 QQQ", "no ISO 4217 currency"),
        ("budget:0", "more than nothing"),
        ("audience:many", "give a number from 1"),
    ] {
        let why = text.parse::<Change>().unwrap_err().to_string();
        assert!(why.contains(says) && why.starts_with(&format!("`{text}`")), "{why}");
    }
}

#[test]
fn a_change_is_written_as_it_is_read() {
    for text in [
        "as-of:2027-03-01",
        "done:brief:2027-03-01..2027-03-05",
        "task-slipped:brief:+5d",
        "vendor-cancelled:Model Stagecraft",
        "venue-lost:alderport-01",
        "budget:40000 USD",
        "audience:250",
        "occurred:late",
        "resolved:late",
    ] {
        assert_eq!(text.parse::<Change>().unwrap().to_string(), text);
    }
}

#[test]
fn a_change_that_does_not_fit_the_plan_is_refused_and_all_are_told_at_once() {
    let before = planned(CONFERENCE);
    let refused = |changes: &[&str]| {
        let faults = replanned(CONFERENCE, (&Facts::default(), &before), changes).unwrap_err();
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let all =
        refused(&["task-slipped:lunch:1d", "audience:200", "budget:1 EUR", "as-of:2026-01-01"]);
    for says in [
        "/changes/0: `task-slipped:lunch:+1d`: there is no task `lunch`: known are",
        "/changes/1: `audience:200`: is the audience already",
        "/changes/2: `budget:1 EUR`: the plan is in USD",
        "/changes/3: `as-of:2026-01-01`: the plan is of 2026-11-02 already",
    ] {
        assert!(all.contains(says), "{all}");
    }
    assert!(refused(&[]).contains("/changes"));
    assert!(refused(&["venue-lost:Nowhere"]).contains("is no venue of this plan"));
    assert!(refused(&["vendor-cancelled:Nobody"]).contains("no such vendor is known"));
    assert!(refused(&["occurred:comet"]).contains("is no risk of this plan"));
    assert!(refused(&["resolved:late"]).contains("has not come true"));
    assert!(refused(&["done:brief:2026-11-07..2026-11-07"]).contains("no working day"));
    assert!(refused(&["task-slipped:event:1d"]).contains("is the event itself"));
}
