//! What a package wants the roster to be: its rows, put together across files. Nothing here knows the database.

mod enrolments;
mod people;
pub(crate) mod places;

use std::{
    collections::{HashMap, HashSet},
    io::{Read, Seek},
};

use jiff::civil::Date;

use crate::{
    class::Course,
    oneroster::{File, Line, Mode, Package, Refused, Row, RowError, Session, UserRole, Version},
    teaching::TeacherRole,
};

/// The family name of guardians who have one name only: the standard requires two of everybody.
pub(crate) const ONE_NAME: &str = "-";

/// A row's id in its file.
pub(super) type SourcedId = String;

/// A row that stands, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said<T> {
    pub(super) sourced_id: SourcedId,
    /// The line of its file, from 1.
    pub(super) line: u64,
    pub(super) row: T,
}

/// What one file says about one kind of things.
#[derive(Clone, Debug)]
pub(super) struct Wants<T> {
    /// Whether what it leaves out has ended.
    pub(super) mode: Mode,
    /// The rows that stand, each id once.
    pub(super) rows: Vec<Said<T>>,
    /// The ids of rows that a delta ends.
    pub(super) ended: HashSet<SourcedId>,
    /// Every id that the file names, whatever is wrong with its row: what is wrong is not gone.
    pub(super) seen: HashSet<SourcedId>,
    /// The ids of rows that are wrong.
    pub(super) wrong: HashSet<SourcedId>,
}

/// A school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct School {
    pub(super) name: String,
    pub(super) timezone: Option<String>,
}

/// A class; what it refers to by sourced ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) title: String,
    pub(super) school: SourcedId,
    pub(super) terms: Vec<SourcedId>,
    /// Nothing when the package does not describe the course: then it stays what it is.
    pub(super) course: Option<Course>,
    pub(super) subjects: Vec<String>,
}

/// What a package says about the roles of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Roles {
    /// Roles with their organisations.
    pub(super) said: Vec<(UserRole, SourcedId)>,
    /// Roles that a delta takes away.
    pub(super) gone: Vec<(UserRole, SourcedId)>,
    /// Whether these are all.
    pub(super) complete: bool,
    /// Whether the package can tell all roles apart; 1.1 has one word for several.
    pub(super) exact: bool,
}

/// What a row of demographics says about a birth date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Birth {
    /// The day.
    On(Date),
    /// That nobody knows it.
    Unknown,
}

/// A person as the roster keeps them, of whatever role.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) given_name: String,
    pub(super) family_name: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    /// A student's guardians, or a guardian's children.
    pub(super) agents: Vec<SourcedId>,
    pub(super) grade: Option<String>,
    pub(super) roles: Roles,
    /// Whether `enrollments.csv` lets them teach a class.
    pub(super) teaches: bool,
    /// The birth date, if a row of demographics says something about it.
    pub(super) birth_date: Option<Birth>,
}

/// A student in a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Enrollment {
    pub(super) class: SourcedId,
    pub(super) school: SourcedId,
    pub(super) student: SourcedId,
    pub(super) begin: Option<Date>,
    pub(super) end: Option<Date>,
}

/// A teacher of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) class: SourcedId,
    pub(super) school: SourcedId,
    pub(super) teacher: SourcedId,
    pub(super) role: TeacherRole,
}

/// Everything that a package wants.
pub(super) struct Wanted {
    /// Bulk files that are empty but for their header.
    pub(super) empty: Vec<File>,
    /// Organisations that are no schools: somebody may belong to them.
    pub(super) offices: HashSet<SourcedId>,
    pub(super) schools: Wants<School>,
    pub(super) terms: Wants<Session>,
    pub(super) classes: Wants<Class>,
    pub(super) people: Wants<Person>,
    pub(super) enrollments: Wants<Enrollment>,
    pub(super) assignments: Wants<Assignment>,
    /// Every fault that the package has in itself.
    pub(super) errors: Vec<RowError>,
}

impl Wanted {
    /// Reads a package to its end.
    ///
    /// # Errors
    /// What makes the package as a whole unusable.
    pub(super) fn of<S: Read + Seek>(package: &mut Package<S>) -> Result<Self, Refused> {
        let mut reading = Reading { package, errors: Vec::new(), empty: Vec::new() };
        let (schools, offices) = places::schools(&mut reading)?;
        let terms = places::terms(&mut reading)?;
        let classes = places::classes(&mut reading)?;
        let mut people = people::people(&mut reading)?;
        let (enrollments, assignments) = enrolments::enrolments(&mut reading)?;
        let teaching: HashSet<_> =
            assignments.rows.iter().map(|said| said.row.teacher.as_str()).collect();
        for person in &mut people.rows {
            person.row.teaches = teaching.contains(person.sourced_id.as_str());
        }
        let Reading { errors, empty, .. } = reading;
        Ok(Self {
            empty,
            offices,
            schools,
            terms,
            classes,
            people,
            enrollments,
            assignments,
            errors,
        })
    }
}

/// A package while it is read.
struct Reading<'p, S> {
    package: &'p mut Package<S>,
    errors: Vec<RowError>,
    empty: Vec<File>,
}

impl<S: Read + Seek> Reading<'_, S> {
    fn version(&self) -> Version {
        self.package.version()
    }

    fn mode(&self, file: File) -> Mode {
        self.package.mode(file)
    }

    /// Hands over the rows of a file: once for each id, `None` when the row is wrong.
    fn each<R: Row>(
        &mut self,
        mut each: impl FnMut(SourcedId, u64, Option<R>),
    ) -> Result<(), Refused> {
        let (file, mut lines) = (R::FILE.name(), HashMap::new());
        let errors = &mut self.errors;
        self.package.each(|Line { line, sourced_id, row }: Line<R>| {
            let first = *lines.entry(sourced_id.clone()).or_insert(line);
            let row = row.map_err(|faults| errors.extend(faults)).ok();
            if first == line || sourced_id.is_empty() {
                each(sourced_id, line, row);
            } else {
                let message = format!("The id is that of line {first}: each row has its own.");
                errors.push(fault(file, line, "sourcedId", "duplicate", message));
            }
        })?;
        if lines.is_empty() && self.mode(R::FILE) == Mode::Bulk {
            self.empty.push(R::FILE);
        }
        Ok(())
    }
}

impl<T> Wants<T> {
    fn new(mode: Mode) -> Self {
        let (ended, seen, wrong) = (HashSet::new(), HashSet::new(), HashSet::new());
        Self { mode, rows: Vec::new(), ended, seen, wrong }
    }

    /// Whether the file leaves this out as something that has ended, or says so.
    pub(super) fn ends(&self, sourced_id: &str) -> bool {
        match self.mode {
            Mode::Absent => false,
            Mode::Bulk => !self.seen.contains(sourced_id),
            Mode::Delta => self.ended.contains(sourced_id),
        }
    }

    /// A row that cannot be followed.
    fn refuse(&mut self, sourced_id: SourcedId) {
        self.wrong.insert(sourced_id.clone());
        self.seen.insert(sourced_id);
    }

    fn end(&mut self, sourced_id: SourcedId) {
        self.seen.insert(sourced_id.clone());
        self.ended.insert(sourced_id);
    }

    fn stand(&mut self, sourced_id: SourcedId, line: u64, row: T) {
        self.seen.insert(sourced_id.clone());
        self.rows.push(Said { sourced_id, line, row });
    }
}

/// A fault in a cell.
pub(super) fn fault(
    file: &'static str,
    line: u64,
    column: &'static str,
    code: &'static str,
    message: impl Into<String>,
) -> RowError {
    RowError { file, line, column, code, message: message.into() }
}
