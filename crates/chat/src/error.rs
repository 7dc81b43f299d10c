//! Why there is no answer.

use std::time::Duration;

/// Why there is no answer. Neither the key nor the question is in any of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What is set cannot work; nothing was sent.
    #[error("{0}")]
    Settings(String),
    /// No connection, or one that broke.
    #[error("the model cannot be reached: {0}")]
    Unreachable(String),
    /// The answer did not come, or not to its end, in time.
    #[error("the model did not answer within {} s", .0.as_secs_f64())]
    Late(Duration),
    /// 429, or 5xx.
    #[error("the model's endpoint answered {status}{}", said(.told))]
    Busy {
        /// The HTTP status.
        status: u16,
        /// The pause that it asked for.
        pause: Option<Duration>,
        /// Its own words.
        told: String,
    },
    /// Any other status: asking again would not help.
    #[error("the model's endpoint refused with {status}{}", said(.told))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its own words.
        told: String,
    },
    /// An answer without end.
    #[error("the model's answer is longer than {0} bytes")]
    Oversized(usize),
    /// The answer is not what the protocol says.
    #[error("the model's endpoint answered something else than a chat completion: {0}")]
    Malformed(String),
}

impl Error {
    /// Whether the same question may be answered a little later.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Late(_) | Self::Busy { .. })
    }
}

fn said(told: &str) -> String {
    if told.is_empty() { String::new() } else { format!(": {told}") }
}
