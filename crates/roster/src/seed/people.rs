//! The people of a seeded district: households, staff, and who is in which class.

use jiff::civil::date;
use rand::{RngExt, rngs::StdRng};

use super::{
    District, Shape, names,
    places::{Cohort, GRADES},
};
use crate::oneroster::{Demographics, Enrollment, EnrollmentRole, State, User, UserRole};

/// Classes of one teacher.
const CLASSES_OF_A_TEACHER: usize = 3;
/// Of a hundred classes, how many have a second teacher.
const ASSISTED: u32 = 8;
/// Of a hundred households, how many have a second guardian.
const SECOND_GUARDIAN: u32 = 55;
/// Of a hundred students, how many came when the year had begun.
const LATE: u32 = 3;
/// Children of a household: one in half of them, two or three in the others.
const CHILDREN: [u32; 6] = [1, 1, 1, 2, 2, 3];

/// A student and the classes of their grade.
pub(super) struct Pupil {
    id: String,
    school: String,
    /// One class of each subject.
    classes: Vec<String>,
}

/// Students move in with their guardians, household by household.
pub(super) fn move_in(
    district: &mut District,
    shape: Shape,
    cohorts: &[Cohort],
    rng: &mut StdRng,
) -> Vec<Pupil> {
    let mut places: Vec<_> =
        cohorts.iter().flat_map(|cohort| (0..cohort.students).map(move |n| (cohort, n))).collect();
    // So that siblings go to different grades.
    for last in (1..places.len()).rev() {
        places.swap(last, rng.random_range(0..=last));
    }
    let mut pupils = Vec::with_capacity(places.len());
    let mut left = places.as_slice();
    let mut household = 0;
    while !left.is_empty() {
        household += 1;
        let wanted = CHILDREN.get(rng.random_range(0..CHILDREN.len())).copied().unwrap_or(1);
        let children = left.len().min(usize::try_from(wanted).unwrap_or(1));
        let (here, rest) = left.split_at(children);
        left = rest;
        let family = names::family(rng);
        let agents = guardians(district, household, &family, rng);
        for (cohort, n) in here {
            let number = pupils.len() + 1;
            pupils.push(pupil(district, shape, (cohort, *n, number), (&family, &agents), rng));
        }
    }
    pupils
}

fn pupil(
    district: &mut District,
    shape: Shape,
    (cohort, n, number): (&Cohort, u32, usize),
    (family, agents): (&names::Family, &[String]),
    rng: &mut StdRng,
) -> Pupil {
    let id = format!("student-{number:06}");
    let grade = GRADES.get(cohort.grade).copied().unwrap_or_default();
    let user = User {
        identifier: Some(format!("{:07}", 1_000_000 + number)),
        orgs: vec![cohort.school.clone()],
        agents: agents.to_vec(),
        grades: vec![grade.to_owned()],
        ..person(UserRole::Student, &id, (names::given(family, rng), family.name))
    };
    district.users.push((id.clone(), user));
    // A child of kindergarten is five on the first of September.
    let age = i16::try_from(cohort.grade).unwrap_or_default() + 5;
    let month = rng.random_range(1..=12_i8);
    let year = shape.year - age - i16::from(month >= 9);
    let born = date(year, month, rng.random_range(1..=28_i8));
    let born = Demographics { state: State::Active, birth_date: Some(born) };
    district.demographics.push((id.clone(), born));
    let in_subject = |sections: &Vec<String>| {
        let at = usize::try_from(n).unwrap_or_default() % sections.len().max(1);
        sections.get(at).cloned()
    };
    let classes = cohort.sections.iter().filter_map(in_subject).collect();
    Pupil { id, school: cohort.school.clone(), classes }
}

fn guardians(
    district: &mut District,
    household: u32,
    family: &names::Family,
    rng: &mut StdRng,
) -> Vec<String> {
    let count = if rng.random_range(0..100) < SECOND_GUARDIAN { 2 } else { 1 };
    let mut ids = Vec::new();
    for nth in 1..=count {
        let id = format!("guardian-{household:06}-{nth}");
        let role =
            if rng.random_range(0..100) < 93 { UserRole::Parent } else { UserRole::Guardian };
        let user = User {
            orgs: vec!["district".to_owned()],
            email: Some(format!("{id}@families.example.org")),
            // Numbers that are nobody's: 555-0100 to 555-0199.
            phone: Some(format!("+1 217 555 01{:02}", rng.random_range(0..100))),
            ..person(role, &id, (names::given(family, rng), family.name))
        };
        district.users.push((id.clone(), user));
        ids.push(id);
    }
    ids
}

/// Teachers for all classes, and a head for each school.
pub(super) fn employ(district: &mut District, cohorts: &[Cohort], rng: &mut StdRng) {
    let mut schools: Vec<&str> = cohorts.iter().map(|cohort| cohort.school.as_str()).collect();
    schools.sort_unstable();
    schools.dedup();
    let mut number = 0;
    for school in schools {
        let head = format!("head-{school}");
        hire(district, &head, UserRole::Administrator, school, rng);
        let here = cohorts.iter().filter(|cohort| cohort.school == school);
        let classes: Vec<_> = here.flat_map(|cohort| cohort.sections.iter().flatten()).collect();
        let mut before: Option<String> = None;
        for taught in classes.chunks(CLASSES_OF_A_TEACHER) {
            number += 1;
            let teacher = format!("teacher-{number:05}");
            hire(district, &teacher, UserRole::Teacher, school, rng);
            for class in taught {
                teach(district, class, school, &teacher, true);
                if let Some(other) = before.as_ref().filter(|_| rng.random_range(0..100) < ASSISTED)
                {
                    teach(district, class, school, other, false);
                }
            }
            before = Some(teacher);
        }
    }
}

fn hire(district: &mut District, id: &str, role: UserRole, school: &str, rng: &mut StdRng) {
    let family = names::family(rng);
    let user = User {
        orgs: vec![school.to_owned()],
        email: Some(format!("{id}@schools.example.org")),
        ..person(role, id, (names::given(&family, rng), family.name))
    };
    district.users.push((id.to_owned(), user));
}

fn teach(district: &mut District, class: &str, school: &str, teacher: &str, is_primary: bool) {
    let row = Enrollment {
        is_primary,
        role: EnrollmentRole::Teacher,
        ..enrollment(class, school, teacher)
    };
    district.enrollments.push((format!("{class}:{teacher}"), row));
}

/// Students go to the classes of their grade; a few came later.
pub(super) fn enroll(district: &mut District, shape: Shape, pupils: &[Pupil], rng: &mut StdRng) {
    for pupil in pupils {
        let late = rng.random_range(0..100) < LATE;
        let begin = late.then(|| date(shape.year, 8, 31));
        for class in &pupil.classes {
            let row = Enrollment { begin, ..enrollment(class, &pupil.school, &pupil.id) };
            district.enrollments.push((format!("{class}:{}", pupil.id), row));
        }
    }
}

fn enrollment(class: &str, school: &str, user: &str) -> Enrollment {
    Enrollment {
        state: State::Active,
        class: class.to_owned(),
        school: school.to_owned(),
        user: user.to_owned(),
        role: EnrollmentRole::Student,
        is_primary: false,
        begin: None,
        end: None,
    }
}

fn person(role: UserRole, id: &str, (given, family): (&str, &str)) -> User {
    User {
        state: State::Active,
        enabled: true,
        role: Some(role),
        roles: Vec::new(),
        orgs: Vec::new(),
        username: id.to_owned(),
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        identifier: None,
        email: None,
        phone: None,
        agents: Vec::new(),
        grades: Vec::new(),
    }
}
