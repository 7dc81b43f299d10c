//! The `iris` command as a black box: what it lists, and what it is told. Its exit codes are not documented, so what counts is
//! what `qlist` says afterwards.

use std::path::{Path, PathBuf};

use super::Failed;
use crate::exec::{self, Deadline};

/// A line of `iris qlist`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The instance.
    pub name: String,
    /// Where it is installed.
    pub directory: PathBuf,
    /// Such as `running, since Fri May 13 22:07:02 2016`.
    pub status: String,
    /// The superserver's port.
    pub port: u16,
    /// `ok`, `warn`, `alert`, `hung`; empty when it is down.
    pub health: String,
}

impl Listed {
    /// Whether it runs and takes sign-ons.
    pub fn is_running(&self) -> bool {
        self.status.starts_with("running")
    }

    /// Whether it is down in order.
    pub fn is_down(&self) -> bool {
        self.status.starts_with("down")
    }

    /// Fields stand between `^`; older products write 8 or 9 of the 14.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('^').collect();
        let [name, directory, _version, status, _cpf, port, _web, _gateway, rest @ ..] =
            fields.as_slice()
        else {
            return None;
        };
        Some(Self {
            name: (*name).to_owned(),
            directory: PathBuf::from(directory),
            status: (*status).to_owned(),
            port: port.trim().parse().ok()?,
            health: rest.first().copied().unwrap_or_default().to_owned(),
        })
    }
}

/// Everything that is installed.
///
/// # Errors
/// When `iris` cannot be run or does not answer.
pub fn qlist(iris: &Path, deadline: Deadline) -> Result<Vec<Listed>, exec::Failed> {
    let ended = exec::run(iris, &["qlist"], "", deadline)?;
    Ok(ended.output.lines().filter_map(Listed::parse).collect())
}

/// The instance of this name.
pub(super) fn listed(iris: &Path, name: &str, deadline: Deadline) -> Result<Listed, Failed> {
    let all = qlist(iris, deadline).map_err(Failed::because)?;
    let found = all.into_iter().find(|found| found.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| Failed::because(format!("iris qlist does not list {name}")))
}
