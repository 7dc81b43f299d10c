//! Organisations, sessions, courses and classes of a package.

use std::collections::BTreeMap;

use kernel::{
    rows::{self, Only},
    tx::Tx,
};
use sha2::{Digest, Sha256};

use super::{Writer, broken, ids::Ids};
use crate::{
    Error, Status,
    class::{self, Class},
    import::{hex, wanted::places::NO_COURSE},
    oneroster::{self, ClassType, Org, OrgType, Session, SessionType, State},
    school::{self, School},
    term::{self, Term, TermType},
};

/// Bytes of a digest that name a course: a catalogue has thousands of them, not millions.
const COURSE_BYTES: usize = 8;

pub(super) async fn write(tx: &mut Tx, ids: &Ids, writer: &mut Writer) -> Result<(), Error> {
    let active = [Only::Word("status", Status::Active.name())];
    let schools: Vec<School> = rows::all(tx, &school::TABLE, &active).await?;
    let district = org("District", OrgType::District, None, None);
    let mut orgs = vec![(ids.district.clone(), district)];
    orgs.extend(schools.iter().filter_map(|school| {
        let parent = Some(ids.district.clone());
        let zone = Some(school.timezone.clone());
        let sourced_id = ids.schools.get(&school.school_id.0)?;
        Some((sourced_id.clone(), org(&school.name, OrgType::School, parent, zone)))
    }));
    orgs.sort_by(|a, b| a.0.cmp(&b.0));
    writer.rows(&orgs).map_err(broken)?;

    let terms: Vec<Term> = rows::all(tx, &term::TABLE, &[]).await?;
    let mut sessions: Vec<_> = terms.iter().filter_map(|term| session(ids, term)).collect();
    sessions.sort_by(|a, b| a.0.cmp(&b.0));
    writer.rows(&sessions).map_err(broken)?;

    let classes: Vec<Class> = rows::all(tx, &class::TABLE, &active).await?;
    let courses: BTreeMap<_, _> =
        classes.iter().map(|class| (course_id(&class.course), course(ids, class))).collect();
    let courses: Vec<_> = courses.into_iter().collect();
    writer.rows(&courses).map_err(broken)?;
    let mut classes: Vec<_> = classes.iter().filter_map(|class| row(ids, class)).collect();
    classes.sort_by(|a, b| a.0.cmp(&b.0));
    writer.rows(&classes).map_err(broken)
}

fn org(name: &str, kind: OrgType, parent: Option<String>, timezone: Option<String>) -> Org {
    Org { state: State::Active, name: name.to_owned(), kind, identifier: None, parent, timezone }
}

fn session(ids: &Ids, term: &Term) -> Option<(String, Session)> {
    let kind = match term.r#type {
        TermType::SchoolYear => SessionType::SchoolYear,
        TermType::Semester => SessionType::Semester,
        TermType::Term => SessionType::Term,
        TermType::GradingPeriod => SessionType::GradingPeriod,
    };
    let row = Session {
        state: State::Active,
        title: term.title.clone(),
        kind,
        start: term.start_date,
        end: term.end_date,
        parent: term.parent_id.and_then(|id| ids.terms.get(&id.0).cloned()),
        school_year: term.school_year.to_string(),
    };
    Some((ids.terms.get(&term.term_id.0)?.clone(), row))
}

/// Courses have no id with us: it follows from what they are.
fn course_id(course: &class::Course) -> String {
    if *course == class::Course::default() {
        return NO_COURSE.to_owned();
    }
    let part = |text: &Option<String>| text.clone().unwrap_or_default();
    let digest = Sha256::new()
        .chain_update(part(&course.title))
        .chain_update([0])
        .chain_update(part(&course.code))
        .finalize();
    format!("course-{}", hex(digest.iter().take(COURSE_BYTES)))
}

fn course(ids: &Ids, class: &Class) -> oneroster::Course {
    let title = class.course.title.as_ref().or(class.course.code.as_ref());
    oneroster::Course {
        state: State::Active,
        title: title.map_or("No course", String::as_str).to_owned(),
        code: class.course.code.clone(),
        org: ids.district.clone(),
        subjects: Vec::new(),
    }
}

fn row(ids: &Ids, class: &Class) -> Option<(String, oneroster::Class)> {
    let (sourced_id, school) = ids.classes.get(&class.class_id.0)?;
    let mut terms: Vec<_> =
        class.term_ids.iter().filter_map(|id| ids.terms.get(&id.0).cloned()).collect();
    terms.sort_unstable();
    let subjects = class.subject.as_deref().unwrap_or_default().split(',').map(str::trim);
    let row = oneroster::Class {
        state: State::Active,
        title: class.name.clone(),
        course: course_id(&class.course),
        kind: ClassType::Scheduled,
        school: school.clone(),
        terms,
        subjects: subjects.filter(|word| !word.is_empty()).map(str::to_owned).collect(),
    };
    Some((sourced_id.clone(), row))
}
