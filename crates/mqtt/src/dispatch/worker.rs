//! One subscription's task: its messages, one after the other, each once, whatever the handler does.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::dedupe::{Dedupe, dedupe_key};
use crate::envelope::correlation_id;
use crate::handler::AnyHandler;
use crate::message::Message;
use crate::transport::Receipt;

/// Handles the messages of one subscription, one after the other.
pub(super) struct Worker {
    pub(super) client_id: Arc<str>,
    pub(super) filter: Arc<str>,
    pub(super) identifier: u32,
    pub(super) handler: AnyHandler,
    pub(super) dedupe: Option<Arc<Mutex<Dedupe>>>,
    pub(super) depth: Arc<AtomicUsize>,
}

impl Worker {
    pub(super) async fn work(self, mut messages: mpsc::UnboundedReceiver<(Message, Receipt)>) {
        while let Some((message, receipt)) = messages.recv().await {
            self.depth.fetch_sub(1, Ordering::Relaxed);
            let key = self.dedupe.as_ref().and_then(|_| dedupe_key(&message.payload));
            if self.is_first(key.as_deref()) {
                self.handle(message, key.as_deref()).await;
            } else {
                metrics::counter!("mqtt_duplicates_total").increment(1);
            }
            drop(receipt);
        }
    }

    async fn handle(&self, message: Message, key: Option<&str>) {
        let (topic, payload) = (message.topic.clone(), message.payload.clone());
        let handling = AssertUnwindSafe(async { (self.handler)(message).await });
        let error = match handling.catch_unwind().await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => said(&panic),
        };
        let correlation_id = correlation_id(&payload).unwrap_or_default();
        metrics::counter!("mqtt_handler_errors_total").increment(1);
        let (client_id, filter, size) = (&*self.client_id, &*self.filter, payload.len());
        tracing::error!(client_id, topic, filter, correlation_id, size, error, "a handler failed");
        if let (Some(dedupe), Some(key)) = (&self.dedupe, key) {
            // What was not handled may come again.
            dedupe.lock().unwrap_or_else(PoisonError::into_inner).forget(self.identifier, key);
        }
    }

    fn is_first(&self, key: Option<&str>) -> bool {
        let (Some(dedupe), Some(key)) = (&self.dedupe, key) else { return true };
        let mut dedupe = dedupe.lock().unwrap_or_else(PoisonError::into_inner);
        dedupe.is_first(self.identifier, key, Instant::now())
    }
}

/// What a panic said, as text.
fn said(panic: &Box<dyn std::any::Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "without a message".to_owned()))
}
