//! What a service does with a message.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::message::Message;

/// Anything a handler may fail with.
pub type HandlerError = Box<dyn Error + Send + Sync>;

/// What a handler may return: nothing, or a `Result` without a value.
pub trait Outcome {
    /// The failure, if it is one.
    fn into_result(self) -> Result<(), HandlerError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), HandlerError> {
        Ok(())
    }
}

impl<E: Into<HandlerError>> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), HandlerError> {
        self.map_err(Into::into)
    }
}

pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;
pub(crate) type AnyHandler = Arc<dyn Fn(Message) -> Handling + Send + Sync>;

/// A handler of any shape as one that can be kept beside others.
pub(crate) fn erased<F, Fut>(handler: F) -> AnyHandler
where
    F: Fn(Message) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + Send + 'static,
{
    Arc::new(move |message| {
        let handling = handler(message);
        Box::pin(async move { handling.await.into_result() })
    })
}
