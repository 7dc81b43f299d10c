//! What has to change for the roster to be as a package wants it. Nothing here touches the database: the same wishes and
//! the same state make the same plan.

mod assignments;
mod enrolments;
mod guardians;
mod people;
mod places;

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{Timestamp, civil::Date};
use kernel::{Ids, problem::FieldError};

use super::{
    known::{Known, Linked},
    summary::{Fate, Kind, Summary, Tally},
    wanted::{SourcedId, Wanted, fault},
};
use crate::{
    class::{Class, ClassId},
    enrollment::Enrollment,
    external::ExternalRef,
    guardian::Guardian,
    oneroster::{File, RowError},
    school::{School, SchoolId},
    staff::{Staff, StaffId},
    student::{Student, StudentId},
    teaching::ClassTeacher,
    term::{Term, TermId},
};

pub(crate) use people::role_of;

/// One thing before and after. What has no before is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change<T> {
    pub(super) before: Option<T>,
    pub(super) after: T,
}

/// What becomes of the things of one kind.
#[derive(Clone, Debug)]
pub(super) struct Changes<T> {
    /// New and changed ones, in the order in which they refer to each other.
    pub(super) saved: Vec<Change<T>>,
    /// Those that end.
    pub(super) ended: Vec<Change<T>>,
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self { saved: Vec::new(), ended: Vec::new() }
    }
}

/// What a plan could not decide for want of knowledge.
#[derive(Default)]
pub(super) struct Look {
    pub(super) students: HashSet<StudentId>,
    pub(super) classes: HashSet<ClassId>,
}

/// Everything that an import changes.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) schools: Changes<School>,
    pub(super) terms: Changes<Term>,
    pub(super) classes: Changes<Class>,
    pub(super) staff: Changes<Staff>,
    pub(super) students: Changes<Student>,
    pub(super) guardians: Changes<Guardian>,
    pub(super) enrollments: Changes<Enrollment>,
    pub(super) assignments: Changes<ClassTeacher>,
    /// Rows whose enrolments are new, or were found by student and class.
    pub(super) enrollment_links: Vec<Linked>,
    /// The same of teachers.
    pub(super) assignment_links: Vec<Linked>,
    /// Whose enrolments must be known to be sure.
    pub(super) look: Look,
    pub(super) summary: Summary,
    /// Every row that cannot be followed, in the order of files and lines.
    pub(super) errors: Vec<RowError>,
}

/// What a plan is made from beside wishes and state.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) source: &'a str,
    pub(super) now: Timestamp,
    pub(super) ids: &'a Ids,
    pub(super) dry_run: bool,
}

/// A plan in the making: what references stand for, as far as it is known by now.
struct Planner<'a> {
    frame: Frame<'a>,
    wanted: &'a Wanted,
    known: &'a Known,
    tally: Tally,
    errors: Vec<RowError>,
    /// What will be active, by the ids of the source.
    schools: HashMap<SourcedId, SchoolId>,
    terms: HashMap<SourcedId, TermId>,
    /// The first and the last day of each term.
    days: HashMap<TermId, (Date, Date)>,
    classes: HashMap<SourcedId, Taught>,
    students: HashMap<SourcedId, (StudentId, Vec<SchoolId>)>,
    staff: HashMap<SourcedId, (StaffId, bool)>,
    ended: Ended,
    look: Look,
}

/// A class as enrolments see it.
#[derive(Clone, Debug)]
struct Taught {
    id: ClassId,
    school: SchoolId,
    /// Its first day, and the first behind it.
    days: (Date, Option<Date>),
}

/// What ends, and takes with it what hangs on it.
#[derive(Default)]
struct Ended {
    schools: HashSet<SchoolId>,
    classes: HashSet<ClassId>,
    students: HashSet<StudentId>,
    staff: HashSet<StaffId>,
}

/// Makes the plan.
pub(super) fn plan(frame: Frame<'_>, wanted: &Wanted, known: &Known) -> Plan {
    let mut planner = Planner {
        frame,
        wanted,
        known,
        tally: Tally::new(),
        errors: wanted.errors.clone(),
        schools: HashMap::new(),
        terms: HashMap::new(),
        days: HashMap::new(),
        classes: HashMap::new(),
        students: HashMap::new(),
        staff: HashMap::new(),
        ended: Ended::default(),
        look: Look::default(),
    };
    planner.count_wrong_rows();
    let schools = planner.schools();
    let terms = planner.terms();
    let classes = planner.classes();
    let staff = planner.staff();
    let students = planner.students();
    let guardians = planner.guardians();
    let (enrollments, enrollment_links) = planner.enrollments();
    let (assignments, assignment_links) = planner.assignments();
    let moved = people::moved(&students);
    let mut plan = Plan {
        schools,
        terms,
        classes,
        staff,
        students,
        guardians,
        enrollments,
        assignments,
        enrollment_links,
        assignment_links,
        ..Plan::default()
    };
    planner.finish(&mut plan, &moved);
    plan
}

impl Planner<'_> {
    /// Faults that the package has in itself, counted as rows of the kind that their file tells of.
    fn count_wrong_rows(&mut self) {
        let rows: BTreeSet<_> = self.errors.iter().map(|e| (e.file, e.line)).collect();
        for (file, _) in rows {
            self.tally.add(kind_of(file), Fate::Failed, &[]);
        }
    }

    /// A row that cannot be followed.
    fn refuse(&mut self, kind: Kind, schools: &[SchoolId], faults: Vec<RowError>) {
        self.tally.add(kind, Fate::Failed, schools);
        self.errors.extend(faults);
    }

    fn reference(&self, sourced_id: &str) -> Vec<ExternalRef> {
        vec![ExternalRef { source: self.frame.source.to_owned(), value: sourced_id.to_owned() }]
    }

    fn finish(self, plan: &mut Plan, moved: &[String]) {
        let new: HashMap<_, _> = plan
            .schools
            .saved
            .iter()
            .map(|change| (change.after.school_id, change.after.name.clone()))
            .collect();
        let there: HashMap<_, _> =
            self.known.all_schools.iter().map(|s| (s.school_id, s.name.as_str())).collect();
        let name = |id: SchoolId| {
            let known = there.get(&id).map(|name| (*name).to_owned());
            let is_there = known.is_some();
            (new.get(&id).cloned().or(known).unwrap_or_default(), is_there)
        };
        plan.summary = self.tally.summary(self.frame.dry_run, name);
        plan.summary.hold(&self.wanted.empty, moved);
        plan.look = self.look;
        plan.errors = self.errors;
        plan.errors.sort_by_key(|e| (order(e.file), e.line));
    }
}

/// Which kind the rows of a file are about.
fn kind_of(file: &str) -> Kind {
    match file {
        "orgs" => Kind::Schools,
        "academicSessions" => Kind::Terms,
        "courses" | "classes" => Kind::Classes,
        "enrollments" => Kind::Enrollments,
        _ => Kind::Students,
    }
}

fn order(file: &str) -> usize {
    File::ALL.iter().position(|known| known.name() == file).unwrap_or(File::ALL.len())
}

/// Refusals of the domain as faults of a row's cells.
fn faults(
    file: &'static str,
    line: u64,
    refused: &[FieldError],
    column: impl Fn(&str) -> &'static str,
) -> Vec<RowError> {
    let one = |e: &FieldError| fault(file, line, column(&e.pointer), code(&e.code), &*e.message);
    refused.iter().map(one).collect()
}

/// The codes of refusals are a small set; a row's fault names one of them.
fn code(code: &str) -> &'static str {
    const CODES: [&str; 11] = [
        "before_start",
        "control_character",
        "cycle",
        "empty",
        "no_date",
        "no_email",
        "out_of_range",
        "too_long",
        "too_many",
        "unknown_grade",
        "unknown_zone",
    ];
    CODES.into_iter().find(|known| *known == code).unwrap_or("invalid")
}

/// What sourced ids stand for, and the first that stands for nothing.
fn resolve<'s, V>(
    wanted: impl IntoIterator<Item = &'s SourcedId>,
    known: impl Fn(&str) -> Option<V>,
    left_out: impl Fn(&str) -> bool,
) -> (Vec<V>, Option<&'s str>) {
    let (mut found, mut unknown) = (Vec::new(), None);
    for id in wanted {
        match known(id) {
            Some(value) => found.push(value),
            None if left_out(id) => {}
            None => unknown = unknown.or(Some(id.as_str())),
        }
    }
    (found, unknown)
}
