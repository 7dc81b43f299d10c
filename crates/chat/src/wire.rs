//! The part of the protocol that is used: messages there, one text back.

use serde::{Deserialize, Serialize};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sets the rules.
    System,
    /// Asks.
    User,
    /// The model, as far as it has spoken.
    Assistant,
}

/// One turn of the talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub role: Role,
    /// What.
    pub content: String,
}

impl Message {
    /// The rules.
    pub fn system(content: impl Into<String>) -> Self {
        Self { role: Role::System, content: content.into() }
    }

    /// A question.
    pub fn user(content: impl Into<String>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model said, told again so that it can be corrected.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// What the model said: only text, whatever was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its words.
    pub text: String,
    /// Which model says that it wrote them.
    pub model: String,
}

#[derive(Serialize)]
pub(crate) struct Question<'a> {
    pub(crate) model: &'a str,
    pub(crate) temperature: f64,
    pub(crate) messages: &'a [Message],
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    model: String,
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Said,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
}

/// The answer in a body, or what is wrong with it.
pub(crate) fn answer(body: &[u8]) -> Result<Answer, String> {
    // serde's words may quote the body: they name the place alone here.
    let at = |e: serde_json::Error| format!("line {}, column {}", e.line(), e.column());
    let Completion { model, choices } = serde_json::from_slice(body).map_err(at)?;
    let choice = choices.into_iter().next().ok_or("it has no choices")?;
    let text = choice.message.content.ok_or("its message has no content")?;
    Ok(Answer { text, model })
}

/// The message of an error's body; nothing when it has none.
pub(crate) fn error_message(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let message = error.get("message").unwrap_or(error);
    Some(message.as_str()?.to_owned())
}
