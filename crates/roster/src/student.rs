//! Students: commands and queries.

mod entity;
pub(crate) mod listing;
pub(crate) mod store;

use std::collections::HashMap;

use kernel::{
    answer::{Created, Fresh, NoContent, Outcome},
    http::Body,
    problem::FieldError,
    rows::{self, Only, Wanted},
    tx::Tx,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use entity::{CreateStudent, PatchStudent, Student, StudentId};
use store::Sealed;
pub use store::TABLE;

use crate::{
    Error, Presence,
    enrollment::{self, Ending},
    events,
    external::{self, Kind},
    own,
    person::Why,
    school::{self, SchoolId},
};

/// Most students that are looked up at once.
const LOOKUP_MAX: usize = 1000;

/// Which students are wanted.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Only students of this status.
    pub status: Option<Presence>,
    /// Only students of this school, by their own record or by an active enrolment.
    pub school: Option<SchoolId>,
    /// Only students of this grade.
    pub grade: Option<String>,
}

/// Creates a student.
pub async fn create(tx: &mut Tx, asked: CreateStudent) -> Result<Outcome<Created<Student>>, Error> {
    let student = asked.parse(tx.new_id(), tx.now()).map_err(Error::Invalid)?;
    school::are_known(tx, &student.school_ids).await?;
    let students = std::slice::from_ref(&student);
    store::save(tx, students).await?;
    store::save_schools(tx, students).await?;
    external::save(tx, Kind::Student, &[student.refs()]).await?;
    tx.changed(None, Some(&student), &events::StudentCreated((&student).into()))?;
    let location = Kind::Student.path(tx.tenant(), student.student_id.0);
    Ok(Outcome::Executed(Created { location, version: student.version, body: student }))
}

/// Changes what the patch names. A patch that changes nothing is not announced.
pub async fn update(
    tx: &mut Tx,
    id: StudentId,
    patch: &Body<PatchStudent>,
) -> Result<Outcome<Fresh<Student>>, Error> {
    let before = reach(tx, id).await?;
    let patch = patch.parse()?;
    tx.precondition(before.version)?;
    if before.scrubbed {
        return Err(Error::Conflict("The student was scrubbed, which is final."));
    }
    let Some(after) = before.patched(patch, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    if after.school_ids != before.school_ids {
        school::may_change(tx, &before.school_ids, &after.school_ids).await?;
        store::save_schools(tx, std::slice::from_ref(&after)).await?;
    }
    external::save(tx, Kind::Student, &[after.refs()]).await?;
    changed(tx, before, after, |s| events::StudentUpdated(s.into())).await
}

/// Deactivates a student: every active enrolment ends at this instant. Again, it changes nothing.
pub async fn deactivate(
    tx: &mut Tx,
    id: StudentId,
    why: Option<&Body<Why>>,
) -> Result<Outcome<Fresh<Student>>, Error> {
    let before = reach(tx, id).await?;
    let reason = match why {
        Some(body) => Some(body.parse()?.parse().map_err(Error::Invalid)?),
        None => None,
    };
    let Some(after) = before.deactivated(reason, tx.now()) else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    let done = changed(tx, before, after, |s| events::StudentDeactivated(s.into())).await?;
    enrollment::end(tx, Ending::Student(id)).await?;
    Ok(done)
}

/// As [`deactivate`], without a reason.
pub async fn remove(tx: &mut Tx, id: StudentId) -> Result<Outcome<NoContent>, Error> {
    deactivate(tx, id, None).await.map(Outcome::without_content)
}

/// Reactivates a student. No enrolment comes back by itself.
pub async fn reactivate(tx: &mut Tx, id: StudentId) -> Result<Outcome<Fresh<Student>>, Error> {
    let before = reach(tx, id).await?;
    if before.scrubbed {
        return Err(Error::Conflict("The student was scrubbed, which is final."));
    }
    let Some(after) = before.reactivated(tx.now()) else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    changed(tx, before, after, |s| events::StudentReactivated(s.into())).await
}

/// One student whom the caller reaches.
pub async fn read(tx: &mut Tx, id: StudentId) -> Result<Fresh<Student>, Error> {
    let own = own::students(tx).await?;
    let row: Sealed = rows::find(tx, &TABLE, id.0, &own).await?.ok_or(Error::Missing)?;
    only(tx, row).await.map(fresh)
}

/// A page of the students whom the caller reaches, and one more.
pub async fn list(tx: &mut Tx, which: Which, wanted: &Wanted) -> Result<Vec<Student>, Error> {
    let mut only = own::students(tx).await?;
    only.extend(which.status.map(|status| Only::Word("status", status.name())));
    only.extend(which.school.map(|school| Only::Ids(own::OF_SCHOOLS, vec![school.0])));
    only.extend(which.grade.map(|grade| Only::Text("grade", grade)));
    let table = match wanted.search {
        None => listing::narrow(&mut only),
        Some(_) => &TABLE,
    };
    let rows = rows::list(tx, table, &only, wanted).await?;
    Ok(store::unsealed(tx, rows).await?)
}

/// Whom to look up.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Their ids.
    #[schema(min_items = 1, max_items = 1000)]
    ids: Vec<StudentId>,
}

/// Who was found.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct Found {
    /// In the order in which they were asked for.
    items: Vec<Student>,
    /// The ids that name nobody here.
    missing: Vec<StudentId>,
}

/// Looks up students whom the caller reaches, in the order asked for.
pub async fn lookup(tx: &mut Tx, asked: &Lookup) -> Result<Found, Error> {
    let refuse =
        |code, message: String| Error::Invalid(vec![FieldError::new("/ids", code, message)]);
    match asked.ids.len() {
        0 => return Err(refuse("empty", "At least one id.".to_owned())),
        n if n > LOOKUP_MAX => {
            return Err(refuse("too_many", format!("At most {LOOKUP_MAX} ids.")));
        }
        _ => {}
    }
    let mut only = own::students(tx).await?;
    let ids = asked.ids.iter().map(|id| id.0).collect();
    only.push(Only::Ids("student_id = any(?)", ids));
    let rows = rows::all(tx, &TABLE, &only).await?;
    let found = store::unsealed(tx, rows).await?;
    let found: HashMap<_, _> = found.into_iter().map(|s| (s.student_id, s)).collect();
    let items = asked.ids.iter().filter_map(|id| found.get(id).cloned()).collect();
    let missing = asked.ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
    Ok(Found { items, missing })
}

/// The student, locked, if the caller reaches them.
pub(crate) async fn reach(tx: &mut Tx, id: StudentId) -> Result<Student, Error> {
    let own = own::students(tx).await?;
    let row: Sealed = rows::lock(tx, &TABLE, id.0, &own).await?.ok_or(Error::Missing)?;
    only(tx, row).await
}

/// The students of these who are reached from schools, or from the whole district when there are none, locked.
pub(crate) async fn lock_all(
    tx: &mut Tx,
    ids: Vec<Uuid>,
    within: &[SchoolId],
) -> Result<HashMap<StudentId, Student>, Error> {
    let rows = rows::lock_all(tx, &TABLE, &these(ids, within)).await?;
    let students = store::unsealed(tx, rows).await?;
    Ok(students.into_iter().map(|student| (student.student_id, student)).collect())
}

/// As [`lock_all`], but held as they are, and only who is there.
pub(crate) async fn hold_all(
    tx: &mut Tx,
    ids: Vec<Uuid>,
    within: &[SchoolId],
) -> Result<HashMap<StudentId, Presence>, Error> {
    Ok(rows::hold_all(tx, &store::PRESENT, &these(ids, within)).await?.into_iter().collect())
}

fn these(ids: Vec<Uuid>, within: &[SchoolId]) -> Vec<Only> {
    let within = (!within.is_empty())
        .then(|| Only::Ids(own::OF_SCHOOLS, within.iter().map(|id| id.0).collect()));
    [Only::Ids("student_id = any(?)", ids)].into_iter().chain(within).collect()
}

/// A student whom something new belongs to: whom the caller reaches and who is active, held so until the end. `pointer`
/// is where the request names them.
pub(crate) async fn active(tx: &mut Tx, id: StudentId, pointer: &str) -> Result<Student, Error> {
    let own = own::students(tx).await?;
    let row: Option<Sealed> = rows::hold(tx, &TABLE, id.0, &own).await?;
    let student = only(tx, row.ok_or_else(|| Error::unknown(pointer, "student"))?).await?;
    match student.status {
        Presence::Active => Ok(student),
        Presence::Deactivated => Err(Error::Conflict("The student is deactivated.")),
    }
}

/// Saves, records and announces a student's next version.
pub(crate) async fn changed<E: kernel::event::Event>(
    tx: &mut Tx,
    before: Student,
    after: Student,
    event: impl FnOnce(&Student) -> E,
) -> Result<Outcome<Fresh<Student>>, Error> {
    store::save(tx, std::slice::from_ref(&after)).await?;
    tx.changed(Some(&before), Some(&after), &event(&after))?;
    Ok(Outcome::Executed(fresh(after)))
}

async fn only(tx: &mut Tx, row: Sealed) -> Result<Student, Error> {
    store::unsealed(tx, vec![row]).await?.pop().ok_or(Error::Missing)
}

pub(crate) fn fresh(student: Student) -> Fresh<Student> {
    Fresh { version: student.version, body: student }
}
