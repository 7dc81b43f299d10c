//! `--llm`: a language model that words what is planned.

use std::time::Duration;

use chat::{Blocking, Key, Limits, Message, OPENAI, Settings};
use clap::Args;
use convene::prose::Writer;

use crate::config::Environment;

/// A language model, when one is wanted.
#[derive(Debug, Args)]
#[command(next_help_heading = "Language model (its key comes from OPENAI_API_KEY)")]
pub(super) struct Model {
    /// Let a model word messages and a summary, and propose options; figures, dates and choices are computed as without it
    #[arg(long)]
    llm: bool,
    /// The address of an OpenAI-compatible endpoint, before /chat/completions
    #[arg(long, value_name = "URL", env = "OPENAI_BASE_URL", default_value = OPENAI)]
    llm_url: String,
    /// The model, as the endpoint names it
    #[arg(
        long,
        value_name = "NAME",
        env = "STEWARD_LLM_MODEL",
        default_value = "",
        hide_default_value = true
    )]
    llm_model: String,
    /// How freely it writes, 0 to 2
    #[arg(long, value_name = "T", env = "STEWARD_LLM_TEMPERATURE", default_value_t = 0.7)]
    llm_temperature: f64,
    /// How long one of its answers may take
    #[arg(long, value_name = "SECONDS", env = "STEWARD_LLM_TIMEOUT", default_value_t = 60)]
    llm_timeout: u64,
}

impl Model {
    /// The writer, when one is wanted.
    ///
    /// # Errors
    /// When what is set cannot work.
    pub(super) fn writer(&self) -> Result<Option<ChatWriter>, chat::Error> {
        if !self.llm {
            return Ok(None);
        }
        if self.llm_model.is_empty() {
            let told = "name the model with --llm-model or STEWARD_LLM_MODEL";
            return Err(chat::Error::Settings(told.to_owned()));
        }
        let settings = Settings {
            base_url: self.llm_url.clone(),
            key: Environment::of_process().model_key().as_deref().and_then(Key::new),
            model: self.llm_model.clone(),
            temperature: self.llm_temperature,
            limits: Limits { timeout: Duration::from_secs(self.llm_timeout), ..Limits::default() },
        };
        Blocking::new(settings).map(|model| Some(ChatWriter(model)))
    }
}

/// The planner's port over an endpoint.
#[derive(Debug)]
pub(super) struct ChatWriter(Blocking);

impl Writer for ChatWriter {
    fn model(&self) -> &str {
        self.0.model()
    }

    fn write(&self, rules: &str, question: &str) -> Result<String, String> {
        let talk = [Message::system(rules), Message::user(question)];
        self.0.ask(&talk).map(|answer| answer.text).map_err(|e| e.to_string())
    }
}
