//! Schools: commands and queries.

mod entity;
mod list;
mod store;

use kernel::{
    TenantId,
    answer::{Created, Fresh, NoContent, Outcome},
    cursor::Page,
    http::Body,
    tx::Tx,
};

pub use entity::{CreateSchool, NewSchool, PatchSchool, School, SchoolId, Status};
pub use list::{After, Order, Wanted};

use crate::{Error, events, external, own};

const KIND: &str = "school";

/// Creates a school. An active one of the same name stands in the way, unless external ids tell them apart.
pub async fn create(tx: &mut Tx, new: &NewSchool) -> Result<Outcome<Created<School>>, Error> {
    let school = new.school(tx.new_id(), tx.now());
    store::lock_name(tx, &school.name_key).await?;
    while !store::insert(tx, &school).await? {
        name_is_free(tx, &school).await?;
    }
    save_refs(tx, &school).await?;
    tx.changed(None, Some(&school), &events::SchoolCreated((&school).into()))?;
    Ok(Outcome::Executed(created(tx.tenant(), school)))
}

/// Changes what the patch names. A patch that changes nothing is not announced.
pub async fn update(
    tx: &mut Tx,
    id: SchoolId,
    patch: &Body<PatchSchool>,
) -> Result<Outcome<Fresh<School>>, Error> {
    let before = reach(tx, id).await?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    if before.status == Status::Archived {
        return Err(Error::SchoolArchived);
    }
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    store::lock_name(tx, &after.name_key).await?;
    while !store::update(tx, &after).await? {
        name_is_free(tx, &after).await?;
    }
    save_refs(tx, &after).await?;
    tx.changed(Some(&before), Some(&after), &events::SchoolUpdated((&after).into()))?;
    Ok(Outcome::Executed(fresh(after)))
}

/// Archives a school: it takes no new classes. Archiving it again changes nothing.
pub async fn archive(tx: &mut Tx, id: SchoolId) -> Result<Outcome<NoContent>, Error> {
    let before = reach(tx, id).await?;
    let Some(after) = before.archived(tx.now()) else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    store::update(tx, &after).await?;
    tx.changed(Some(&before), Some(&after), &events::SchoolArchived((&after).into()))?;
    Ok(Outcome::Executed(NoContent))
}

/// One school that the caller reaches.
pub async fn read(tx: &mut Tx, id: SchoolId) -> Result<Fresh<School>, Error> {
    let reach = own::schools(tx).await?;
    let school = store::find(tx, id).await?.filter(|_| reach.is_none_or(|own| own.contains(&id.0)));
    school.map(fresh).ok_or(Error::Missing)
}

/// A page of schools that the caller reaches, in the wanted order.
pub async fn list(
    tx: &mut Tx,
    wanted: &Wanted,
    seal: impl Fn(&School) -> String,
) -> Result<Page<School>, Error> {
    let own = own::schools(tx).await?;
    let schools = list::list(tx, wanted, own.as_deref()).await?;
    Ok(Page::cut(schools, wanted.size(), seal))
}

/// The school, locked, if the caller reaches it.
async fn reach(tx: &mut Tx, id: SchoolId) -> Result<School, Error> {
    let own = own::schools(tx).await?;
    if own.is_some_and(|own| !own.contains(&id.0)) {
        return Err(Error::Missing);
    }
    store::lock(tx, id).await?.ok_or(Error::Missing)
}

/// Names the school that stood in the way, unless it was archived since.
async fn name_is_free(tx: &mut Tx, school: &School) -> Result<(), Error> {
    match store::twin(tx, school).await? {
        Some(twin) => Err(Error::SchoolNameTaken(tx.tenant(), twin)),
        None => Ok(()),
    }
}

async fn save_refs(tx: &mut Tx, school: &School) -> Result<(), Error> {
    if school.external_refs.is_empty() && school.version == 1 {
        return Ok(());
    }
    let place = (tx.tenant().0, KIND, school.school_id.0);
    match external::replace(tx.conn(), place, &school.external_refs).await? {
        Some(other) => Err(Error::ExternalIdTaken(tx.tenant(), SchoolId(other))),
        None => Ok(()),
    }
}

fn created(tenant: TenantId, school: School) -> Created<School> {
    Created { location: school.school_id.path(tenant), version: school.version, body: school }
}

const fn fresh(school: School) -> Fresh<School> {
    Fresh { version: school.version, body: school }
}
