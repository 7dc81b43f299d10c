//! What is asked of a district: whose ids are numbers, so that any can be asked for.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// One request, whose number says what it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) operation: Operation,
    pub(crate) enrollments: u64,
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation {
    Student,
    Students,
    OfSchool,
    Search,
    Number,
    Members,
    Enrollments,
    CreateStudent,
    Enroll,
}

impl Operation {
    pub(crate) const ALL: &'static [Self] = &[
        Self::Student,
        Self::Students,
        Self::OfSchool,
        Self::Search,
        Self::Number,
        Self::Members,
        Self::Enrollments,
        Self::CreateStudent,
        Self::Enroll,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Student => "read a student",
            Self::Students => "list students, page of 50",
            Self::OfSchool => "list students of a school, page of 50",
            Self::Search => "search students by name",
            Self::Number => "search students by external id",
            Self::Members => "class members",
            Self::Enrollments => "list the enrolments of a student",
            Self::CreateStudent => "create a student",
            Self::Enroll => "create an enrolment",
        }
    }

    pub(super) const fn aim(self) -> &'static str {
        match self {
            Self::Members => "p95 < 5 ms, ratio ≤ 1.5",
            Self::CreateStudent | Self::Enroll => "p95 < 25 ms, ratio ≤ 1.5",
            Self::Student
            | Self::Students
            | Self::OfSchool
            | Self::Search
            | Self::Number
            | Self::Enrollments => "p95 < 10 ms, ratio ≤ 1.5",
        }
    }
}

/// The names that [`super::seed`] gives, lower case.
const NAMES: [&str; 20] = [
    "adams", "baker", "clark", "davis", "evans", "frank", "ghosh", "hills", "irwin", "jones",
    "klein", "lopez", "mason", "nolan", "ochoa", "patel", "quinn", "reyes", "smith", "usman",
];

impl Ask {
    /// Method, path below the tenant, and body of the request with this number.
    pub(crate) fn request(self, number: u64) -> (Method, String, Option<Value>) {
        let (students, classes) = (self.enrollments / 5, self.enrollments / 25);
        let (student, class) = (scattered(number, students), scattered(number, classes));
        let get = |path: String| (Method::GET, path, None);
        match self.operation {
            Operation::Student => get(format!("/students/{}", id(3, student))),
            Operation::Students => get("/students".to_owned()),
            Operation::OfSchool => get(format!("/students?schoolId={}", id(1, class % 2))),
            Operation::Search => get(format!("/students?q={}", family(student))),
            Operation::Number => get(format!("/students?q=N-{student}")),
            Operation::Members => get(format!("/classes/{}/members", id(2, class))),
            Operation::Enrollments => get(format!("/enrollments?studentId={}", id(3, student))),
            Operation::CreateStudent => {
                let body = json!({"givenName": "Grace", "familyName": format!("New {number}"),
                    "birthDate": "2015-12-10", "schoolIds": [id(1, 0)],
                    "externalRefs": [{"source": "bench", "value": number.to_string()}]});
                (Method::POST, "/students".to_owned(), Some(body))
            }
            Operation::Enroll => {
                // Long ago, so that it never meets the seeded period.
                let day = format!("19{:02}-01-{:02}", number / 28 % 100, number % 28 + 1);
                let body = json!({"studentId": id(3, student), "classId": id(2, class),
                    "effectiveStart": day, "effectiveEnd": day});
                (Method::POST, "/enrollments".to_owned(), Some(body))
            }
        }
    }
}

/// Some number below `count`, all over it as `number` grows.
const fn scattered(number: u64, count: u64) -> u64 {
    number.wrapping_mul(2_654_435_761) % if count == 0 { 1 } else { count }
}

/// The id of the nth of a kind.
fn id(kind: u8, n: u64) -> Uuid {
    format!("{kind:08}{n:024x}").parse().unwrap_or_default()
}

fn family(n: u64) -> String {
    let name = usize::try_from(n % 20).ok().and_then(|at| NAMES.get(at)).copied();
    format!("{}%20{n}", name.unwrap_or_default())
}
