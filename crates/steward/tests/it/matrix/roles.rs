//! Each role in its own district.

use kernel::Role;
use serde_json::Value;

use super::operations::{Named, Operation, PARAMETERS, Target};
use super::stage::Stage;

#[tokio::test]
async fn each_role_may_exactly_what_the_table_says() {
    let stage = Stage::set().await;
    for operation in &stage.operations {
        let untouched = stage.target(stage.own).await;
        for role in Role::ALL {
            let uses_up = may(operation, role) && operation.writes();
            let target = if uses_up { stage.fresh(operation).await } else { untouched };
            if operation.row.own.contains(&role) {
                stage.give(role, &target).await;
            }
            let before = stage.recorded().await;
            let client = stage.caller(operation, role);
            let answer = operation.request(&client, &target).await.unwrap();
            let after = stage.recorded().await;
            stage.described(operation, &answer);
            if may(operation, role) {
                assert_eq!(
                    answer.status,
                    operation.entry.success,
                    "{role:?}: {} {}",
                    operation.id(),
                    answer.text()
                );
                assert_eq!(after.0, before.0, "{role:?}: {}: recorded as denied", operation.id());
            } else {
                answer.problem(403, "forbidden");
                let once = (before.0 + 1, before.1);
                assert_eq!(after, once, "{role:?}: {}: on record, unchanged", operation.id());
            }
        }
    }
}

#[tokio::test]
async fn an_auditor_never_writes() {
    let stage = Stage::set().await;
    let target = stage.target(stage.own).await;
    for operation in stage.operations.iter().filter(|operation| operation.writes()) {
        let auditor = stage.caller(operation, Role::Auditor);
        operation.request(&auditor, &target).await.unwrap().problem(403, "forbidden");
    }
}

#[tokio::test]
async fn own_only_roles_reach_nothing_else() {
    let stage = Stage::set().await;
    let (own, other) = (stage.target(stage.own).await, stage.target(stage.own).await);
    let mut given = Vec::new();
    for operation in &stage.operations {
        for &role in operation.row.own {
            if !given.contains(&role) {
                stage.give(role, &own).await;
                given.push(role);
            }
            narrowed(&stage, operation, role, (&own, &other)).await;
        }
    }
}

/// The lists that are narrowed, each with the field of its items that is compared.
const LISTS: &[(&str, &str)] = &[
    ("listSchools", "schoolId"),
    ("listRooms", "roomId"),
    ("listClasses", "classId"),
    ("listStudents", "studentId"),
    ("lookupStudents", "studentId"),
    ("listEnrollments", "enrollmentId"),
];

/// The lists that show the own among others that are the caller's as well.
const SEEN: &[(&str, Named)] = &[
    ("listStaff", |target| target.teacher),
    ("listTeachers", |target| target.teacher),
    ("listBulkJobs", |target| target.job),
];

/// What belongs to another school is like what does not exist, and a list shows the own alone.
async fn narrowed(stage: &Stage, operation: &Operation, role: Role, schools: (&Target, &Target)) {
    let client = stage.caller(operation, role);
    let (own, other) = schools;
    let at = format!("{role:?}: {}", operation.id());
    if operation.names_something() {
        let missing = Target::nothing(other.tenant);
        let beyond = operation.request(&client, other).await.unwrap().problem(404, "not-found");
        let missing = operation.request(&client, &missing).await.unwrap().problem(404, "not-found");
        assert_eq!(anonymous(beyond), anonymous(missing), "{at}");
    } else if operation.entry.row.is_some() {
        let accepted = operation.request(&client, other).await.unwrap();
        accepted.expect(202);
        stage.settled().await;
        let results = format!("{}/results", accepted.header("location"));
        let results = client.get(&results).await.unwrap().expect(200);
        assert_eq!(results["items"][0]["errorCode"], "unknown", "{at}: {results}");
    } else if operation.writes() {
        let answer = operation.request(&client, other).await.unwrap();
        assert_eq!(answer.problem(422, "invalid")["errors"][0]["code"], "unknown", "{at}");
    } else if let Some((_, named)) = SEEN.iter().find(|(id, _)| *id == operation.id()) {
        let page = operation.request(&client, own).await.unwrap().expect(200);
        let shown = |target: &Target| page.to_string().contains(&named(target).to_string());
        assert!(shown(own) && !shown(other), "{at}");
    } else {
        let (_, field) = LISTS.iter().find(|(id, _)| *id == operation.id()).unwrap_or_else(|| {
            panic!("{at}: say in LISTS of matrix/roles.rs how own-only roles see it narrowed")
        });
        let page = operation.request(&client, own).await.unwrap().expect(200);
        let shown: Vec<_> = page["items"].as_array().unwrap().iter().map(|s| &s[*field]).collect();
        let (_, named) = PARAMETERS.iter().find(|(name, _)| name == field).unwrap();
        assert_eq!(shown, [&Value::from(named(own).to_string())], "{at}");
    }
}

#[tokio::test]
async fn own_only_roles_without_a_staff_record_reach_nothing() {
    let stage = Stage::set().await;
    let target = stage.target(stage.own).await;
    for operation in &stage.operations {
        for &role in operation.row.own {
            let client = stage.caller(operation, role);
            let answer = operation.request(&client, &target).await.unwrap();
            if operation.names_something() {
                answer.problem(404, "not-found");
            } else if operation.writes() {
                answer.problem(422, "invalid");
            } else {
                assert_eq!(answer.expect(200)["items"], Value::Array(Vec::new()), "{role:?}");
            }
        }
    }
}

/// Whether the table allows it, anywhere or for what is the role's own.
pub(super) fn may(operation: &Operation, role: Role) -> bool {
    operation.row.roles.contains(&role) || operation.row.own.contains(&role)
}

/// A problem without what differs between any two requests.
pub(super) fn anonymous(mut problem: Value) -> Value {
    let fields = problem.as_object_mut().unwrap();
    fields.retain(|name, _| !["instance", "traceId", "correlationId"].contains(&name.as_str()));
    problem
}
