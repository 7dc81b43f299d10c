//! What the model wrote, line by line against the rules.

use super::Entry;
use crate::log::Header;

/// IRIS cuts a text at so many characters.
const MAX_TEXT_CHARS: usize = 500;
/// As much of a refused line is told back.
const SHOWN_CHARS: usize = 120;

/// What became of an answer.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Lines that became the text of an entry.
    pub(super) accepted: usize,
    /// The others, with the rule that each breaks.
    pub(super) faults: Vec<String>,
}

/// Gives each line to the first entry without a text that begins like it.
pub(super) fn take(answer: &str, entries: &mut [Entry]) -> Outcome {
    let mut outcome = Outcome::default();
    for line in answer.lines().filter(|line| !line.trim().is_empty()) {
        match text(line) {
            Ok((beginning, text)) => {
                let wanted = entries
                    .iter_mut()
                    .find(|entry| entry.text.is_none() && entry.beginning() == beginning);
                let Some(entry) = wanted else {
                    outcome.faults.push(shown(line, "the beginning is none of those given"));
                    continue;
                };
                entry.text = Some(text.to_owned());
                outcome.accepted += 1;
            }
            Err(fault) => outcome.faults.push(shown(line, &fault)),
        }
    }
    if outcome.faults.is_empty() {
        outcome.faults.push("there are fewer lines than entries".to_owned());
    }
    outcome
}

/// The beginning and the text of a line that keeps the grammar.
fn text(line: &str) -> Result<(&str, &str), String> {
    let header = Header::parse(line.as_bytes()).map_err(|fault| fault.to_string())?;
    let (beginning, text) =
        line.split_at_checked(line.len() - header.text.len()).ok_or("the text is not UTF-8")?;
    if text.trim().is_empty() {
        return Err("the text is missing".to_owned());
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        return Err(format!("the text is longer than {MAX_TEXT_CHARS} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("the text holds a control character".to_owned());
    }
    Ok((beginning, text))
}

fn shown(line: &str, fault: &str) -> String {
    let line: String = line.chars().take(SHOWN_CHARS).collect();
    format!("{line}\n  ({fault})")
}
