//! Undoes the steps of a command, the last first; a restart last of all.
//!
//! An instance that did not start with a new configuration is started again only when the former configuration is back.

use super::{Error, Journal, Run, Said};
use crate::{
    command::{
        ToolName,
        result::{Compensation, ToolResult},
    },
    tool::{self, LEFT_ALONE, Scene, Undo},
};

/// Undoes every step that began. A tool that failed has undone its own work already: undoing it again does nothing.
pub(super) fn all(
    run: &Run<'_>,
    scene: &Scene<'_>,
    journal: &mut Journal,
    results: &mut [ToolResult],
) -> Result<Compensation, Error> {
    let mut begun: Vec<(ToolName, Undo)> =
        journal.begun().into_iter().filter_map(|(tool, undo)| Some((tool, undo?))).collect();
    begun.reverse();
    begun.sort_by_key(|(tool, _)| *tool == ToolName::IrisRestart);
    let mut compensation = Compensation::None;
    for (tool, undo) in begun {
        if left_alone(tool, results) {
            continue;
        }
        let (text, worked) = one(run, scene, journal, tool, &undo)?;
        if let Some(result) = results.iter_mut().find(|result| result.tool_name == tool) {
            result.rollback_available = false;
            result.rolled_back.push(text);
        }
        compensation = match (compensation, worked) {
            (Compensation::Failed, _) | (_, false) => Compensation::Failed,
            _ => Compensation::Complete,
        };
    }
    Ok(compensation)
}

/// An instance that could not be stopped was left as it is: it must not be started over.
fn left_alone(tool: ToolName, results: &[ToolResult]) -> bool {
    let details = results
        .iter()
        .filter(|result| result.tool_name == tool)
        .filter_map(|result| result.details.as_ref());
    details.filter_map(|details| details.get(LEFT_ALONE)).any(|left| left == true)
}

fn one(
    run: &Run<'_>,
    scene: &Scene<'_>,
    journal: &mut Journal,
    tool: ToolName,
    undo: &Undo,
) -> Result<(String, bool), Error> {
    let done = tool::tool(tool).undo(scene, undo, scene.deadline(tool));
    let (text, worked) = match done {
        Ok(text) => (text, true),
        Err(failed) => (format!("could not be undone: {failed}"), false),
    };
    run.log.say(&journal.trace_id(), "step undone", &[("tool", tool.as_str()), ("text", &text)]);
    journal.write(Said::Undone { tool, text: text.clone(), worked })?;
    Ok((text, worked))
}
