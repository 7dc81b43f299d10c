//! Tenants: their lifecycle. Rows live in the kernel, which asks them on every request.

mod entity;

use kernel::{
    TenantId,
    answer::{Created, Fresh, Outcome},
    cursor::Page,
    problem::FieldError,
    tenant::{self, Row, Status},
    tx::Tx,
};

pub use entity::{NewTenant, ProvisionTenant, Tenant};

use crate::{Error, events};

/// Provisions a tenant. Its first event is number 1 of its feed.
pub async fn provision(tx: &mut Tx, new: &NewTenant) -> Result<Outcome<Created<Tenant>>, Error> {
    let row = new.row(tx.new_id(), tx.now());
    let max = capacity(tx, &row.region)?;
    let (count, twin) = tenant::crowd(tx.conn(), &row.region, &row.name_key).await?;
    if let Some(twin) = twin {
        return Err(Error::TenantNameTaken(twin));
    }
    if count >= max {
        return Err(Error::RegionFull(row.region));
    }
    tx.enter(row.tenant_id).await?;
    tenant::insert(tx.conn(), &row).await?;
    let tenant = Tenant::from(&row);
    tx.changed(None, Some(&tenant), &events::TenantProvisioned((&row).into()))?;
    Ok(Outcome::Executed(Created {
        location: tenant.path(),
        version: tenant.version,
        body: tenant,
    }))
}

/// Stops serving a tenant until it is reactivated. Its outbox drains, its deadlines pause.
pub async fn suspend(tx: &mut Tx, id: TenantId) -> Result<Outcome<Fresh<Tenant>>, Error> {
    let Some((before, after)) = moved(tx, id, Status::Suspended).await? else {
        return unchanged(tx, id).await;
    };
    tx.changed(Some(&before), Some(&after), &events::TenantSuspended((&after.row).into()))?;
    Ok(Outcome::Executed(after.fresh()))
}

/// Serves a suspended tenant again.
pub async fn reactivate(tx: &mut Tx, id: TenantId) -> Result<Outcome<Fresh<Tenant>>, Error> {
    let Some((before, after)) = moved(tx, id, Status::Active).await? else {
        return unchanged(tx, id).await;
    };
    tx.changed(Some(&before), Some(&after), &events::TenantReactivated((&after.row).into()))?;
    Ok(Outcome::Executed(after.fresh()))
}

/// Stops serving a tenant for good.
pub async fn deactivate(tx: &mut Tx, id: TenantId) -> Result<Outcome<Fresh<Tenant>>, Error> {
    let Some((before, after)) = moved(tx, id, Status::Deactivated).await? else {
        return unchanged(tx, id).await;
    };
    tx.changed(Some(&before), Some(&after), &events::TenantDeactivated((&after.row).into()))?;
    Ok(Outcome::Executed(after.fresh()))
}

/// One tenant.
pub async fn read(tx: &mut Tx, id: TenantId) -> Result<Fresh<Tenant>, Error> {
    let row = tenant::find(tx.conn(), id).await?.ok_or(Error::Missing)?;
    Ok(Tenant::from(&row).fresh())
}

/// A page of tenants by name.
pub async fn list(
    tx: &mut Tx,
    status: Option<Status>,
    after: Option<(String, TenantId)>,
    limit: i64,
    seal: impl Fn(&Tenant) -> String,
) -> Result<Page<Tenant>, Error> {
    let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
    let rows = tenant::list(tx.conn(), status, after, limit + 1).await?;
    let tenants = rows.iter().map(Tenant::from).collect();
    Ok(Page::cut(tenants, usize::try_from(limit).unwrap_or(usize::MAX), seal))
}

/// Moves a tenant to another status; `None` when it is there already.
async fn moved(tx: &mut Tx, id: TenantId, to: Status) -> Result<Option<(Tenant, Tenant)>, Error> {
    tx.enter(id).await?;
    let before = tenant::lock(tx.conn(), id).await?.ok_or(Error::Missing)?;
    if before.status == to {
        return Ok(None);
    }
    if before.status == Status::Deactivated {
        return Err(Error::TenantDeactivated);
    }
    let after =
        Row { status: to, version: before.version + 1, updated_at: tx.now(), ..before.clone() };
    tenant::update_status(tx.conn(), &after).await?;
    Ok(Some((Tenant::from(&before), Tenant::from(&after))))
}

async fn unchanged(tx: &mut Tx, id: TenantId) -> Result<Outcome<Fresh<Tenant>>, Error> {
    read(tx, id).await.map(Outcome::AlreadyApplied)
}

/// Most tenants of a region.
fn capacity(tx: &Tx, region: &str) -> Result<i64, Error> {
    let regions = &tx.kernel().regions;
    if let Some(found) = regions.iter().find(|r| r.name == region) {
        return Ok(found.max_tenants);
    }
    let known: Vec<_> = regions.iter().map(|r| r.name.as_str()).collect();
    let message = format!("One of: {}.", known.join(", "));
    Err(Error::Invalid(vec![FieldError::new("/region", "unknown_region", message)]))
}
