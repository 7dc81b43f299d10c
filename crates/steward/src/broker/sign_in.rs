//! How a token becomes an account: the one thing the broker asks of the server's token verifier.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use jiff::Timestamp;
use kernel::{
    Caller,
    token::{Rejected, Verified, Verifier},
};

/// Verifies a token: signature, issuer, audience, times.
type Verify = dyn Fn(String) -> BoxFuture<'static, Result<Proven, Refusal>> + Send + Sync;

/// The verifier of the tokens that come as MQTT passwords.
#[derive(Clone)]
pub struct SignIn(Arc<Verify>);

/// Who a valid token names, and until when it may be used.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The account.
    pub caller: Caller,
    /// The token's expiry: the session ends then.
    pub expires: Timestamp,
}

/// Why nobody is signed in. The reasons go to the log, never to the client.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// The credentials prove nothing.
    #[error("refused: {0}")]
    Denied(String),
    /// They could not be checked now; they may be good.
    #[error("cannot be checked now: {0}")]
    Unavailable(String),
}

impl SignIn {
    /// Tokens are verified by `verify`.
    pub fn new<F, Checked>(verify: F) -> Self
    where
        F: Fn(String) -> Checked + Send + Sync + 'static,
        Checked: Future<Output = Result<Proven, Refusal>> + Send + 'static,
    {
        Self(Arc::new(move |token| Box::pin(verify(token))))
    }

    async fn with(verifier: Verifier, token: String) -> Result<Proven, Refusal> {
        match verifier.verify(&token).await {
            Ok(Verified { caller, expires }) => Ok(Proven { caller, expires }),
            Err(Rejected::KeysUnavailable) => {
                Err(Refusal::Unavailable(Rejected::KeysUnavailable.to_string()))
            }
            Err(rejected) => Err(Refusal::Denied(rejected.to_string())),
        }
    }

    pub(super) async fn verify(&self, token: String) -> Result<Proven, Refusal> {
        (self.0)(token).await
    }
}

impl From<Verifier> for SignIn {
    fn from(verifier: Verifier) -> Self {
        Self::new(move |token| Self::with(verifier.clone(), token))
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignIn(…)")
    }
}
