//! What a command would do, without doing it: the plans of its tools.

use std::time::Instant;

use super::{Run, millis_since, new_trace_id, steps};
use crate::{
    clock,
    command::{
        Command, ToolName,
        result::{Compensation, Overall, Status, Trace},
    },
    tool::{self, Scene},
};

/// Plans each step until one would fail. Nothing is written, not even a journal: the same id may be run in earnest later.
pub(super) fn run(run: &Run<'_>, command: &Command) -> Trace {
    let (began, trace_id) = (clock::now(), new_trace_id());
    let scene = Scene { instance: run.instance, command, rules: run.rules };
    let mut results = Vec::new();
    for name in command.tools() {
        let started = Instant::now();
        let planned = tool::tool(name).plan(&scene, scene.deadline(name));
        let undoable = planned.as_ref().is_ok_and(|plan| plan.undo.is_some());
        let mut result = steps::result(&scene, name, &trace_id, planned.map(|plan| plan.outcome));
        result.rollback_available = undoable && name != ToolName::IrisRestart;
        result.execution_time_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let succeeds = result.status == Status::Success;
        results.push(result);
        if !succeeds {
            break;
        }
    }
    run.log.say(&trace_id, "dry run", &[("command_id", &command.id)]);
    let stopped = results.iter().find(|step| step.status != Status::Success);
    let overall = match stopped {
        None => Overall::Success,
        Some(_) if results.len() == 1 => Overall::Failure,
        Some(_) => Overall::Partial,
    };
    Trace {
        trace_id,
        command_id: command.id.clone(),
        initiated_at: clock::rfc3339(began),
        command_received: command.shown(),
        dry_run: true,
        overall_status: overall,
        completion_time_ms: millis_since(began),
        failed_at_step: stopped.map(|step| step.tool_name),
        compensation: Compensation::None,
        requires_user_action: results.iter().find_map(|step| step.requires_user_action.clone()),
        steps_executed: results,
    }
}

/// What a person has to confirm before the command runs; nothing when nobody has to.
pub(super) fn question(scene: &Scene<'_>) -> Option<String> {
    let (instance, command) = (scene.instance.name(), scene.command);
    let mut reasons = Vec::new();
    if command.requires_restart {
        reasons.push(format!("{instance} is restarted"));
    }
    let kernel = command.tools().into_iter().filter(|name| *name == ToolName::OsConfig);
    reasons.extend(
        kernel
            .filter_map(|name| tool::tool(name).plan(scene, scene.deadline(name)).ok()?.dangerous),
    );
    let action = &command.recommended_action;
    (!reasons.is_empty())
        .then(|| format!("{}: {action}. It has to be confirmed.", reasons.join("; ")))
}
