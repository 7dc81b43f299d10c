//! People, their roles, their classes.

use jiff::civil::Date;

use super::State;
use crate::oneroster::{Cells, File, Row, Version};

/// A row of `users.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Whether it still stands.
    pub state: State,
    /// Whether the person may sign in; a person who may not is still enrolled.
    pub enabled: bool,
    /// The one role of 1.1; in 1.2 roles are rows of their own.
    pub role: Option<UserRole>,
    /// All roles of the person, where 1.1 has place for one: our own column `metadata.roles`.
    pub roles: Vec<UserRole>,
    /// The organisations of 1.1.
    pub orgs: Vec<String>,
    /// Sign-in name.
    pub username: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// The number by which people know the person.
    pub identifier: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// A student's guardians, or a guardian's children.
    pub agents: Vec<String>,
    /// Grades, in CEDS codes.
    pub grades: Vec<String>,
}

/// What a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserRole {
    /// A student.
    Student,
    /// A teacher.
    Teacher,
    /// Heads, and who runs systems.
    Administrator,
    /// A counselor (1.2).
    Counselor,
    /// Who runs interventions: our own word `ext:interventionist`.
    Interventionist,
    /// Aides and proctors.
    Aide,
    /// A guardian.
    Guardian,
    /// A parent.
    Parent,
    /// Another relative.
    Relative,
}

impl UserRole {
    /// Whether it makes somebody a student's guardian.
    pub const fn is_guardian(self) -> bool {
        matches!(self, Self::Guardian | Self::Parent | Self::Relative)
    }

    /// Its word. 1.1 has none for some: what comes nearest stands there.
    pub const fn word(self, version: Version) -> &'static str {
        match (self, version) {
            (Self::Student, _) => "student",
            (Self::Teacher, _) => "teacher",
            (Self::Administrator, Version::V1p1) => "administrator",
            (Self::Administrator, Version::V1p2) => "siteAdministrator",
            (Self::Counselor, Version::V1p2) => "counselor",
            (Self::Interventionist, Version::V1p2) => "ext:interventionist",
            (Self::Counselor | Self::Interventionist, Version::V1p1) | (Self::Aide, _) => "aide",
            (Self::Guardian, _) => "guardian",
            (Self::Parent, _) => "parent",
            (Self::Relative, _) => "relative",
        }
    }
}

const ROLES_1P1: [(&str, UserRole); 8] = [
    ("administrator", UserRole::Administrator),
    ("aide", UserRole::Aide),
    ("guardian", UserRole::Guardian),
    ("parent", UserRole::Parent),
    ("proctor", UserRole::Aide),
    ("relative", UserRole::Relative),
    ("student", UserRole::Student),
    ("teacher", UserRole::Teacher),
];

const ROLES_1P2: [(&str, UserRole); 13] = [
    ("aide", UserRole::Aide),
    ("counselor", UserRole::Counselor),
    ("districtAdministrator", UserRole::Administrator),
    ("ext:interventionist", UserRole::Interventionist),
    ("guardian", UserRole::Guardian),
    ("parent", UserRole::Parent),
    ("principal", UserRole::Administrator),
    ("proctor", UserRole::Aide),
    ("relative", UserRole::Relative),
    ("siteAdministrator", UserRole::Administrator),
    ("student", UserRole::Student),
    ("systemAdministrator", UserRole::Administrator),
    ("teacher", UserRole::Teacher),
];

impl Row for User {
    const FILE: File = File::Users;

    fn columns(version: Version) -> &'static [&'static str] {
        match version {
            Version::V1p1 => &[
                "sourcedId",
                "status",
                "dateLastModified",
                "enabledUser",
                "orgSourcedIds",
                "role",
                "username",
                "givenName",
                "familyName",
                "identifier",
                "email",
                "sms",
                "phone",
                "agentSourcedIds",
                "grades",
            ],
            Version::V1p2 => &[
                "sourcedId",
                "status",
                "dateLastModified",
                "enabledUser",
                "username",
                "givenName",
                "familyName",
                "identifier",
                "email",
                "sms",
                "phone",
                "agentSourcedIds",
                "grades",
            ],
        }
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        let old = cells.version() == Version::V1p1;
        cells.id("sourcedId");
        Self {
            state: cells.state(),
            enabled: cells.flag("enabledUser").unwrap_or(true),
            role: old.then(|| cells.word("role", &ROLES_1P1, UserRole::Aide)),
            roles: if old { cells.words("metadata.roles", &ROLES_1P2) } else { Vec::new() },
            orgs: if old { cells.some("orgSourcedIds") } else { Vec::new() },
            username: cells.text("username"),
            given_name: cells.text("givenName"),
            family_name: cells.text("familyName"),
            identifier: cells.optional_id("identifier"),
            email: cells.optional("email"),
            phone: cells.optional("phone").or_else(|| cells.optional("sms")),
            agents: cells.list("agentSourcedIds"),
            grades: cells.list("grades"),
        }
    }
}

/// A row of `roles.csv` (1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleOf {
    /// Whether it still stands.
    pub state: State,
    /// Whose role.
    pub user: String,
    /// Their main one?
    pub is_primary: bool,
    /// Which.
    pub role: UserRole,
    /// Where.
    pub org: String,
}

impl Row for RoleOf {
    const FILE: File = File::Roles;

    fn columns(_: Version) -> &'static [&'static str] {
        &[
            "sourcedId",
            "status",
            "dateLastModified",
            "userSourcedId",
            "roleType",
            "role",
            "orgSourcedId",
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        cells.id("sourcedId");
        Self {
            state: cells.state(),
            user: cells.id("userSourcedId"),
            is_primary: cells.word("roleType", &[("primary", true), ("secondary", false)], false),
            role: cells.word("role", &ROLES_1P2, UserRole::Aide),
            org: cells.id("orgSourcedId"),
        }
    }
}

/// A row of `enrollments.csv`: students, and teachers, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrollment {
    /// Whether it still stands.
    pub state: State,
    /// The class.
    pub class: String,
    /// The school, which must be the class's.
    pub school: String,
    /// Who.
    pub user: String,
    /// As what.
    pub role: EnrollmentRole,
    /// The lead among the teachers?
    pub is_primary: bool,
    /// First day; the term's when empty.
    pub begin: Option<Date>,
    /// Last day; the term's when empty.
    pub end: Option<Date>,
}

/// As what somebody is in a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrollmentRole {
    /// A student.
    Student,
    /// A teacher.
    Teacher,
    /// Administrators and proctors: not kept.
    Other,
}

const ENROLLMENT_ROLES: [(&str, EnrollmentRole); 4] = [
    ("student", EnrollmentRole::Student),
    ("teacher", EnrollmentRole::Teacher),
    ("administrator", EnrollmentRole::Other),
    ("proctor", EnrollmentRole::Other),
];

impl EnrollmentRole {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Teacher => "teacher",
            Self::Other => "administrator",
        }
    }
}

impl Row for Enrollment {
    const FILE: File = File::Enrollments;

    fn columns(_: Version) -> &'static [&'static str] {
        &[
            "sourcedId",
            "status",
            "dateLastModified",
            "classSourcedId",
            "schoolSourcedId",
            "userSourcedId",
            "role",
            "primary",
            "beginDate",
            "endDate",
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        cells.id("sourcedId");
        let enrollment = Self {
            state: cells.state(),
            class: cells.id("classSourcedId"),
            school: cells.id("schoolSourcedId"),
            user: cells.id("userSourcedId"),
            role: cells.word("role", &ENROLLMENT_ROLES, EnrollmentRole::Other),
            is_primary: cells.flag("primary").unwrap_or(false),
            begin: cells.optional_date("beginDate"),
            end: cells.optional_date("endDate"),
        };
        if let Some(begin) = enrollment.begin {
            cells.in_order("endDate", begin, enrollment.end);
        }
        enrollment
    }
}

/// A row of `demographics.csv`: its id is that of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demographics {
    /// Whether it still stands.
    pub state: State,
    /// Birth date. Nothing else of the file is kept.
    pub birth_date: Option<Date>,
}

impl Row for Demographics {
    const FILE: File = File::Demographics;

    fn columns(_: Version) -> &'static [&'static str] {
        &["sourcedId", "status", "dateLastModified", "birthDate"]
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        cells.id("sourcedId");
        Self { state: cells.state(), birth_date: cells.optional_date("birthDate") }
    }
}
