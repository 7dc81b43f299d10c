//! A message as it comes: its form, without database or transport.

use kernel::{
    http::body,
    problem::{FieldError, Problem, kinds},
};
use serde::{Deserialize, Serialize};

use super::BATCH_MAX;

/// An entry of a log, or a part of one (`contracts/instance/message.schema.json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogMessage {
    /// 32 hexadecimal digits, the same for the parts of one entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9a-f]{32}$")]
    pub trace_id: Option<String>,
    /// When the message was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    pub generated_at: Option<String>,
    /// As in the log, local time of the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    pub timestamp: Option<String>,
    /// The same as ISO 8601, without a zone.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub time: Option<String>,
    /// The process that wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_id: Option<u32>,
    /// 0 information, 1 warning, 2 severe, 3 fatal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 3)]
    pub severity: Option<u8>,
    /// For instance `Database.MountedRW`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    pub category: Option<String>,
    /// `config`, `license`, `resource`, or null.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub error_type: Option<String>,
    /// What the first line says behind its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_text: Option<String>,
    /// The first line as it stands in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_text: Option<String>,
    /// 1; more for lines that came later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 2_147_483_647_u32)]
    pub part: Option<u32>,
    /// The further lines of this part.
    #[serde(default)]
    pub continuation: Vec<String>,
}

/// One message, or several in the order of the log.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
#[schema(as = LogMessages)]
pub enum Messages {
    /// One.
    One(Box<LogMessage>),
    /// Several.
    Several(Vec<LogMessage>),
}

impl LogMessage {
    /// The messages of a body.
    ///
    /// # Errors
    /// 400 for what is no message, 422 for too many or one that cannot be kept.
    pub fn all(bytes: &[u8]) -> Result<Vec<Self>, Problem> {
        let several = bytes.trim_ascii_start().first() == Some(&b'[');
        let messages: Vec<Self> =
            if several { body::any(bytes)? } else { vec![body::json(bytes)?] };
        if messages.is_empty() || messages.iter().any(Self::says_nothing) {
            return Err(no_message());
        }
        if messages.len() > BATCH_MAX {
            let message = format!("At most {BATCH_MAX} messages at once.");
            return Err(Problem::invalid(vec![FieldError::new("", "too_many", message)]));
        }
        let faults: Vec<_> = messages.iter().filter_map(Self::fault).collect();
        if faults.is_empty() { Ok(messages) } else { Err(Problem::invalid(faults)) }
    }

    fn says_nothing(&self) -> bool {
        self.message_text.is_none() && self.continuation.is_empty()
    }

    fn fault(&self) -> Option<FieldError> {
        let range = |at: &str, said: &str| Some(FieldError::new(at, "range", said));
        if self.severity.is_some_and(|severity| severity > 3) {
            return range("/severity", "0 to 3");
        }
        if self.part.is_some_and(|part| i32::try_from(part).is_err()) {
            return range("/part", "at most 2147483647");
        }
        let longest = [&self.trace_id, &self.category, &self.error_type];
        if longest.into_iter().flatten().any(|text| text.len() > 255) {
            return Some(FieldError::new(
                "",
                "too_long",
                "trace_id, category and error_type: at most 255 bytes.",
            ));
        }
        let texts = [
            &self.trace_id,
            &self.category,
            &self.error_type,
            &self.message_text,
            &self.original_text,
            &self.generated_at,
            &self.timestamp,
            &self.time,
        ];
        let all = texts.into_iter().flatten().chain(&self.continuation);
        let nul = all.into_iter().any(|text| text.contains('\0'));
        nul.then(|| {
            FieldError::new("", "control_character", "Must not contain the character U+0000.")
        })
    }
}

fn no_message() -> Problem {
    Problem::new(
        &kinds::MALFORMED,
        "The body is not the JSON that this operation describes: a message, or a list of messages, each with text or continuation lines.",
    )
}
