//! Who may sign in: the server, the local reader, devices with stored secrets, and whoever holds a valid token.

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use kernel::{ActorKind, Clock};
use steward_mqtt::MqttConfig;
use tokio::time::timeout;

use super::{
    Credentials, Device, Error, Proven, Refusal, SignIn,
    acl::{Access, Member, Outside},
    credentials::{self, Local, READER, RESERVED, SERVER},
    devices::{self, Devices},
    private_file, secret,
};

/// A token larger than any header the server takes is no token.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Below the broker's own 10 s for the whole handshake, so that the client gets an answer and not a closed socket.
const VERIFY_TIMEOUT: Duration = Duration::from_secs(5);

/// The broker's accounts.
#[derive(Debug)]
pub struct Accounts {
    local: Local,
    devices: Devices,
    sign_in: SignIn,
    outside: Outside,
    clock: Clock,
}

/// A signed-in account: what it may do, and for how long.
#[derive(Debug)]
pub(super) struct Grant {
    /// Its user name, which its client ids and sessions are bound to.
    pub(super) user: String,
    pub(super) access: Access,
    /// The end of the token.
    until: Option<Timestamp>,
    /// The stored secret it came with.
    device: Option<Device>,
}

impl Accounts {
    /// Reads the files below `dir`, and makes `broker.json` at the first start.
    ///
    /// # Errors
    /// When a file cannot be used; see [`Error`].
    pub fn open(dir: &Path, sign_in: SignIn, clock: Clock) -> Result<Self, Error> {
        private_file::make_dir(dir)?;
        let local = credentials::load_or_make(dir)?;
        Ok(Self { local, devices: Devices::open(dir)?, sign_in, outside: Outside::Open, clock })
    }

    /// Sets who may use topics outside `steward/`.
    #[must_use]
    pub fn with_outside(mut self, outside: Outside) -> Self {
        self.outside = outside;
        self
    }

    /// The server's own credentials.
    pub const fn server(&self) -> &Credentials {
        &self.local.server
    }

    /// The configuration of a client of the server's own account, called `steward.server:{purpose}`.
    ///
    /// # Errors
    /// When `url` is none.
    pub fn client(&self, url: &str, purpose: &str) -> Result<MqttConfig, Error> {
        let Credentials { user, password } = self.server();
        let config = MqttConfig::new(url, format!("{user}:{purpose}"))?;
        Ok(config.credentials(user, password.expose()))
    }

    /// Signs in; `near` says whether the client is on this machine.
    pub(super) async fn sign_in(
        &self,
        user: &str,
        password: &[u8],
        near: bool,
    ) -> Result<Grant, Refusal> {
        match user {
            SERVER | READER if !near => Err(denied("this account signs in on this machine only")),
            SERVER => local(&self.local.server, password, Access::Server),
            READER => local(&self.local.reader, password, Access::Reader),
            _ if user.starts_with(devices::USER) => self.device(user, password),
            _ if user.starts_with(RESERVED) => Err(denied("no such account")),
            _ => self.token(user, password).await,
        }
    }

    fn device(&self, user: &str, password: &[u8]) -> Result<Grant, Refusal> {
        let name = user.strip_prefix(devices::USER).unwrap_or_default();
        let devices = self.devices.now();
        let device = devices.iter().find(|device| device.name == name);
        let device = device.filter(|device| device.proves(password));
        let device = device.ok_or_else(|| denied("unknown device or wrong secret"))?.clone();
        let access = device.access(self.outside);
        Ok(Grant { user: user.to_owned(), access, until: None, device: Some(device) })
    }

    async fn token(&self, user: &str, password: &[u8]) -> Result<Grant, Refusal> {
        let token = Some(password).filter(|bytes| bytes.len() <= TOKEN_BYTES_MAX);
        let token = token.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let token = token.ok_or_else(|| denied("the password is no token"))?.to_owned();
        let proven = timeout(VERIFY_TIMEOUT, self.sign_in.verify(token)).await;
        let Proven { caller, expires } = proven
            .map_err(|_| Refusal::Unavailable("the verifier did not answer".to_owned()))??;
        if caller.subject != user {
            return Err(denied("the user name is not the token's subject"));
        }
        if expires <= self.clock.now() {
            return Err(denied("the token has expired"));
        }
        let access = Access::Member(Member {
            tenants: caller.tenants,
            roles: caller.roles,
            service: caller.kind == ActorKind::Service,
            outside: self.outside,
        });
        Ok(Grant { user: user.to_owned(), access, until: Some(expires), device: None })
    }

    /// Whether the account could still sign in as it did: its token runs, its device is listed unchanged.
    pub(super) fn still_good(&self, grant: &Grant) -> bool {
        self.runs(grant)
            && grant.device.as_ref().is_none_or(|device| self.devices.now().contains(device))
    }

    /// Whether the account's token still runs. Checked at each publish and subscribe.
    pub(super) fn runs(&self, grant: &Grant) -> bool {
        grant.until.is_none_or(|until| self.clock.now() < until)
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }
}

fn local(known: &Credentials, password: &[u8], access: Access) -> Result<Grant, Refusal> {
    if secret::is(&known.password, password) {
        return Ok(Grant { user: known.user.clone(), access, until: None, device: None });
    }
    Err(denied("wrong password"))
}

fn denied(why: &str) -> Refusal {
    Refusal::Denied(why.to_owned())
}
