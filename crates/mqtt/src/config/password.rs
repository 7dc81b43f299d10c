//! A password that is asked for.

use std::{fmt, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};

type Ask = dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync;

/// Asked before each connection.
#[derive(Clone)]
pub(crate) struct PasswordSource(Arc<Ask>);

impl PasswordSource {
    pub(super) fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<String, String>> + Send + 'static,
    {
        Self(Arc::new(move || ask().boxed()))
    }

    pub(crate) async fn ask(&self) -> Result<String, String> {
        (self.0)().await
    }
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSource")
    }
}
