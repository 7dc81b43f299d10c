//! The shapes that a model's answers must have.

use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

use super::truth::Facts;

/// No message is longer, in characters.
const MAX_MESSAGE: usize = 400;
/// No summary is longer, in characters.
const MAX_SUMMARY: usize = 900;
/// No option and no argument is longer, in characters.
const MAX_CLAUSE: usize = 240;
/// More options are not weighed, they are skimmed.
const MAX_OPTIONS: usize = 3;

/// An answer.
pub(super) trait Reply: DeserializeOwned + JsonSchema {
    /// As it is told to the model.
    fn schema() -> String {
        serde_json::to_string(&schemars::schema_for!(Self)).unwrap_or_default()
    }

    /// The one JSON object in a text: models like to put words and fences around it.
    fn read(text: &str) -> Result<Self, String> {
        let object = text.find('{').zip(text.rfind('}'));
        let object =
            object.and_then(|(from, to)| text.get(from..=to)).ok_or("there is no JSON object")?;
        serde_json::from_str(object).map_err(|e| e.to_string())
    }
}

/// A message for each audience.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Messages {
    pub(super) messages: Vec<Message>,
}

/// What an audience is told.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) audience: String,
    pub(super) message: String,
}

/// The plan in a few sentences.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Summary {
    pub(super) summary: String,
}

/// What could be looked at.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    pub(super) options: Vec<Proposal>,
}

/// An option.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Proposal {
    pub(super) option: String,
    pub(super) speaks_for: String,
    pub(super) speaks_against: String,
}

impl Reply for Messages {}
impl Reply for Summary {}
impl Reply for Options {}

impl Messages {
    /// Each wanted audience once, and each message true of its facts.
    pub(super) fn faults(&self, wanted: &[&str], facts: impl Fn(&str) -> Facts) -> Vec<String> {
        let mut faults = Vec::new();
        for audience in wanted {
            let count = self.messages.iter().filter(|it| it.audience == *audience).count();
            if count != 1 {
                faults.push(format!("{audience}: {count} messages, one is wanted"));
            }
        }
        for Message { audience, message } in &self.messages {
            if wanted.contains(&audience.as_str()) {
                faults.extend(said(audience, message, MAX_MESSAGE, &facts(audience)));
            } else {
                faults.push(format!("{audience}: there is no such audience"));
            }
        }
        faults
    }
}

impl Summary {
    pub(super) fn faults(&self, facts: &Facts) -> Vec<String> {
        said("summary", &self.summary, MAX_SUMMARY, facts).collect()
    }
}

impl Options {
    pub(super) fn faults(&self, facts: &Facts) -> Vec<String> {
        let mut faults = Vec::new();
        if self.options.len() > MAX_OPTIONS {
            faults
                .push(format!("{} options, at most {MAX_OPTIONS} are wanted", self.options.len()));
        }
        for it in &self.options {
            for text in [&it.option, &it.speaks_for, &it.speaks_against] {
                faults.extend(said("options", text, MAX_CLAUSE, facts));
            }
        }
        faults
    }
}

/// What is wrong with a text, with its place in front.
fn said(place: &str, text: &str, most: usize, facts: &Facts) -> impl Iterator<Item = String> {
    let length = text.trim().chars().count();
    let mut faults = facts.faults(text);
    if length == 0 {
        faults.push("it is empty".to_owned());
    }
    if length > most {
        faults.push(format!("{length} characters, at most {most} are wanted"));
    }
    faults.into_iter().map(move |fault| format!("{place}: {fault}"))
}
