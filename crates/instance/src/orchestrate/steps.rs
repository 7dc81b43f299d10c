//! The steps of a command, one after the other.

use std::time::Instant;

use super::{Error, Journal, Run, Said, compensate, trace};
use crate::{
    command::{
        ToolName,
        result::{Compensation, Status, ToolResult, Trace},
    },
    redact,
    tool::{self, Failed, Outcome, Scene},
};

/// Runs the steps; the first that does not succeed ends the command, and what was done before is undone.
pub(super) fn run(run: &Run<'_>, scene: &Scene<'_>, journal: &mut Journal) -> Result<Trace, Error> {
    let mut results = Vec::new();
    for name in scene.command.tools() {
        let result = step(run, scene, name, journal)?;
        let succeeded = result.status == Status::Success;
        journal.write(Said::Done { result: result.clone() })?;
        results.push(result);
        if !succeeded {
            break;
        }
    }
    let stopped = results.iter().any(|result| result.status != Status::Success);
    let compensation = if stopped {
        compensate::all(run, scene, journal, &mut results)?
    } else {
        Compensation::None
    };
    finish(run, scene, journal, results, compensation)
}

pub(super) fn finish(
    run: &Run<'_>,
    scene: &Scene<'_>,
    journal: &mut Journal,
    results: Vec<ToolResult>,
    compensation: Compensation,
) -> Result<Trace, Error> {
    let mut trace = trace(scene.command, journal, results);
    trace.compensation = compensation;
    if compensation == Compensation::Failed {
        trace.requires_user_action =
            Some("not everything could be undone: see rolled_back of each step".to_owned());
    }
    journal.write(Said::Finished { trace: trace.clone() })?;
    let status = format!("{:?}", trace.overall_status).to_lowercase();
    run.log.say(
        &trace.trace_id,
        "command finished",
        &[("command_id", &trace.command_id), ("status", &status)],
    );
    Ok(trace)
}

fn step(
    run: &Run<'_>,
    scene: &Scene<'_>,
    name: ToolName,
    journal: &mut Journal,
) -> Result<ToolResult, Error> {
    let (began, deadline) = (Instant::now(), scene.deadline(name));
    let (tool, trace_id) = (tool::tool(name), journal.trace_id());
    let planned = tool.plan(scene, deadline);
    let undo = planned.as_ref().ok().and_then(|plan| plan.undo.clone());
    if let Ok(plan) = &planned {
        // The diff is told before anything changes.
        let changes = serde_json::to_string(&plan.outcome.changes).unwrap_or_default();
        let details = plan.outcome.details.as_ref().map(ToString::to_string).unwrap_or_default();
        run.log.say(
            &trace_id,
            "step begins",
            &[("tool", name.as_str()), ("changes", &changes), ("details", &details)],
        );
    }
    journal.write(Said::Begun { tool: name, undo: undo.clone() })?;
    let ended = planned.and_then(|plan| tool.apply(scene, plan, deadline));
    let mut result = result(scene, name, &trace_id, ended);
    result.rollback_available =
        undo.is_some() && result.status == Status::Success && name != ToolName::IrisRestart;
    result.execution_time_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = format!("{:?}", result.status).to_lowercase();
    let error = result.error_message.clone().unwrap_or_default();
    run.log.say(
        &trace_id,
        "step ended",
        &[("tool", name.as_str()), ("status", &status), ("error", &error)],
    );
    Ok(result)
}

/// What a tool answers, as a result.
pub(super) fn result(
    scene: &Scene<'_>,
    name: ToolName,
    trace_id: &str,
    ended: Result<Outcome, Failed>,
) -> ToolResult {
    let mut result = ToolResult {
        tool_name: name,
        command_id: scene.command.id.clone(),
        status: Status::Success,
        execution_time_ms: 0,
        changes_applied: std::collections::BTreeMap::new(),
        error_message: None,
        requires_user_action: None,
        rollback_available: false,
        trace_id: trace_id.to_owned(),
        rolled_back: Vec::new(),
        notices: Vec::new(),
        details: None,
    };
    match ended {
        Ok(outcome) => {
            result.status = outcome.status();
            result.changes_applied = outcome.changes;
            result.notices = outcome.notices;
            result.requires_user_action = outcome.requires_user_action;
            result.error_message = outcome.partial;
            result.details = outcome.details.map(redact::json);
        }
        Err(failed) => {
            result.status = Status::Failure;
            result.error_message = Some(redact::text(&failed.message));
            result.rolled_back = failed.rolled_back;
            result.requires_user_action = failed.requires_user_action;
            result.details = failed.details.map(redact::json);
        }
    }
    result
}
