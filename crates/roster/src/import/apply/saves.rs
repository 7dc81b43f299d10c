//! What is new or changes.

use kernel::tx::Tx;
use uuid::Uuid;

use super::{super::diff::Change, Row, STALE, lock};
use crate::{
    Error, Presence,
    class::{self, Class},
    enrollment::{self, Enrollment},
    events,
    external::{self, Kind, Refs},
    guardian::{self, Guardian},
    school::{self, School},
    staff::{self, Staff},
    student::{self, Student},
    teaching::{self, ClassTeacher},
    term::{self, Term},
};

pub(super) async fn schools(tx: &mut Tx, changes: &[Change<School>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::SCHOOLS, changes, |s| (s.school_id.0, s.version)).await?;
    for Change { before, after } in changes {
        let kept = match before {
            None => school::store::insert(tx, after).await?,
            Some(_) => school::store::update(tx, after).await?,
        };
        if !kept {
            return Err(Error::Conflict(STALE));
        }
    }
    named(tx, Kind::School, changes, School::refs).await?;
    for Change { before, after } in changes {
        match before {
            None => tx.changed(None, Some(after), &events::SchoolCreated(after.into()))?,
            Some(_) => {
                tx.changed(before.as_ref(), Some(after), &events::SchoolUpdated(after.into()))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn terms(tx: &mut Tx, changes: &[Change<Term>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::TERMS, changes, |t| (t.term_id.0, t.version)).await?;
    for Change { after, .. } in changes {
        term::store::save(tx, after).await?;
    }
    named(tx, Kind::Term, changes, Term::refs).await?;
    for Change { before, after } in changes {
        match before {
            None => tx.changed(None, Some(after), &events::TermCreated(after.into()))?,
            Some(_) => {
                tx.changed(before.as_ref(), Some(after), &events::TermUpdated(after.into()))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn classes(tx: &mut Tx, changes: &[Change<Class>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::CLASSES, changes, |c| (c.class_id.0, c.version)).await?;
    lock::active(tx, &lock::SCHOOLS, changes.iter().map(|c| c.after.school_id.0)).await?;
    let after = after(changes);
    class::store::save(tx, &after).await?;
    class::store::save_terms(tx, &after).await?;
    named(tx, Kind::Class, changes, Class::refs).await?;
    for Change { before, after } in changes {
        match before {
            None => tx.changed(None, Some(after), &events::ClassCreated(after.into()))?,
            Some(_) => {
                tx.changed(before.as_ref(), Some(after), &events::ClassUpdated(after.into()))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn staff(tx: &mut Tx, changes: &[Change<Staff>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::STAFF, changes, |s| (s.staff_id.0, s.version)).await?;
    let after = after(changes);
    staff::store::save(tx, &after).await?;
    staff::store::save_schools(tx, &after).await?;
    named(tx, Kind::Staff, changes, Staff::refs).await?;
    for Change { before, after } in changes {
        match before {
            None => tx.changed(None, Some(after), &events::TeacherCreated(after.into()))?,
            Some(_) => {
                tx.changed(before.as_ref(), Some(after), &events::TeacherUpdated(after.into()))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn students(tx: &mut Tx, changes: &[Change<Student>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::STUDENTS, changes, |s| (s.student_id.0, s.version)).await?;
    let after = after(changes);
    student::store::save(tx, &after).await?;
    student::store::save_schools(tx, &after).await?;
    named(tx, Kind::Student, changes, Student::refs).await?;
    for Change { before, after } in changes {
        match before {
            None => tx.changed(None, Some(after), &events::StudentCreated(after.into()))?,
            Some(before) if before.status == Presence::Deactivated => {
                tx.changed(Some(before), Some(after), &events::StudentReactivated(after.into()))?;
            }
            Some(before) => {
                tx.changed(Some(before), Some(after), &events::StudentUpdated(after.into()))?;
            }
        }
    }
    Ok(())
}

pub(super) async fn guardians(tx: &mut Tx, changes: &[Change<Guardian>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::GUARDIANS, changes, |g| (g.guardian_id.0, g.version)).await?;
    let after = after(changes);
    guardian::store::save(tx, &after).await?;
    guardian::store::save_refs(tx, &after).await?;
    for Change { before, after } in changes {
        tx.changed(before.as_ref(), Some(after), &events::GuardianChanged(after.into()))?;
    }
    Ok(())
}

pub(super) async fn enrollments(tx: &mut Tx, changes: &[Change<Enrollment>]) -> Result<(), Error> {
    lock::unmoved(tx, &lock::ENROLLMENTS, changes, |e| (e.enrollment_id.0, e.version)).await?;
    lock::active(tx, &lock::STUDENTS, changes.iter().map(|c| c.after.student_id.0)).await?;
    lock::active(tx, &lock::CLASSES, changes.iter().map(|c| c.after.class_id.0)).await?;
    enrollment::store::save(tx, &after(changes)).await?;
    for Change { before, after } in changes {
        tx.changed(before.as_ref(), Some(after), &events::EnrollmentAdded(after.into()))?;
    }
    Ok(())
}

pub(super) async fn assignments(
    tx: &mut Tx,
    changes: &[Change<ClassTeacher>],
) -> Result<(), Error> {
    open(tx, changes).await?;
    lock::active(tx, &lock::STAFF, changes.iter().map(|c| c.after.teacher_id.0)).await?;
    lock::active(tx, &lock::CLASSES, changes.iter().map(|c| c.after.class_id.0)).await?;
    teaching::store::save(tx, &after(changes)).await?;
    for Change { before, after } in changes {
        tx.changed(before.as_ref(), Some(after), &events::TeacherAssignedToClass(after.into()))?;
    }
    Ok(())
}

/// Locks assignments that change, and requires that each is as the plan saw it.
pub(super) async fn open(tx: &mut Tx, changes: &[Change<ClassTeacher>]) -> Result<(), Error> {
    let mut wanted: Vec<_> = changes.iter().filter_map(|c| c.before.clone()).collect();
    let ids = wanted.iter().map(|t| t.assignment_id).collect();
    let only = [kernel::rows::Only::Ids(teaching::store::OPEN_BY_ID, ids)];
    let mut found: Vec<ClassTeacher> =
        kernel::rows::lock_all(tx, &teaching::store::TABLE, &only).await?;
    wanted.sort_by_key(|teacher| teacher.assignment_id);
    found.sort_by_key(|teacher| teacher.assignment_id);
    if wanted == found { Ok(()) } else { Err(Error::Conflict(STALE)) }
}

/// Remembers which rows of a source things come from, instead of rows before.
pub(super) async fn links(tx: &mut Tx, rows: &[Change<Row>]) -> Result<(), Error> {
    let tenant = tx.tenant().0;
    let all = || rows.iter().map(|change| &change.after);
    let sources: Vec<&str> = all().map(|row| row.source.as_str()).collect();
    let kinds: Vec<&str> = all().map(|row| row.kind).collect();
    let values: Vec<&str> = all().map(|row| row.value.as_str()).collect();
    let ids: Vec<Uuid> = all().map(|row| row.id).collect();
    sqlx::query!(
        "delete from roster.source_row where tenant_id = $1
         and (entity_id, source) in (select * from unnest($2::uuid[], $3::text[]))",
        tenant,
        &ids,
        &sources as &[&str],
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "insert into roster.source_row (tenant_id, source, kind, value, entity_id)
         select $1, r.* from unnest($2::text[], $3::text[], $4::text[], $5::uuid[]) as r
         on conflict do nothing",
        tenant,
        &sources as &[&str],
        &kinds as &[&str],
        &values as &[&str],
        &ids,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Saves the external ids of what is new; those of what there was stay.
async fn named<T>(
    tx: &mut Tx,
    kind: Kind,
    changes: &[Change<T>],
    refs: impl Fn(&T) -> Refs<'_>,
) -> Result<(), Error> {
    let new: Vec<_> =
        changes.iter().filter(|c| c.before.is_none()).map(|c| refs(&c.after)).collect();
    external::save(tx, kind, &new).await
}

fn after<T: Clone>(changes: &[Change<T>]) -> Vec<T> {
    changes.iter().map(|change| change.after.clone()).collect()
}
