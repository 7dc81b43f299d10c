//! The same for programs without a runtime.

use tokio::runtime::{Builder, Runtime};

use crate::{Answer, Client, Error, Message, Settings};

/// A [`Client`] with a runtime of its own, on the thread that asks. Not for code that runs in a runtime already.
#[derive(Debug)]
pub struct Blocking {
    client: Client,
    runtime: Runtime,
}

impl Blocking {
    /// As [`Client::new`].
    ///
    /// # Errors
    /// As there; and when the machine gives no event queue.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let client = Client::new(settings)?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| Error::Unreachable(e.to_string()))?;
        Ok(Self { client, runtime })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        self.client.model()
    }

    /// As [`Client::ask`].
    ///
    /// # Errors
    /// As there.
    pub fn ask(&self, messages: &[Message]) -> Result<Answer, Error> {
        self.runtime.block_on(self.client.ask(messages))
    }
}
