//! Organisations, sessions, courses and classes.

use jiff::civil::Date;

use super::State;
use crate::oneroster::{Cells, File, Row, Version};

/// A row of `orgs.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// Whether it still stands.
    pub state: State,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OrgType,
    /// Its number, as people know it.
    pub identifier: Option<String>,
    /// The organisation above it.
    pub parent: Option<String>,
    /// IANA name of its time zone: our own column `metadata.timezone`.
    pub timezone: Option<String>,
}

/// What an organisation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrgType {
    /// A school.
    School,
    /// A district.
    District,
    /// A department, local, state or national body: above or beside the schools.
    Other,
}

impl OrgType {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::District => "district",
            Self::Other => "department",
        }
    }
}

impl Row for Org {
    const FILE: File = File::Orgs;

    fn columns(_: Version) -> &'static [&'static str] {
        &[
            "sourcedId",
            "status",
            "dateLastModified",
            "name",
            "type",
            "identifier",
            "parentSourcedId",
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        use OrgType::{District, Other, School};
        let kinds = [
            ("school", School),
            ("district", District),
            ("department", Other),
            ("local", Other),
            ("state", Other),
            ("national", Other),
        ];
        cells.id("sourcedId");
        Self {
            state: cells.state(),
            name: cells.text("name"),
            kind: cells.word("type", &kinds, Other),
            identifier: cells.optional("identifier"),
            parent: cells.optional_id("parentSourcedId"),
            timezone: cells.optional("metadata.timezone"),
        }
    }
}

/// A row of `academicSessions.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whether it still stands.
    pub state: State,
    /// Its name.
    pub title: String,
    /// What it is.
    pub kind: SessionType,
    /// First day.
    pub start: Date,
    /// Last day.
    pub end: Date,
    /// The session that it is a part of.
    pub parent: Option<String>,
    /// The year in which its school year ends.
    pub school_year: String,
}

/// What a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType {
    /// A school year.
    SchoolYear,
    /// A semester.
    Semester,
    /// A term.
    Term,
    /// A grading period.
    GradingPeriod,
}

impl SessionType {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::SchoolYear => "schoolYear",
            Self::Semester => "semester",
            Self::Term => "term",
            Self::GradingPeriod => "gradingPeriod",
        }
    }
}

impl Row for Session {
    const FILE: File = File::AcademicSessions;

    fn columns(_: Version) -> &'static [&'static str] {
        &[
            "sourcedId",
            "status",
            "dateLastModified",
            "title",
            "type",
            "startDate",
            "endDate",
            "parentSourcedId",
            "schoolYear",
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        use SessionType::{GradingPeriod, SchoolYear, Semester, Term};
        let kinds = [
            ("schoolYear", SchoolYear),
            ("semester", Semester),
            ("term", Term),
            ("gradingPeriod", GradingPeriod),
        ];
        cells.id("sourcedId");
        let session = Self {
            state: cells.state(),
            title: cells.text("title"),
            kind: cells.word("type", &kinds, Term),
            start: cells.date("startDate"),
            end: cells.date("endDate"),
            parent: cells.optional_id("parentSourcedId"),
            school_year: cells.text("schoolYear"),
        };
        cells.in_order("endDate", session.start, Some(session.end));
        session
    }
}

/// A row of `courses.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Whether it still stands.
    pub state: State,
    /// Its name.
    pub title: String,
    /// Its code.
    pub code: Option<String>,
    /// Whose it is.
    pub org: String,
    /// Its subjects.
    pub subjects: Vec<String>,
}

impl Row for Course {
    const FILE: File = File::Courses;

    fn columns(_: Version) -> &'static [&'static str] {
        &[
            "sourcedId",
            "status",
            "dateLastModified",
            "title",
            "courseCode",
            "orgSourcedId",
            "subjects",
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        cells.id("sourcedId");
        Self {
            state: cells.state(),
            title: cells.text("title"),
            code: cells.optional("courseCode"),
            org: cells.id("orgSourcedId"),
            subjects: cells.list("subjects"),
        }
    }
}

/// A row of `classes.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Whether it still stands.
    pub state: State,
    /// Its name.
    pub title: String,
    /// Its course.
    pub course: String,
    /// What it is.
    pub kind: ClassType,
    /// Its school.
    pub school: String,
    /// The sessions in which it is held.
    pub terms: Vec<String>,
    /// Its subjects.
    pub subjects: Vec<String>,
}

/// What a class is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassType {
    /// A homeroom.
    Homeroom,
    /// A lesson with a place in the timetable.
    Scheduled,
}

impl ClassType {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Homeroom => "homeroom",
            Self::Scheduled => "scheduled",
        }
    }
}

impl Row for Class {
    const FILE: File = File::Classes;

    fn columns(_: Version) -> &'static [&'static str] {
        &[
            "sourcedId",
            "status",
            "dateLastModified",
            "title",
            "courseSourcedId",
            "classType",
            "schoolSourcedId",
            "termSourcedIds",
            "subjects",
        ]
    }

    fn read(cells: &mut Cells<'_>) -> Self {
        let kinds = [("homeroom", ClassType::Homeroom), ("scheduled", ClassType::Scheduled)];
        cells.id("sourcedId");
        Self {
            state: cells.state(),
            title: cells.text("title"),
            course: cells.id("courseSourcedId"),
            kind: cells.word("classType", &kinds, ClassType::Scheduled),
            school: cells.id("schoolSourcedId"),
            terms: cells.some("termSourcedIds"),
            subjects: cells.list("subjects"),
        }
    }
}
