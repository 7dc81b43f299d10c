//! Teachers of classes: wanted beside known, matched by their rows' ids, else by class and teacher.

use std::collections::{HashMap, HashSet};

use super::{Change, Changes, Planner, places::fate};
use crate::{
    class::ClassId,
    import::{
        known::Linked,
        summary::{Fate, Kind},
        wanted::{self, Said, SourcedId, fault},
    },
    oneroster::RowError,
    school::SchoolId,
    staff::StaffId,
    teaching::ClassTeacher,
};

/// A row whose references are known.
struct Row<'a> {
    said: &'a Said<wanted::Assignment>,
    class: ClassId,
    school: SchoolId,
    teacher: StaffId,
    before: Option<&'a ClassTeacher>,
}

impl<'a> Planner<'a> {
    pub(super) fn assignments(&mut self) -> (Changes<ClassTeacher>, Vec<Linked>) {
        let (mut changes, mut links) = (Changes::default(), Vec::new());
        let (mut claimed, mut failed) = (HashSet::new(), HashSet::new());
        let mut lines = HashMap::new();
        let mut rows: Vec<Row<'a>> = Vec::new();
        for said in &self.wanted.assignments.rows {
            let taught = self.taught_by(said).and_then(|row| {
                let first = *lines.entry((row.class, row.teacher)).or_insert(said.line);
                if first == said.line {
                    return Ok(row);
                }
                let message = format!("Line {first} says that they teach this class.");
                let found = fault("enrollments", said.line, "userSourcedId", "duplicate", message);
                Err((vec![row.school], vec![found]))
            });
            match taught {
                Ok(row) => {
                    claimed.extend(row.before.map(|before| before.assignment_id));
                    rows.push(row);
                }
                Err((schools, faults)) => {
                    failed.insert(&said.sourced_id);
                    self.refuse(Kind::Assignments, &schools, faults);
                }
            }
        }
        for mut row in rows {
            if row.before.is_none() {
                row.before = self.by_class_and_teacher(&row);
                claimed.extend(row.before.map(|before| before.assignment_id));
                links.extend(row.before.map(|b| (row.said.sourced_id.clone(), b.assignment_id)));
            }
            let after = self.assignment(&row);
            let new = after.as_ref().filter(|_| row.before.is_none());
            links.extend(new.map(|new| (row.said.sourced_id.clone(), new.assignment_id)));
            self.tally.add(Kind::Assignments, fate(row.before, after.as_ref()), &[row.school]);
            changes.keep(row.before, after);
        }
        self.end_assignments(&claimed, &failed, &mut changes);
        (changes, links)
    }

    fn taught_by(
        &self,
        said: &'a Said<wanted::Assignment>,
    ) -> Result<Row<'a>, (Vec<SchoolId>, Vec<RowError>)> {
        let class = self.class_of(said.line, &said.row.class, &said.row.school)?;
        let wrong = |code, message: &str| {
            let found = fault("enrollments", said.line, "userSourcedId", code, message);
            (vec![class.school], vec![found])
        };
        let teacher = match self.staff.get(&said.row.teacher) {
            Some((teacher, true)) => *teacher,
            Some(_) => return Err(wrong("not_a_teacher", "The user does not teach.")),
            None => {
                let message = "There is no active member of the staff of this id.";
                return Err(wrong("unknown", message));
            }
        };
        let same =
            |known: &&ClassTeacher| known.class_id == class.id && known.teacher_id == teacher;
        let before = self.known.assignments.entity(&said.sourced_id).filter(same);
        Ok(Row { said, class: class.id, school: class.school, teacher, before })
    }

    /// The open assignment of the same teacher to the same class.
    fn by_class_and_teacher(&mut self, row: &Row<'_>) -> Option<&'a ClassTeacher> {
        self.known.classes.entity(&row.said.row.class)?;
        self.look.classes.insert(row.class);
        let known = self.known;
        let mut open = known.of_classes.iter();
        open.find(|known| known.class_id == row.class && known.teacher_id == row.teacher)
    }

    fn assignment(&self, row: &Row<'_>) -> Option<ClassTeacher> {
        let role = row.said.row.role;
        match row.before {
            Some(before) if before.role == role => None,
            Some(before) => Some(ClassTeacher { role, ..before.clone() }),
            None => Some(ClassTeacher {
                assignment_id: self.frame.ids.next(),
                class_id: row.class,
                teacher_id: row.teacher,
                role,
                assigned_at: self.frame.now,
            }),
        }
    }

    fn end_assignments(
        &mut self,
        claimed: &HashSet<uuid::Uuid>,
        failed: &HashSet<&SourcedId>,
        changes: &mut Changes<ClassTeacher>,
    ) {
        let standing: HashSet<_> =
            self.wanted.assignments.rows.iter().map(|said| &said.sourced_id).collect();
        let classes = self.known.classes.all();
        let schools: HashMap<_, _> = classes.map(|(_, c)| (c.class_id, c.school_id)).collect();
        for (sourced_id, before) in self.known.assignments.linked() {
            if claimed.contains(&before.assignment_id) {
                continue;
            }
            let carried = self.ended.staff.contains(&before.teacher_id)
                || self.ended.classes.contains(&before.class_id);
            let moved = standing.contains(sourced_id) && !failed.contains(sourced_id);
            if carried || self.wanted.assignments.ends(sourced_id) || moved {
                let school: Vec<_> = schools.get(&before.class_id).copied().into_iter().collect();
                self.tally.add(Kind::Assignments, Fate::Ended, &school);
                if !carried {
                    changes
                        .ended
                        .push(Change { before: Some(before.clone()), after: before.clone() });
                }
            }
        }
    }
}
