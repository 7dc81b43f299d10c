//! The same for code that waits.

use std::{panic, thread};

use tokio::runtime::Builder;

use crate::{Answer, Client, Error, Message, Settings};

/// A [`Client`] for code that waits, whether or not a runtime runs on its thread: each question has a thread of its own.
#[derive(Debug)]
pub struct Blocking {
    client: Client,
}

impl Blocking {
    /// As [`Client::new`].
    ///
    /// # Errors
    /// As there.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Client::new(settings).map(|client| Self { client })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        self.client.model()
    }

    /// As [`Client::ask`].
    ///
    /// # Errors
    /// As there; and when the machine gives no event queue.
    pub fn ask(&self, messages: &[Message]) -> Result<Answer, Error> {
        let asked = || {
            let runtime = Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|e| Error::Unreachable(e.to_string()))?;
            runtime.block_on(self.client.ask(messages))
        };
        let answer = thread::scope(|scope| scope.spawn(asked).join());
        answer.unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    }
}
