//! `DIR/devices.json`: stored secrets for devices that cannot obtain tokens. Changes count at once, without a restart.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use kernel::{Role, TenantId};
use serde::{Deserialize, Serialize};

use super::{
    Credentials, Error,
    acl::{Access, Member, Outside},
    private_file,
    secret::{self, Digested},
};

/// Before a device's name in its user name, so that no token's subject can be the same.
pub(super) const USER: &str = "steward.device.";
/// Room for the user name and a suffix in a client id (128 bytes).
const NAME_BYTES_MAX: usize = 64;
/// A file that is read as a whole, and a table that a person reviews.
const DEVICES_MAX: usize = 10_000;

/// A device: a machine account of one tenant with a stored secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Letters, digits, `.`, `_` and `-`; its user name is `steward.device.{name}`.
    pub name: String,
    /// The tenant whose topics it reads.
    pub tenant: TenantId,
    /// Roles, for the inbound topics that need one.
    #[serde(default)]
    pub roles: Vec<Role>,
    secret_sha256: Digested,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    devices: Vec<Device>,
}

/// Adds a device, or gives a known one a new secret, tenant and roles. The credentials are shown once: only a digest
/// is kept.
///
/// # Errors
/// [`Error::Device`] for a name that cannot be used or a full list.
pub fn add_device(
    dir: &Path,
    name: &str,
    tenant: TenantId,
    roles: Vec<Role>,
) -> Result<Credentials, Error> {
    check_name(name)?;
    private_file::make_dir(dir)?;
    let password = secret::random();
    let secret_sha256 = Digested::of(password.expose().as_bytes());
    let device = Device { name: name.to_owned(), tenant, roles, secret_sha256 };
    change(dir, |listed| {
        listed.devices.retain(|known| known.name != name);
        if listed.devices.len() >= DEVICES_MAX {
            return Err(Error::Device(format!(
                "there are {DEVICES_MAX} devices, the most that are kept; remove one first"
            )));
        }
        listed.devices.push(device);
        Ok(())
    })?;
    Ok(Credentials { user: format!("{USER}{name}"), password })
}

/// Removes a device; its connection is closed within a second. `false` when there is none of that name.
///
/// # Errors
/// See [`Error`].
pub fn remove_device(dir: &Path, name: &str) -> Result<bool, Error> {
    let mut removed = false;
    change(dir, |listed| {
        let before = listed.devices.len();
        listed.devices.retain(|known| known.name != name);
        removed = listed.devices.len() < before;
        Ok(())
    })?;
    Ok(removed)
}

/// All devices.
///
/// # Errors
/// See [`Error`].
pub fn list_devices(dir: &Path) -> Result<Vec<Device>, Error> {
    Ok(private_file::read::<Listed>(&path(dir))?.unwrap_or_default().devices)
}

fn check_name(name: &str) -> Result<(), Error> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
    if fits && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        return Ok(());
    }
    Err(Error::Device(format!(
        "{name:?} cannot be a device's name: 1 to {NAME_BYTES_MAX} letters, digits, `.`, `_` or `-`"
    )))
}

/// One change at a time, also between processes: two commands at once must not lose one of their devices.
fn change(dir: &Path, edit: impl FnOnce(&mut Listed) -> Result<(), Error>) -> Result<(), Error> {
    let path = path(dir);
    let lock = dir.join("devices.lock");
    let guard = File::create(&lock).map_err(Error::file(&lock))?;
    guard.lock().map_err(Error::file(&lock))?;
    let mut listed = private_file::read::<Listed>(&path)?.unwrap_or_default();
    edit(&mut listed)?;
    private_file::write(&path, &listed)
}

fn path(dir: &Path) -> PathBuf {
    dir.join("devices.json")
}

impl Device {
    pub(super) fn proves(&self, offered: &[u8]) -> bool {
        self.secret_sha256.matches(offered)
    }

    pub(super) fn access(&self, outside: Outside) -> Access {
        let (tenants, roles) = (vec![self.tenant], self.roles.clone());
        Access::Member(Member { tenants, roles, service: true, outside })
    }
}

/// The running server's view of the file, read again whenever it was replaced.
#[derive(Debug)]
pub(super) struct Devices {
    path: PathBuf,
    read: Mutex<(Option<Stamp>, Arc<[Device]>)>,
}

/// What changes when the file is replaced: when and how long.
type Stamp = (SystemTime, u64);

impl Devices {
    /// # Errors
    /// When the file is there and cannot be used.
    pub(super) fn open(dir: &Path) -> Result<Self, Error> {
        let path = path(dir);
        let read = (stamp(&path), list_devices(dir)?.into());
        Ok(Self { path, read: Mutex::new(read) })
    }

    /// The devices as of now. A file that became unusable changes nothing until it is mended: it is reported, once for
    /// each time it was written.
    pub(super) fn now(&self) -> Arc<[Device]> {
        let current = stamp(&self.path);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != current {
            read.0 = current;
            match private_file::read::<Listed>(&self.path) {
                Ok(listed) => read.1 = listed.unwrap_or_default().devices.into(),
                Err(error) => tracing::error!(%error, "the list of devices is kept as it was"),
            }
        }
        Arc::clone(&read.1)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}
