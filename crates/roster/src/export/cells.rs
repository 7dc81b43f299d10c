//! What a line of an export holds, kind by kind. Lists of ids are separated by spaces, external ids are JSON.

use std::borrow::Cow;

use uuid::Uuid;

use crate::{
    class::Class, enrollment::Enrollment, external::ExternalRef, school::School, staff::Staff,
    student::Student,
};

type Cell<'a> = Cow<'a, str>;

/// An entity as a line of comma-separated values.
pub(super) trait Cells {
    /// The names of the columns.
    const HEADER: &'static [&'static str];

    /// The entity's id: lines come in this order.
    fn id(&self) -> Uuid;

    /// As many as there are columns.
    fn cells(&self) -> Vec<Cell<'_>>;
}

impl Cells for School {
    const HEADER: &'static [&'static str] = &[
        "schoolId",
        "name",
        "status",
        "timezone",
        "externalRefs",
        "version",
        "createdAt",
        "updatedAt",
    ];

    fn id(&self) -> Uuid {
        self.school_id.0
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            shown(self.school_id),
            text(&self.name),
            text(self.status.name()),
            text(&self.timezone),
            refs(&self.external_refs),
            shown(self.version),
            shown(self.created_at),
            shown(self.updated_at),
        ]
    }
}

impl Cells for Class {
    const HEADER: &'static [&'static str] = &[
        "classId",
        "schoolId",
        "name",
        "termIds",
        "courseTitle",
        "courseCode",
        "subject",
        "status",
        "externalRefs",
        "version",
        "createdAt",
        "updatedAt",
    ];

    fn id(&self) -> Uuid {
        self.class_id.0
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            shown(self.class_id),
            shown(self.school_id),
            text(&self.name),
            list(&self.term_ids),
            optional(self.course.title.as_deref()),
            optional(self.course.code.as_deref()),
            optional(self.subject.as_deref()),
            text(self.status.name()),
            refs(&self.external_refs),
            shown(self.version),
            shown(self.created_at),
            shown(self.updated_at),
        ]
    }
}

impl Cells for Student {
    const HEADER: &'static [&'static str] = &[
        "studentId",
        "givenName",
        "familyName",
        "birthDate",
        "grade",
        "schoolIds",
        "status",
        "reason",
        "legalHold",
        "scrubbed",
        "externalRefs",
        "version",
        "createdAt",
        "updatedAt",
    ];

    fn id(&self) -> Uuid {
        self.student_id.0
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            shown(self.student_id),
            text(&self.given_name),
            text(&self.family_name),
            self.birth_date.map(shown).unwrap_or_default(),
            optional(self.grade.as_deref()),
            list(&self.school_ids),
            text(self.status.name()),
            optional(self.reason.as_deref()),
            optional(self.legal_hold.as_deref()),
            shown(self.scrubbed),
            refs(&self.external_refs),
            shown(self.version),
            shown(self.created_at),
            shown(self.updated_at),
        ]
    }
}

impl Cells for Staff {
    const HEADER: &'static [&'static str] = &[
        "staffId",
        "staffType",
        "givenName",
        "familyName",
        "email",
        "certification",
        "schoolIds",
        "issuer",
        "subject",
        "status",
        "reason",
        "externalRefs",
        "version",
        "createdAt",
        "updatedAt",
    ];

    fn id(&self) -> Uuid {
        self.staff_id.0
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        let types: Vec<_> = self.staff_type.iter().map(|of| of.name()).collect();
        vec![
            shown(self.staff_id),
            list(&types),
            text(&self.given_name),
            text(&self.family_name),
            optional(self.email.as_deref()),
            optional(self.certification.as_deref()),
            list(&self.school_ids),
            optional(self.identity.as_ref().map(|identity| identity.issuer.as_str())),
            optional(self.identity.as_ref().map(|identity| identity.subject.as_str())),
            text(self.status.name()),
            optional(self.reason.as_deref()),
            refs(&self.external_refs),
            shown(self.version),
            shown(self.created_at),
            shown(self.updated_at),
        ]
    }
}

impl Cells for Enrollment {
    const HEADER: &'static [&'static str] = &[
        "enrollmentId",
        "studentId",
        "classId",
        "schoolId",
        "status",
        "effectiveStart",
        "effectiveEnd",
        "reason",
        "version",
        "createdAt",
        "updatedAt",
    ];

    fn id(&self) -> Uuid {
        self.enrollment_id.0
    }

    fn cells(&self) -> Vec<Cell<'_>> {
        vec![
            shown(self.enrollment_id),
            shown(self.student_id),
            shown(self.class_id),
            shown(self.school_id),
            text(self.status.name()),
            shown(self.effective_start),
            self.effective_end.map(shown).unwrap_or_default(),
            optional(self.reason.as_deref()),
            shown(self.version),
            shown(self.created_at),
            shown(self.updated_at),
        ]
    }
}

const fn text(text: &str) -> Cell<'_> {
    Cow::Borrowed(text)
}

fn optional(text: Option<&str>) -> Cell<'_> {
    Cow::Borrowed(text.unwrap_or_default())
}

fn shown<'a>(value: impl std::fmt::Display) -> Cell<'a> {
    Cow::Owned(value.to_string())
}

fn list<'a, T: std::fmt::Display>(items: &[T]) -> Cell<'a> {
    Cow::Owned(items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

fn refs<'a>(refs: &[ExternalRef]) -> Cell<'a> {
    if refs.is_empty() {
        return Cow::Borrowed("");
    }
    Cow::Owned(serde_json::to_string(refs).unwrap_or_default())
}
