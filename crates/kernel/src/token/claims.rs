//! What a token claims, read after its signature was found good.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{LEEWAY, Rejected, parts::Parts};
use crate::{ActorKind, Caller, Role, TenantId};

/// The scope that marks a machine account.
const SERVICE: &str = "service";
/// The longest subject: `OpenID` Connect Core, section 2.
const MAX_SUBJECT_CHARS: usize = 255;

/// Which claims carry what.
///
/// Each list is read as a whole: what any of its claims names counts. A name with dots is first looked for as it stands
/// (`https://steward.example/roles`), then as a path (`realm_access.roles`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClaimNames {
    /// Tenants: one UUID or an array of them.
    pub tenants: Vec<String>,
    /// Roles: an array, or one string with spaces between.
    pub roles: Vec<String>,
    /// Scopes, as roles; only `service` means something.
    pub scopes: Vec<String>,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self::of("tenants", "roles", &["scope"])
    }
}

impl ClaimNames {
    /// Microsoft Entra ID: a directory extension `tenants`, app roles, delegated scopes. An application signs in with app
    /// roles alone, so that the app role `service` counts as the scope.
    pub fn entra() -> Self {
        Self::of("extn.tenants", "roles", &["scp", "roles"])
    }

    /// Keycloak: realm roles; `tenants` is a user attribute mapped into the token.
    pub fn keycloak() -> Self {
        Self::of("tenants", "realm_access.roles", &["scope"])
    }

    /// Auth0: custom claims live under a namespace of one's own, for instance `https://steward.example/`.
    pub fn auth0(namespace: &str) -> Self {
        Self::of(&format!("{namespace}tenants"), &format!("{namespace}roles"), &["scope"])
    }

    fn of(tenants: &str, roles: &str, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(|&name| name.to_owned()).collect();
        Self { tenants: vec![tenants.to_owned()], roles: vec![roles.to_owned()], scopes }
    }
}

pub(super) struct Claims(Map<String, Value>);

impl Claims {
    pub(super) fn read(parts: &Parts<'_>) -> Result<Self, Rejected> {
        let payload = parts.payload()?;
        serde_json::from_slice(&payload)
            .map(Self)
            .map_err(|_| Rejected::Malformed("its payload is not a JSON object"))
    }

    pub(super) fn issued_by(&self, issuer: &str) -> Result<(), Rejected> {
        match self.0.get("iss") {
            None => Err(Rejected::MissingClaim("iss")),
            Some(Value::String(iss)) if iss == issuer => Ok(()),
            Some(_) => Err(Rejected::WrongIssuer),
        }
    }

    pub(super) fn meant_for(&self, audience: &str) -> Result<(), Rejected> {
        let named = match self.0.get("aud").ok_or(Rejected::MissingClaim("aud"))? {
            Value::String(one) => one == audience,
            Value::Array(many) => many.iter().any(|one| one == audience),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        if named { Ok(()) } else { Err(Rejected::WrongAudience) }
    }

    /// When the token expires, if it is valid at `now`: from `nbf` (when given) until before `exp`, give or take [`LEEWAY`].
    pub(super) fn valid_at(&self, now: Timestamp) -> Result<Timestamp, Rejected> {
        let expires = self.time("exp")?.ok_or(Rejected::MissingClaim("exp"))?;
        let not_before = self.time("nbf")?;
        if expires.saturating_add(LEEWAY).is_ok_and(|end| now >= end) {
            return Err(Rejected::Expired);
        }
        if not_before
            .is_some_and(|start| start.saturating_sub(LEEWAY).is_ok_and(|start| now < start))
        {
            return Err(Rejected::NotYetValid);
        }
        Ok(expires)
    }

    pub(super) fn caller(&self, names: &ClaimNames, issuer: &str) -> Result<Caller, Rejected> {
        let is_service = self.words(&names.scopes).any(|scope| scope == SERVICE);
        Ok(Caller {
            issuer: issuer.to_owned(),
            subject: self.subject()?,
            kind: if is_service { ActorKind::Service } else { ActorKind::Person },
            tenants: self.tenants(&names.tenants)?,
            roles: self.words(&names.roles).filter_map(|name| name.parse::<Role>().ok()).collect(),
        })
    }

    /// It goes to the database and to logs: no control characters.
    fn subject(&self) -> Result<String, Rejected> {
        let sub = self.0.get("sub").ok_or(Rejected::MissingClaim("sub"))?;
        sub.as_str()
            .filter(|sub| !sub.trim().is_empty() && sub.chars().count() <= MAX_SUBJECT_CHARS)
            .filter(|sub| !sub.contains(char::is_control))
            .map(str::to_owned)
            .ok_or_else(|| Rejected::InvalidClaim("sub".to_owned()))
    }

    fn tenants(&self, names: &[String]) -> Result<Vec<TenantId>, Rejected> {
        let mut tenants = Vec::new();
        for name in names {
            let refuse = || Rejected::InvalidClaim(name.clone());
            for value in self.values(name) {
                let id = value.as_str().and_then(|text| text.parse().ok()).ok_or_else(refuse)?;
                tenants.push(TenantId(id));
            }
        }
        Ok(tenants)
    }

    /// All words of all claims of these names.
    fn words<'c>(&'c self, names: &'c [String]) -> impl Iterator<Item = &'c str> {
        let texts = names.iter().flat_map(|name| self.values(name)).filter_map(Value::as_str);
        texts.flat_map(str::split_ascii_whitespace)
    }

    /// The claim's one value, or those of its array.
    fn values(&self, name: &str) -> &[Value] {
        match self.get(name) {
            Some(Value::Array(values)) => values,
            Some(Value::Null) | None => &[],
            Some(one) => std::slice::from_ref(one),
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).or_else(|| {
            let (first, rest) = name.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |value, step| value.get(step))
        })
    }

    /// A `NumericDate`: seconds since 1970, a fraction is cut off.
    fn time(&self, name: &'static str) -> Result<Option<Timestamp>, Rejected> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast of a float saturates, and the range is checked next"
        )]
        let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64));
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.map(Some).ok_or_else(|| Rejected::InvalidClaim(name.to_owned()))
    }
}
