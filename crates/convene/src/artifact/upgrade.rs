//! Older versions of a body, brought to the version that is written. One function a step; steps are never removed.

use serde_json::{Value, json};

use super::Kind;

/// One step: from which version, to which, how.
type Step = (&'static str, &'static str, fn(&mut Value));

/// Why a version cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "schema version {found} of {kind} is not known here: versions up to {newest} are read ({known})"
)]
pub struct UnknownVersion {
    kind: Kind,
    found: String,
    newest: &'static str,
    known: String,
}

/// The steps of a kind, oldest first.
fn steps(kind: Kind) -> &'static [Step] {
    #[expect(clippy::wildcard_enum_match_arm, reason = "most kinds have had one version")]
    match kind {
        Kind::EventBrief => &[("1.0.0", "1.1.0", brief_dates)],
        Kind::LogisticsPlan => &[("1.0.0", "1.1.0", workflow_owners)],
        Kind::Schedule => &[("1.0.0", "1.1.0", as_it_was)],
        Kind::ContingencyPlan => &[("1.0.0", "1.1.0", scenario_tasks)],
        _ => &[],
    }
}

/// Brings a body from version `found` to the version of today.
///
/// # Errors
/// When the version is newer, or was never written.
pub(super) fn upgrade(kind: Kind, found: &str, body: &mut Value) -> Result<(), UnknownVersion> {
    let mut at = found;
    for (from, to, step) in steps(kind) {
        if at == *from {
            step(body);
            at = to;
        }
    }
    if at == kind.schema_version() {
        return Ok(());
    }
    let mut known: Vec<&str> = steps(kind).iter().map(|(from, ..)| *from).collect();
    known.push(kind.schema_version());
    let known = known.join(", ");
    Err(UnknownVersion { kind, found: found.to_owned(), newest: kind.schema_version(), known })
}

/// 1.0.0 had two fields for the dates, and no level.
fn brief_dates(body: &mut Value) {
    let Some(fields) = body.as_object_mut() else { return };
    let (start, end) = (fields.remove("date_range_start"), fields.remove("date_range_end"));
    if let (Some(start), Some(end)) = (start, end) {
        fields.insert("date_range".to_owned(), json!({ "start": start, "end": end }));
    }
    fields.entry("level").or_insert_with(|| json!("beginner"));
}

/// 1.0.0 said neither who answers for a workflow nor which tasks prepare it.
fn workflow_owners(body: &mut Value) {
    for workflow in items(body, "workflows") {
        workflow.entry("resources").or_insert_with(|| json!([]));
        workflow.entry("task_ids").or_insert_with(|| json!([]));
        workflow.entry("owner").or_insert_with(|| json!("logistics-coordinator"));
    }
}

/// 1.0.0 did not say which tasks a scenario touches, nor how far it is.
fn scenario_tasks(body: &mut Value) {
    for scenario in items(body, "scenarios") {
        scenario.entry("task_ids").or_insert_with(|| json!([]));
        scenario.entry("status").or_insert_with(|| json!("armed"));
    }
}

/// The version after it only lets something be left out.
fn as_it_was(_body: &mut Value) {}

fn items<'a>(
    body: &'a mut Value,
    list: &str,
) -> impl Iterator<Item = &'a mut serde_json::Map<String, Value>> {
    let items = body.get_mut(list).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}
