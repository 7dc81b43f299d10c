//! A command that tells a secret.

use std::{process::Stdio, str::FromStr, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::{io::AsyncReadExt as _, process::Command, time::timeout};

use super::Secret;

/// How long a command may take: a cloud's tool asks its service within two seconds, and requests wait meanwhile.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest secret, in bytes: more than any token.
const LONGEST: u64 = 64 << 10;

/// A program and its arguments, run without a shell. Its standard output is the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    name: String,
    arguments: Vec<String>,
}

/// Why a command told no secret. What it wrote is not repeated: it could be the secret.
#[derive(Debug, thiserror::Error)]
pub enum Untold {
    /// It does not start.
    #[error("the password command {0} cannot be run: {1}; check its path and who may run it")]
    NotRun(String, std::io::Error),
    /// It failed.
    #[error(
        "the password command {0} failed ({1}): run it by hand, as the user of the server, to see why"
    )]
    Failed(String, std::process::ExitStatus),
    /// It takes too long.
    #[error("the password command {0} did not end within {limit} s", limit = COMMAND_TIMEOUT.as_secs())]
    TooSlow(String),
    /// It wrote something else.
    #[error("the password command {0} wrote no secret: text of 1 to {LONGEST} bytes")]
    NoSecret(String),
}

impl Program {
    /// Runs it.
    ///
    /// # Errors
    /// See [`Untold`].
    pub async fn tell(&self) -> Result<Secret, Untold> {
        let written = timeout(COMMAND_TIMEOUT, self.run())
            .await
            .map_err(|_| Untold::TooSlow(self.name.clone()))??;
        let text = String::from_utf8(written).unwrap_or_default();
        let text = text.trim();
        if text.is_empty() || text.len() as u64 > LONGEST {
            return Err(Untold::NoSecret(self.name.clone()));
        }
        Ok(Secret::new(text))
    }

    /// The same for [`steward_mqtt::MqttConfig::password_from`].
    pub fn teller(
        self,
    ) -> impl Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync + 'static {
        move || {
            let program = self.clone();
            async move {
                let told = program.tell().await.map_err(|untold| untold.to_string())?;
                Ok(told.expose().to_owned())
            }
            .boxed()
        }
    }

    /// Dropped by its time limit, the program is killed.
    async fn run(&self) -> Result<Vec<u8>, Untold> {
        let not_run = |error| Untold::NotRun(self.name.clone(), error);
        let mut command = Command::new(&self.name);
        command.args(&self.arguments).stdin(Stdio::null()).stderr(Stdio::null());
        let mut child =
            command.stdout(Stdio::piped()).kill_on_drop(true).spawn().map_err(not_run)?;
        let mut written = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(LONGEST + 1).read_to_end(&mut written).await.map_err(not_run)?;
        }
        let status = child.wait().await.map_err(not_run)?;
        if status.success() { Ok(written) } else { Err(Untold::Failed(self.name.clone(), status)) }
    }
}

/// A JSON array: no quoting of any shell, and none to get wrong.
impl FromStr for Program {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "write it as [\"/path/of/program\", \"argument\"]: it runs without a shell";
        let mut words = serde_json::from_str::<Vec<String>>(text).map_err(|_| FORM)?.into_iter();
        let name = words.next().filter(|name| !name.is_empty()).ok_or(FORM)?;
        Ok(Self { name, arguments: words.collect() })
    }
}
