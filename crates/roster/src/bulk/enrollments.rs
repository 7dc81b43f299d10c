//! Rows of enrolments: a set at once, by the rules of single commands.

use std::collections::HashMap;

use jiff::civil::Date;
use kernel::{
    problem::FieldError,
    rows::{self, Only},
    tx::Tx,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    BulkJob,
    cells::{Column, Read},
    keys::{Keys, Name},
    store::rows_of,
    tally::{Refusal, Success, Tally},
};
use crate::{
    Error, Presence,
    class::{self, Class, ClassId},
    enrollment::{self, CreateEnrollment, Enrollment, Fit, Frame, store},
    events,
    external::Kind,
    school::SchoolId,
    student::{self, StudentId},
};

/// The columns of a file.
pub(super) const COLUMNS: &[Column] = &[
    Column::One("studentId"),
    Column::One("studentExternalId"),
    Column::One("classId"),
    Column::One("classExternalId"),
    Column::One("effectiveStart"),
    Column::One("effectiveEnd"),
];

/// One enrolment: a student, a class and a period. One that is there already stays as it is.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrollmentRow {
    /// The student, by our id,
    pub(super) student_id: Option<StudentId>,
    /// or by the id that the source gave.
    #[schema(max_length = 255)]
    student_external_id: Option<String>,
    /// The class, by our id,
    pub(super) class_id: Option<ClassId>,
    /// or by the id that the source gave.
    #[schema(max_length = 255)]
    class_external_id: Option<String>,
    /// The first day in the class, YYYY-MM-DD; today at the school when left out.
    #[schema(format = Date)]
    effective_start: Option<String>,
    /// The first day outside of it, YYYY-MM-DD, if that is known.
    #[schema(format = Date)]
    effective_end: Option<String>,
}

impl EnrollmentRow {
    fn student(&self) -> Name<'_> {
        Name { id: self.student_id.map(|id| id.0), value: self.student_external_id.as_deref() }
    }

    fn class(&self) -> Name<'_> {
        Name { id: self.class_id.map(|id| id.0), value: self.class_external_id.as_deref() }
    }
}

/// What rows are held against.
struct Ground {
    students: Keys,
    classes: Keys,
    present: HashMap<StudentId, Presence>,
    taught: HashMap<ClassId, Class>,
    today: HashMap<SchoolId, Date>,
    there: HashMap<(StudentId, ClassId), Vec<Enrollment>>,
    firsts: HashMap<Uuid, i32>,
}

/// Does a chunk of rows.
pub(super) async fn apply(
    tx: &mut Tx,
    job: &BulkJob,
    rows: Vec<Read<EnrollmentRow>>,
) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    let rows = tally.readable(rows);
    let mut ground = Ground::find(tx, job, &rows).await?;
    let mut added = Vec::with_capacity(rows.len());
    for (n, row) in rows {
        match ground.turn(tx, row) {
            Ok(Fit::New(new)) => {
                ground.firsts.insert(new.enrollment_id.0, n);
                ground.there.entry((new.student_id, new.class_id)).or_default().push(new.clone());
                tally.succeeded(n, new.enrollment_id.0, Success::Created);
                added.push(new);
            }
            Ok(Fit::There(there)) => match ground.firsts.insert(there.enrollment_id.0, n) {
                Some(first) => {
                    ground.firsts.insert(there.enrollment_id.0, first);
                    tally.ended(n, Refusal::Duplicate(Some(there.enrollment_id.0), first));
                }
                None => tally.succeeded(n, there.enrollment_id.0, Success::Unchanged),
            },
            Ok(Fit::Overlaps(_)) => tally.ended(n, Refusal::Conflict(enrollment::OVERLAPS)),
            Err(refusal) => tally.ended(n, refusal),
        }
    }
    store::save(tx, &added).await?;
    for new in &added {
        tx.changed(None, Some(new), &events::EnrollmentAdded(new.into()))?;
    }
    Ok(tally)
}

impl Ground {
    /// Students and classes are held until the end, and each pair is one writer's.
    async fn find(
        tx: &mut Tx,
        job: &BulkJob,
        rows: &[(i32, EnrollmentRow)],
    ) -> Result<Self, Error> {
        let names: Vec<_> = rows.iter().map(|(_, row)| row.student()).collect();
        let students = Keys::find(tx, job, Kind::Student, &names).await?;
        let names: Vec<_> = rows.iter().map(|(_, row)| row.class()).collect();
        let classes = Keys::find(tx, job, Kind::Class, &names).await?;
        let present = student::hold_all(tx, students.ids(), &job.school_ids).await?;
        let taught = class::hold_all(tx, classes.ids(), &job.school_ids).await?;
        let schools: Vec<_> = taught.values().map(|class| class.school_id).collect();
        let today = enrollment::today(tx, &schools).await?;
        let pairs = rows.iter().filter_map(|(_, row)| {
            Some((StudentId(students.id(row.student())?), ClassId(classes.id(row.class())?)))
        });
        let pairs: Vec<_> = pairs.collect();
        let locks = pairs.iter().map(|(student, class)| enrollment::pair(*student, *class));
        tx.serialise_all(enrollment::PAIRS, locks.collect()).await?;
        let (there, firsts) = there(tx, job, &pairs).await?;
        Ok(Self { students, classes, present, taught, today, there, firsts })
    }

    fn turn(&self, tx: &Tx, row: EnrollmentRow) -> Result<Fit, Refusal> {
        let student = self.students.id(row.student()).map(StudentId);
        let student = student.and_then(|id| Some((id, *self.present.get(&id)?)));
        let Some((student_id, presence)) = student else {
            return Err(missing(row.student(), ("studentId", "studentExternalId"), "student"));
        };
        let class = self.classes.id(row.class()).and_then(|id| self.taught.get(&ClassId(id)));
        let Some(class) = class else {
            return Err(missing(row.class(), ("classId", "classExternalId"), "class"));
        };
        if presence == Presence::Deactivated {
            return Err(Refusal::Conflict("The student is deactivated."));
        }
        if class.is_active().is_err() {
            return Err(Refusal::Conflict("The class is archived: it takes nothing new."));
        }
        let frame = Frame {
            id: tx.new_id(),
            school: class.school_id,
            today: self.today.get(&class.school_id).copied().unwrap_or_default(),
            now: tx.now(),
        };
        let asked = CreateEnrollment {
            student_id,
            class_id: class.class_id,
            effective_start: row.effective_start,
            effective_end: row.effective_end,
        };
        let any_day = asked.effective_start.is_none() && asked.effective_end.is_none();
        let new = asked.parse(frame)?;
        let there = self.there.get(&(student_id, class.class_id));
        Ok(enrollment::fit(there.map_or(&[], Vec::as_slice), new, any_day))
    }
}

/// What there is for these students in these classes, and in which row of the job it was before.
async fn there(
    tx: &mut Tx,
    job: &BulkJob,
    pairs: &[(StudentId, ClassId)],
) -> Result<(HashMap<(StudentId, ClassId), Vec<Enrollment>>, HashMap<Uuid, i32>), Error> {
    let only = [
        Only::Ids("student_id = any(?)", pairs.iter().map(|(student, _)| student.0).collect()),
        Only::Ids("class_id = any(?)", pairs.iter().map(|(_, class)| class.0).collect()),
    ];
    let found: Vec<Enrollment> = rows::all(tx, &enrollment::TABLE, &only).await?;
    let ids: Vec<_> = found.iter().map(|e| e.enrollment_id.0).collect();
    let firsts = rows_of(tx, job.job_id, &ids).await?.into_iter().collect();
    let mut there: HashMap<_, Vec<_>> = HashMap::new();
    for enrollment in found {
        there.entry((enrollment.student_id, enrollment.class_id)).or_default().push(enrollment);
    }
    Ok((there, firsts))
}

fn missing(name: Name<'_>, (id, external): (&str, &str), what: &str) -> Refusal {
    if name.id.is_none() && name.value.is_none() {
        let message = format!("Name the {what} by {id} or {external}.");
        return FieldError::new(format!("/{id}"), "empty", message).into();
    }
    Refusal::unknown(if name.id.is_some() { id } else { external }, what)
}
