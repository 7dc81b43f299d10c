//! What ends, with what hangs on it.

use kernel::{rows::Only, tx::Tx};

use super::{super::diff::Change, STALE, lock, saves};
use crate::{
    Error,
    class::{self, Class},
    enrollment::{self, Enrollment},
    events,
    guardian::{self, Guardian},
    school::{self, School},
    staff::{self, Staff},
    student::{self, Student},
    teaching::{self, ClassTeacher},
};

pub(super) async fn enrollments(tx: &mut Tx, changes: &[Change<Enrollment>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::ENROLLMENTS, changes, |e| (e.enrollment_id.0, e.version)).await?;
    let pairs: Vec<_> = changes
        .iter()
        .filter_map(|change| Some((change.before.clone()?, change.after.clone())))
        .collect();
    let after: Vec<_> = pairs.iter().map(|(_, after)| after.clone()).collect();
    enrollment::store::save(tx, &after).await?;
    enrollment::announce(tx, &pairs)
}

pub(super) async fn assignments(
    tx: &mut Tx,
    changes: &[Change<ClassTeacher>],
) -> Result<(), Error> {
    saves::open(tx, changes).await?;
    let ended: Vec<_> = changes.iter().map(|change| change.after.clone()).collect();
    teaching::removed(tx, &ended).await
}

pub(super) async fn guardians(tx: &mut Tx, changes: &[Change<Guardian>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::GUARDIANS, changes, |g| (g.guardian_id.0, g.version)).await?;
    let after: Vec<_> = changes.iter().map(|change| change.after.clone()).collect();
    guardian::store::save(tx, &after).await?;
    for Change { before, after } in changes {
        tx.changed(before.as_ref(), Some(after), &events::GuardianChanged(after.into()))?;
    }
    Ok(())
}

/// Each student's end is announced before the ends of their enrolments.
pub(super) async fn students(tx: &mut Tx, changes: &[Change<Student>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::STUDENTS, changes, |s| (s.student_id.0, s.version)).await?;
    let after: Vec<_> = changes.iter().map(|change| change.after.clone()).collect();
    student::store::save(tx, &after).await?;
    let ids: Vec<_> = after.iter().map(|student| student.student_id).collect();
    let ended = enrollment::end_all(tx, &ids).await?;
    for Change { before, after } in changes {
        tx.changed(before.as_ref(), Some(after), &events::StudentDeactivated(after.into()))?;
        let theirs: Vec<_> =
            ended.iter().filter(|(e, _)| e.student_id == after.student_id).cloned().collect();
        enrollment::announce(tx, &theirs)?;
    }
    Ok(())
}

pub(super) async fn staff(tx: &mut Tx, changes: &[Change<Staff>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::STAFF, changes, |s| (s.staff_id.0, s.version)).await?;
    let after: Vec<_> = changes.iter().map(|change| change.after.clone()).collect();
    staff::store::save(tx, &after).await?;
    for Change { before, after } in changes {
        tx.changed(before.as_ref(), Some(after), &events::TeacherDeactivated(after.into()))?;
        teaching::end(tx, Only::Id("staff_id", after.staff_id.0)).await?;
    }
    Ok(())
}

pub(super) async fn classes(tx: &mut Tx, changes: &[Change<Class>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::CLASSES, changes, |c| (c.class_id.0, c.version)).await?;
    for before in changes.iter().filter_map(|change| change.before.clone()) {
        class::end(tx, before).await?;
    }
    Ok(())
}

pub(super) async fn schools(tx: &mut Tx, changes: &[Change<School>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::SCHOOLS, changes, |s| (s.school_id.0, s.version)).await?;
    for Change { before, after } in changes {
        if !school::store::update(tx, after).await? {
            return Err(Error::Conflict(STALE));
        }
        tx.changed(before.as_ref(), Some(after), &events::SchoolArchived(after.into()))?;
        class::archive_all(tx, after.school_id).await?;
    }
    Ok(())
}
