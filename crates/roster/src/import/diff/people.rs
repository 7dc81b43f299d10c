//! Students and staff: wanted beside known.

use std::collections::{HashMap, HashSet};

use kernel::{http::body::Change as Field, problem::FieldError};

use super::{Change, Changes, Planner, faults, places::fate, resolve};
use crate::{
    Presence,
    import::{
        summary::{Fate, Kind},
        wanted::{Birth, Person, Said, fault},
    },
    oneroster::{Mode, RowError, UserRole, Version},
    school::SchoolId,
    staff::{CreateStaff, PatchStaff, Staff, StaffType},
    student::{CreateStudent, PatchStudent, Student},
};

/// So many of those who would end, in percent, must come again under other ids to say that ids have changed.
const MOVED_PERCENT: usize = 50;

impl Planner<'_> {
    pub(super) fn students(&mut self) -> Changes<Student> {
        let mut changes = Changes::default();
        let mut left = HashSet::new();
        for said in &self.wanted.people.rows {
            let before = self.known.students.entity(&said.sourced_id);
            let is_active = before.is_some_and(|student| student.status == Presence::Active);
            if !said.row.is(|role| role == UserRole::Student, is_active) {
                left.insert(said.sourced_id.as_str());
                continue;
            }
            match self.student(said, before) {
                Err(faults) => {
                    let schools = before.map_or(&[][..], |student| &student.school_ids);
                    self.refuse(Kind::Students, schools, faults);
                }
                Ok(after) => {
                    let Some(student) = after.as_ref().or(before) else { continue };
                    let place = (student.student_id, student.school_ids.clone());
                    self.students.insert(said.sourced_id.clone(), place);
                    self.tally.add(
                        Kind::Students,
                        fate(before, after.as_ref()),
                        &student.school_ids,
                    );
                    changes.keep(before, after);
                }
            }
        }
        for (sourced_id, student) in self.known.students.linked() {
            let reason = Some(self.reason());
            let Some(after) = student.deactivated(reason, self.frame.now) else { continue };
            if self.wanted.people.ends(sourced_id) || left.contains(sourced_id.as_str()) {
                self.ended.students.insert(student.student_id);
                self.tally.add(Kind::Students, Fate::Ended, &student.school_ids);
                changes.ended.push(Change { before: Some(student.clone()), after });
            } else {
                let place = (student.student_id, student.school_ids.clone());
                self.students.entry(sourced_id.clone()).or_insert(place);
            }
        }
        for (sourced_id, student) in self.known.students.unlinked() {
            if student.status == Presence::Active {
                let place = (student.student_id, student.school_ids.clone());
                self.students.entry(sourced_id.clone()).or_insert(place);
            }
        }
        changes
    }

    fn student(
        &self,
        said: &Said<Person>,
        before: Option<&Student>,
    ) -> Result<Option<Student>, Vec<RowError>> {
        let row = &said.row;
        let is_student = |role| role == UserRole::Student;
        let there = before.map_or(&[][..], |student| &student.school_ids);
        let school_ids = self.schools_of(said, is_student, there)?;
        let refused = |errors: Vec<FieldError>| faults("users", said.line, &errors, column);
        let Some(before) = before else {
            let asked = CreateStudent {
                given_name: row.given_name.clone(),
                family_name: row.family_name.clone(),
                birth_date: match row.birth_date {
                    Some(Birth::On(date)) => Some(date.to_string()),
                    Some(Birth::Unknown) | None => None,
                },
                grade: row.grade.clone(),
                school_ids,
                external_refs: self.reference(&said.sourced_id),
            };
            let id = self.frame.ids.next().into();
            return asked.parse(id, self.frame.now).map(Some).map_err(refused);
        };
        if before.scrubbed {
            let message = "The student's personal data was scrubbed, which is final.";
            return Err(vec![fault("users", said.line, "sourcedId", "scrubbed", message)]);
        }
        let patch = PatchStudent {
            given_name: Some(row.given_name.clone()),
            family_name: Some(row.family_name.clone()),
            birth_date: match row.birth_date {
                None => Field::Keep,
                Some(Birth::Unknown) => Field::Clear,
                Some(Birth::On(date)) => Field::Set(date.to_string()),
            },
            grade: row.grade.clone().map_or(Field::Clear, Field::Set),
            school_ids: Some(school_ids),
            external_refs: None,
        };
        let back = before.reactivated(self.frame.now);
        let base = back.as_ref().unwrap_or(before);
        let patched = base.patched(patch, self.frame.now).map_err(refused)?;
        Ok(patched.or(back).map(|after| Student { version: before.version + 1, ..after }))
    }

    pub(super) fn staff(&mut self) -> Changes<Staff> {
        let mut changes = Changes::default();
        let mut left = HashSet::new();
        for said in &self.wanted.people.rows {
            let before = self.known.staff.entity(&said.sourced_id);
            let is_active = before.is_some_and(|staff| staff.status == Presence::Active);
            if !said.row.is(|role| staff_type(role).is_some(), is_active) {
                left.insert(said.sourced_id.as_str());
                continue;
            }
            match self.member(said, before) {
                Err(faults) => {
                    let schools = before.map_or(&[][..], |staff| &staff.school_ids);
                    self.refuse(Kind::Teachers, schools, faults);
                }
                Ok(after) => {
                    let Some(staff) = after.as_ref().or(before) else { continue };
                    self.staff.insert(said.sourced_id.clone(), (staff.staff_id, staff.teaches()));
                    self.tally.add(Kind::Teachers, fate(before, after.as_ref()), &staff.school_ids);
                    changes.keep(before, after);
                }
            }
        }
        for (sourced_id, staff) in self.known.staff.linked() {
            let reason = Some(self.reason());
            let Some(after) = staff.deactivated(reason, self.frame.now) else { continue };
            if self.wanted.people.ends(sourced_id) || left.contains(sourced_id.as_str()) {
                self.ended.staff.insert(staff.staff_id);
                self.tally.add(Kind::Teachers, Fate::Ended, &staff.school_ids);
                changes.ended.push(Change { before: Some(staff.clone()), after });
            } else {
                let place = (staff.staff_id, staff.teaches());
                self.staff.entry(sourced_id.clone()).or_insert(place);
            }
        }
        for (sourced_id, staff) in self.known.staff.unlinked() {
            if staff.status == Presence::Active {
                let place = (staff.staff_id, staff.teaches());
                self.staff.entry(sourced_id.clone()).or_insert(place);
            }
        }
        changes
    }

    fn member(
        &self,
        said: &Said<Person>,
        before: Option<&Staff>,
    ) -> Result<Option<Staff>, Vec<RowError>> {
        let row = &said.row;
        let is_staff = |role| staff_type(role).is_some();
        let there = before.map_or(&[][..], |staff| &staff.school_ids);
        let school_ids = self.schools_of(said, is_staff, there)?;
        let staff_type = self.types(row, before);
        let refused = |errors: Vec<FieldError>| faults("users", said.line, &errors, column);
        let Some(before) = before else {
            let asked = CreateStaff {
                staff_type,
                given_name: row.given_name.clone(),
                family_name: row.family_name.clone(),
                email: row.email.clone(),
                certification: None,
                school_ids,
                identity: None,
                external_refs: self.reference(&said.sourced_id),
            };
            let id = self.frame.ids.next().into();
            return asked.parse(id, self.frame.now).map(Some).map_err(refused);
        };
        let patch = PatchStaff {
            staff_type: Some(staff_type),
            given_name: Some(row.given_name.clone()),
            family_name: Some(row.family_name.clone()),
            email: row.email.clone().map_or(Field::Clear, Field::Set),
            school_ids: Some(school_ids),
            ..PatchStaff::default()
        };
        let back = before.reactivated(self.frame.now);
        let base = back.as_ref().unwrap_or(before);
        let patched = base.patched(patch, self.frame.now).map_err(refused)?;
        Ok(patched.or(back).map(|after| Staff { version: before.version + 1, ..after }))
    }

    /// What somebody does: what the package says, and teaching if it lets them teach a class.
    fn types(&self, row: &Person, before: Option<&Staff>) -> Vec<StaffType> {
        let there = before.map_or(&[][..], |staff| &staff.staff_type);
        let said: Vec<_> =
            row.roles.said.iter().filter_map(|(role, _)| staff_type(*role)).collect();
        let old_word = |t: &StaffType| role_of(*t).word(Version::V1p1);
        // One word of 1.1 stands for several types: what we know better stays.
        let covered = |t: &StaffType| there.iter().any(|known| old_word(known) == old_word(t));
        let keeps = !row.roles.exact && said.iter().all(covered);
        let mut types = if keeps || !row.roles.complete { there.to_vec() } else { Vec::new() };
        if !keeps {
            types.extend(said);
        }
        let untold = self.wanted.assignments.mode != Mode::Bulk;
        if row.teaches || (untold && there.contains(&StaffType::Teacher)) {
            types.push(StaffType::Teacher);
        }
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The schools that a package names for somebody's roles of a kind.
    fn schools_of(
        &self,
        said: &Said<Person>,
        of: impl Fn(UserRole) -> bool,
        there: &[SchoolId],
    ) -> Result<Vec<SchoolId>, Vec<RowError>> {
        let roles = &said.row.roles;
        let orgs = roles.said.iter().filter(|(role, _)| of(*role)).map(|(_, org)| org);
        let known = |id: &str| self.schools.get(id).copied();
        let (mut schools, unknown) = resolve(orgs, known, |id| self.wanted.offices.contains(id));
        if let Some(unknown) = unknown.filter(|id| !self.is_an_office(id)) {
            let message = format!("There is no active organisation of the id {unknown}.");
            return Err(vec![fault("users", said.line, "orgSourcedIds", "unknown", message)]);
        }
        if !roles.complete {
            let gone: Vec<_> = roles.gone.iter().filter_map(|(_, org)| known(org)).collect();
            schools.extend(there.iter().filter(|id| !gone.contains(id)));
        }
        Ok(schools)
    }

    /// A package without all organisations may name one that is no school.
    fn is_an_office(&self, id: &str) -> bool {
        let whole = self.wanted.schools.mode == Mode::Bulk;
        !whole && self.known.schools.entity(id).is_none()
    }

    fn reason(&self) -> String {
        format!("No longer in {}", self.frame.source)
    }
}

impl Person {
    /// Whether they have a role of a kind; `is_active` says whether they had one before, of which a delta may not speak.
    pub(super) fn is(&self, of: impl Fn(UserRole) -> bool, is_active: bool) -> bool {
        let has = |roles: &[(UserRole, String)]| roles.iter().any(|(role, _)| of(*role));
        let teaches = self.teaches && of(UserRole::Teacher);
        let stays = !self.roles.complete && is_active && !has(&self.roles.gone);
        has(&self.roles.said) || teaches || stays
    }
}

/// What staff of a role do; none for who is no staff.
pub(super) const fn staff_type(role: UserRole) -> Option<StaffType> {
    match role {
        UserRole::Teacher => Some(StaffType::Teacher),
        UserRole::Administrator => Some(StaffType::Admin),
        UserRole::Counselor => Some(StaffType::Counselor),
        UserRole::Interventionist => Some(StaffType::Interventionist),
        UserRole::Aide => Some(StaffType::Other),
        UserRole::Student | UserRole::Guardian | UserRole::Parent | UserRole::Relative => None,
    }
}

/// The role of a type.
pub(crate) const fn role_of(staff_type: StaffType) -> UserRole {
    match staff_type {
        StaffType::Teacher => UserRole::Teacher,
        StaffType::Admin => UserRole::Administrator,
        StaffType::Counselor => UserRole::Counselor,
        StaffType::Interventionist => UserRole::Interventionist,
        StaffType::Other => UserRole::Aide,
    }
}

fn column(pointer: &str) -> &'static str {
    match pointer {
        "/givenName" => "givenName",
        "/grade" => "grades",
        "/birthDate" => "birthDate",
        "/email" => "email",
        "/schoolIds" => "orgSourcedIds",
        "/staffType" => "role",
        _ => "familyName",
    }
}

/// Says when those who would end come again under other ids: then the source has given new ids, and nobody has left.
pub(super) fn moved(students: &Changes<Student>) -> Vec<String> {
    let mut new: HashMap<_, usize> = HashMap::new();
    for change in students.saved.iter().filter(|change| change.before.is_none()) {
        *new.entry((change.after.name_key.as_str(), change.after.birth_date)).or_default() += 1;
    }
    let ended = students.ended.len();
    let again = students.ended.iter().filter(|change| {
        let key = (change.after.name_key.as_str(), change.after.birth_date);
        let left = new.get_mut(&key).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    });
    let again = again.count();
    if again == 0 || again * 100 < ended * MOVED_PERCENT {
        return Vec::new();
    }
    vec![format!(
        "{again} of the {ended} students who would end come again with the same name and birth date under another id: the source seems to have given new ids."
    )]
}
