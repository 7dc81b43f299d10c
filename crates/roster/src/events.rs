//! What the roster announces. Public contract: `contracts/events/lms.roster.v1.*.schema.json`.

use jiff::civil::Date;
use kernel::{TenantId, event::Event, tenant::Status as TenantStatus};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Presence, Status,
    bulk::{BulkJob, JobId, JobStatus, JobType},
    class::{Class, ClassId},
    enrollment::{Enrollment, EnrollmentId, EnrollmentStatus},
    guardian::{Guardian, GuardianId},
    room::{Room, RoomId},
    school::{School, SchoolId},
    staff::{Staff, StaffId, StaffType},
    student::{Student, StudentId},
    teaching::{ClassTeacher, TeacherRole},
    term::{Term, TermId, TermType},
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($payload:ident);)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Serialize)]
            #[serde(transparent)]
            pub struct $name(pub $payload);

            impl Event for $name {
                const CONTEXT: &'static str = "roster";
                const PREFIX: &'static str = "lms.roster";
                const NAME: &'static str = stringify!($name);
                const VERSION: u16 = 1;

                fn subject(&self) -> Uuid {
                    self.0.subject()
                }
            }
        )*

        /// Name and JSON Schema of the payload of every event.
        pub fn schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            use utoipa::PartialSchema as _;
            vec![$((kernel::event::type_of::<$name>(), $payload::schema()),)*]
        }

        /// The types that payloads share, by name.
        pub fn shared_schemas() -> Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::Schema>)> {
            use utoipa::ToSchema as _;
            let mut shared = Vec::new();
            $($payload::schemas(&mut shared);)*
            shared
        }
    };
}

events! {
    /// A tenant exists from now on; number 1 of its feed.
    TenantProvisioned(TenantPayload);
    /// A tenant is not served until it is reactivated.
    TenantSuspended(TenantPayload);
    /// A tenant is served again.
    TenantReactivated(TenantPayload);
    /// A tenant is never served again.
    TenantDeactivated(TenantPayload);
    /// A school exists from now on.
    SchoolCreated(SchoolPayload);
    /// A school's name, time zone or external ids changed.
    SchoolUpdated(SchoolPayload);
    /// A school takes no new classes.
    SchoolArchived(SchoolPayload);
    /// A term exists from now on.
    TermCreated(TermPayload);
    /// A term changed.
    TermUpdated(TermPayload);
    /// A room exists from now on.
    RoomCreated(RoomPayload);
    /// A room's name or capacity changed.
    RoomUpdated(RoomPayload);
    /// A room is not used any more.
    RoomArchived(RoomPayload);
    /// A class exists from now on.
    ClassCreated(ClassPayload);
    /// A class's name, terms, course, subject or external ids changed.
    ClassUpdated(ClassPayload);
    /// A class takes nobody any more; whoever was in it leaves it by events that follow.
    ClassArchived(ClassPayload);
    /// A student exists from now on.
    StudentCreated(StudentPayload);
    /// A student's record changed.
    StudentUpdated(StudentPayload);
    /// A student belongs to the district no more; their enrolments end by events that follow.
    StudentDeactivated(StudentPayload);
    /// A student belongs to the district again, without the enrolments of before.
    StudentReactivated(StudentPayload);
    /// Nothing personal of a student is left; who keeps a copy removes it, too.
    StudentScrubbed(StudentPayload);
    /// A guardian of a student exists from now on, changed, or is one no more.
    GuardianChanged(GuardianPayload);
    /// A member of the staff exists from now on.
    TeacherCreated(StaffPayload);
    /// A staff record changed.
    TeacherUpdated(StaffPayload);
    /// A member of the staff belongs to the district no more; what they teach ends by events that follow.
    TeacherDeactivated(StaffPayload);
    /// A student is in a class from a day on.
    EnrollmentAdded(EnrollmentPayload);
    /// A student is not in a class any more from a day on.
    EnrollmentRemoved(EnrollmentPayload);
    /// Somebody teaches a class, or teaches it in another role.
    TeacherAssignedToClass(ClassTeacherPayload);
    /// Somebody does not teach a class any more.
    TeacherUnassignedFromClass(ClassTeacherPayload);
    /// A bulk job is over; what it changed was announced before.
    BulkJobCompleted(BulkJobPayload);
}

/// A tenant as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantPayload {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Whether it is served.
    pub status: TenantStatus,
    /// Where it is kept.
    pub region: String,
    /// Its version after the change.
    pub version: i64,
}

impl TenantPayload {
    const fn subject(&self) -> Uuid {
        self.tenant_id.0
    }
}

impl From<&kernel::tenant::Row> for TenantPayload {
    fn from(row: &kernel::tenant::Row) -> Self {
        Self {
            tenant_id: row.tenant_id,
            status: row.status,
            region: row.region.clone(),
            version: row.version,
        }
    }
}

/// A school as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchoolPayload {
    /// The school.
    pub school_id: SchoolId,
    /// Whether it takes classes.
    pub status: Status,
    /// IANA name of its time zone.
    pub timezone: String,
    /// Its version after the change.
    pub version: i64,
}

impl SchoolPayload {
    const fn subject(&self) -> Uuid {
        self.school_id.0
    }
}

impl From<&School> for SchoolPayload {
    fn from(school: &School) -> Self {
        Self {
            school_id: school.school_id,
            status: school.status,
            timezone: school.timezone.clone(),
            version: school.version,
        }
    }
}

/// A term as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TermPayload {
    /// The term.
    pub term_id: TermId,
    /// What part of a school year it is.
    pub r#type: TermType,
    /// Its first day.
    #[schema(value_type = String, format = Date)]
    pub start_date: Date,
    /// Its last day.
    #[schema(value_type = String, format = Date)]
    pub end_date: Date,
    /// The term that it is a part of.
    pub parent_id: Option<TermId>,
    /// The year in which its school year ends.
    pub school_year: i32,
    /// Its version after the change.
    pub version: i64,
}

impl TermPayload {
    const fn subject(&self) -> Uuid {
        self.term_id.0
    }
}

impl From<&Term> for TermPayload {
    fn from(term: &Term) -> Self {
        Self {
            term_id: term.term_id,
            r#type: term.r#type,
            start_date: term.start_date,
            end_date: term.end_date,
            parent_id: term.parent_id,
            school_year: term.school_year,
            version: term.version,
        }
    }
}

/// A room as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoomPayload {
    /// The room.
    pub room_id: RoomId,
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// How many people fit in.
    pub capacity: Option<i32>,
    /// Whether it is in use.
    pub status: Status,
    /// Its version after the change.
    pub version: i64,
}

impl RoomPayload {
    const fn subject(&self) -> Uuid {
        self.room_id.0
    }
}

impl From<&Room> for RoomPayload {
    fn from(room: &Room) -> Self {
        Self {
            room_id: room.room_id,
            school_id: room.school_id,
            capacity: room.capacity,
            status: room.status,
            version: room.version,
        }
    }
}

/// A class as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassPayload {
    /// The class.
    pub class_id: ClassId,
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// The terms in which it is taught.
    pub term_ids: Vec<TermId>,
    /// Its subject.
    pub subject: Option<String>,
    /// Whether it is in use.
    pub status: Status,
    /// Its version after the change.
    pub version: i64,
}

impl ClassPayload {
    const fn subject(&self) -> Uuid {
        self.class_id.0
    }
}

impl From<&Class> for ClassPayload {
    fn from(class: &Class) -> Self {
        Self {
            class_id: class.class_id,
            school_id: class.school_id,
            term_ids: class.term_ids.clone(),
            subject: class.subject.clone(),
            status: class.status,
            version: class.version,
        }
    }
}

/// A student as events show them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StudentPayload {
    /// The student.
    pub student_id: StudentId,
    /// The schools that they go to.
    pub school_ids: Vec<SchoolId>,
    /// Whether they belong to the district.
    pub status: Presence,
    /// Whether their personal data must stay as it is.
    pub legal_hold: bool,
    /// Their version after the change.
    pub version: i64,
}

impl StudentPayload {
    const fn subject(&self) -> Uuid {
        self.student_id.0
    }
}

impl From<&Student> for StudentPayload {
    fn from(student: &Student) -> Self {
        Self {
            student_id: student.student_id,
            school_ids: student.school_ids.clone(),
            status: student.status,
            legal_hold: student.legal_hold.is_some(),
            version: student.version,
        }
    }
}

/// A guardian as events show them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardianPayload {
    /// The guardian.
    pub guardian_id: GuardianId,
    /// The student.
    pub student_id: StudentId,
    /// Whether they still are a guardian.
    pub status: Presence,
    /// Their version after the change.
    pub version: i64,
}

impl GuardianPayload {
    const fn subject(&self) -> Uuid {
        self.guardian_id.0
    }
}

impl From<&Guardian> for GuardianPayload {
    fn from(guardian: &Guardian) -> Self {
        Self {
            guardian_id: guardian.guardian_id,
            student_id: guardian.student_id,
            status: guardian.status,
            version: guardian.version,
        }
    }
}

/// A member of the staff as events show them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StaffPayload {
    /// The member of the staff.
    pub staff_id: StaffId,
    /// What they do.
    pub staff_type: Vec<StaffType>,
    /// The schools where they work.
    pub school_ids: Vec<SchoolId>,
    /// Whether they belong to the district.
    pub status: Presence,
    /// Their version after the change.
    pub version: i64,
}

impl StaffPayload {
    const fn subject(&self) -> Uuid {
        self.staff_id.0
    }
}

impl From<&Staff> for StaffPayload {
    fn from(staff: &Staff) -> Self {
        Self {
            staff_id: staff.staff_id,
            staff_type: staff.staff_type.clone(),
            school_ids: staff.school_ids.clone(),
            status: staff.status,
            version: staff.version,
        }
    }
}

/// An enrolment as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollmentPayload {
    /// The enrolment.
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
    #[schema(value_type = String, format = Date)]
    pub effective_start: Date,
    /// The first day outside of it.
    #[schema(value_type = Option<String>, format = Date)]
    pub effective_end: Option<Date>,
    /// Its version after the change.
    pub version: i64,
}

impl EnrollmentPayload {
    const fn subject(&self) -> Uuid {
        self.enrollment_id.0
    }
}

impl From<&Enrollment> for EnrollmentPayload {
    fn from(enrollment: &Enrollment) -> Self {
        Self {
            enrollment_id: enrollment.enrollment_id,
            student_id: enrollment.student_id,
            class_id: enrollment.class_id,
            school_id: enrollment.school_id,
            status: enrollment.status,
            effective_start: enrollment.effective_start,
            effective_end: enrollment.effective_end,
            version: enrollment.version,
        }
    }
}

/// A teacher of a class as events show them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClassTeacherPayload {
    /// The class.
    pub class_id: ClassId,
    /// The teacher.
    pub teacher_id: StaffId,
    /// How they teach it.
    pub role: TeacherRole,
}

impl ClassTeacherPayload {
    const fn subject(&self) -> Uuid {
        self.class_id.0
    }
}

impl From<&ClassTeacher> for ClassTeacherPayload {
    fn from(teacher: &ClassTeacher) -> Self {
        Self { class_id: teacher.class_id, teacher_id: teacher.teacher_id, role: teacher.role }
    }
}

/// A bulk job as events show it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkJobPayload {
    /// The job; what it changed carries it as correlation id.
    pub job_id: JobId,
    /// What it brought in.
    pub job_type: JobType,
    /// Whether it was done, or could not be done as a whole.
    pub status: JobStatus,
    /// Rows of its file.
    pub total_rows: i32,
    /// Rows that failed.
    pub failed_rows: i32,
    /// Its version after the change.
    pub version: i64,
}

impl BulkJobPayload {
    const fn subject(&self) -> Uuid {
        self.job_id.0
    }
}

impl From<&BulkJob> for BulkJobPayload {
    fn from(job: &BulkJob) -> Self {
        Self {
            job_id: job.job_id,
            job_type: job.job_type,
            status: job.status,
            total_rows: job.total_rows,
            failed_rows: job.failed_rows,
            version: job.version,
        }
    }
}
