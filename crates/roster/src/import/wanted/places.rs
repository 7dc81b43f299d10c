//! Schools, terms and classes of a package.

use std::{
    collections::{HashMap, HashSet},
    io::{Read, Seek},
};

use super::{Class, Reading, School, SourcedId, Wants, fault};
use crate::{
    class,
    oneroster::{self, File, Org, OrgType, Refused, Session, State},
};

/// The course of classes that have none: the standard requires one of every class.
pub(crate) const NO_COURSE: &str = "no-course";
/// How deep organisations are nested at most; more is a circle.
const DEPTH_MAX: usize = 20;

/// Schools, and the ids of what else is an organisation.
pub(super) fn schools<S: Read + Seek>(
    reading: &mut Reading<'_, S>,
) -> Result<(Wants<School>, HashSet<SourcedId>), Refused> {
    let mut wants = Wants::new(reading.mode(File::Orgs));
    let mut offices = HashSet::new();
    let mut parents = HashMap::new();
    let mut found = Vec::new();
    reading.each(|id, line, row: Option<Org>| match row {
        None => wants.refuse(id),
        Some(org) if org.state == State::ToBeDeleted => wants.end(id),
        Some(org) => {
            if let Some(parent) = org.parent {
                parents.insert(id.clone(), parent);
            }
            found.push((id, line, org.kind, School { name: org.name, timezone: org.timezone }));
        }
    })?;
    for (id, line, kind, school) in found {
        if is_in_a_circle(&id, &parents) {
            let message = "An organisation is not above itself.";
            reading.errors.push(fault("orgs", line, "parentSourcedId", "cycle", message));
            wants.refuse(id);
        } else if kind == OrgType::School {
            wants.stand(id, line, school);
        } else {
            wants.seen.insert(id.clone());
            offices.insert(id);
        }
    }
    Ok((wants, offices))
}

fn is_in_a_circle(id: &str, parents: &HashMap<SourcedId, SourcedId>) -> bool {
    let mut at = id;
    for _ in 0..DEPTH_MAX {
        match parents.get(at) {
            None => return false,
            Some(parent) if parent == id => return true,
            Some(parent) => at = parent,
        }
    }
    true
}

/// Terms, those that others are parts of first.
pub(super) fn terms<S: Read + Seek>(
    reading: &mut Reading<'_, S>,
) -> Result<Wants<Session>, Refused> {
    let mut wants = Wants::new(reading.mode(File::AcademicSessions));
    reading.each(|id, line, row: Option<Session>| match row {
        None => wants.refuse(id),
        Some(session) if session.state == State::ToBeDeleted => wants.end(id),
        Some(session) => wants.stand(id, line, session),
    })?;
    let parents: HashMap<_, _> = wants
        .rows
        .iter()
        .filter_map(|said| Some((said.sourced_id.clone(), said.row.parent.clone()?)))
        .collect();
    let (rows, circles) =
        wants.rows.into_iter().partition(|said| !is_in_a_circle(&said.sourced_id, &parents));
    wants.rows = rows;
    wants.rows.sort_by_cached_key(|said| depth(&said.sourced_id, &parents));
    let circles: Vec<_> = circles;
    for said in circles {
        let message = "A term is no part of its own parts.";
        let found = fault("academicSessions", said.line, "parentSourcedId", "cycle", message);
        reading.errors.push(found);
        wants.wrong.insert(said.sourced_id);
    }
    Ok(wants)
}

fn depth(id: &str, parents: &HashMap<SourcedId, SourcedId>) -> usize {
    std::iter::successors(parents.get(id), |parent| parents.get(*parent)).take(DEPTH_MAX).count()
}

/// Classes with their courses.
pub(super) fn classes<S: Read + Seek>(
    reading: &mut Reading<'_, S>,
) -> Result<Wants<Class>, Refused> {
    let mut courses = HashMap::new();
    let mut known = HashSet::new();
    reading.each(|id, _, row: Option<oneroster::Course>| {
        known.insert(id.clone());
        if let Some(course) = row.filter(|course| course.state == State::Active) {
            courses.insert(id, course);
        }
    })?;
    let whole = reading.mode(File::Courses) == oneroster::Mode::Bulk;
    let mut wants = Wants::new(reading.mode(File::Classes));
    let mut orphans = Vec::new();
    reading.each(|id, line, row: Option<oneroster::Class>| match row {
        None => wants.refuse(id),
        Some(class) if class.state == State::ToBeDeleted => wants.end(id),
        Some(class) => {
            if whole && !known.contains(&class.course) {
                let message = "courses.csv has no course of this id.";
                orphans.push(fault("classes", line, "courseSourcedId", "unknown", message));
                wants.refuse(id);
                return;
            }
            let course = courses.get(&class.course);
            let subjects = match (class.subjects.is_empty(), course) {
                (true, Some(course)) => course.subjects.clone(),
                _ => class.subjects,
            };
            let row = Class {
                title: class.title,
                school: class.school,
                terms: class.terms,
                course: course.map(|found| course_of(&class.course, found)),
                subjects,
            };
            wants.stand(id, line, row);
        }
    })?;
    reading.errors.extend(orphans);
    Ok(wants)
}

fn course_of(id: &str, found: &oneroster::Course) -> class::Course {
    if id == NO_COURSE {
        return class::Course::default();
    }
    class::Course { title: Some(found.title.clone()), code: found.code.clone() }
}
