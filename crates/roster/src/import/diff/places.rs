//! Schools, terms and classes: wanted beside known.

use std::collections::HashSet;

use jiff::civil::Date;
use kernel::{http::body::Change as Field, problem::FieldError};

use super::{Change, Changes, Planner, Taught, faults, resolve};
use crate::{
    Status,
    class::{self, Class, CreateClass, PatchClass},
    import::{
        summary::{Fate, Kind},
        wanted::{self, Said, fault},
    },
    oneroster::{self, RowError, SessionType},
    school::{CreateSchool, PatchSchool, School},
    term::{CreateTerm, PatchTerm, Term, TermType},
};

impl Planner<'_> {
    pub(super) fn schools(&mut self) -> Changes<School> {
        let mut changes = Changes::default();
        for said in &self.wanted.schools.rows {
            let before = self.known.schools.entity(&said.sourced_id);
            match self.school(said, before) {
                Err(faults) => self.refuse(
                    Kind::Schools,
                    &before.iter().map(|s| s.school_id).collect::<Vec<_>>(),
                    faults,
                ),
                Ok(after) => {
                    let id = after.as_ref().or(before).map(|school| school.school_id);
                    let Some(id) = id else { continue };
                    self.schools.insert(said.sourced_id.clone(), id);
                    self.tally.add(Kind::Schools, fate(before, after.as_ref()), &[id]);
                    changes.keep(before, after);
                }
            }
        }
        for (sourced_id, school) in self.known.schools.linked() {
            let Some(after) = school.archived(self.frame.now) else { continue };
            if self.wanted.schools.ends(sourced_id) {
                self.ended.schools.insert(school.school_id);
                self.tally.add(Kind::Schools, Fate::Ended, &[school.school_id]);
                changes.ended.push(Change { before: Some(school.clone()), after });
            } else {
                self.schools.entry(sourced_id.clone()).or_insert(school.school_id);
            }
        }
        for (sourced_id, school) in self.known.schools.unlinked() {
            if school.status == Status::Active {
                self.schools.entry(sourced_id.clone()).or_insert(school.school_id);
            }
        }
        changes
    }

    /// What a school is to become; nothing when it is so already.
    fn school(
        &self,
        said: &Said<wanted::School>,
        before: Option<&School>,
    ) -> Result<Option<School>, Vec<RowError>> {
        let row = &said.row;
        let column = |pointer: &str| match pointer {
            "/timezone" => "metadata.timezone",
            _ => "name",
        };
        let refused = |errors: Vec<FieldError>| faults("orgs", said.line, &errors, column);
        let after = match before {
            None => {
                let asked = CreateSchool {
                    name: row.name.clone(),
                    timezone: row.timezone.clone(),
                    external_refs: self.reference(&said.sourced_id),
                };
                let id = self.frame.ids.next().into();
                Some(asked.parse(id, self.frame.now).map_err(refused)?)
            }
            Some(before) => {
                let patch = PatchSchool {
                    name: Some(row.name.clone()),
                    timezone: row.timezone.clone(),
                    external_refs: None,
                };
                let back = before.reopened(self.frame.now);
                let base = back.as_ref().unwrap_or(before);
                let patched = base.patched(patch, self.frame.now).map_err(refused)?;
                patched.or(back).map(|after| School { version: before.version + 1, ..after })
            }
        };
        if after.as_ref().and_then(|after| self.namesake(after)).is_none() {
            return Ok(after);
        }
        let message = format!(
            "Another active school has this name and no external id: give it the external id {} of {} if it is the same.",
            said.sourced_id, self.frame.source
        );
        Err(vec![fault("orgs", said.line, "name", "name_taken", message)])
    }

    /// An active school that nothing but its name could tell apart.
    fn namesake(&self, school: &School) -> Option<&School> {
        self.known.all_schools.iter().find(|other| {
            other.school_id != school.school_id
                && other.status == Status::Active
                && other.name_key == school.name_key
                && (other.external_refs.is_empty() || school.external_refs.is_empty())
        })
    }

    pub(super) fn terms(&mut self) -> Changes<Term> {
        let known = self.known;
        for term in &known.all_terms {
            self.days.insert(term.term_id, (term.start_date, term.end_date));
        }
        for (sourced_id, term) in known.terms.all() {
            self.terms.insert(sourced_id.clone(), term.term_id);
        }
        let mut changes = Changes::default();
        for said in &self.wanted.terms.rows {
            let before = known.terms.entity(&said.sourced_id);
            match self.term(said, before) {
                Err(faults) => self.refuse(Kind::Terms, &[], faults),
                Ok(after) => {
                    if let Some(term) = &after {
                        self.terms.insert(said.sourced_id.clone(), term.term_id);
                        self.days.insert(term.term_id, (term.start_date, term.end_date));
                    }
                    self.tally.add(Kind::Terms, fate(before, after.as_ref()), &[]);
                    changes.keep(before, after);
                }
            }
        }
        changes
    }

    fn term(
        &self,
        said: &Said<oneroster::Session>,
        before: Option<&Term>,
    ) -> Result<Option<Term>, Vec<RowError>> {
        const FILE: &str = "academicSessions";
        let row = &said.row;
        let parent_id = match &row.parent {
            None => None,
            Some(parent) => Some(self.terms.get(parent).copied().ok_or_else(|| {
                vec![fault(
                    FILE,
                    said.line,
                    "parentSourcedId",
                    "unknown",
                    "There is no session of this id.",
                )]
            })?),
        };
        let school_year = row.school_year.parse().map_err(|_| {
            vec![fault(
                FILE,
                said.line,
                "schoolYear",
                "no_year",
                "The year in which the school year ends, for instance 2027.",
            )]
        })?;
        let column = |pointer: &str| match pointer {
            "/startDate" => "startDate",
            "/endDate" => "endDate",
            "/schoolYear" => "schoolYear",
            "/parentId" => "parentSourcedId",
            _ => "title",
        };
        let refused = |errors: Vec<FieldError>| faults(FILE, said.line, &errors, column);
        let Some(before) = before else {
            let asked = CreateTerm {
                title: row.title.clone(),
                r#type: type_of(row.kind),
                start_date: row.start.to_string(),
                end_date: row.end.to_string(),
                parent_id,
                school_year,
                external_refs: self.reference(&said.sourced_id),
            };
            let id = self.frame.ids.next().into();
            return asked.parse(id, self.frame.now).map(Some).map_err(refused);
        };
        let patch = PatchTerm {
            title: Some(row.title.clone()),
            r#type: Some(type_of(row.kind)),
            start_date: Some(row.start.to_string()),
            end_date: Some(row.end.to_string()),
            parent_id: parent_id.map_or(Field::Clear, Field::Set),
            school_year: Some(school_year),
            external_refs: None,
        };
        before.patched(patch, self.frame.now).map_err(refused)
    }

    pub(super) fn classes(&mut self) -> Changes<Class> {
        let mut changes = Changes::default();
        let mut standing = HashSet::new();
        for said in &self.wanted.classes.rows {
            let before = self.known.classes.entity(&said.sourced_id);
            match self.class(said, before) {
                Err(faults) => {
                    let school: Vec<_> = before.iter().map(|class| class.school_id).collect();
                    self.refuse(Kind::Classes, &school, faults);
                }
                Ok(after) => {
                    let Some(class) = after.as_ref().or(before) else { continue };
                    standing.insert(said.sourced_id.as_str());
                    self.classes.insert(said.sourced_id.clone(), self.taught(class));
                    let fate = fate(before, after.as_ref());
                    self.tally.add(Kind::Classes, fate, &[class.school_id]);
                    changes.keep(before, after);
                }
            }
        }
        for (sourced_id, class) in self.known.classes.linked() {
            let Some(after) = class.archived(self.frame.now) else { continue };
            if standing.contains(sourced_id.as_str()) {
                continue;
            }
            // A class ends with its school, whatever its own row says.
            let with_school = self.ended.schools.contains(&class.school_id);
            if with_school || self.wanted.classes.ends(sourced_id) {
                self.ended.classes.insert(class.class_id);
                self.tally.add(Kind::Classes, Fate::Ended, &[class.school_id]);
                changes.ended.push(Change { before: Some(class.clone()), after });
            } else {
                self.classes.insert(sourced_id.clone(), self.taught(class));
            }
        }
        for (sourced_id, class) in self.known.classes.unlinked() {
            if class.status == Status::Active && !self.classes.contains_key(sourced_id) {
                self.classes.insert(sourced_id.clone(), self.taught(class));
            }
        }
        changes
    }

    fn class(
        &self,
        said: &Said<wanted::Class>,
        before: Option<&Class>,
    ) -> Result<Option<Class>, Vec<RowError>> {
        let row = &said.row;
        let wrong =
            |column, code, message: &str| vec![fault("classes", said.line, column, code, message)];
        let Some(school_id) = self.schools.get(&row.school).copied() else {
            let message = "There is no active school of this id.";
            return Err(wrong("schoolSourcedId", "unknown", message));
        };
        let (term_ids, unknown) = resolve(&row.terms, |id| self.terms.get(id).copied(), |_| false);
        if unknown.is_some() {
            let message = "There is no session of one of these ids.";
            return Err(wrong("termSourcedIds", "unknown", message));
        }
        let column = |pointer: &str| match pointer {
            "/termIds" => "termSourcedIds",
            "/course/title" | "/course/code" => "courseSourcedId",
            "/subject" => "subjects",
            _ => "title",
        };
        let refused = |errors: Vec<FieldError>| faults("classes", said.line, &errors, column);
        let subject = subject(&row.subjects);
        let Some(before) = before else {
            let asked = CreateClass {
                school_id,
                name: row.title.clone(),
                term_ids,
                course: row.course.clone().unwrap_or_default(),
                subject,
                external_refs: self.reference(&said.sourced_id),
            };
            let id = self.frame.ids.next().into();
            return asked.parse(id, self.frame.now).map(Some).map_err(refused);
        };
        if before.school_id != school_id {
            let message = "The class is at another school, and a class does not change its school: end it and make a new one.";
            return Err(wrong("schoolSourcedId", "other_school", message));
        }
        let same_subject =
            before.subject.as_deref().map(words_of) == subject.as_deref().map(words_of);
        let patch = PatchClass {
            name: Some(row.title.clone()),
            term_ids: Some(term_ids),
            course: row.course.clone().filter(|course| said_as(course) != said_as(&before.course)),
            subject: match subject {
                _ if same_subject => Field::Keep,
                None => Field::Clear,
                Some(subject) => Field::Set(subject),
            },
            external_refs: None,
        };
        let back = before.reopened(self.frame.now);
        let base = back.as_ref().unwrap_or(before);
        let patched = base.patched(patch, self.frame.now).map_err(refused)?;
        Ok(patched.or(back).map(|after| Class { version: before.version + 1, ..after }))
    }

    fn taught(&self, class: &Class) -> Taught {
        let days = class.term_ids.iter().filter_map(|id| self.days.get(id));
        let first = days.clone().map(|(first, _)| *first).min();
        let last = days.map(|(_, last)| *last).max();
        Taught {
            id: class.class_id,
            school: class.school_id,
            days: (first.unwrap_or(Date::ZERO), last.and_then(|last| last.tomorrow().ok())),
        }
    }
}

impl<T: Clone> Changes<T> {
    pub(super) fn keep(&mut self, before: Option<&T>, after: Option<T>) {
        self.saved.extend(after.map(|after| Change { before: before.cloned(), after }));
    }
}

pub(super) fn fate<T>(before: Option<&T>, after: Option<&T>) -> Fate {
    match (before, after) {
        (None, _) => Fate::Created,
        (Some(_), Some(_)) => Fate::Updated,
        (Some(_), None) => Fate::Unchanged,
    }
}

const fn type_of(kind: SessionType) -> TermType {
    match kind {
        SessionType::SchoolYear => TermType::SchoolYear,
        SessionType::Semester => TermType::Semester,
        SessionType::Term => TermType::Term,
        SessionType::GradingPeriod => TermType::GradingPeriod,
    }
}

/// Subjects as the roster keeps them: one text.
fn subject(subjects: &[String]) -> Option<String> {
    (!subjects.is_empty()).then(|| subjects.join(", "))
}

/// What a text says as a list.
fn words_of(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
}

/// A course as a package can say it: one with a code and no title goes by its code.
fn said_as(course: &class::Course) -> (Option<&str>, Option<&str>) {
    (course.title.as_deref().or(course.code.as_deref()), course.code.as_deref())
}
