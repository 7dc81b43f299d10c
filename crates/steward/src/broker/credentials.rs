//! `DIR/broker.json`: the server's account and the local reader's, made at the first start.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, private_file, secret};
use crate::datadir::secret::Secret;

/// User names that begin so are the server's to give: no token may use one.
pub(super) const RESERVED: &str = "steward.";
/// The server's own account.
pub(super) const SERVER: &str = "steward.server";
/// The account with which the owner of the data folder looks at all topics.
pub(super) const READER: &str = "steward.reader";

/// A user name with its password.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The MQTT user name; also the client id, or its first part (`user:anything`).
    pub user: String,
    /// The MQTT password.
    #[serde(with = "secret")]
    pub password: Secret,
}

/// The whole file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    pub(super) server: Credentials,
    pub(super) reader: Credentials,
}

/// The local reader's credentials: whoever may read the 0600 file owns the data anyway. `None` before the first start.
///
/// # Errors
/// See [`Error`].
pub fn local_reader(dir: &Path) -> Result<Option<Credentials>, Error> {
    Ok(private_file::read::<Local>(&path(dir))?.map(|local| local.reader))
}

/// The server's own credentials, for tools that look at its broker as it does. `None` before the first start.
///
/// # Errors
/// See [`Error`].
pub fn local_server(dir: &Path) -> Result<Option<Credentials>, Error> {
    Ok(private_file::read::<Local>(&path(dir))?.map(|local| local.server))
}

/// Reads the file, or makes it with new secrets.
pub(super) fn load_or_make(dir: &Path) -> Result<Local, Error> {
    let path = path(dir);
    if let Some(local) = private_file::read::<Local>(&path)? {
        return local.checked(path);
    }
    private_file::make_dir(dir)?;
    let made = |user: &str| Credentials { user: user.to_owned(), password: secret::random() };
    let local = Local { server: made(SERVER), reader: made(READER) };
    private_file::write(&path, &local)?;
    Ok(local)
}

impl Local {
    fn checked(self, path: PathBuf) -> Result<Self, Error> {
        let names = self.server.user == SERVER && self.reader.user == READER;
        let secrets = [&self.server, &self.reader].iter().all(|c| !c.password.expose().is_empty());
        if names && secrets {
            return Ok(self);
        }
        Err(Error::Invalid { path, why: "user names or passwords were changed".to_owned() })
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join("broker.json")
}
