//! OneRoster 1.1 and 1.2 as CSV files in a zip, read and written without a database: what the package says, and what it gets wrong.
//!
//! Sources: 1EdTech, *OneRoster v1.1 Final Specification: CSV Tables* (1.1.1) and *OneRoster CSV Binding v1.2* (1.2.1).
//! A package that cannot be trusted as a whole is [`Refused`]; a row that breaks a rule is a [`RowError`], and its id still
//! counts as seen: what is wrong is not gone.

mod archive;
mod cells;
mod manifest;
mod package;
mod rows;
mod write;

pub use cells::{Cells, RowError};
pub use manifest::{Mode, Version};
pub use package::{Line, Package, Row};
pub use rows::{
    Class, ClassType, Course, Demographics, Enrollment, EnrollmentRole, Org, OrgType, RoleOf,
    Session, SessionType, State, User, UserRole,
};
pub use write::{PackageWriter, Record, WriteError, roles_of};

/// The files that are read. Resources, results and the like are not the roster's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// Districts and schools.
    Orgs,
    /// School years, semesters, terms, grading periods.
    AcademicSessions,
    /// Courses.
    Courses,
    /// Classes.
    Classes,
    /// People.
    Users,
    /// The roles of people (1.2).
    Roles,
    /// Who is in which class.
    Enrollments,
    /// Birth dates.
    Demographics,
}

impl File {
    /// Every file, what others refer to first.
    pub const ALL: [Self; 8] = [
        Self::Orgs,
        Self::AcademicSessions,
        Self::Courses,
        Self::Classes,
        Self::Users,
        Self::Roles,
        Self::Enrollments,
        Self::Demographics,
    ];

    /// Its name without `.csv`, as the manifest says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orgs => "orgs",
            Self::AcademicSessions => "academicSessions",
            Self::Courses => "courses",
            Self::Classes => "classes",
            Self::Users => "users",
            Self::Roles => "roles",
            Self::Enrollments => "enrollments",
            Self::Demographics => "demographics",
        }
    }
}

/// Why a package is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No zip, or a damaged one.
    #[error("this is not a zip file that can be read: {0}; export it again")]
    NotAZip(String),
    /// A name that leads out of the archive.
    #[error(
        "the zip holds a file named {0:?}: names must not be absolute or hold `..`; export it again"
    )]
    BadName(String),
    /// A file behind a password.
    #[error("{0} is encrypted: send the zip without a password")]
    Encrypted(String),
    /// A zip in the zip.
    #[error("{0} is a zip within the zip: put the CSV files themselves into it")]
    Nested(String),
    /// Two files of one name.
    #[error("{0} is in the zip twice: keep the one that counts")]
    Twice(String),
    /// More than is unpacked, or more than an honest CSV file compresses.
    #[error("{file} unpacks to more than {limit}: split the export")]
    TooLarge {
        /// The file.
        file: String,
        /// The limit that it breaks.
        limit: String,
    },
    /// No manifest.
    #[error("manifest.csv is missing: OneRoster 1.1 and later require it")]
    NoManifest,
    /// A manifest that cannot be followed.
    #[error("manifest.csv, line {line}: {message}")]
    Manifest {
        /// From 1, the header included.
        line: u64,
        /// What is wrong and what would be accepted.
        message: String,
    },
    /// The manifest promises a file that is not there.
    #[error("manifest.csv says that {0}.csv is in the package, but it is not")]
    Missing(&'static str),
    /// A file that the manifest calls absent.
    #[error("{0}.csv is in the package, but manifest.csv says that it is absent")]
    Unannounced(&'static str),
    /// 1.2 keeps the roles of people in a file of their own.
    #[error("OneRoster 1.2 with users.csv needs roles.csv: without it nobody's role is known")]
    NoRoles,
    /// A required column is missing or there twice.
    #[error("{file}.csv: the column {column} is {fault}; names are case-sensitive")]
    Column {
        /// The file.
        file: &'static str,
        /// The column.
        column: String,
        /// `missing` or `there twice`.
        fault: &'static str,
    },
    /// Not UTF-8.
    #[error(
        "{file}.csv, line {line}: the text is not UTF-8; save it as UTF-8 (it may be Windows-1252)"
    )]
    Encoding {
        /// The file.
        file: &'static str,
        /// From 1, the header included.
        line: u64,
    },
    /// Not CSV: another number of cells than the header has, or an open quote.
    #[error("{file}.csv, line {line}: {message}")]
    Csv {
        /// The file.
        file: &'static str,
        /// From 1, the header included.
        line: u64,
        /// What is wrong.
        message: String,
    },
}
