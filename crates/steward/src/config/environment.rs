//! The process's environment, as far as the configuration uses it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use nix::unistd::geteuid;

use super::Error;

/// Environment variables, of this process or of a test.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

/// Names only: any value could be a secret.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// The environment of this process: read here and nowhere else.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// An environment of these variables only.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The variable of a setting; an empty one is not set, as compose files and shells write it.
    pub(super) fn setting(&self, name: &str) -> Option<OsString> {
        self.get(&variable(name))
    }

    /// `$PATH`.
    pub(super) fn path(&self) -> Option<OsString> {
        self.get("PATH")
    }

    /// The collector of traces by the name that OpenTelemetry gives the variable.
    pub(super) fn otlp_endpoint(&self) -> Option<String> {
        self.get("OTEL_EXPORTER_OTLP_ENDPOINT")?.into_string().ok()
    }

    /// The key of a language model by the name that its field gives the variable: a secret has no flag.
    pub(crate) fn model_key(&self) -> Option<String> {
        self.get("OPENAI_API_KEY")?.into_string().ok()
    }

    /// The data folder of this user.
    pub(super) fn data_dir(&self) -> Result<PathBuf, Error> {
        if geteuid().is_root() {
            return Ok(PathBuf::from("/var/lib/steward"));
        }
        let absolute = |name| self.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
        base.map(|base| base.join("steward")).ok_or(Error::NoHome)
    }

    fn get(&self, name: &str) -> Option<OsString> {
        self.0.get(&OsString::from(name)).filter(|value| !value.is_empty()).cloned()
    }
}

/// `data-dir` is `STEWARD_DATA_DIR`.
pub(super) fn variable(name: &str) -> String {
    format!("STEWARD_{}", name.to_uppercase().replace('-', "_"))
}
