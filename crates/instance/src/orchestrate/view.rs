//! What the journals say: the state of each command, a trace as a tree, and how long things took.

use std::{collections::BTreeMap, fs, io};

use jiff::Timestamp;
use serde::Serialize;

use super::{Error, Journal, Record, Said};
use crate::{
    clock,
    command::result::{Overall, Trace},
    tool::Instance,
};

/// The state of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// Whose.
    pub command_id: String,
    /// When it came.
    pub received: String,
    /// `waiting`, `held`, `running or died`, `success`, `failure`, `partial`, `rolled back`.
    pub state: String,
    /// For people.
    pub recommended_action: String,
}

/// Every command of the instance, the oldest first.
///
/// # Errors
/// When journals cannot be read.
pub fn states(instance: &Instance) -> Result<Vec<State>, Error> {
    let mut states: Vec<(Timestamp, State)> = Vec::new();
    for id in ids(instance)? {
        let Some(records) = Journal::read(instance, &id)? else { continue };
        let began = records.first().map_or_else(clock::now, |record| record.at);
        let action = records.iter().find_map(|record| {
            let Said::Received { command, .. } = &record.said else { return None };
            Some(command.get("recommended_action")?.as_str()?.to_owned())
        });
        let (state, received) = (state(&records), clock::rfc3339(began));
        let recommended_action = action.unwrap_or_default();
        states.push((began, State { command_id: id, received, state, recommended_action }));
    }
    states.sort_by_key(|(began, _)| *began);
    Ok(states.into_iter().map(|(_, state)| state).collect())
}

fn state(records: &[Record]) -> String {
    let mut state = "waiting".to_owned();
    for record in records {
        let now = match &record.said {
            Said::Received { .. } => "waiting",
            Said::Held { .. } => "held",
            Said::Decided { approved: true, .. } => "approved",
            Said::Decided { approved: false, .. } => "rejected",
            Said::Begun { .. } | Said::Done { .. } | Said::Undone { .. } => "running or died",
            Said::Finished { trace } => finished(trace),
            Said::RolledBack { .. } => "rolled back",
        };
        now.clone_into(&mut state);
    }
    state
}

const fn finished(trace: &Trace) -> &'static str {
    match trace.overall_status {
        Overall::Success => "success",
        Overall::Failure => "failure",
        Overall::Partial => "partial",
        Overall::Held => "held",
    }
}

fn ids(instance: &Instance) -> io::Result<Vec<String>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(instance.state().path())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        ids.extend(name.strip_suffix(".jsonl").filter(|id| *id != "log").map(str::to_owned));
    }
    ids.sort();
    Ok(ids)
}

/// Commands of which a step began and no answer stands.
pub(super) fn unfinished(instance: &Instance) -> io::Result<Vec<String>> {
    let mut unfinished = Vec::new();
    for id in ids(instance)? {
        let records = Journal::read(instance, &id)?.unwrap_or_default();
        let has = |is: fn(&Said) -> bool| records.iter().any(|record| is(&record.said));
        if has(|said| matches!(said, Said::Begun { .. }))
            && !has(|said| matches!(said, Said::Finished { .. }))
        {
            unfinished.push(id);
        }
    }
    Ok(unfinished)
}

/// The trace of a command as a tree, with times since it came.
///
/// # Errors
/// When the command is unknown.
pub fn tree(instance: &Instance, id: &str) -> Result<String, Error> {
    let records = Journal::read(instance, id)?.ok_or_else(|| Error::Unknown(id.to_owned()))?;
    let began = records.first().map_or_else(clock::now, |record| record.at);
    let last = records.len().saturating_sub(1);
    let lines = records.iter().enumerate().flat_map(|(index, record)| {
        let millis = record.at.duration_since(began).as_millis();
        let (branch, below) = if index == last { ("└─", "  ") } else { ("├─", "│ ") };
        let first = format!("{branch} {millis:>6} ms  {}", line(&record.said));
        std::iter::once(first)
            .chain(changes(&record.said).map(move |change| format!("{below}            {change}")))
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    Ok(format!("command {id}\n{}\n", crate::redact::text(&text)))
}

fn changes(said: &Said) -> impl Iterator<Item = String> {
    let applied =
        if let Said::Done { result } = said { Some(&result.changes_applied) } else { None };
    applied.into_iter().flatten().map(|(name, change)| {
        let old = change.old.as_deref().unwrap_or("nothing");
        format!("{name}: {old} -> {}", change.new)
    })
}

fn line(said: &Said) -> String {
    match said {
        Said::Received { trace_id, .. } => format!("received, trace {trace_id}"),
        Said::Held { question } => format!("held: {question}"),
        Said::Decided { approved: true, by, why } => format!("approved by {by}: {why}"),
        Said::Decided { approved: false, by, why } => format!("rejected by {by}: {why}"),
        Said::Begun { tool, .. } => format!("{} begins", tool.as_str()),
        Said::Done { result } => match &result.error_message {
            None => {
                format!("{} done in {} ms", result.tool_name.as_str(), result.execution_time_ms)
            }
            Some(error) => format!("{} failed: {error}", result.tool_name.as_str()),
        },
        Said::Undone { tool, text, .. } => format!("{} undone: {text}", tool.as_str()),
        Said::Finished { trace } => format!("finished: {}", finished(trace)),
        Said::RolledBack { texts } => format!("rolled back: {}", texts.join("; ")),
    }
}

/// Times of the finished commands: for each part its count, median, 95th percentile and maximum in ms.
///
/// # Errors
/// When journals cannot be read.
pub fn profile(instance: &Instance) -> Result<BTreeMap<String, [u64; 4]>, Error> {
    let mut parts: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for id in ids(instance)? {
        for record in Journal::read(instance, &id)?.unwrap_or_default() {
            let Said::Finished { trace } = record.said else { continue };
            parts.entry("whole command".to_owned()).or_default().push(trace.completion_time_ms);
            for step in trace.steps_executed {
                parts
                    .entry(step.tool_name.as_str().to_owned())
                    .or_default()
                    .push(step.execution_time_ms);
            }
        }
    }
    Ok(parts.into_iter().map(|(part, times)| (part, summary(times))).collect())
}

fn summary(mut times: Vec<u64>) -> [u64; 4] {
    times.sort_unstable();
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied()
    };
    [
        times.len() as u64,
        at(50).unwrap_or_default(),
        at(95).unwrap_or_default(),
        at(100).unwrap_or_default(),
    ]
}
