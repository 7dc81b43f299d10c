//! What an enrolment is: its rules, without database or transport.

use jiff::{Timestamp, civil::Date};
use kernel::{
    answer::Version,
    audit::Audited,
    problem::{FieldError, checked},
    text,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{class::ClassId, person, school::SchoolId, student::StudentId};

kernel::id! {
    /// An enrolment.
    EnrollmentId
}

kernel::word! {
    /// Whether a student is in a class.
    EnrollmentStatus {
        /// They are.
        Active "Active",
        /// They left.
        Withdrawn "Withdrawn",
    }
}

/// A student in a class, for a period.
#[derive(Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrollment {
    /// Its id.
    pub enrollment_id: EnrollmentId,
    /// The student.
    pub student_id: StudentId,
    /// The class.
    pub class_id: ClassId,
    /// The class's school.
    pub school_id: SchoolId,
    /// Whether the student is in the class.
    pub status: EnrollmentStatus,
    /// The first day in the class.
    #[sqlx(try_from = "jiff_sqlx::Date")]
    #[schema(value_type = String, format = Date)]
    pub effective_start: Date,
    /// The first day outside of it, if that is known.
    #[sqlx(try_from = "super::store::OptionalDate")]
    #[schema(value_type = Option<String>, format = Date)]
    pub effective_end: Option<Date>,
    /// Why the student left.
    pub reason: Option<String>,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When it was created.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A new enrolment, as asked for.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateEnrollment {
    /// The student.
    pub student_id: StudentId,
    /// The class.
    pub class_id: ClassId,
    /// The first day in the class, YYYY-MM-DD; today at the school when left out.
    #[schema(format = Date)]
    pub effective_start: Option<String>,
    /// The first day outside of it, YYYY-MM-DD, if that is known.
    #[schema(format = Date)]
    pub effective_end: Option<String>,
}

/// When and why a student leaves a class.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdraw {
    /// The first day outside of the class, YYYY-MM-DD; today at the school when left out.
    #[schema(format = Date)]
    pub effective_date: Option<String>,
    /// Why the student leaves.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// What a new enrolment is made of beside what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Its id.
    pub id: EnrollmentId,
    /// The class's school.
    pub school: SchoolId,
    /// Today at the school.
    pub today: Date,
    /// Now.
    pub now: Timestamp,
}

impl CreateEnrollment {
    /// The enrolment in its first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self, frame: Frame) -> Result<Enrollment, Vec<FieldError>> {
        let mut errors = Vec::new();
        let day = |text: Option<String>, pointer, errors: &mut Vec<FieldError>| {
            text.and_then(|text| text::date(&text, pointer, errors))
        };
        let start = day(self.effective_start, "/effectiveStart", &mut errors);
        let effective_start = start.unwrap_or(frame.today);
        let effective_end = day(self.effective_end, "/effectiveEnd", &mut errors);
        if effective_end.is_some_and(|end| end < effective_start) {
            errors.push(too_early("/effectiveEnd"));
        }
        let frame = Frame { today: effective_start, ..frame };
        checked(Enrollment::new(self.student_id, self.class_id, effective_end, frame), errors)
    }
}

impl Enrollment {
    /// An enrolment in its first version, from today on.
    pub(crate) const fn new(
        student_id: StudentId,
        class_id: ClassId,
        effective_end: Option<Date>,
        frame: Frame,
    ) -> Self {
        Self {
            enrollment_id: frame.id,
            student_id,
            class_id,
            school_id: frame.school,
            status: EnrollmentStatus::Active,
            effective_start: frame.today,
            effective_end,
            reason: None,
            version: 1,
            created_at: frame.now,
            updated_at: frame.now,
        }
    }

    /// The next version, for other days.
    pub(crate) fn moved(&self, start: Date, end: Option<Date>, now: Timestamp) -> Self {
        Self {
            effective_start: start,
            effective_end: end,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    /// The next version, ended as asked for; `None` when it has ended.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn withdrawn(
        &self,
        asked: &Withdraw,
        today: Date,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let reason = person::reason(&asked.reason, &mut errors);
        let date = asked.effective_date.as_deref();
        let date = date.and_then(|date| text::date(date, "/effectiveDate", &mut errors));
        if date.is_some_and(|date| date < self.effective_start) {
            errors.push(too_early("/effectiveDate"));
        }
        let end = checked(date.unwrap_or(today), errors)?;
        Ok(self.ended(end, reason, now))
    }

    /// The next version, ended on `end` but not before it began; `None` when it has ended.
    pub fn ended(&self, end: Date, reason: Option<String>, now: Timestamp) -> Option<Self> {
        let active = self.status == EnrollmentStatus::Active;
        active.then(|| Self {
            status: EnrollmentStatus::Withdrawn,
            effective_end: Some(end.max(self.effective_start)),
            reason,
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        })
    }

    /// The next version, which does not say why it ended.
    #[must_use]
    pub fn without_reason(&self, now: Timestamp) -> Self {
        Self { reason: None, version: self.version + 1, updated_at: now, ..self.clone() }
    }

    /// Whether both are for the same student in the same class with a day in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        let before = |end: Option<Date>, start: Date| end.is_some_and(|end| end <= start);
        self.student_id == other.student_id
            && self.class_id == other.class_id
            && !before(self.effective_end, other.effective_start)
            && !before(other.effective_end, self.effective_start)
    }
}

impl Audited for Enrollment {
    const ENTITY: &'static str = "roster.enrollment";

    fn id(&self) -> Uuid {
        self.enrollment_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "studentId": self.student_id,
            "classId": self.class_id,
            "status": self.status,
            "effectiveStart": self.effective_start,
            "effectiveEnd": self.effective_end,
            "version": self.version,
        })
    }
}

fn too_early(pointer: &str) -> FieldError {
    FieldError::new(pointer, "before_start", "An enrolment does not end before it starts.")
}
