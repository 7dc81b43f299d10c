//! What a tenant is: its rules, without database or transport.

use jiff::Timestamp;
use kernel::{
    TenantId,
    answer::{Fresh, Version},
    audit::Audited,
    problem::FieldError,
    tenant::{Row, Status},
    text,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::external::{self, ExternalRef};

/// Most characters of a tenant's name.
const NAME_MAX: usize = 200;
/// Most characters of a region's or capability's name.
const TAG_MAX: usize = 64;
/// Most capabilities of a tenant.
const CAPABILITIES_MAX: usize = 50;

/// A tenant: a district.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its name, unique on the platform.
    pub name: String,
    /// Where it is kept.
    pub region: String,
    /// Whether it is served.
    pub status: Status,
    /// What it has switched on.
    #[schema(value_type = Vec<String>)]
    pub capabilities: Value,
    /// Its ids in other systems.
    #[schema(value_type = Vec<ExternalRef>)]
    pub external_refs: Value,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When it was provisioned.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// The row behind it.
    #[serde(skip)]
    pub row: Row,
}

impl From<&Row> for Tenant {
    fn from(row: &Row) -> Self {
        Self {
            tenant_id: row.tenant_id,
            name: row.name.clone(),
            region: row.region.clone(),
            status: row.status,
            capabilities: row.capabilities.clone(),
            external_refs: row.external_refs.clone(),
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            row: row.clone(),
        }
    }
}

impl Tenant {
    /// Where the tenant is found.
    pub fn path(&self) -> String {
        format!("/api/v1/tenants/{}", self.tenant_id)
    }

    /// The answer that shows it.
    pub const fn fresh(self) -> Fresh<Self> {
        Fresh { version: self.version, body: self }
    }
}

impl Audited for Tenant {
    const ENTITY: &'static str = "roster.tenant";

    fn id(&self) -> Uuid {
        self.tenant_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "name": self.name,
            "region": self.region,
            "status": self.status,
            "capabilities": self.capabilities,
            "externalRefs": self.external_refs,
            "version": self.version,
        })
    }
}

/// A new tenant, as asked for.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvisionTenant {
    /// Its name, unique on the platform.
    #[schema(min_length = 1, max_length = 200, examples("Springfield District 186"))]
    name: String,
    /// One of the configured regions.
    #[schema(min_length = 1, max_length = 64, examples("default"))]
    region: String,
    /// What it has switched on.
    #[serde(default)]
    #[schema(max_items = 50)]
    capabilities: Vec<String>,
    /// Its ids in other systems.
    #[serde(default)]
    #[schema(max_items = 20)]
    external_refs: Vec<ExternalRef>,
}

/// A new tenant whose values are all acceptable.
#[derive(Clone, Debug)]
pub struct NewTenant {
    name: String,
    region: String,
    capabilities: Vec<String>,
    external_refs: Vec<ExternalRef>,
}

impl ProvisionTenant {
    /// Checks every value. Whether the region exists is the configuration's business.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self) -> Result<NewTenant, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = text::field(&self.name, NAME_MAX, "/name", &mut errors).unwrap_or_default();
        let region = text::field(&self.region, TAG_MAX, "/region", &mut errors).unwrap_or_default();
        let capabilities = capabilities(&self.capabilities, &mut errors);
        let external_refs = external::parse(self.external_refs, &mut errors);
        if errors.is_empty() {
            Ok(NewTenant { name, region, capabilities, external_refs })
        } else {
            Err(errors)
        }
    }
}

fn capabilities(names: &[String], errors: &mut Vec<FieldError>) -> Vec<String> {
    if names.len() > CAPABILITIES_MAX {
        let message = format!("At most {CAPABILITIES_MAX} capabilities.");
        errors.push(FieldError::new("/capabilities", "too_many", message));
        return Vec::new();
    }
    let checked = names.iter().enumerate();
    let mut known: Vec<_> = checked
        .filter_map(|(at, name)| text::field(name, TAG_MAX, &format!("/capabilities/{at}"), errors))
        .collect();
    known.sort();
    known.dedup();
    known
}

impl NewTenant {
    /// The tenant's row in its first version.
    pub fn row(&self, tenant_id: TenantId, now: Timestamp) -> Row {
        Row {
            tenant_id,
            name: self.name.clone(),
            name_key: text::key(&self.name),
            region: self.region.clone(),
            status: Status::Active,
            capabilities: json!(self.capabilities),
            external_refs: json!(self.external_refs),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<NewTenant, Vec<FieldError>> {
        serde_json::from_str::<ProvisionTenant>(body).unwrap().parse()
    }

    #[test]
    fn a_new_tenant_is_active_in_its_first_version() {
        let new = parse(
            r#"{"name": " Springfield ", "region": "default", "capabilities": ["b", "a", "b"]}"#,
        );
        let row = new.unwrap().row(TenantId(Uuid::from_u128(1)), Timestamp::UNIX_EPOCH);
        assert_eq!((row.name.as_str(), row.name_key.as_str()), ("Springfield", "springfield"));
        assert_eq!((row.status, row.version), (Status::Active, 1));
        assert_eq!(row.capabilities, json!(["a", "b"]));
    }

    #[test]
    fn every_bad_value_is_told() {
        let many = vec!["x"; CAPABILITIES_MAX + 1];
        let body = json!({"name": "x".repeat(NAME_MAX + 1), "region": "", "capabilities": many});
        let errors = parse(&body.to_string()).unwrap_err();
        let places: Vec<_> = errors.iter().map(|e| (e.pointer.as_str(), e.code.as_str())).collect();
        assert_eq!(
            places,
            [("/name", "too_long"), ("/region", "empty"), ("/capabilities", "too_many")]
        );
    }
}
