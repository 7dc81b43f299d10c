//! Who teaches which class, and who is in it.

mod entity;
mod members;
pub(crate) mod store;

use kernel::{
    answer::{NoContent, Ok200, Outcome},
    rows::{self, Only},
    tx::Tx,
};

pub use entity::{Assign, ClassTeacher, TeacherRole};
pub use members::{Members, StudentMember, TeacherMember, members};

use crate::{
    Error,
    class::{self, ClassId},
    events,
    staff::{self, StaffId},
};

/// Assignments that have not ended.
const OPEN: Only = Only::Sql("removed_at is null");

/// Makes somebody teach a class, or teach it in another role. Saying it twice changes nothing.
pub async fn assign(
    tx: &mut Tx,
    id: ClassId,
    asked: &kernel::http::Body<Assign>,
) -> Result<Outcome<Ok200<ClassTeacher>>, Error> {
    let class = class::reach(tx, id).await?;
    let asked = asked.parse()?;
    class.is_active()?;
    let teacher = staff::active_teacher(tx, asked.teacher_id).await?;
    let before = find(tx, id, teacher.staff_id).await?;
    let after = ClassTeacher {
        assignment_id: before.as_ref().map_or_else(|| tx.new_id(), |b| b.assignment_id),
        class_id: id,
        teacher_id: teacher.staff_id,
        role: asked.role,
        assigned_at: before.as_ref().map_or_else(|| tx.now(), |b| b.assigned_at),
    };
    if before.as_ref() == Some(&after) {
        return Ok(Outcome::AlreadyApplied(Ok200(after)));
    }
    store::save(tx, std::slice::from_ref(&after)).await?;
    tx.changed(before.as_ref(), Some(&after), &events::TeacherAssignedToClass((&after).into()))?;
    Ok(Outcome::Executed(Ok200(after)))
}

/// Ends that somebody teaches a class.
pub async fn unassign(
    tx: &mut Tx,
    id: ClassId,
    teacher: StaffId,
) -> Result<Outcome<NoContent>, Error> {
    class::reach(tx, id).await?;
    let before = find(tx, id, teacher).await?.ok_or(Error::Missing)?;
    removed(tx, &[before]).await?;
    Ok(Outcome::Executed(NoContent))
}

/// Ends what somebody teaches, or who teaches a class.
pub(crate) async fn end(tx: &mut Tx, whose: Only) -> Result<(), Error> {
    let open: Vec<ClassTeacher> = rows::lock_all(tx, &store::TABLE, &[OPEN, whose]).await?;
    removed(tx, &open).await
}

pub(crate) async fn removed(tx: &mut Tx, ended: &[ClassTeacher]) -> Result<(), Error> {
    let ids: Vec<_> = ended.iter().map(|teacher| teacher.assignment_id).collect();
    store::end(tx, &ids).await?;
    for teacher in ended {
        tx.changed(Some(teacher), None, &events::TeacherUnassignedFromClass(teacher.into()))?;
    }
    Ok(())
}

async fn find(
    tx: &mut Tx,
    class: ClassId,
    teacher: StaffId,
) -> Result<Option<ClassTeacher>, Error> {
    let only = [OPEN, Only::Id("class_id", class.0), Only::Id("staff_id", teacher.0)];
    Ok(rows::all(tx, &store::TABLE, &only).await?.pop())
}
