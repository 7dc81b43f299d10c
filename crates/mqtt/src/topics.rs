//! The topics of a TARS robot and what is said on them, so that a Rust service can join one.
//!
//! Unknown keys are refused, as the robot's own services do. Topics whose data is not fixed take any JSON object.

use std::marker::PhantomData;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::health::HealthEvent;
use crate::message::QoS;

/// A topic with the kind of data that is published on it.
#[derive(Debug)]
pub struct Topic<T> {
    /// Name, or filter with wildcards.
    pub name: &'static str,
    /// The `type` of its envelopes.
    pub kind: &'static str,
    /// The level it is published and subscribed with.
    pub qos: QoS,
    data: PhantomData<fn() -> T>,
}

impl<T> Topic<T> {
    /// A topic of your own.
    pub const fn new(name: &'static str, kind: &'static str, qos: QoS) -> Self {
        Self { name, kind, qos, data: PhantomData }
    }
}

/// Any JSON object.
pub type Object = Map<String, Value>;

/// What was heard, finally.
pub const STT_FINAL: Topic<FinalTranscript> =
    Topic::new("stt/final", "stt.final", QoS::AtLeastOnce);
/// What is being heard.
pub const STT_PARTIAL: Topic<Object> = Topic::new("stt/partial", "stt.partial", QoS::AtMostOnce);
/// What to say.
pub const TTS_SAY: Topic<TtsSay> = Topic::new("tts/say", "tts.say", QoS::AtLeastOnce);
/// Whether the robot speaks.
pub const TTS_STATUS: Topic<TtsStatus> = Topic::new("tts/status", "tts.status", QoS::AtLeastOnce);
/// How to go on speaking.
pub const TTS_CONTROL: Topic<TtsControl> =
    Topic::new("tts/control", "tts.control", QoS::AtLeastOnce);
/// A question to the language model.
pub const LLM_REQUEST: Topic<LlmRequest> =
    Topic::new("llm/request", "llm.request", QoS::AtLeastOnce);
/// Its answer.
pub const LLM_RESPONSE: Topic<LlmResponse> =
    Topic::new("llm/response", "llm.response", QoS::AtLeastOnce);
/// Its answer, piece by piece.
pub const LLM_STREAM: Topic<Object> = Topic::new("llm/stream", "llm.stream", QoS::AtMostOnce);
/// A question to the memory.
pub const MEMORY_QUERY: Topic<Object> =
    Topic::new("memory/query", "memory.query", QoS::AtLeastOnce);
/// What it remembers.
pub const MEMORY_RESULTS: Topic<Object> =
    Topic::new("memory/results", "memory.results", QoS::AtLeastOnce);
/// The wake word was heard.
pub const WAKE_EVENT: Topic<Object> = Topic::new("wake/event", "wake.event", QoS::AtLeastOnce);
/// How to move.
pub const MOVEMENT_COMMAND: Topic<Object> =
    Topic::new("movement/command", "movement.command", QoS::AtLeastOnce);
/// How every service is; the only retained topic.
pub const SYSTEM_HEALTH: Topic<HealthPing> =
    Topic::new("system/health/+", "health.status", QoS::AtLeastOnce);
/// That every service is.
pub const SYSTEM_KEEPALIVE: Topic<Object> =
    Topic::new("system/keepalive/+", "health.heartbeat", QoS::AtMostOnce);

/// What was heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalTranscript {
    /// Identifies the message.
    pub message_id: String,
    /// The words.
    pub text: String,
    /// The language.
    #[serde(default = "english")]
    pub lang: String,
    /// How sure the recogniser is, 0 to 1.
    #[serde(deserialize_with = "share")]
    pub confidence: f64,
    /// The utterance that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utt_id: Option<String>,
    /// When, in seconds since the epoch.
    pub ts: f64,
    /// Whether nothing will be corrected any more.
    pub is_final: bool,
}

fn english() -> String {
    "en".to_owned()
}

fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err(D::Error::custom("outside of 0 to 1"))
    }
}

/// What to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TtsSay {
    /// Identifies the message.
    pub message_id: String,
    /// The words.
    pub text: String,
    /// With which voice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// In which language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<String>,
    /// The utterance that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utt_id: Option<String>,
    /// In which manner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// When that utterance was heard, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stt_ts: Option<f64>,
}

/// Whether the robot speaks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TtsStatus {
    /// Identifies the message.
    pub message_id: String,
    /// What began or ended.
    pub event: Speaking,
    /// The words.
    pub text: String,
    /// The utterance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utt_id: Option<String>,
    /// When, in seconds since the epoch.
    pub ts: f64,
}

/// Beginning or end of speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speaking {
    /// It begins.
    #[serde(rename = "speaking_start")]
    Start,
    /// It ends.
    #[serde(rename = "speaking_end")]
    End,
}

/// How to go on speaking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TtsControl {
    /// Identifies the message.
    pub message_id: String,
    /// What to do.
    pub command: TtsCommand,
    /// The utterance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utt_id: Option<String>,
}

/// What to do with speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TtsCommand {
    /// End it.
    Stop,
    /// Halt it.
    Pause,
    /// Go on.
    Resume,
    /// Forget what waits.
    Cancel,
}

/// A question to the language model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmRequest {
    /// Identifies the question; its answer repeats it.
    pub id: String,
    /// Identifies the message.
    pub message_id: String,
    /// The question.
    pub text: String,
    /// Whether to answer piece by piece.
    #[serde(default)]
    pub stream: bool,
    /// Whether to look into the memory.
    #[serde(default)]
    pub use_rag: bool,
    /// Who the model shall be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Settings of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Object>,
    /// What was said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Value>>,
}

/// The answer of the language model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmResponse {
    /// The id of the question.
    pub id: String,
    /// Identifies the message.
    pub message_id: String,
    /// The answer.
    pub reply: String,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Who runs the model.
    pub provider: String,
    /// Its name.
    pub model: String,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Value>,
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthPing {
    /// Identifies the message.
    pub message_id: String,
    /// Whether it does its work.
    pub ok: bool,
    /// What happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<HealthEvent>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err: Option<String>,
    /// When, in seconds since the epoch.
    pub timestamp: f64,
}
