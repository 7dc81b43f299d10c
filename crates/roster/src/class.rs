//! Classes: commands and queries.

mod entity;
pub(crate) mod store;

use std::collections::HashMap;

use kernel::{
    answer::{Created, Fresh, NoContent, Outcome},
    http::Body,
    problem::FieldError,
    rows::{self, Only, Wanted},
    tx::Tx,
};
use uuid::Uuid;

pub use entity::{Class, ClassId, Course, CreateClass, PatchClass};
pub use store::TABLE;

use crate::{
    Error, Status,
    enrollment::{self, Ending},
    events,
    external::{self, Kind},
    own,
    school::{self, SchoolId},
    teaching,
    term::TermId,
};

/// Which classes are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Only classes of this status.
    pub status: Option<Status>,
    /// Only classes of this school.
    pub school: Option<SchoolId>,
    /// Only classes of this term.
    pub term: Option<TermId>,
}

/// Creates a class in an active school.
pub async fn create(tx: &mut Tx, asked: CreateClass) -> Result<Outcome<Created<Class>>, Error> {
    let class = asked.parse(tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    school::active(tx, class.school_id, "/schoolId").await?;
    terms_are_known(tx, &class).await?;
    store::save(tx, std::slice::from_ref(&class)).await?;
    store::save_terms(tx, std::slice::from_ref(&class)).await?;
    external::save(tx, Kind::Class, &[class.refs()]).await?;
    tx.changed(None, Some(&class), &events::ClassCreated((&class).into()))?;
    let location = Kind::Class.path(tx.tenant(), class.class_id.0);
    Ok(Outcome::Executed(Created { location, version: class.version, body: class }))
}

/// Changes what the patch names. A patch that changes nothing is not announced.
pub async fn update(
    tx: &mut Tx,
    id: ClassId,
    patch: &Body<PatchClass>,
) -> Result<Outcome<Fresh<Class>>, Error> {
    let before = reach(tx, id).await?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    before.is_active()?;
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    if after.term_ids != before.term_ids {
        terms_are_known(tx, &after).await?;
        store::save_terms(tx, std::slice::from_ref(&after)).await?;
    }
    store::save(tx, std::slice::from_ref(&after)).await?;
    external::save(tx, Kind::Class, &[after.refs()]).await?;
    tx.changed(Some(&before), Some(&after), &events::ClassUpdated((&after).into()))?;
    Ok(Outcome::Executed(fresh(after)))
}

/// Archives a class: its enrolments and assignments end with it. Archiving it again changes nothing.
pub async fn archive(tx: &mut Tx, id: ClassId) -> Result<Outcome<NoContent>, Error> {
    let before = reach(tx, id).await?;
    if before.status == Status::Archived {
        return Ok(Outcome::AlreadyApplied(NoContent));
    }
    end(tx, before).await?;
    Ok(Outcome::Executed(NoContent))
}

/// Archives every active class of a school.
pub(crate) async fn archive_all(tx: &mut Tx, school: SchoolId) -> Result<(), Error> {
    for class in active_of(tx, school).await? {
        end(tx, class).await?;
    }
    Ok(())
}

/// The active classes of a school, locked.
pub(crate) async fn active_of(tx: &mut Tx, school: SchoolId) -> Result<Vec<Class>, Error> {
    let only = [Only::Word("status", Status::Active.name()), Only::Id("school_id", school.0)];
    Ok(rows::lock_all(tx, &TABLE, &only).await?)
}

/// Archives a class with what hangs on it, unless it is archived.
pub(crate) async fn end(tx: &mut Tx, before: Class) -> Result<(), Error> {
    let Some(after) = before.archived(tx.now()) else { return Ok(()) };
    store::save(tx, std::slice::from_ref(&after)).await?;
    tx.changed(Some(&before), Some(&after), &events::ClassArchived((&after).into()))?;
    enrollment::end(tx, Ending::Class(after.class_id)).await?;
    teaching::end(tx, Only::Id("class_id", after.class_id.0)).await
}

/// One class that the caller reaches.
pub async fn read(tx: &mut Tx, id: ClassId) -> Result<Fresh<Class>, Error> {
    let own = own::classes(tx).await?;
    rows::find(tx, &TABLE, id.0, &own).await?.map(fresh).ok_or(Error::Missing)
}

/// A page of the classes that the caller reaches, and one more.
pub async fn list(tx: &mut Tx, which: Which, wanted: &Wanted) -> Result<Vec<Class>, Error> {
    const OF_TERM: &str = "class_id in (select class_id from roster.class_term where tenant_id = $1 and term_id = any(?))";
    let mut only = own::classes(tx).await?;
    only.extend(which.status.map(|status| Only::Word("status", status.name())));
    only.extend(which.school.map(|school| Only::Id("school_id", school.0)));
    only.extend(which.term.map(|term| Only::Ids(OF_TERM, vec![term.0])));
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

/// A class that something new belongs to: one that the caller reaches and that is active, held so until the end.
/// `pointer` is where the request names it.
pub(crate) async fn active(tx: &mut Tx, id: ClassId, pointer: &str) -> Result<Class, Error> {
    let own = own::classes(tx).await?;
    let class: Option<Class> = rows::hold(tx, &TABLE, id.0, &own).await?;
    let class = class.ok_or_else(|| Error::unknown(pointer, "class"))?;
    class.is_active()?;
    Ok(class)
}

/// The classes of these that belong to schools, or to the whole district when there are none, held as they are.
pub(crate) async fn hold_all(
    tx: &mut Tx,
    ids: Vec<Uuid>,
    within: &[SchoolId],
) -> Result<HashMap<ClassId, Class>, Error> {
    let mut only = vec![Only::Ids("class_id = any(?)", ids)];
    if !within.is_empty() {
        only.push(Only::Ids("school_id = any(?)", within.iter().map(|id| id.0).collect()));
    }
    let classes: Vec<Class> = rows::hold_all(tx, &TABLE, &only).await?;
    Ok(classes.into_iter().map(|class| (class.class_id, class)).collect())
}

/// The class, locked, if the caller reaches it.
pub(crate) async fn reach(tx: &mut Tx, id: ClassId) -> Result<Class, Error> {
    let own = own::classes(tx).await?;
    rows::lock(tx, &TABLE, id.0, &own).await?.ok_or(Error::Missing)
}

async fn terms_are_known(tx: &mut Tx, class: &Class) -> Result<(), Error> {
    let unknown = store::unknown_terms(tx, class).await?;
    if unknown.is_empty() {
        return Ok(());
    }
    let message = "There is no such term here.";
    let refused = |id| FieldError::new("/termIds", "unknown", format!("{message} ({id})"));
    Err(Error::Invalid(unknown.into_iter().map(refused).collect()))
}

const fn fresh(class: Class) -> Fresh<Class> {
    Fresh { version: class.version, body: class }
}
