//! Guardians: commands and queries.
//!
//! A guardian belongs to one student. Somebody who is a guardian of three children is three guardians: what is agreed for
//! one child (a language, a channel, that they are none any more) is not agreed for another, and who may see one child's
//! guardians need not see another's. Their external id is the same in all three.

mod contact;
mod entity;
pub(crate) mod store;

use kernel::{
    answer::{Created, Fresh, NoContent, Outcome},
    http::Body,
    rows::{self, Only, Wanted},
    tx::Tx,
};
use uuid::Uuid;

pub use entity::{
    ChangedGuardian, Channel, CreateGuardian, Guardian, GuardianId, PatchGuardian, Relation,
};
use store::Sealed;
pub use store::TABLE;

use crate::{
    Error, Presence, events,
    student::{self, Student, StudentId},
};

/// Most guardians of one student at a time: families are large, lists of strangers are a mistake.
const GUARDIANS_MAX: usize = 20;
/// The fields whose reading is on record.
const CONTACT: &[&str] = &["name", "email", "phone"];

/// Creates a guardian of a student.
pub async fn create(
    tx: &mut Tx,
    student: StudentId,
    asked: &Body<CreateGuardian>,
) -> Result<Outcome<Created<ChangedGuardian>>, Error> {
    student_to_change(tx, student).await?;
    let guardian = asked.parse()?.parse(student, tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    has_room(tx, student).await?;
    let guardians = std::slice::from_ref(&guardian);
    store::save(tx, guardians).await?;
    store::save_refs(tx, guardians).await?;
    tx.changed(None, Some(&guardian), &events::GuardianChanged((&guardian).into()))?;
    let location = path(tx, student, guardian.guardian_id);
    let body = ChangedGuardian::from(&guardian);
    Ok(Outcome::Executed(Created { location, version: guardian.version, body }))
}

/// Changes what the patch names. A patch that changes nothing is not announced.
pub async fn update(
    tx: &mut Tx,
    student: StudentId,
    id: GuardianId,
    patch: &Body<PatchGuardian>,
) -> Result<Outcome<Fresh<ChangedGuardian>>, Error> {
    let before = reach(tx, student, id).await?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    if before.status == Presence::Deactivated {
        return Err(Error::Conflict("They are no guardian any more: reactivate them first."));
    }
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(&before)));
    };
    store::save_refs(tx, std::slice::from_ref(&after)).await?;
    changed(tx, &before, &after).await
}

/// Ends that somebody is a guardian. Again, it changes nothing.
pub async fn remove(
    tx: &mut Tx,
    student: StudentId,
    id: GuardianId,
) -> Result<Outcome<NoContent>, Error> {
    let before = reach(tx, student, id).await?;
    let Some(after) = before.removed(tx.now()) else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    changed(tx, &before, &after).await.map(Outcome::without_content)
}

/// Makes somebody a guardian again. Again, it changes nothing.
pub async fn reactivate(
    tx: &mut Tx,
    student: StudentId,
    id: GuardianId,
) -> Result<Outcome<Fresh<ChangedGuardian>>, Error> {
    let before = reach(tx, student, id).await?;
    let Some(after) = before.reactivated(tx.now()) else {
        return Ok(Outcome::AlreadyApplied(fresh(&before)));
    };
    has_room(tx, student).await?;
    changed(tx, &before, &after).await
}

/// One guardian of a student whom the caller reaches: a disclosure.
pub async fn read(
    tx: &mut Tx,
    student: StudentId,
    id: GuardianId,
) -> Result<Fresh<Guardian>, Error> {
    student::read(tx, student).await?;
    let of = [Only::Id("student_id", student.0)];
    let row: Sealed = rows::find(tx, &TABLE, id.0, &of).await?.ok_or(Error::Missing)?;
    let guardian = only(tx, row).await?;
    disclosed(tx, std::slice::from_ref(&guardian));
    Ok(Fresh { version: guardian.version, body: guardian })
}

/// A page of the guardians of a student whom the caller reaches, and one more: a disclosure.
pub async fn list(
    tx: &mut Tx,
    student: StudentId,
    status: Presence,
    wanted: &Wanted,
) -> Result<Vec<Guardian>, Error> {
    student::read(tx, student).await?;
    let of = [Only::Id("student_id", student.0), Only::Word("status", status.name())];
    let rows = rows::list(tx, &TABLE, &of, wanted).await?;
    let guardians = store::unsealed(tx, rows).await?;
    disclosed(tx, &guardians);
    Ok(guardians)
}

/// All guardians of students, past ones too. Who shows them, discloses them ([`disclosed`]).
pub(crate) async fn of(tx: &mut Tx, students: &[StudentId]) -> Result<Vec<Guardian>, Error> {
    let ids = students.iter().map(|id| id.0).collect();
    let rows = rows::all(tx, &TABLE, &[Only::Ids("student_id = any(?)", ids)]).await?;
    Ok(store::unsealed(tx, rows).await?)
}

/// Puts on record that guardians are shown.
pub(crate) fn disclosed(tx: &mut Tx, guardians: &[Guardian]) {
    for guardian in guardians {
        tx.disclosed("roster.guardian", guardian.guardian_id.0, CONTACT);
    }
}

/// Removes what is personal from all guardians of a student, and announces each; answers their ids.
pub(crate) async fn scrub(tx: &mut Tx, student: StudentId) -> Result<Vec<Uuid>, Error> {
    let rows = rows::lock_all(tx, &TABLE, &[Only::Id("student_id", student.0)]).await?;
    let (before, now) = (store::unsealed(tx, rows).await?, tx.now());
    if before.is_empty() {
        return Ok(Vec::new());
    }
    let after: Vec<_> = before.iter().map(|g| g.without_personal_data(now)).collect();
    store::save(tx, &after).await?;
    store::save_refs(tx, &after).await?;
    for (before, after) in before.iter().zip(&after) {
        tx.changed(Some(before), Some(after), &events::GuardianChanged(after.into()))?;
    }
    Ok(after.iter().map(|guardian| guardian.guardian_id.0).collect())
}

/// The path of a guardian.
pub(crate) fn path(tx: &Tx, student: StudentId, id: GuardianId) -> String {
    format!("/api/v1/tenants/{}/students/{student}/guardians/{id}", tx.tenant())
}

/// The student, locked, if the caller reaches them: guardians of one student change one after the other.
async fn student_to_change(tx: &mut Tx, id: StudentId) -> Result<Student, Error> {
    let student = student::reach(tx, id).await?;
    if student.scrubbed {
        return Err(Error::Conflict("The student was scrubbed, which is final."));
    }
    Ok(student)
}

async fn reach(tx: &mut Tx, student: StudentId, id: GuardianId) -> Result<Guardian, Error> {
    student_to_change(tx, student).await?;
    let of = [Only::Id("student_id", student.0)];
    let row: Sealed = rows::lock(tx, &TABLE, id.0, &of).await?.ok_or(Error::Missing)?;
    only(tx, row).await
}

async fn has_room(tx: &mut Tx, student: StudentId) -> Result<(), Error> {
    let active = Only::Word("status", Presence::Active.name());
    let there: Vec<Sealed> =
        rows::all(tx, &TABLE, &[Only::Id("student_id", student.0), active]).await?;
    if there.len() < GUARDIANS_MAX {
        return Ok(());
    }
    Err(Error::Conflict("The student has 20 guardians, which is the most there may be."))
}

async fn changed(
    tx: &mut Tx,
    before: &Guardian,
    after: &Guardian,
) -> Result<Outcome<Fresh<ChangedGuardian>>, Error> {
    store::save(tx, std::slice::from_ref(after)).await?;
    tx.changed(Some(before), Some(after), &events::GuardianChanged(after.into()))?;
    Ok(Outcome::Executed(fresh(after)))
}

async fn only(tx: &mut Tx, row: Sealed) -> Result<Guardian, Error> {
    store::unsealed(tx, vec![row]).await?.pop().ok_or(Error::Missing)
}

fn fresh(guardian: &Guardian) -> Fresh<ChangedGuardian> {
    Fresh { version: guardian.version, body: guardian.into() }
}
