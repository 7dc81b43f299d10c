//! Enrolments: commands and queries.

mod entity;
pub(crate) mod store;

use std::collections::HashMap;

use jiff::civil::Date;
use kernel::{
    answer::{Created, Fresh, Outcome},
    http::Body,
    rows::{self, Only, Wanted},
    tx::Tx,
};
use uuid::Uuid;

pub use entity::{CreateEnrollment, Enrollment, EnrollmentId, EnrollmentStatus, Frame, Withdraw};
pub use store::TABLE;

use crate::{
    Error,
    class::{self, ClassId},
    events, own,
    school::{self, SchoolId},
    student::{self, StudentId},
};

/// Which enrolments are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which {
    /// Only enrolments of this status.
    pub status: Option<EnrollmentStatus>,
    /// Only enrolments of this student.
    pub student: Option<StudentId>,
    /// Only enrolments in this class.
    pub class: Option<ClassId>,
}

/// Whose enrolments end.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// All of a student.
    Student(StudentId),
    /// All in a class.
    Class(ClassId),
}

/// Writers of one student in one class wait for each other.
pub(crate) const PAIRS: &str = "roster.enrollment";
/// What is said of an enrolment that overlaps another.
pub(crate) const OVERLAPS: &str = "The student is in this class on some of these days.";

/// The name of a student in a class, for [`PAIRS`].
pub(crate) fn pair(student: StudentId, class: ClassId) -> String {
    format!("{student} {class}")
}

/// How a new enrolment fits in with those of the same student in the same class.
pub(crate) enum Fit {
    /// It is new.
    New(Enrollment),
    /// It is there already.
    There(Enrollment),
    /// This one has some of its days.
    Overlaps(Enrollment),
}

/// How `new` fits in; `any_day` when no day was asked for, so that any active one will do.
pub(crate) fn fit(others: &[Enrollment], new: Enrollment, any_day: bool) -> Fit {
    let active = |e: &&Enrollment| e.status == EnrollmentStatus::Active;
    let days = |e: &Enrollment| (e.effective_start, e.effective_end);
    let same = |e: &&Enrollment| any_day || days(e) == days(&new);
    let overlapping = |e: &&Enrollment| e.overlaps(&new);
    if let Some(there) = others.iter().filter(active).filter(overlapping).find(same) {
        return Fit::There(there.clone());
    }
    match others.iter().find(overlapping) {
        Some(other) => Fit::Overlaps(other.clone()),
        None => Fit::New(new),
    }
}

/// Enrols a student in a class. Enrolling them twice from the same day changes nothing and answers the same.
pub async fn create(
    tx: &mut Tx,
    asked: CreateEnrollment,
) -> Result<Outcome<Created<Enrollment>>, Error> {
    let student = student::active(tx, asked.student_id, "/studentId").await?;
    let class = class::active(tx, asked.class_id, "/classId").await?;
    let today = today(tx, &[class.school_id]).await?;
    let frame = Frame {
        id: tx.new_id(),
        school: class.school_id,
        today: today.get(&class.school_id).copied().unwrap_or_default(),
        now: tx.now(),
    };
    let any_day = asked.effective_start.is_none() && asked.effective_end.is_none();
    let enrollment = asked.parse(frame).map_err(Error::Invalid)?;
    tx.serialise(PAIRS, &pair(student.student_id, class.class_id)).await?;
    let only =
        [Only::Id("student_id", student.student_id.0), Only::Id("class_id", class.class_id.0)];
    let others: Vec<Enrollment> = rows::all(tx, &TABLE, &only).await?;
    let enrollment = match fit(&others, enrollment, any_day) {
        Fit::New(enrollment) => enrollment,
        Fit::There(there) => return Ok(Outcome::AlreadyApplied(created(tx, there))),
        Fit::Overlaps(other) => {
            let id = other.enrollment_id;
            return Err(Error::Taken(OVERLAPS.to_owned(), id.0, path(tx, id)));
        }
    };
    store::save(tx, std::slice::from_ref(&enrollment)).await?;
    tx.changed(None, Some(&enrollment), &events::EnrollmentAdded((&enrollment).into()))?;
    Ok(Outcome::Executed(created(tx, enrollment)))
}

/// Ends an enrolment. Ending it again changes nothing.
pub async fn withdraw(
    tx: &mut Tx,
    id: EnrollmentId,
    asked: &Body<Withdraw>,
) -> Result<Outcome<Fresh<Enrollment>>, Error> {
    let own = own::classes(tx).await?;
    let before: Enrollment = rows::lock(tx, &TABLE, id.0, &own).await?.ok_or(Error::Missing)?;
    let today = today(tx, &[before.school_id]).await?;
    let today = today.get(&before.school_id).copied().unwrap_or_default();
    let asked = asked.parse()?;
    let Some(after) = before.withdrawn(&asked, today, tx.now()).map_err(Error::Invalid)? else {
        return Ok(Outcome::AlreadyApplied(fresh(before)));
    };
    store::save(tx, std::slice::from_ref(&after)).await?;
    announce(tx, &[(before, after.clone())])?;
    Ok(Outcome::Executed(fresh(after)))
}

/// One enrolment that the caller reaches.
pub async fn read(tx: &mut Tx, id: EnrollmentId) -> Result<Fresh<Enrollment>, Error> {
    let own = own::classes(tx).await?;
    rows::find(tx, &TABLE, id.0, &own).await?.map(fresh).ok_or(Error::Missing)
}

/// A page of the enrolments that the caller reaches, by their first day, and one more.
pub async fn list(tx: &mut Tx, which: Which, wanted: &Wanted) -> Result<Vec<Enrollment>, Error> {
    let mut only = own::classes(tx).await?;
    only.extend(which.status.map(|status| Only::Word("status", status.name())));
    only.extend(which.student.map(|student| Only::Id("student_id", student.0)));
    only.extend(which.class.map(|class| Only::Id("class_id", class.0)));
    Ok(rows::list(tx, &TABLE, &only, wanted).await?)
}

/// Ends every active enrolment of a student or in a class, in the order of their first days.
pub(crate) async fn end(tx: &mut Tx, whose: Ending) -> Result<(), Error> {
    let whose = match whose {
        Ending::Student(id) => Only::Id("student_id", id.0),
        Ending::Class(id) => Only::Id("class_id", id.0),
    };
    let ended = ended(tx, whose).await?;
    announce(tx, &ended)
}

/// Ends every active enrolment of students; who calls announces them ([`announce`]).
pub(crate) async fn end_all(
    tx: &mut Tx,
    students: &[StudentId],
) -> Result<Vec<(Enrollment, Enrollment)>, Error> {
    let ids = students.iter().map(|id| id.0).collect();
    ended(tx, Only::Ids("student_id = any(?)", ids)).await
}

async fn ended(tx: &mut Tx, whose: Only) -> Result<Vec<(Enrollment, Enrollment)>, Error> {
    let active = Only::Word("status", EnrollmentStatus::Active.name());
    let before: Vec<Enrollment> = rows::lock_all(tx, &TABLE, &[active, whose]).await?;
    let schools: Vec<_> = before.iter().map(|e| e.school_id).collect();
    let (today, now) = (today(tx, &schools).await?, tx.now());
    let ended = before.into_iter().filter_map(|before| {
        let end = today.get(&before.school_id).copied().unwrap_or_default();
        let after = before.ended(end, None, now)?;
        Some((before, after))
    });
    let ended: Vec<_> = ended.collect();
    let after: Vec<_> = ended.iter().map(|(_, after)| after.clone()).collect();
    store::save(tx, &after).await?;
    Ok(ended)
}

/// Forgets why a student left their classes, which somebody wrote about them; answers the ids of the enrolments.
pub(crate) async fn forget_reasons(tx: &mut Tx, id: StudentId) -> Result<Vec<Uuid>, Error> {
    let reasoned = [Only::Id("student_id", id.0), Only::Sql("reason is not null")];
    let before: Vec<Enrollment> = rows::lock_all(tx, &TABLE, &reasoned).await?;
    let now = tx.now();
    let after: Vec<_> = before.iter().map(|e| e.without_reason(now)).collect();
    store::save(tx, &after).await?;
    for (before, after) in before.iter().zip(&after) {
        tx.audited(Some(before), Some(after));
    }
    Ok(after.iter().map(|e| e.enrollment_id.0).collect())
}

/// Records and announces that enrolments ended.
pub(crate) fn announce(tx: &mut Tx, ended: &[(Enrollment, Enrollment)]) -> Result<(), Error> {
    for (before, after) in ended {
        tx.changed(Some(before), Some(after), &events::EnrollmentRemoved(after.into()))?;
    }
    Ok(())
}

/// Which day it is at each of the schools.
pub(crate) async fn today(
    tx: &mut Tx,
    schools: &[SchoolId],
) -> Result<HashMap<SchoolId, Date>, Error> {
    let zones = school::zones(tx, schools).await?;
    let now = tx.now();
    Ok(zones.into_iter().map(|(school, zone)| (school, now.to_zoned(zone).date())).collect())
}

fn created(tx: &Tx, enrollment: Enrollment) -> Created<Enrollment> {
    let location = path(tx, enrollment.enrollment_id);
    Created { location, version: enrollment.version, body: enrollment }
}

fn path(tx: &Tx, id: EnrollmentId) -> String {
    format!("/api/v1/tenants/{}/enrollments/{id}", tx.tenant())
}

fn fresh(enrollment: Enrollment) -> Fresh<Enrollment> {
    Fresh { version: enrollment.version, body: enrollment }
}
