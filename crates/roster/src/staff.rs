//! Staff, teachers among them: commands and queries.

mod entity;
pub(crate) mod store;

use std::collections::HashMap;

use kernel::{
    answer::{Created, Fresh, NoContent, Outcome},
    http::Body,
    rows::{self, Only, Wanted},
    tx::Tx,
};
use uuid::Uuid;

pub use entity::{CreateStaff, Identity, PatchStaff, Staff, StaffId, StaffType};
pub use store::TABLE;

use crate::{
    Error, Presence, events,
    external::{self, Kind},
    own,
    person::Why,
    school::{self, SchoolId},
    teaching,
};

/// What is so of those who teach.
pub(crate) const TEACHES: &str = "'teacher' = any (staff_type)";

/// Among whom an operation looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// All staff.
    Staff,
    /// Those who teach.
    Teachers,
}

/// Which staff are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Only staff of this status.
    pub status: Option<Presence>,
    /// Only staff of this school.
    pub school: Option<SchoolId>,
}

/// Creates a member of the staff.
pub async fn create(
    tx: &mut Tx,
    among: Among,
    mut asked: CreateStaff,
) -> Result<Outcome<Created<Staff>>, Error> {
    if among == Among::Teachers {
        asked.staff_type.push(StaffType::Teacher);
    }
    let staff = asked.parse(tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    school::are_known(tx, &staff.school_ids).await?;
    identity_is_free(tx, &staff).await?;
    store::save(tx, std::slice::from_ref(&staff)).await?;
    store::save_schools(tx, std::slice::from_ref(&staff)).await?;
    external::save(tx, Kind::Staff, &[staff.refs()]).await?;
    tx.changed(None, Some(&staff), &events::TeacherCreated((&staff).into()))?;
    let location = Kind::Staff.path(tx.tenant(), staff.staff_id.0);
    Ok(Outcome::Executed(Created { location, version: staff.version, body: staff }))
}

/// Changes what the patch names. A patch that changes nothing is not announced.
pub async fn update(
    tx: &mut Tx,
    among: Among,
    id: StaffId,
    patch: &Body<PatchStaff>,
) -> Result<Outcome<Fresh<Staff>>, Error> {
    let before = reach(tx, among, id).await?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    if after.school_ids != before.school_ids {
        school::are_known(tx, &after.school_ids).await?;
        store::save_schools(tx, std::slice::from_ref(&after)).await?;
    }
    identity_is_free(tx, &after).await?;
    store::save(tx, std::slice::from_ref(&after)).await?;
    external::save(tx, Kind::Staff, &[after.refs()]).await?;
    tx.changed(Some(&before), Some(&after), &events::TeacherUpdated((&after).into()))?;
    Ok(Outcome::Executed(fresh(after)))
}

/// Deactivates a member of the staff: they teach no class any more, and their token reaches nothing of their own. Again,
/// it changes nothing.
pub async fn deactivate(
    tx: &mut Tx,
    among: Among,
    id: StaffId,
    why: Option<&Body<Why>>,
) -> Result<Outcome<Fresh<Staff>>, Error> {
    let before = reach(tx, among, id).await?;
    let reason = match why {
        Some(body) => Some(body.parse()?.parse().map_err(Error::Invalid)?),
        None => None,
    };
    let Some(after) = before.deactivated(reason, tx.now()) else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    store::save(tx, std::slice::from_ref(&after)).await?;
    tx.changed(Some(&before), Some(&after), &events::TeacherDeactivated((&after).into()))?;
    teaching::end(tx, Only::Id("staff_id", id.0)).await?;
    Ok(Outcome::Executed(fresh(after)))
}

/// As [`deactivate`], without a reason.
pub async fn remove(tx: &mut Tx, among: Among, id: StaffId) -> Result<Outcome<NoContent>, Error> {
    deactivate(tx, among, id, None).await.map(Outcome::without_content)
}

/// One member of the staff whom the caller reaches.
pub async fn read(tx: &mut Tx, among: Among, id: StaffId) -> Result<Fresh<Staff>, Error> {
    let mut only = own::staff(tx).await?;
    only.extend(among.only());
    rows::find(tx, &TABLE, id.0, &only).await?.map(fresh).ok_or(Error::Missing)
}

/// A page of the staff whom the caller reaches, and one more.
pub async fn list(
    tx: &mut Tx,
    among: Among,
    which: Which,
    wanted: &Wanted,
) -> Result<Vec<Staff>, Error> {
    let mut only = own::staff(tx).await?;
    only.extend(among.only());
    only.extend(which.status.map(|status| Only::Word("status", status.name())));
    only.extend(which.school.map(|school| Only::Ids(own::STAFF_OF_SCHOOLS, vec![school.0])));
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

/// A teacher whom something new belongs to: whom the caller reaches and who is active, held so until the end.
pub(crate) async fn active_teacher(tx: &mut Tx, id: StaffId) -> Result<Staff, Error> {
    let mut only = own::staff(tx).await?;
    only.extend(Among::Teachers.only());
    let staff: Option<Staff> = rows::hold(tx, &TABLE, id.0, &only).await?;
    let staff = staff.ok_or_else(|| Error::unknown("/teacherId", "teacher"))?;
    match staff.status {
        Presence::Active => Ok(staff),
        Presence::Deactivated => Err(Error::Conflict("The teacher is deactivated.")),
    }
}

/// The staff of these who are reached from schools, or from the whole district when there are none, locked.
pub(crate) async fn lock_all(
    tx: &mut Tx,
    ids: Vec<Uuid>,
    within: &[SchoolId],
) -> Result<HashMap<StaffId, Staff>, Error> {
    let mut only = vec![Only::Ids("staff_id = any(?)", ids)];
    if !within.is_empty() {
        only.push(Only::Ids(own::STAFF_ALONE, within.iter().map(|id| id.0).collect()));
    }
    let staff: Vec<Staff> = rows::lock_all(tx, &TABLE, &only).await?;
    Ok(staff.into_iter().map(|staff| (staff.staff_id, staff)).collect())
}

impl Among {
    fn only(self) -> Option<Only> {
        (self == Self::Teachers).then_some(Only::Sql(TEACHES))
    }
}

/// The member of the staff, locked, if all their schools are the caller's own: who could change somebody of other schools,
/// could give their sign-in to somebody else.
async fn reach(tx: &mut Tx, among: Among, id: StaffId) -> Result<Staff, Error> {
    let mut only = own::staff_alone(tx).await?;
    only.extend(among.only());
    rows::lock(tx, &TABLE, id.0, &only).await?.ok_or(Error::Missing)
}

async fn identity_is_free(tx: &mut Tx, staff: &Staff) -> Result<(), Error> {
    let Some(identity) = &staff.identity else { return Ok(()) };
    tx.serialise("roster.staff", &format!("{} {}", identity.issuer, identity.subject)).await?;
    match store::bearer(tx, identity, staff.staff_id).await? {
        Some(other) => {
            Err(Error::taken(tx, "Somebody else has this identity.", Kind::Staff, other))
        }
        None => Ok(()),
    }
}

fn fresh(staff: Staff) -> Fresh<Staff> {
    Fresh { version: staff.version, body: staff }
}
