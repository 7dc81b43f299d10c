//! Students in classes: wanted beside known. A row is matched by its id, else by student and class: many systems give their
//! enrolments new ids each night.

use std::collections::{HashMap, HashSet};

use jiff::{civil::Date, tz::TimeZone};

use super::{Change, Changes, Planner, Taught, places::fate};
use crate::{
    class::ClassId,
    enrollment::{Enrollment, EnrollmentId, EnrollmentStatus, Frame},
    import::{
        known::Linked,
        summary::{Fate, Kind},
        wanted::{self, Said, SourcedId, fault},
    },
    oneroster::RowError,
    school::SchoolId,
    student::StudentId,
};

/// A row whose references are known.
struct Row<'a> {
    said: &'a Said<wanted::Enrollment>,
    student: StudentId,
    class: Taught,
    /// What it was matched with.
    before: Option<&'a Enrollment>,
}

/// What is decided so far about enrolments.
#[derive(Default)]
struct Decided {
    claimed: HashSet<EnrollmentId>,
    failed: HashSet<SourcedId>,
    /// Periods in this package.
    periods: HashMap<(StudentId, ClassId), Vec<(Enrollment, u64)>>,
}

impl<'a> Planner<'a> {
    pub(super) fn enrollments(&mut self) -> (Changes<Enrollment>, Vec<Linked>) {
        let (mut changes, mut links) = (Changes::default(), Vec::new());
        let mut decided = Decided::default();
        let mut rows = Vec::new();
        for said in &self.wanted.enrollments.rows {
            match self.enrolled(said) {
                Ok((student, class)) => {
                    let same = |e: &&Enrollment| is_of(e, student, class.id);
                    let before = self.known.enrollments.entity(&said.sourced_id).filter(same);
                    decided.claimed.extend(before.map(|e| e.enrollment_id));
                    rows.push(Row { said, student, class, before });
                }
                Err((schools, faults)) => {
                    decided.failed.insert(said.sourced_id.clone());
                    self.refuse(Kind::Enrollments, &schools, faults);
                }
            }
        }
        for mut row in rows {
            if row.before.is_none() {
                row.before = self.by_student_and_class(&row, &decided.claimed);
                decided.claimed.extend(row.before.map(|e| e.enrollment_id));
                links.extend(row.before.map(|e| (row.said.sourced_id.clone(), e.enrollment_id.0)));
            }
            let school = row.class.school;
            match self.enrollment(&row, &mut decided) {
                Err(faults) => {
                    decided.failed.insert(row.said.sourced_id.clone());
                    self.refuse(Kind::Enrollments, &[school], faults);
                }
                Ok(after) => {
                    let new = after.as_ref().filter(|_| row.before.is_none());
                    links.extend(new.map(|e| (row.said.sourced_id.clone(), e.enrollment_id.0)));
                    self.tally.add(Kind::Enrollments, fate(row.before, after.as_ref()), &[school]);
                    changes.keep(row.before, after);
                }
            }
        }
        self.end_enrollments(&decided, &mut changes);
        (changes, links)
    }

    /// The student and the class of a row.
    fn enrolled(
        &self,
        said: &Said<wanted::Enrollment>,
    ) -> Result<(StudentId, Taught), (Vec<SchoolId>, Vec<RowError>)> {
        let row = &said.row;
        let class = self.class_of(said.line, &row.class, &row.school)?;
        let wrong = |code, message: &str| {
            let found = fault("enrollments", said.line, "userSourcedId", code, message);
            (vec![class.school], vec![found])
        };
        match self.students.get(&row.student) {
            Some((student, _)) => Ok((*student, class)),
            None if self.staff.contains_key(&row.student) => {
                Err(wrong("not_a_student", "The user is no student."))
            }
            None => Err(wrong("unknown", "There is no active student of this id.")),
        }
    }

    /// The class of a row, which is at the row's school.
    pub(super) fn class_of(
        &self,
        line: u64,
        class: &str,
        school: &str,
    ) -> Result<Taught, (Vec<SchoolId>, Vec<RowError>)> {
        let wrong =
            |column, code, message: &str| vec![fault("enrollments", line, column, code, message)];
        let Some(class) = self.classes.get(class) else {
            let message = "There is no active class of this id.";
            return Err((Vec::new(), wrong("classSourcedId", "unknown", message)));
        };
        if self.schools.get(school) == Some(&class.school) {
            return Ok(class.clone());
        }
        let message = "The class is at another school.";
        Err((vec![class.school], wrong("schoolSourcedId", "other_school", message)))
    }

    /// An active enrolment of the same student in the same class that no other row names.
    fn by_student_and_class(
        &mut self,
        row: &Row<'_>,
        claimed: &HashSet<EnrollmentId>,
    ) -> Option<&'a Enrollment> {
        self.known.students.entity(&row.said.row.student)?;
        self.look.students.insert(row.student);
        let (start, end) = period(row);
        let known = self.known;
        let others = known.of_students.get(&row.student).into_iter().flatten();
        let mut same = others.filter(|e| is_of(e, row.student, row.class.id));
        same.find(|e| !claimed.contains(&e.enrollment_id) && meet(e, start, end))
    }

    /// What an enrolment is to become; nothing when it is so already.
    fn enrollment(
        &mut self,
        row: &Row<'_>,
        decided: &mut Decided,
    ) -> Result<Option<Enrollment>, Vec<RowError>> {
        let (start, end) = period(row);
        let is_so = |e: &&Enrollment| (e.effective_start, e.effective_end) == (start, end);
        let unchanged = row.before.filter(is_so);
        let after = match (unchanged, row.before) {
            (Some(before), _) => before.clone(),
            (None, before) => self.next(row, before, (start, end)),
        };
        let end_of = after.effective_end;
        if end_of.is_some_and(|end| end < after.effective_start) {
            let message = "The student left this class earlier than the row says; its last day is before the first that is left.";
            return Err(vec![fault(
                "enrollments",
                row.said.line,
                "endDate",
                "before_start",
                message,
            )]);
        }
        let pair = (row.student, row.class.id);
        let here = decided.periods.entry(pair).or_default();
        if let Some((_, line)) = here.iter().find(|(other, _)| other.overlaps(&after)) {
            let message =
                format!("Line {line} enrols the student in this class on some of these days.");
            return Err(vec![fault(
                "enrollments",
                row.said.line,
                "beginDate",
                "overlaps",
                message,
            )]);
        }
        let others = self.known.of_students.get(&row.student).into_iter().flatten();
        let mut others = others.filter(|e| {
            e.enrollment_id != after.enrollment_id && !decided.claimed.contains(&e.enrollment_id)
        });
        if unchanged.is_none() && others.any(|other| other.overlaps(&after)) {
            let message = "The student is in this class on some of these days already, by an enrolment that is not of this source.";
            return Err(vec![fault(
                "enrollments",
                row.said.line,
                "beginDate",
                "overlaps",
                message,
            )]);
        }
        here.push((after.clone(), row.said.line));
        if unchanged.is_some() {
            return Ok(None);
        }
        let same = row.before.is_some_and(|before| {
            (before.effective_start, before.effective_end)
                == (after.effective_start, after.effective_end)
        });
        Ok((!same).then_some(after))
    }

    /// The enrolment with this period, begun after those that have ended.
    fn next(
        &mut self,
        row: &Row<'_>,
        before: Option<&Enrollment>,
        (start, end): (Date, Option<Date>),
    ) -> Enrollment {
        if self.known.students.entity(&row.said.row.student).is_some() {
            self.look.students.insert(row.student);
        }
        let others = self.known.of_students.get(&row.student).into_iter().flatten();
        let past = others.filter(|e| {
            e.class_id == row.class.id
                && e.status == EnrollmentStatus::Withdrawn
                && meet(e, start, end)
        });
        let start = past.filter_map(|e| e.effective_end).fold(start, Date::max);
        if let Some(before) = before {
            return before.moved(start, end, self.frame.now);
        }
        let frame = Frame {
            id: self.frame.ids.next().into(),
            school: row.class.school,
            today: start,
            now: self.frame.now,
        };
        Enrollment::new(row.student, row.class.id, end, frame)
    }

    fn end_enrollments(&mut self, decided: &Decided, changes: &mut Changes<Enrollment>) {
        let standing: HashSet<_> =
            self.wanted.enrollments.rows.iter().map(|said| said.sourced_id.as_str()).collect();
        for (sourced_id, before) in self.known.enrollments.linked() {
            if decided.claimed.contains(&before.enrollment_id) {
                continue;
            }
            let today = self.today(before.school_id);
            let end = before.effective_end.map_or(today, |end| end.min(today));
            let reason = Some(format!("No longer in {}", self.frame.source));
            let Some(after) = before.ended(end, reason, self.frame.now) else { continue };
            let carried = self.ended.students.contains(&before.student_id)
                || self.ended.classes.contains(&before.class_id);
            let stands = standing.contains(sourced_id.as_str());
            let failed = decided.failed.contains(sourced_id);
            if carried || self.wanted.enrollments.ends(sourced_id) || (stands && !failed) {
                self.tally.add(Kind::Enrollments, Fate::Ended, &[before.school_id]);
                if !carried {
                    changes.ended.push(Change { before: Some(before.clone()), after });
                }
            }
        }
    }

    /// Which day it is at a school.
    fn today(&self, school: SchoolId) -> Date {
        let school = self.known.all_schools.iter().find(|s| s.school_id == school);
        let zone = school.and_then(|school| TimeZone::get(&school.timezone).ok());
        self.frame.now.to_zoned(zone.unwrap_or(TimeZone::UTC)).date()
    }
}

/// The first day of a row, and the first behind it. What the row does not say is the term's, once it is known.
fn period(row: &Row<'_>) -> (Date, Option<Date>) {
    let there = row.before.map(|before| before.effective_start);
    let start = row.said.row.begin.or(there).unwrap_or(row.class.days.0);
    let end = row.said.row.end.or_else(|| row.class.days.1.map(|end| end.max(start)));
    (start, end)
}

fn is_of(e: &Enrollment, student: StudentId, class: ClassId) -> bool {
    e.status == EnrollmentStatus::Active && e.student_id == student && e.class_id == class
}

/// Whether an enrolment and a period have a day in common.
fn meet(e: &Enrollment, start: Date, end: Option<Date>) -> bool {
    let before = |end: Option<Date>, start: Date| end.is_some_and(|end| end <= start);
    !before(e.effective_end, start) && !before(end, e.effective_start)
}
