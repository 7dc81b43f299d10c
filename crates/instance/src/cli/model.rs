//! `--llm`: which language model words the entries, and the loop that waits for it.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;
use chat::{Blocking, Key, Limits, OPENAI, Settings};
use clap::Args;
use serde::Deserialize;

use super::{Failure, settings, tell};
use crate::writer::Writer;

/// How freely the model writes, unless it is set.
const TEMPERATURE: f64 = 0.7;

/// A language model for the texts.
#[derive(Clone, Debug, Default, Args)]
#[command(
    next_help_heading = "Language model (the key comes from OPENAI_API_KEY or instance.toml)"
)]
pub struct Model {
    /// Let a language model word the entries; without it, or when it fails, they have built-in texts
    #[arg(long)]
    pub llm: bool,
    /// The address of an OpenAI-compatible endpoint, before /chat/completions [default: that of OpenAI]
    #[arg(long, value_name = "URL", env = "OPENAI_BASE_URL")]
    llm_url: Option<String>,
    /// The model, as the endpoint names it
    #[arg(long, value_name = "NAME", env = "MESSAGE_GENERATOR_MODEL")]
    llm_model: Option<String>,
    /// How freely it writes, 0 to 2 [default: 0.7]
    #[arg(long, value_name = "T", env = "MESSAGE_GENERATOR_TEMPERATURE")]
    llm_temperature: Option<f64>,
    /// How long one of its answers may take [default: 60]
    #[arg(long, value_name = "SECONDS", env = "MESSAGE_GENERATOR_TIMEOUT")]
    llm_timeout: Option<u64>,
    /// Calls a minute [default: 60]
    #[arg(long, value_name = "N", env = "MESSAGE_GENERATOR_CALLS")]
    llm_calls: Option<NonZeroU32>,
    /// Settings of the model and of --publish; without this, instance.toml when it is there
    #[arg(long, value_name = "FILE", env = "INSTANCE_CONFIG")]
    config: Option<PathBuf>,
}

/// The keys of `instance.toml` that the model knows.
#[derive(Default, Deserialize)]
struct File {
    openai_api_key: Option<String>,
    openai_base_url: Option<String>,
    message_generator_model: Option<String>,
    message_generator_temperature: Option<f64>,
    message_generator_timeout: Option<u64>,
    message_generator_calls: Option<NonZeroU32>,
}

impl Model {
    /// The file of settings that was named.
    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// The writer, when one is wanted.
    ///
    /// # Errors
    /// When what is set cannot work.
    pub(super) fn writer(&self) -> Result<Option<Writer>> {
        if !self.llm {
            return Ok(None);
        }
        let settings = self.settings(settings::read(self.config.as_deref())?)?;
        let model = Blocking::new(settings).map_err(|e| Failure::Input(e.to_string()))?;
        Ok(Some(Writer::new(model, tell)))
    }

    fn settings(&self, file: File) -> Result<Settings> {
        let model = self.llm_model.clone().or(file.message_generator_model).ok_or_else(|| {
            Failure::Input("name the model with --llm-model or MESSAGE_GENERATOR_MODEL".to_owned())
        })?;
        let seconds = self.llm_timeout.or(file.message_generator_timeout);
        let limits = Limits::default();
        Ok(Settings {
            base_url: self
                .llm_url
                .clone()
                .or(file.openai_base_url)
                .unwrap_or_else(|| OPENAI.to_owned()),
            key: key().or(file.openai_api_key).as_deref().and_then(Key::new),
            model,
            temperature: self
                .llm_temperature
                .or(file.message_generator_temperature)
                .unwrap_or(TEMPERATURE),
            limits: Limits {
                timeout: seconds.map_or(limits.timeout, Duration::from_secs),
                calls_a_minute: self
                    .llm_calls
                    .or(file.message_generator_calls)
                    .unwrap_or(limits.calls_a_minute),
                ..limits
            },
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a secret has no flag: others see a program's arguments"
)]
fn key() -> Option<String> {
    std::env::var("OPENAI_API_KEY").ok()
}
