//! Who teaches a class: the rules, without database or transport.

use jiff::Timestamp;
use kernel::audit::Audited;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{class::ClassId, staff::StaffId};

kernel::word! {
    /// How somebody teaches a class.
    TeacherRole {
        /// Answers for it.
        Lead "Lead",
        /// Helps.
        Assistant "Assistant",
    }
}

/// A teacher of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassTeacher {
    /// The assignment's own id.
    #[serde(skip)]
    pub assignment_id: Uuid,
    /// The class.
    pub class_id: ClassId,
    /// The teacher.
    #[sqlx(rename = "staff_id")]
    pub teacher_id: StaffId,
    /// How they teach it.
    pub role: TeacherRole,
    /// Since when.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub assigned_at: Timestamp,
}

/// Who is to teach a class.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Assign {
    /// The teacher.
    pub teacher_id: StaffId,
    /// How they teach it.
    pub role: TeacherRole,
}

impl Audited for ClassTeacher {
    const ENTITY: &'static str = "roster.class_teacher";

    fn id(&self) -> Uuid {
        self.assignment_id
    }

    fn redacted(&self) -> Value {
        json!({"classId": self.class_id, "teacherId": self.teacher_id, "role": self.role})
    }
}
