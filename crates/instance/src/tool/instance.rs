//! Where an instance is: its directory, CPF, command, kernel, and where its repairs are written down.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::iris;
use crate::{
    beneath::{Place, Root},
    cpf::{Cpf, edit},
    exec::Deadline,
};

/// Journals of commands, below the instance's directory.
const STATE: &str = "mgr/remediation";
/// To find an instance by asking `iris`.
const FIND_WITHIN: Duration = Duration::from_secs(10);

/// An instance on this machine.
#[derive(Debug)]
pub struct Instance {
    root: Root,
    cpf_root: Root,
    cpf: PathBuf,
    iris: PathBuf,
    kernel: Root,
    state: Root,
    name: String,
}

/// There is no such instance.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotFound(String);

impl Instance {
    /// Finds an instance by its directory. `cpf` is its configuration file when that is elsewhere; `kernel` the root of `/proc`
    /// and `/etc`; `name` which instance it must be.
    ///
    /// # Errors
    /// When the directory holds none, or one of another name.
    pub fn find(
        dir: &Path,
        cpf: Option<&Path>,
        kernel: &Path,
        name: Option<&str>,
    ) -> Result<Self, NotFound> {
        let not = |e: io::Error| NotFound(e.to_string());
        let root = Root::open(dir).map_err(not)?;
        let own = root.path().join("bin/iris");
        let iris = if own.exists() { own } else { PathBuf::from("iris") };
        let name = named(&iris, root.path(), name)?;
        let cpf = cpf.map_or_else(|| root.path().join("iris.cpf"), Path::to_owned);
        let missing = || NotFound(format!("{} names no file", cpf.display()));
        let cpf_root = Root::open(
            cpf.parent()
                .filter(|dir| !dir.as_os_str().is_empty())
                .unwrap_or_else(|| Path::new(".")),
        );
        let file = cpf.file_name().ok_or_else(missing)?.into();
        let kernel = Root::open(kernel).map_err(not)?;
        fs::create_dir_all(root.path().join(STATE)).map_err(not)?;
        let state = Root::open(&root.path().join(STATE)).map_err(not)?;
        Ok(Self { cpf_root: cpf_root.map_err(not)?, root, cpf: file, iris, kernel, state, name })
    }

    /// Its name for the `iris` command.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its directory.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The `iris` command.
    pub fn iris(&self) -> &Path {
        &self.iris
    }

    /// The root of `/proc` and `/etc`.
    pub fn kernel(&self) -> &Root {
        &self.kernel
    }

    /// Where its repairs are written down.
    pub fn state(&self) -> &Root {
        &self.state
    }

    /// Its configuration file.
    ///
    /// # Errors
    /// When a directory on the way is gone.
    pub fn cpf(&self) -> io::Result<Place> {
        self.cpf_root.place(&self.cpf)
    }

    /// Reads its configuration.
    ///
    /// # Errors
    /// When the file cannot be read, or is none.
    pub fn configuration(&self) -> io::Result<Cpf> {
        Cpf::parse(self.cpf()?.read(edit::MAX_BYTES)?.0).map_err(io::Error::other)
    }
}

/// Asks `iris`; a machine without one can still have its files repaired.
fn named(iris: &Path, dir: &Path, wanted: Option<&str>) -> Result<String, NotFound> {
    let listed = iris::qlist(iris, Deadline::within(FIND_WITHIN)).unwrap_or_default();
    let here =
        |found: &&iris::Listed| fs::canonicalize(&found.directory).is_ok_and(|found| found == dir);
    let shown = dir.display();
    match (listed.iter().find(here), wanted) {
        (Some(found), Some(wanted)) if !found.name.eq_ignore_ascii_case(wanted) => {
            Err(NotFound(format!("the instance in {shown} is {}, not {wanted}", found.name)))
        }
        (Some(found), _) => Ok(found.name.clone()),
        (None, Some(wanted)) => Ok(wanted.to_owned()),
        (None, None) => Err(NotFound(format!(
            "iris qlist knows no instance in {shown}: name its directory with --dir, or the instance with --instance"
        ))),
    }
}
