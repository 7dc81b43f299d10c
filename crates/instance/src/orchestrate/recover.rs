//! Finishes or undoes what a run that died left, and takes a finished command back.

use super::{Error, Journal, Run, Said, compensate, locked, steps, view};
use crate::{
    command::{
        Command,
        result::{Compensation, Overall, Status, Trace},
    },
    tool::{Failed, Rules, Scene},
};

/// Looks at every journal of the instance; answers the traces of those that were completed. The instance's lock is held.
///
/// # Errors
/// When a journal cannot be read or written.
pub fn recover(run: &Run<'_>) -> Result<Vec<Trace>, Error> {
    let mut recovered = Vec::new();
    for id in view::unfinished(run.instance)? {
        let journal = Journal::open(run.instance, &id, run.die_at)?;
        recovered.extend(one(run, journal)?);
    }
    Ok(recovered)
}

/// The command that a journal is of.
fn command_of(journal: &Journal) -> Result<Command, Error> {
    let document = journal.command().map(ToString::to_string).unwrap_or_default();
    Ok(Command::parse(document.as_bytes())?)
}

/// What was begun was confirmed then.
fn scene<'a>(run: &Run<'a>, command: &'a Command) -> Scene<'a> {
    let rules = Rules { confirmed: true, ..run.rules };
    Scene { instance: run.instance, command, rules }
}

/// A command of which no step began did nothing: it may still come, be approved, or never be seen again.
fn one(run: &Run<'_>, mut journal: Journal) -> Result<Option<Trace>, Error> {
    let begun = journal.begun();
    let Some((last, _)) = begun.last() else { return Ok(None) };
    let command = command_of(&journal)?;
    let scene = scene(run, &command);
    let mut results = journal.results();
    let all_done = results.len() == command.tools().len()
        && results.iter().all(|result| result.status == Status::Success);
    if all_done {
        run.log.say(
            &journal.trace_id(),
            "finishes what a run that died left",
            &[("command_id", &command.id)],
        );
        return steps::finish(run, &scene, &mut journal, results, Compensation::None).map(Some);
    }
    run.log.say(
        &journal.trace_id(),
        "undoes what a run that died left",
        &[("command_id", &command.id)],
    );
    if results.iter().all(|result| result.tool_name != *last) {
        let died =
            Failed::because("the process that ran this command died here: everything was undone");
        results.push(steps::result(&scene, *last, &journal.trace_id(), Err(died)));
    }
    let compensation = compensate::all(run, &scene, &mut journal, &mut results)?;
    if results.iter().all(|result| result.status == Status::Success) {
        // It died between two steps: those that were done are undone.
        let next = command.tools().get(results.len()).copied().unwrap_or(*last);
        let died = Failed::because(
            "the process that ran this command died before this step: everything was undone",
        );
        results.push(steps::result(&scene, next, &journal.trace_id(), Err(died)));
    }
    steps::finish(run, &scene, &mut journal, results, compensation).map(Some)
}

/// Takes a finished command back: the former file, the former kernel values. The instance is not restarted by this.
///
/// # Errors
/// When the command is unknown, not finished, changed nothing, or was taken back before.
pub fn roll_back(run: &Run<'_>, id: &str) -> Result<Vec<String>, Error> {
    let lock = locked(run)?;
    recover(run)?;
    if Journal::read(run.instance, id)?.is_none() {
        return Err(Error::Unknown(id.to_owned()));
    }
    let mut journal = Journal::open(run.instance, id, run.die_at)?;
    let state = |text: &str| Error::State(format!("command {id} {text}"));
    let trace = journal.trace().ok_or_else(|| state("is not finished"))?;
    if journal.is_rolled_back() {
        return Err(state("was rolled back before"));
    }
    let available = trace.steps_executed.iter().any(|step| step.rollback_available);
    if trace.overall_status == Overall::Held || !available {
        return Err(state("changed nothing that can be rolled back"));
    }
    let command = command_of(&journal)?;
    let scene = scene(run, &command);
    let mut texts = Vec::new();
    for (name, undo) in journal.begun().into_iter().rev() {
        let Some(undo) = undo.filter(|_| name != crate::command::ToolName::IrisRestart) else {
            continue;
        };
        let done = crate::tool::tool(name).undo(&scene, &undo, scene.deadline(name));
        texts.push(done.map_err(|failed| state(&format!("could not be rolled back: {failed}")))?);
    }
    journal.write(Said::RolledBack { texts: texts.clone() })?;
    run.log.say(
        &journal.trace_id(),
        "command rolled back",
        &[("command_id", id), ("texts", &texts.join("; "))],
    );
    drop(lock);
    Ok(texts)
}
