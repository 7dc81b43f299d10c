//! Settings: flags first, then the environment, then `instance.toml`.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde::{Deserialize, de::DeserializeOwned};

use super::Failure;
use crate::tool::{Instance, Rules, Waits};

/// The file that is read when it is there and no other is named.
const FILE: &str = "instance.toml";

/// Which instance, and the limits of repairs.
#[derive(Clone, Debug, Default, Args)]
pub struct Target {
    /// The instance's directory
    #[arg(long, value_name = "DIR", env = "IRIS_HOME_DIR")]
    pub dir: Option<PathBuf>,
    /// Its configuration file, when it is not iris.cpf in that directory
    #[arg(long, value_name = "FILE", env = "IRIS_CPF_PATH")]
    pub cpf: Option<PathBuf>,
    /// Its name
    #[arg(long, value_name = "NAME", env = "IRIS_INSTANCE")]
    pub instance: Option<String>,
    /// Where /proc and /etc are; the directory `os` of an emulated instance, for instance
    #[arg(long, value_name = "DIR", env = "IRIS_OS_ROOT")]
    pub os_root: Option<PathBuf>,
    /// Write parameters that no table knows
    #[arg(long)]
    pub allow_unknown: bool,
    /// A tool's limit when the command names none
    #[arg(long, value_name = "SECONDS", env = "TOOL_EXECUTION_TIMEOUT")]
    pub tool_timeout: Option<u64>,
    /// How long a restart waits for users and transactions
    #[arg(long, value_name = "SECONDS", env = "IRIS_RESTART_USER_WAIT_TIMEOUT")]
    pub user_wait: Option<u64>,
    /// How long a stop may last
    #[arg(long, value_name = "SECONDS", env = "IRIS_RESTART_SHUTDOWN_TIMEOUT")]
    pub shutdown_wait: Option<u64>,
    /// How long a start may last
    #[arg(long, value_name = "SECONDS", env = "IRIS_RESTART_STARTUP_TIMEOUT")]
    pub startup_wait: Option<u64>,
    /// Settings; without this, instance.toml when it is there
    #[arg(long, value_name = "FILE", env = "INSTANCE_CONFIG")]
    pub config: Option<PathBuf>,
}

/// The keys of `instance.toml` that repairs know: the names of the environment, in lower case.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct File {
    iris_home_dir: Option<PathBuf>,
    iris_cpf_path: Option<PathBuf>,
    iris_instance: Option<String>,
    iris_os_root: Option<PathBuf>,
    tool_execution_timeout: Option<u64>,
    /// Whether commands that do not say only tell what would happen.
    pub tool_dry_run_default: Option<bool>,
    iris_restart_user_wait_timeout: Option<u64>,
    iris_restart_shutdown_timeout: Option<u64>,
    iris_restart_startup_timeout: Option<u64>,
    /// Where results may be sent: the beginnings of addresses.
    #[serde(default)]
    pub reply_allowed: Vec<String>,
    /// Those of deliveries.
    #[serde(flatten)]
    pub delivery: DeliveryFile,
}

/// The keys of deliveries.
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "docs/instance.md has a row for each")]
pub struct DeliveryFile {
    pub transport_type: Option<String>,
    pub external_endpoint_url: Option<String>,
    pub external_endpoint_timeout: Option<u64>,
    pub external_endpoint_ca_file: Option<PathBuf>,
    pub publish_retry_max_attempts: Option<u32>,
    pub publish_retry_backoff_factor: Option<f64>,
    pub publish_retry_pause: Option<f64>,
    pub publish_sources_at_once: Option<usize>,
    pub publish_spool_dir: Option<PathBuf>,
    pub publish_spool_max_bytes: Option<u64>,
    pub publish_spool_keep_hours: Option<u64>,
    pub file_transport_output_dir: Option<PathBuf>,
    pub file_transport_input_dir: Option<PathBuf>,
    pub instance_metrics_listen: Option<SocketAddr>,
}

/// The bearer token of this host: from a file, or `INSTANCE_TOKEN`. Never from the command line, which every process can read.
///
/// # Errors
/// When the file cannot be read or is empty.
pub fn token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(path) = file else {
        #[expect(clippy::disallowed_methods, reason = "a secret must not be an argument")]
        return Ok(std::env::var("INSTANCE_TOKEN").ok().filter(|token| !token.is_empty()));
    };
    let unusable = |why: &str| Failure::Input(format!("token file {}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|e| unusable(&e.to_string()))?;
    let token = text.trim();
    if token.is_empty() { Err(unusable("it is empty").into()) } else { Ok(Some(token.to_owned())) }
}

/// The keys of a part of the program in the file of settings.
///
/// # Errors
/// When a named file is missing, or any is malformed.
pub(super) fn read<T: Default + DeserializeOwned>(named: Option<&Path>) -> anyhow::Result<T> {
    let path = named.unwrap_or_else(|| Path::new(FILE));
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound && named.is_none() => {
            return Ok(T::default());
        }
        Err(e) => return Err(Failure::Input(format!("cannot read {shown}: {e}")).into()),
    };
    toml::from_str(&text).map_err(|e| {
        // Without the line itself: it may be the one with the key.
        let line = e
            .span()
            .map_or(1, |at| text.bytes().take(at.start).filter(|one| *one == b'\n').count() + 1);
        Failure::Input(format!("{shown}:{line}: {}", e.message())).into()
    })
}

impl Target {
    /// Reads the file of settings.
    ///
    /// # Errors
    /// When a named file is missing, or any is malformed.
    pub fn file(&self) -> anyhow::Result<File> {
        read(self.config.as_deref())
    }

    /// The instance, whose name must be `named` when that is given.
    ///
    /// # Errors
    /// When there is none.
    pub fn find(&self, file: &File, named: Option<&str>) -> anyhow::Result<Instance> {
        let dir = self.dir.clone().or_else(|| file.iris_home_dir.clone());
        let dir = dir.ok_or_else(|| {
            Failure::Input("name the instance's directory with --dir or IRIS_HOME_DIR".to_owned())
        })?;
        let cpf = self.cpf.clone().or_else(|| file.iris_cpf_path.clone());
        let kernel = self.os_root.clone().or_else(|| file.iris_os_root.clone());
        let own = self.instance.clone().or_else(|| file.iris_instance.clone());
        if let (Some(own), Some(named)) = (&own, named)
            && !own.eq_ignore_ascii_case(named)
        {
            return Err(Failure::Input(format!(
                "the command is for instance {named}, this is {own}"
            ))
            .into());
        }
        let name = named.or(own.as_deref());
        let kernel = kernel.as_deref().unwrap_or_else(|| Path::new("/"));
        Instance::find(&dir, cpf.as_deref(), kernel, name)
            .map_err(|e| Failure::Input(e.to_string()).into())
    }

    /// Limits and permissions.
    pub fn rules(&self, file: &File, confirmed: bool) -> Rules {
        let or = |flag: Option<u64>, file: Option<u64>, default: Duration| {
            flag.or(file).map_or(default, Duration::from_secs)
        };
        let Rules { tool_timeout, waits: Waits { users, shutdown, startup }, .. } =
            Rules::default();
        Rules {
            tool_timeout: or(self.tool_timeout, file.tool_execution_timeout, tool_timeout),
            waits: Waits {
                users: or(self.user_wait, file.iris_restart_user_wait_timeout, users),
                shutdown: or(self.shutdown_wait, file.iris_restart_shutdown_timeout, shutdown),
                startup: or(self.startup_wait, file.iris_restart_startup_timeout, startup),
            },
            allow_unknown: self.allow_unknown,
            confirmed,
        }
    }
}
