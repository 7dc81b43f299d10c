//! Guardians, one for each of their students: wanted beside known.

use std::collections::{BTreeSet, HashMap, HashSet};

use kernel::{http::body::Change as Field, problem::FieldError};

use super::{Change, Changes, Planner, faults, places::fate};
use crate::{
    guardian::{CreateGuardian, Guardian, PatchGuardian, Relation},
    import::{
        summary::{Fate, Kind},
        wanted::{ONE_NAME, Person, Said, fault},
    },
    oneroster::{Mode, RowError, UserRole},
    school::SchoolId,
    student::StudentId,
};

/// A guardian and a student, by their ids in the source.
type Pair<'a> = (&'a str, &'a str);

impl<'a> Planner<'a> {
    pub(super) fn guardians(&mut self) -> Changes<Guardian> {
        let rows: HashMap<&str, &'a Said<Person>> = self
            .wanted
            .people
            .rows
            .iter()
            .filter(|said| said.row.is(UserRole::is_guardian, false))
            .map(|said| (said.sourced_id.as_str(), said))
            .collect();
        let pairs = self.pairs(&rows);
        let mut changes = Changes::default();
        let mut standing = HashSet::new();
        for (guardian, student) in &pairs {
            let Some((student_id, schools)) = self.students.get(*student).cloned() else {
                continue;
            };
            let Some(said) = rows.get(guardian) else { continue };
            let key = ((*guardian).to_owned(), student_id);
            let before = self.known.guardians.get(&key).map(|held| &held.entity);
            standing.insert(key);
            match self.guardian(said, student_id, before) {
                Err(faults) => self.refuse(Kind::Guardians, &schools, faults),
                Ok(after) => {
                    self.tally.add(Kind::Guardians, fate(before, after.as_ref()), &schools);
                    changes.keep(before, after);
                }
            }
        }
        self.end_guardians(&standing, &mut changes);
        changes
    }

    /// Who is whose guardian: a student's row names them, or their own row the student.
    fn pairs(&mut self, rows: &HashMap<&'a str, &'a Said<Person>>) -> BTreeSet<Pair<'a>> {
        let wanted = self.wanted;
        let mut pairs = BTreeSet::new();
        for said in &wanted.people.rows {
            let id = said.sourced_id.as_str();
            let is_student = self.students.contains_key(id);
            for agent in said.row.agents.iter().map(String::as_str) {
                let known = if rows.contains_key(id) && self.students.contains_key(agent) {
                    pairs.insert((id, agent))
                } else if is_student && rows.contains_key(agent) {
                    pairs.insert((agent, id))
                } else {
                    // In a delta, the row of one of the two may be left out.
                    wanted.people.seen.contains(agent) || wanted.people.mode != Mode::Bulk
                };
                if !known && !wanted.people.seen.contains(agent) {
                    let message = format!("users.csv has no user of the id {agent}.");
                    let found = fault("users", said.line, "agentSourcedIds", "unknown", message);
                    self.refuse(Kind::Guardians, &[], vec![found]);
                }
            }
        }
        pairs
    }

    fn guardian(
        &self,
        said: &Said<Person>,
        student: StudentId,
        before: Option<&Guardian>,
    ) -> Result<Option<Guardian>, Vec<RowError>> {
        let row = &said.row;
        let name = match row.family_name.as_str() {
            ONE_NAME => row.given_name.clone(),
            family => format!("{} {family}", row.given_name),
        };
        let refused = |errors: Vec<FieldError>| faults("users", said.line, &errors, column);
        let relation = relation(row);
        let Some(before) = before else {
            let asked = CreateGuardian {
                name,
                relation,
                email: row.email.clone(),
                phone: row.phone.clone(),
                preferred_channel: None,
                opt_out: Vec::new(),
                language: None,
                external_refs: self.reference(&said.sourced_id),
            };
            let id = self.frame.ids.next().into();
            return asked.parse(student, id, self.frame.now).map(Some).map_err(refused);
        };
        // `other` is a guardian, as far as the standard has words.
        let same = before.relation == Relation::Other && relation == Relation::Guardian;
        let patch = PatchGuardian {
            name: Some(name),
            relation: (!same).then_some(relation),
            email: row.email.clone().map_or(Field::Clear, Field::Set),
            phone: row.phone.clone().map_or(Field::Clear, Field::Set),
            ..PatchGuardian::default()
        };
        let back = before.reactivated(self.frame.now);
        let base = back.as_ref().unwrap_or(before);
        let patched = base.patched(patch, self.frame.now).map_err(refused)?;
        Ok(patched.or(back).map(|after| Guardian { version: before.version + 1, ..after }))
    }

    fn end_guardians(
        &mut self,
        standing: &HashSet<(String, StudentId)>,
        changes: &mut Changes<Guardian>,
    ) {
        let active: HashMap<StudentId, (String, Vec<SchoolId>)> = self
            .students
            .iter()
            .map(|(sourced_id, (id, schools))| (*id, (sourced_id.clone(), schools.clone())))
            .collect();
        for ((sourced_id, student), held) in &self.known.guardians {
            let key = (sourced_id.clone(), *student);
            let Some((of, schools)) = active.get(student) else { continue };
            let Some(after) = held.entity.removed(self.frame.now) else { continue };
            if held.linked && !standing.contains(&key) && self.parts(sourced_id, of) {
                self.tally.add(Kind::Guardians, Fate::Ended, schools);
                changes.ended.push(Change { before: Some(held.entity.clone()), after });
            }
        }
    }

    /// Whether the package says that somebody is a student's guardian no more.
    fn parts(&self, guardian: &str, student: &str) -> bool {
        let people = &self.wanted.people;
        if people.wrong.contains(guardian) || people.wrong.contains(student) {
            return false;
        }
        match people.mode {
            Mode::Absent => false,
            Mode::Bulk => true,
            Mode::Delta => {
                let of_student = people.rows.iter().find(|said| said.sourced_id == student);
                let others = of_student.is_some_and(|said| {
                    let agents = &said.row.agents;
                    !agents.is_empty() && !agents.iter().any(|agent| agent == guardian)
                });
                people.ended.contains(guardian) || others
            }
        }
    }
}

fn relation(person: &Person) -> Relation {
    let has = |wanted| person.roles.said.iter().any(|(role, _)| *role == wanted);
    if has(UserRole::Parent) {
        Relation::Parent
    } else if has(UserRole::Relative) {
        Relation::Relative
    } else {
        Relation::Guardian
    }
}

fn column(pointer: &str) -> &'static str {
    match pointer {
        "/email" | "/preferredChannel" => "email",
        "/phone" => "phone",
        _ => "familyName",
    }
}
