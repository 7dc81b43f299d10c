//! A new data key for a tenant, as an audited unit of work.
//!
//! Nothing is encrypted anew: what was sealed with an older version stays readable with it, so a rotation is one row and
//! there is no half of it to resume.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::DataKeys;
use crate::{
    Cx, Kernel, Problem, TenantId,
    answer::{Done, Outcome},
    audit::Audited,
    cx::Origin,
    permission::{Permission, Row, Scope},
    rate::RateClass,
};

/// The name of the unit of work in the audit trail, and of the actor before it.
const ACTION: &str = "platform.key.rotate";
const ACTOR: &str = "keys";

/// Rotation by whoever holds the master key; nobody can ask for it by HTTP.
#[derive(Debug)]
struct Rotate;

impl Permission for Rotate {
    const ROW: &'static Row = &Row {
        name: ACTION,
        scope: Scope::Platform, // also for tenants that are not served
        roles: &[],
        own: &[],
        limit: RateClass::General,
        about: "Make a new data key of a tenant.",
    };
}

/// The newest data key of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rotated {
    /// Whose.
    pub tenant_id: TenantId,
    /// The version that new values are sealed with, within a minute on every node.
    pub version: i32,
    /// Whether it was made now.
    pub made: bool,
}

impl Audited for Rotated {
    const ENTITY: &'static str = "platform.key";

    fn id(&self) -> Uuid {
        self.tenant_id.0
    }

    fn redacted(&self) -> Value {
        json!({"version": self.version})
    }
}

/// Makes the next version of a tenant's data key, unless the newest one is younger than `age`: who repeats an
/// interrupted rotation of many tenants goes on where it stopped.
///
/// # Errors
/// When the database cannot be reached, or the tenant is unknown.
pub async fn rotate(
    kernel: &Kernel,
    tenant: TenantId,
    age: SignedDuration,
) -> Result<Rotated, Problem> {
    let origin = Origin::own(kernel.ids.next());
    let cx = Cx::<Rotate>::system(kernel.clone(), tenant, ACTOR, origin, None);
    let reply = cx
        .write(ACTION, async move |tx| {
            let before = newest(tx.conn(), tenant).await?;
            let now = tx.now();
            if let Some((version, made)) = before
                && age.is_positive()
                && now.duration_since(made) < age
            {
                let as_it_is = Rotated { tenant_id: tenant, version, made: false };
                return Ok::<_, Problem>(Outcome::AlreadyApplied(Done(as_it_is)));
            }
            let keys = DataKeys::new(&tx.kernel().master);
            let version =
                keys.rotate(tx.conn(), tenant).await.map_err(|e| Problem::internal(&e))?;
            let after = Rotated { tenant_id: tenant, version, made: true };
            let before = before.map(|(version, _)| Rotated { version, ..after });
            tx.audited(before.as_ref(), Some(&after));
            Ok(Outcome::Executed(Done(after)))
        })
        .await?;
    serde_json::from_slice(&reply.body).map_err(|e| Problem::internal(&e))
}

/// The newest version and when it was made, under a lock that lets one rotation of a tenant run at a time.
async fn newest(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<(i32, Timestamp)>, Problem> {
    sqlx::query_scalar!(
        "select tenant_id from kernel.tenant where tenant_id = $1 for update",
        tenant.0
    )
    .fetch_optional(&mut *conn)
    .await?
    .ok_or_else(Problem::missing)?;
    let row = sqlx::query!(
        r#"select version, created_at as "created_at: jiff_sqlx::Timestamp" from kernel.data_key
            where tenant_id = $1 order by version desc limit 1"#,
        tenant.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.version, row.created_at.to_jiff())))
}

/// Every tenant, served or not.
///
/// # Errors
/// When the database cannot be reached.
pub async fn tenants(system: &PgPool) -> sqlx::Result<Vec<TenantId>> {
    let ids = sqlx::query_scalar!("select tenant_id from kernel.tenant order by tenant_id");
    Ok(ids.fetch_all(system).await?.into_iter().map(TenantId).collect())
}
