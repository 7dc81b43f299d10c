//! The schools of a seeded district, its school year, and what is taught there.

use jiff::civil::{Date, date};

use super::{District, Shape};
use crate::oneroster::{Class, ClassType, Course, Org, OrgType, Session, SessionType, State};

/// Students of a school, about.
const STUDENTS_OF_A_SCHOOL: u32 = 416;
/// Students of a class, about: 900 classes of 5,000 students with eight classes each.
const STUDENTS_OF_A_CLASS: u32 = 45;
/// Where the district is.
const ZONE: &str = "America/Chicago";
/// The district's own id.
const DISTRICT: &str = "district";
/// The grades, in CEDS codes.
pub(super) const GRADES: [&str; 13] =
    ["KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"];

/// A kind of school.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Elementary,
    Middle,
    High,
}

/// Of what schools are called after: enough for 36, then they are numbered.
const NAMES: [&str; 36] = [
    "Lincoln",
    "Washington",
    "Maple Grove",
    "Riverside",
    "Jefferson",
    "Oak Hill",
    "Franklin",
    "Cedar Valley",
    "Harriet Tubman",
    "Lakeview",
    "Roosevelt",
    "César Chávez",
    "Prairie View",
    "Rosa Parks",
    "Sunnyside",
    "Madison",
    "Willow Creek",
    "Sojourner Truth",
    "Northside",
    "Kennedy",
    "Birchwood",
    "Amelia Earhart",
    "Stone Bridge",
    "Thurgood Marshall",
    "Fairview",
    "Hillcrest",
    "Sacagawea",
    "Eastlake",
    "Monroe",
    "Pine Ridge",
    "Ida B. Wells",
    "Meadowbrook",
    "Adams",
    "Clearwater",
    "Dolores Huerta",
    "Westfield",
];

/// What is taught at a level: title, code, subject.
type Subject = (&'static str, &'static str, &'static str);
const ELEMENTARY: [Subject; 8] = [
    ("Homeroom", "HR", "Homeroom"),
    ("Reading and Writing", "ELA", "English Language Arts"),
    ("Mathematics", "MAT", "Mathematics"),
    ("Science", "SCI", "Science"),
    ("Social Studies", "SOC", "Social Studies"),
    ("Art", "ART", "Arts"),
    ("Music", "MUS", "Arts"),
    ("Physical Education", "PE", "Physical Education"),
];
const MIDDLE: [Subject; 8] = [
    ("Homeroom", "HR", "Homeroom"),
    ("English", "ENG", "English Language Arts"),
    ("Mathematics", "MAT", "Mathematics"),
    ("Life Science", "SCI", "Science"),
    ("World Geography", "GEO", "Social Studies"),
    ("Spanish", "SPA", "World Languages"),
    ("Band", "BND", "Arts"),
    ("Physical Education", "PE", "Physical Education"),
];
const HIGH: [Subject; 8] = [
    ("Advisory", "ADV", "Homeroom"),
    ("English Literature", "ENG", "English Language Arts"),
    ("Algebra", "ALG", "Mathematics"),
    ("Biology", "BIO", "Science"),
    ("US History", "HIS", "Social Studies"),
    ("Spanish", "SPA", "World Languages"),
    ("Computer Science", "CS", "Computer Science"),
    ("Health", "HEA", "Physical Education"),
];

impl Level {
    /// Four of seven schools are for the youngest, as their grades are most and their schools small.
    const fn of(number: u32) -> Self {
        match number % 12 {
            0 | 1 | 3 | 4 | 6 | 8 | 10 => Self::Elementary,
            2 | 7 | 11 => Self::Middle,
            _ => Self::High,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Elementary => "Elementary School",
            Self::Middle => "Middle School",
            Self::High => "High School",
        }
    }

    const fn subjects(self) -> &'static [Subject; 8] {
        match self {
            Self::Elementary => &ELEMENTARY,
            Self::Middle => &MIDDLE,
            Self::High => &HIGH,
        }
    }

    fn of_grade(grade: usize) -> Self {
        match grade {
            0..=5 => Self::Elementary,
            6..=8 => Self::Middle,
            _ => Self::High,
        }
    }
}

/// A grade of a school, and its classes.
#[derive(Debug)]
pub(super) struct Cohort {
    pub(super) school: String,
    /// Place in [`GRADES`].
    pub(super) grade: usize,
    pub(super) students: u32,
    /// For each subject the ids of its classes.
    pub(super) sections: Vec<Vec<String>>,
}

/// Founds the schools and their classes; answers the grades of each, for students to come.
pub(super) fn lay(district: &mut District, shape: Shape) -> Vec<Cohort> {
    sessions(district, shape.year);
    let row = |name: String, kind| Org {
        state: State::Active,
        name,
        kind,
        identifier: None,
        parent: None,
        timezone: None,
    };
    let name = "Springfield Public Schools".to_owned();
    district.orgs.push((DISTRICT.to_owned(), row(name, OrgType::District)));
    // At least one of each level.
    let count = (shape.students / STUDENTS_OF_A_SCHOOL).clamp(6, 600);
    let levels: Vec<_> = (0..count).map(Level::of).collect();
    for (number, level) in levels.iter().enumerate() {
        let round = number / NAMES.len();
        let after = NAMES.get(number % NAMES.len()).copied().unwrap_or_default();
        let numbered = if round > 0 { format!(" {}", round + 1) } else { String::new() };
        let org = Org {
            parent: Some(DISTRICT.to_owned()),
            timezone: Some(ZONE.to_owned()),
            ..row(format!("{after}{numbered} {}", level.name()), OrgType::School)
        };
        district.orgs.push((school(number), org));
    }
    for level in [Level::Elementary, Level::Middle, Level::High] {
        courses(district, level);
    }
    let cohorts = cohorts(&levels, shape.students);
    cohorts.into_iter().map(|cohort| classes(district, cohort)).collect()
}

fn school(number: usize) -> String {
    format!("school-{:03}", number + 1)
}

fn sessions(district: &mut District, year: i16) {
    let session = |title: String, kind, start: Date, end: Date, parent: Option<&str>| Session {
        state: State::Active,
        title,
        kind,
        start,
        end,
        parent: parent.map(str::to_owned),
        school_year: (year + 1).to_string(),
    };
    let (first, turn, last) = (date(year, 8, 17), date(year, 12, 18), date(year + 1, 6, 4));
    let title = format!("{year}-{:02}", (year + 1) % 100);
    let whole = session(title, SessionType::SchoolYear, first, last, None);
    let fall = session(format!("Fall {year}"), SessionType::Semester, first, turn, Some("year"));
    let spring = date(year + 1, 1, 5);
    let spring =
        session(format!("Spring {}", year + 1), SessionType::Semester, spring, last, Some("year"));
    for (id, row) in [("year", whole), ("fall", fall), ("spring", spring)] {
        district.sessions.push((id.to_owned(), row));
    }
}

fn courses(district: &mut District, level: Level) {
    for (grade, name) in GRADES.iter().enumerate().filter(|(at, _)| Level::of_grade(*at) == level) {
        for (title, code, subject) in level.subjects() {
            let course = Course {
                state: State::Active,
                title: if grade == 0 {
                    format!("{title}, Kindergarten")
                } else {
                    format!("{title} {grade}")
                },
                code: Some(format!("{code}-{name}")),
                org: DISTRICT.to_owned(),
                subjects: vec![(*subject).to_owned()],
            };
            district.courses.push((course_id(code, grade), course));
        }
    }
}

fn course_id(code: &str, grade: usize) -> String {
    format!("course-{}-{grade:02}", code.to_lowercase())
}

/// The students of each grade, divided among the schools of its level.
fn cohorts(levels: &[Level], students: u32) -> Vec<Cohort> {
    let mut cohorts = Vec::new();
    let grades = u32::try_from(GRADES.len()).unwrap_or(1);
    for grade in 0..GRADES.len() {
        let at = u32::try_from(grade).unwrap_or_default();
        let all = students / grades + u32::from(at < students % grades);
        let schools: Vec<_> = levels
            .iter()
            .enumerate()
            .filter(|(_, level)| **level == Level::of_grade(grade))
            .collect();
        let count = u32::try_from(schools.len()).unwrap_or(1).max(1);
        for (place, (number, _)) in (0_u32..).zip(schools) {
            let students = all / count + u32::from(place < all % count);
            cohorts.push(Cohort { school: school(number), grade, students, sections: Vec::new() });
        }
    }
    cohorts.retain(|cohort| cohort.students > 0);
    cohorts
}

fn classes(district: &mut District, mut cohort: Cohort) -> Cohort {
    let sections = cohort.students.div_ceil(STUDENTS_OF_A_CLASS);
    let level = Level::of_grade(cohort.grade);
    let grade = GRADES.get(cohort.grade).copied().unwrap_or_default();
    for (title, code, _) in level.subjects() {
        let mut ids = Vec::new();
        for section in 1..=sections {
            let id = format!("class-{}-{grade}-{}-{section}", cohort.school, code.to_lowercase());
            let kind = if matches!(*code, "HR" | "ADV") {
                ClassType::Homeroom
            } else {
                ClassType::Scheduled
            };
            let class = Class {
                state: State::Active,
                title: format!("{title} {grade}, section {section}"),
                course: course_id(code, cohort.grade),
                kind,
                school: cohort.school.clone(),
                terms: vec!["fall".to_owned(), "spring".to_owned()],
                subjects: Vec::new(),
            };
            district.classes.push((id.clone(), class));
            ids.push(id);
        }
        cohort.sections.push(ids);
    }
    cohort
}
