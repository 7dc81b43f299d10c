//! PostgreSQL's own programs: what the same machine does without Steward.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tokio::process::Command;

use crate::latency::Latencies;

/// Where Debian keeps the versions.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Their folder.
#[derive(Clone, Debug)]
pub(crate) struct Programs(PathBuf);

impl Programs {
    pub(crate) fn find(given: Option<PathBuf>) -> Result<Self> {
        let newest = || {
            let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
            let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
            versions.map(|entry| entry.path()).max_by_key(version)
        };
        let folder = given.or_else(|| Some(newest()?.join("bin")));
        let folder = folder.context("no PostgreSQL found: name its folder with --postgres-bin")?;
        ensure!(folder.join("pgbench").is_file(), "no pgbench in {}", folder.display());
        Ok(Self(folder))
    }

    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.0.join(program)
    }
}

/// A database of the server's private cluster.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    pub(crate) programs: Programs,
    /// The folder of the socket.
    pub(crate) socket: PathBuf,
    pub(crate) name: &'static str,
}

/// How pgbench asks.
pub(crate) struct Load<'a> {
    pub(crate) script: &'a str,
    pub(crate) variables: &'a [(&'a str, &'a str)],
    pub(crate) time: Duration,
    /// Transactions a second; as fast as they go without it.
    pub(crate) rate: Option<u32>,
}

/// What pgbench measured.
pub(crate) struct Measured {
    pub(crate) rate: f64,
    pub(crate) latencies: Latencies,
}

impl Database {
    /// Runs SQL as the superuser: what it prints, without decoration. Each text is a transaction of its own.
    pub(crate) async fn admin(&self, texts: &[&str]) -> Result<String> {
        let mut psql = self.command("psql", "postgres");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1"]);
        psql.args(texts.iter().flat_map(|text| ["-c", text]));
        Ok(succeed(&mut psql).await?.trim().to_owned())
    }

    /// Runs a script as the superuser, with these variables: what it prints, without decoration.
    pub(crate) async fn script(&self, script: &str, variables: &[(&str, &str)]) -> Result<String> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), script)?;
        let mut psql = self.command("psql", "postgres");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1"]);
        psql.args(
            variables.iter().flat_map(|(name, value)| ["-v".to_owned(), format!("{name}={value}")]),
        );
        Ok(succeed(psql.arg("-f").arg(file.path())).await?.trim().to_owned())
    }

    /// Makes another, empty database of the same schema in the same cluster: nobody relays or seals what is written there.
    pub(crate) async fn twin(&self, name: &'static str) -> Result<Self> {
        self.admin(&[&format!("create database {name} template template0")]).await?;
        let twin = Self { name, ..self.clone() };
        let mut dump = self.command("pg_dump", "postgres");
        let schema = succeed(dump.arg("--schema-only")).await?;
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), schema)?;
        let mut load = twin.command("psql", "postgres");
        succeed(load.args(["-Xq", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file.path())).await?;
        Ok(twin)
    }

    /// Runs a script by 16 clients in the role and with the settings of the server's own connections.
    pub(crate) async fn pgbench(&self, load: &Load<'_>) -> Result<Measured> {
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("script.sql");
        std::fs::write(&script, load.script)?;
        let mut pgbench = self.command("pgbench", "steward_server");
        pgbench
            .current_dir(folder.path())
            .env("PGOPTIONS", "-c role=steward_app -c enable_seqscan=off -c jit=off")
            .args(["-n", "-M", "prepared", "-c", "16", "-j", "2", "--log", "-f"])
            .arg(&script)
            .args(["-T", &load.time.as_secs().to_string()])
            .args(
                load.variables
                    .iter()
                    .flat_map(|(name, value)| ["-D".to_owned(), format!("{name}={value}")]),
            );
        if let Some(rate) = load.rate {
            pgbench.args(["-R", &rate.to_string()]);
        }
        let printed = succeed(&mut pgbench).await?;
        let rate = printed.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|line| line.split(' ').next()).context("pgbench prints no tps")?;
        Ok(Measured { rate: rate.parse()?, latencies: logged(folder.path())? })
    }

    fn command(&self, program: &str, user: &str) -> Command {
        let mut command = Command::new(self.programs.path(program));
        command.arg("-h").arg(&self.socket).args(["-U", user]).env("PGDATABASE", self.name);
        command
    }
}

/// pgbench's logs: client, transaction, microseconds, …
fn logged(folder: &Path) -> Result<Latencies> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension != "sql") {
            let text = std::fs::read_to_string(path)?;
            let micros = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok());
            all.extend(micros.map(Duration::from_micros));
        }
    }
    Ok(Latencies::of(all))
}

async fn succeed(command: &mut Command) -> Result<String> {
    let output = command.output().await.with_context(|| format!("cannot run {command:?}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}: {said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
