//! Runs a command: its tools in the given order, a check before each, everything undone when one fails.
//!
//! One command at a time for an instance, many instances side by side. Each step is written to the command's journal before it
//! begins and after it ends, so that a run that dies is finished or undone by the next one, never left half. The same
//! `command_id` twice runs once and answers the first trace.

mod compensate;
mod decide;
mod dry;
mod journal;
mod log;
mod recover;
mod steps;
mod view;

use std::{fs::TryLockError, io, path::Path};

use jiff::Timestamp;

pub use decide::{Decision, decide};
pub use journal::{Journal, Record, Said};
pub use log::Log;
pub use recover::{recover, roll_back};
pub use view::{State, profile, states, tree};

use crate::{
    clock,
    command::{
        Command, Refusal,
        result::{Compensation, Overall, ToolResult, Trace},
    },
    tool::{Instance, Rules, Scene},
};

/// Why a command has no trace.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It breaks rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The same id came before with another content.
    #[error(
        "command {0} was given before with another content: a new command needs a new command_id"
    )]
    Reused(String),
    /// No journal of this id.
    #[error("no command {0} is known here: `instance status` lists them")]
    Unknown(String),
    /// The command cannot be approved, rejected or rolled back in its state.
    #[error("{0}")]
    State(String),
    /// The journal cannot be read or written: nothing is done that cannot be written down.
    #[error("the journal of commands: {0}")]
    Journal(#[from] io::Error),
}

/// How a command is run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// On which instance.
    pub instance: &'a Instance,
    /// Limits and permissions.
    pub rules: Rules,
    /// Only say what would happen.
    pub dry_run: bool,
    /// Where decisions and changes are told.
    pub log: &'a Log,
    /// Dies at the nth boundary of the journal, to try what a crash leaves; nothing in earnest.
    pub die_at: Option<u32>,
}

/// Asks a person; answers whether and by whom it was confirmed. Nothing when nobody can be asked now.
pub type Confirm<'a> = &'a dyn Fn(&str) -> Option<bool>;

/// Runs a command.
///
/// # Errors
/// When it is refused, its id was used for something else, or its journal fails. What tools report is in the trace.
pub fn run(run: &Run<'_>, command: &Command, confirm: Confirm<'_>) -> Result<Trace, Error> {
    if run.dry_run {
        return Ok(dry::run(run, command));
    }
    let lock = locked(run)?;
    recover(run)?;
    let mut journal = Journal::open(run.instance, &command.id, run.die_at)?;
    if let Some(earlier) = journal.command() {
        if earlier != command.document() {
            return Err(Error::Reused(command.id.clone()));
        }
        if let Some(trace) = journal.trace() {
            run.log.say(&trace.trace_id, "answered again", &[("command_id", &command.id)]);
            return Ok(trace);
        }
    } else {
        journal.write(Said::Received {
            command: command.document().clone(),
            trace_id: new_trace_id(),
        })?;
    }
    let trace = begun(run, command, &mut journal, confirm);
    drop(lock);
    trace
}

fn begun(
    run: &Run<'_>,
    command: &Command,
    journal: &mut Journal,
    confirm: Confirm<'_>,
) -> Result<Trace, Error> {
    let trace_id = journal.trace_id();
    run.log.say(&trace_id, "command received", &[("command", &command.shown().to_string())]);
    let mut rules = run.rules;
    rules.confirmed = rules.confirmed || journal.is_approved();
    let scene = Scene { instance: run.instance, command, rules };
    if let Some(question) = (!rules.confirmed).then(|| dry::question(&scene)).flatten() {
        match confirm(&question) {
            Some(true) => journal.write(Said::Decided {
                approved: true,
                by: decide::who(),
                why: "at the terminal".to_owned(),
            })?,
            Some(false) => return decide::rejected(run, command, journal, "at the terminal"),
            None => return held(run, command, journal, &question),
        }
    }
    let scene = Scene { rules: Rules { confirmed: true, ..rules }, ..scene };
    steps::run(run, &scene, journal)
}

/// Nobody can be asked now: the command waits in its journal.
fn held(
    run: &Run<'_>,
    command: &Command,
    journal: &mut Journal,
    question: &str,
) -> Result<Trace, Error> {
    if !journal.is_held() {
        journal.write(Said::Held { question: question.to_owned() })?;
    }
    run.log.say(&journal.trace_id(), "command held", &[("question", question)]);
    let mut trace = trace(command, journal, Vec::new());
    trace.overall_status = Overall::Held;
    let id = &command.id;
    let action =
        format!("{question} Decide with `instance approve {id}` or `instance reject {id}`.");
    trace.requires_user_action = Some(action);
    Ok(trace)
}

/// One command at a time: whoever comes later waits until the lock is free.
fn locked(run: &Run<'_>) -> io::Result<std::fs::File> {
    let file = run.instance.state().place(Path::new("lock"))?.append(0o600)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            run.log.say("", "waits for another command of this instance", &[]);
        }
        Err(TryLockError::Error(e)) => return Err(e),
    }
    file.lock()?;
    Ok(file)
}

fn new_trace_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// A trace of these steps; success, partial or failure follow from them.
fn trace(command: &Command, journal: &Journal, steps: Vec<ToolResult>) -> Trace {
    use crate::command::result::Status;
    let began = journal.began();
    let succeeded = steps.iter().filter(|step| step.status == Status::Success).count();
    let stopped = steps.iter().find(|step| step.status != Status::Success);
    let overall = match stopped {
        None => Overall::Success,
        Some(step) if succeeded == 0 && step.status == Status::Failure => Overall::Failure,
        Some(_) => Overall::Partial,
    };
    Trace {
        trace_id: journal.trace_id(),
        command_id: command.id.clone(),
        initiated_at: clock::rfc3339(began),
        command_received: command.shown(),
        dry_run: false,
        overall_status: overall,
        completion_time_ms: millis_since(began),
        failed_at_step: stopped.map(|step| step.tool_name),
        compensation: Compensation::None,
        requires_user_action: steps.iter().find_map(|step| step.requires_user_action.clone()),
        steps_executed: steps,
    }
}

fn millis_since(began: Timestamp) -> u64 {
    u64::try_from(clock::now().duration_since(began).as_millis()).unwrap_or_default()
}
