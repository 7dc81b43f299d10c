//! A person approves or rejects a held command.

use super::{Error, Journal, Run, Said, begun, locked, recover, trace};
use crate::command::{
    Command,
    result::{Overall, Trace},
};

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Run it.
    Approve,
    /// Never run it.
    Reject,
}

/// Decides a held command; an approved one runs at once.
///
/// # Errors
/// When no such command is held.
pub fn decide(run: &Run<'_>, id: &str, decision: Decision, why: &str) -> Result<Trace, Error> {
    let lock = locked(run)?;
    recover(run)?;
    if Journal::read(run.instance, id)?.is_none() {
        return Err(Error::Unknown(id.to_owned()));
    }
    let mut journal = Journal::open(run.instance, id, run.die_at)?;
    let document = journal.command().map(ToString::to_string).unwrap_or_default();
    let command = Command::parse(document.as_bytes())?;
    if let Some(trace) = journal.trace() {
        let status = format!("{:?}", trace.overall_status).to_lowercase();
        return Err(Error::State(format!(
            "command {id} is over ({status}): there is nothing to decide"
        )));
    }
    if !journal.is_held() {
        return Err(Error::State(format!("command {id} does not wait for a decision")));
    }
    let decided = match decision {
        Decision::Reject => rejected(run, &command, &mut journal, why),
        Decision::Approve => {
            if !journal.is_approved() {
                journal.write(Said::Decided { approved: true, by: who(), why: why.to_owned() })?;
            }
            run.log.say(&journal.trace_id(), "command approved", &[("by", &who()), ("why", why)]);
            begun(run, &command, &mut journal, &|_| None)
        }
    };
    drop(lock);
    decided
}

pub(super) fn rejected(
    run: &Run<'_>,
    command: &Command,
    journal: &mut Journal,
    why: &str,
) -> Result<Trace, Error> {
    journal.write(Said::Decided { approved: false, by: who(), why: why.to_owned() })?;
    run.log.say(&journal.trace_id(), "command rejected", &[("by", &who()), ("why", why)]);
    let mut trace = trace(command, journal, Vec::new());
    trace.overall_status = Overall::Failure;
    trace.requires_user_action = Some(format!("rejected by {}: {why}", who()));
    journal.write(Said::Finished { trace: trace.clone() })?;
    Ok(trace)
}

/// Who runs this process.
pub(super) fn who() -> String {
    let uid = nix::unistd::getuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}
