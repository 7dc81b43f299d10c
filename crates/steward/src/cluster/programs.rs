//! Where PostgreSQL is on this machine, and which version.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kernel::migrate::Version;

use super::user::User;
use super::{Error, Settings};

/// Folders that hold one folder per major version, the start of its name, and where the programs are in it.
const PLACES: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // PGDG packages on Fedora and RHEL
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"), // Homebrew on Linux
    ("/usr/libexec", "postgresql", ""),         // Alpine
];

/// How to install it, by the `ID` or `ID_LIKE` of `/etc/os-release`.
const INSTALL: [(&str, &str); 6] = [
    ("debian", "sudo apt-get install postgresql"),
    ("fedora", "sudo dnf install postgresql-server"),
    ("rhel", "sudo dnf install postgresql-server"),
    ("suse", "sudo zypper install postgresql-server"),
    ("arch", "sudo pacman -S postgresql"),
    ("alpine", "sudo apk add postgresql"),
];

/// One installation.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    folder: PathBuf,
    pub(super) version: Version,
}

impl Programs {
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }
}

/// The installation for a cluster of the major version `made`, or the newest for a new one.
pub(super) fn find(
    settings: &Settings,
    made: Option<u32>,
    user: &User,
    dir: &Path,
) -> Result<Programs, Error> {
    let mut found = Vec::new();
    for folder in candidates(settings) {
        found.extend(probe(folder, user, dir)?);
    }
    found.sort_by_key(|programs| programs.version);
    let Some(newest) = found.last() else {
        return Err(Error::Missing { install: install() });
    };
    let chosen = match made {
        None => newest,
        Some(made) => {
            found.iter().rfind(|programs| programs.version.major == made).ok_or_else(|| {
                let found = found.iter().map(|programs| programs.version).collect();
                Error::OtherMajor { path: dir.join("postgres/data"), made, found }
            })?
        }
    };
    chosen.version.supported()?;
    Ok(chosen.clone())
}

/// Folders with both programs, each once, symbolic links resolved.
fn candidates(settings: &Settings) -> BTreeSet<PathBuf> {
    let mut folders = Vec::new();
    if let Some(programs) = &settings.programs {
        folders.push(programs.clone());
    } else {
        for (place, name, programs) in PLACES {
            folders.extend(versions(Path::new(place), name).map(|folder| folder.join(programs)));
        }
        folders.extend(settings.path.iter().flat_map(std::env::split_paths));
    }
    folders
        .into_iter()
        .filter(|folder| folder.join("initdb").is_file())
        .filter_map(|folder| {
            Some(folder.join("postgres").canonicalize().ok()?.parent()?.to_owned())
        })
        .collect()
}

fn versions(place: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    entries.filter(move |e| e.file_name().to_string_lossy().starts_with(name)).map(|e| e.path())
}

/// Asks for the version, as the user and in the folder in which it will run: what fails here would fail later.
fn probe(folder: PathBuf, user: &User, dir: &Path) -> Result<Option<Programs>, Error> {
    let program = folder.join("postgres");
    match user.command(&program, dir).arg("--version").output() {
        Ok(output) => {
            let version = Version::parse(&String::from_utf8_lossy(&output.stdout));
            Ok(version.map(|version| Programs { folder, version }))
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => match user.barrier(dir) {
            Some(path) => Err(Error::Closed { path, user: user.name.clone() }),
            None => Ok(None), // programs that this user may not run
        },
        Err(error) => {
            tracing::debug!(program = %program.display(), %error, "cannot be run");
            Ok(None)
        }
    }
}

fn install() -> &'static str {
    if cfg!(target_os = "macos") {
        return "brew install postgresql@17";
    }
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let like: String = release
        .lines()
        .filter(|line| line.starts_with("ID=") || line.starts_with("ID_LIKE="))
        .collect();
    let known = INSTALL.iter().find(|(id, _)| like.contains(id));
    known.map_or("the package postgresql of your system", |(_, command)| command)
}
