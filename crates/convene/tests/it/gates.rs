//! Every gate passes what is whole, and fails what is damaged for the reason that was damaged.

use convene::{
    approval::{self, Decided},
    artifact::{Dossier, Kind},
    gate::{self, Verdict},
    lifecycle::{self, Phase},
};
use serde_json::{Value, json};

use crate::desk::{NOW, approved, bodies, dossier};

/// Damage: gate, rule, kind, pointer into the body, what is put there (null: the place is emptied).
const DAMAGE: &[(&str, &str, &str, &str, &str)] = &[
    ("brief", "dates", "event-brief", "/date_range/end", r#""2027-03-12T17:00:00""#),
    ("brief", "planning", "event-brief", "/planning_start", r#""2027-03-13""#),
    ("brief", "objectives", "requirements", "/functional_requirements/0/objective", "1"),
    ("brief", "owner", "stakeholder-map", "/stakeholders/0/role", r#""Sponsor""#),
    ("timeline", "milestones", "timeline", "/milestones", "[]"),
    ("timeline", "milestones", "timeline", "/milestones/0/date", r#""2028-01-01""#),
    ("timeline", "milestones", "timeline", "/milestones/0/dependencies", r#"["t9"]"#),
    ("timeline", "critical_path", "timeline", "/critical_path", "[]"),
    ("timeline", "critical_path", "timeline", "/critical_path/0", r#""t9""#),
    ("timeline", "dependencies", "task-register", "/tasks/1/dependencies", "[]"),
    ("timeline", "dependencies", "task-register", "/tasks/1/dependencies", r#"["t1", "t9"]"#),
    ("timeline", "acyclic", "task-register", "/tasks/0/dependencies", r#"["t2"]"#),
    ("timeline", "dates", "task-register", "/tasks/0/end_date", r#""2027-01-01""#),
    ("timeline", "owners", "task-register", "/tasks/0/owner", r#""nobody""#),
    ("risks", "rating", "risk-register", "/risks/0/rating", "7"),
    ("risks", "mitigation", "risk-register", "/risks/0/mitigation_strategies", "[]"),
    ("shortlist", "candidates", "venue-shortlist", "/candidates", "[]"),
    ("shortlist", "capacity", "venue-shortlist", "/candidates/0/capacity", "19"),
    ("shortlist", "cost", "venue-shortlist", "/candidates/0/cost_estimate", "300.01"),
    ("shortlist", "audience", "venue-criteria", "/max_capacity", "19"),
    ("scorecard", "weights", "venue-scorecard", "/criteria_weights/0/weight", "0.4"),
    ("scorecard", "scores", "venue-scorecard", "/candidate_scores/0/scores", r#"{ "cost": 1 }"#),
    ("scorecard", "scores", "venue-scorecard", "/candidate_scores/2/venue_id", r#""z""#),
    ("scorecard", "totals", "venue-scorecard", "/candidate_scores/0/total", "0.9"),
    ("scorecard", "selection", "venue-scorecard", "/selection", "[]"),
    ("scorecard", "selection", "venue-scorecard", "/selection/0/venue_id", r#""z""#),
    ("scorecard", "rationale", "venue-scorecard", "/selection_rationale", r#"" ""#),
    ("cost-model", "allocations", "budget-baseline", "/category_allocations/0/allocated", "299.99"),
    ("cost-model", "allocations", "budget-baseline", "/category_allocations/0/percentage", "0.5"),
    ("cost-model", "total", "event-brief", "/total_budget", "501"),
    ("cost-model", "lines", "cost-model", "/line_items/0/total", "244"),
    ("cost-model", "within_total", "cost-model", "/line_items/1/total", "255.01"),
    ("cost-model", "variance", "cost-model", "/line_items/1/total", "200"),
    ("cost-model", "reserve", "cost-model", "/line_items/1/basis", r#""fixed""#),
    ("budget-decision", "total", "budget-decision", "/approved_total", "500.01"),
    ("logistics-plan", "tasks", "logistics-plan", "/workflows/0/task_ids", "[]"),
    ("logistics-plan", "tasks", "logistics-plan", "/workflows/0/task_ids", r#"["t9"]"#),
    ("logistics-plan", "owners", "logistics-plan", "/workflows/0/owner", r#""""#),
    ("logistics-plan", "owners", "contingency-plan", "/scenarios/0/owner", r#""""#),
    ("logistics-plan", "triggers", "contingency-plan", "/scenarios/0/trigger/signal", r#""""#),
    ("logistics-plan", "tasks", "contingency-plan", "/scenarios/0/task_ids", r#"["t9"]"#),
    ("logistics-plan", "scenarios", "contingency-plan", "/scenarios/0/risk_id", r#""r9""#),
    ("schedule", "times", "schedule", "/sessions/0/end", r#""2027-03-12T18:00:00""#),
    ("schedule", "dates", "schedule", "/sessions/1/end", r#""2027-03-12T21:30:00""#),
    ("schedule", "conflicts", "schedule", "/sessions/0/end", r#""2027-03-12T19:01:00""#),
    (
        "roster",
        "availability",
        "resource-roster",
        "/resources/0/availability/0/end",
        r#""2027-03-12T19:30:00""#,
    ),
    (
        "roster",
        "conflicts",
        "resource-roster",
        "/resources/0/assignments/0/end",
        r#""2027-03-12T19:01:00""#,
    ),
    ("readiness", "sla", "vendor-contracts", "/contracts/0/sla", "[]"),
    ("readiness", "cancellation", "vendor-contracts", "/contracts/0/cancellation_policy", r#""""#),
    ("readiness", "dates", "vendor-contracts", "/contracts/0/terms/end_date", r#""2027-03-11""#),
    ("readiness", "audiences", "communications-plan", "/communications/1/audience", r#""Press""#),
    ("readiness", "blocking_risk", "risk-register", "/risks/0/status", r#""occurred""#),
    ("review", "metrics", "postmortem", "/metrics", "[]"),
    ("review", "lessons", "postmortem", "/lessons_learned/0", r#"" ""#),
];

fn broken(dossier: &Dossier) -> Vec<(&'static str, &'static str)> {
    gate::all(dossier)
        .into_iter()
        .flat_map(|gate| gate.failures)
        .map(|f| (f.gate, f.rule))
        .collect()
}

#[test]
fn what_is_whole_and_approved_passes_every_gate() {
    let gates = gate::all(&approved(&bodies()));
    let failed: Vec<_> = gates.iter().filter(|gate| gate.verdict != Verdict::Passed).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(gates.len(), 13);
}

#[test]
fn each_damage_fails_its_rule_and_says_where() {
    for (gate, rule, kind, pointer, value) in DAMAGE {
        let mut bodies = bodies();
        let place = bodies.get_mut(kind).unwrap().pointer_mut(pointer).unwrap();
        *place = serde_json::from_str::<Value>(value).unwrap();
        let dossier = approved(&bodies);
        let found = broken(&dossier);
        assert!(
            found.contains(&(*gate, *rule)),
            "{kind}{pointer} = {value}: expected {gate}/{rule}, found {found:?}"
        );
    }
}

#[test]
fn a_missing_artifact_is_named_by_the_gates_that_need_it() {
    for kind in bodies().as_object().unwrap().keys() {
        let mut bodies = bodies();
        bodies.as_object_mut().unwrap().remove(kind);
        let failures = gate::all(&dossier(&bodies)).into_iter().flat_map(|gate| gate.failures);
        let missing: Vec<_> =
            failures.filter(|f| f.rule == "exists").map(|f| f.artifact.name()).collect();
        let optional = ["vendor-contracts"].contains(&kind.as_str());
        assert_eq!(missing.contains(&kind.as_str()), !optional, "{kind}: {missing:?}");
    }
}

#[test]
fn a_gate_that_only_waits_for_people_is_blocked_and_not_failed() {
    let gates = gate::of_phase(&dossier(&bodies()), Phase::Budget);
    let decision = gates.iter().find(|gate| gate.name == "budget-decision").unwrap();
    assert_eq!(decision.verdict, Verdict::Blocked);
    assert_eq!(decision.verdict.to_string(), "blocked: awaiting approval");
    let failure = decision.failures.first().unwrap();
    assert!(failure.satisfied_by.contains("Ada decides `apr-budget-decision"), "{failure}");
}

#[test]
fn a_rejection_fails_and_a_later_revision_needs_a_new_yes() {
    let mut rejected = dossier(&bodies());
    let id = rejected.approvals.first().unwrap().id.clone();
    let decided = Decided { by: "Ada".to_owned(), at: NOW, rationale: "Too much".to_owned() };
    approval::decide(&mut rejected, &id, false, decided).unwrap();
    assert_eq!(gate::of_phase(&rejected, Phase::Budget).last().unwrap().verdict, Verdict::Failed);

    let mut revised = approved(&bodies());
    let mut artifact = revised.find(Kind::BudgetDecision).unwrap().clone();
    artifact.header.revision = 2;
    revised.put(artifact);
    assert!(broken(&revised).contains(&("budget-decision", "approved")));
}

#[test]
fn an_unanswered_question_goes_up_its_chain_and_never_approves_itself() {
    let mut waiting = dossier(&bodies());
    for days in 1..=20 {
        approval::escalate(&mut waiting, NOW + jiff::SignedDuration::from_hours(72 * days), 48);
    }
    let budget = waiting.approvals.first().unwrap();
    assert_eq!(
        (budget.level, budget.chain.get(budget.level).map(String::as_str)),
        (1, Some("Grace"))
    );
    assert_eq!(gate::of_phase(&waiting, Phase::Budget).last().unwrap().verdict, Verdict::Blocked);
}

#[test]
fn a_transition_names_everything_in_its_way_and_goes_one_step() {
    let mut bodies = bodies();
    bodies.as_object_mut().unwrap().remove("venue-scorecard");
    *bodies.pointer_mut("/venue-shortlist/candidates/0/capacity").unwrap() = json!(3);
    let dossier = approved(&bodies);
    let refusal = lifecycle::transition(&dossier, Phase::Research, Phase::Budget).unwrap_err();
    assert_eq!(refusal.missing_artifacts, [Kind::VenueScorecard]);
    assert!(refusal.failed_gates.iter().any(|failure| failure.rule == "capacity"));
    let refusal = lifecycle::transition(&dossier, Phase::Initiate, Phase::Budget).unwrap_err();
    assert_eq!(refusal.next_possible, Some(Phase::Plan));
    assert_eq!(lifecycle::furthest(&dossier).0, Phase::Research);
}
