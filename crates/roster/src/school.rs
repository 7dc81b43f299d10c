//! Schools: commands and queries.

mod entity;
pub(crate) mod store;

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use kernel::{
    answer::{Created, Fresh, NoContent, Outcome},
    http::Body,
    rows::{self, Only, Wanted},
    tx::Tx,
};

pub(crate) use entity::ids;
pub use entity::{CreateSchool, PatchSchool, School, SchoolId};
pub use store::TABLE;

use crate::{
    Error, Status, class, events,
    external::{self, Kind},
    own,
};

/// Writers of one name wait for each other: the rule of twins is no unique index.
const NAMES: &str = "roster.school";

/// Creates a school. An active one of the same name stands in the way, unless external ids tell them apart.
pub async fn create(tx: &mut Tx, asked: CreateSchool) -> Result<Outcome<Created<School>>, Error> {
    let school = asked.parse(tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    tx.serialise(NAMES, &school.name_key).await?;
    while !store::insert(tx, &school).await? {
        name_is_free(tx, &school).await?;
    }
    external::save(tx, Kind::School, &[school.refs()]).await?;
    tx.changed(None, Some(&school), &events::SchoolCreated((&school).into()))?;
    let location = Kind::School.path(tx.tenant(), school.school_id.0);
    Ok(Outcome::Executed(Created { location, version: school.version, body: school }))
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
        return Err(Error::Archived("school"));
    }
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    tx.serialise(NAMES, &after.name_key).await?;
    while !store::update(tx, &after).await? {
        name_is_free(tx, &after).await?;
    }
    external::save(tx, Kind::School, &[after.refs()]).await?;
    tx.changed(Some(&before), Some(&after), &events::SchoolUpdated((&after).into()))?;
    Ok(Outcome::Executed(fresh(after)))
}

/// Archives a school: it takes no new classes. Its active classes stand in the way, unless they are to be archived with
/// it (`cascade`). Archiving it again changes nothing.
pub async fn archive(
    tx: &mut Tx,
    id: SchoolId,
    cascade: bool,
) -> Result<Outcome<NoContent>, Error> {
    let before = reach(tx, id).await?;
    let Some(after) = before.archived(tx.now()) else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    if let Some(class) = class::active_of(tx, id).await?.first().filter(|_| !cascade) {
        let said = "The school has active classes: archive them first, or with it (cascade=true).";
        return Err(Error::taken(tx, said, Kind::Class, class.class_id.0));
    }
    store::update(tx, &after).await?;
    tx.changed(Some(&before), Some(&after), &events::SchoolArchived((&after).into()))?;
    class::archive_all(tx, id).await?;
    Ok(Outcome::Executed(NoContent))
}

/// One school that the caller reaches.
pub async fn read(tx: &mut Tx, id: SchoolId) -> Result<Fresh<School>, Error> {
    let own = own::schools(tx).await?;
    let school = rows::find(tx, &TABLE, id.0, &own).await?;
    school.map(fresh).ok_or(Error::Missing)
}

/// A page of schools that the caller reaches, and one more.
pub async fn list(
    tx: &mut Tx,
    status: Option<Status>,
    wanted: &Wanted,
) -> Result<Vec<School>, Error> {
    let mut only = own::schools(tx).await?;
    only.extend(status.map(|status| Only::Word("status", status.name())));
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

/// A school that something new belongs to: one that the caller reaches and that is active, held so until the end.
/// `pointer` is where the request names it.
pub(crate) async fn active(tx: &mut Tx, id: SchoolId, pointer: &str) -> Result<School, Error> {
    let own = own::schools(tx).await?;
    let school: Option<School> = rows::hold(tx, &TABLE, id.0, &own).await?;
    match school {
        Some(school) if school.status == Status::Active => Ok(school),
        Some(_) => Err(Error::Archived("school")),
        None => Err(Error::unknown(pointer, "school")),
    }
}

/// All of these are schools that the caller reaches; whose permission ends at their own schools must name one.
pub(crate) async fn are_known(tx: &mut Tx, ids: &[SchoolId]) -> Result<(), Error> {
    let mut only = own::schools(tx).await?;
    let narrowed = !only.is_empty();
    if ids.is_empty() {
        return if narrowed { Err(Error::unknown("/schoolIds", "school")) } else { Ok(()) };
    }
    only.push(Only::Ids("school_id = any(?)", ids.iter().map(|id| id.0).collect()));
    let found: Vec<School> = rows::all(tx, &TABLE, &only).await?;
    if found.len() == ids.len() { Ok(()) } else { Err(Error::unknown("/schoolIds", "school")) }
}

/// The ids of the schools for which the conditions hold.
pub(crate) async fn known(tx: &mut Tx, only: &[Only]) -> Result<HashSet<SchoolId>, Error> {
    let schools: Vec<School> = rows::all(tx, &TABLE, only).await?;
    Ok(schools.into_iter().map(|school| school.school_id).collect())
}

/// What differs between these sets of schools are schools that the caller reaches.
pub(crate) async fn may_change(
    tx: &mut Tx,
    before: &[SchoolId],
    after: &[SchoolId],
) -> Result<(), Error> {
    let gone = before.iter().filter(|id| !after.contains(id));
    let changed: Vec<_> =
        gone.chain(after.iter().filter(|id| !before.contains(id))).copied().collect();
    are_known(tx, &changed).await
}

/// The time zones of schools.
pub(crate) async fn zones(
    tx: &mut Tx,
    ids: &[SchoolId],
) -> Result<HashMap<SchoolId, TimeZone>, Error> {
    let of = Only::Ids("school_id = any(?)", ids.iter().map(|id| id.0).collect());
    let schools: Vec<School> = rows::all(tx, &TABLE, &[of]).await?;
    let zone = |school: School| {
        // Zones were checked when they were given; one that a later database of zones lacks counts as UTC.
        (school.school_id, TimeZone::get(&school.timezone).unwrap_or(TimeZone::UTC))
    };
    Ok(schools.into_iter().map(zone).collect())
}

/// The school, locked, if the caller reaches it.
async fn reach(tx: &mut Tx, id: SchoolId) -> Result<School, Error> {
    let own = own::schools(tx).await?;
    rows::lock(tx, &TABLE, id.0, &own).await?.ok_or(Error::Missing)
}

/// Names the school that stood in the way, unless it was archived since.
async fn name_is_free(tx: &mut Tx, school: &School) -> Result<(), Error> {
    match store::twin(tx, school).await? {
        Some(twin) => {
            Err(Error::taken(tx, "Another active school has this name.", Kind::School, twin.0))
        }
        None => Ok(()),
    }
}

const fn fresh(school: School) -> Fresh<School> {
    Fresh { version: school.version, body: school }
}
