//! Paths and methods that name nothing.

use kernel::Role;

use super::ground::Ground;
use crate::matrix::operations::{Operation, PARAMETERS};

#[tokio::test]
async fn ids_that_are_no_uuids_name_nothing() {
    let ground = Ground::lay().await;
    let school = ground.target.school;
    let wrong = [
        "x".to_owned(),
        "..".to_owned(),
        "%2e%2e".to_owned(),
        "%00".to_owned(),
        "%ff".to_owned(),
        "%".to_owned(),
        "*".to_owned(),
        format!("{school}%00"),
        format!("{school}0"),
        format!("{school}%2F"),
        format!("{school}%2f{school}"),
        format!("%2F{school}"),
        format!(" {school}").replace(' ', "%20"),
        "9".repeat(2000),
    ];
    let names: Vec<_> = PARAMETERS.iter().map(|(name, _)| *name).chain(["tenantId"]).collect();
    for operation in &ground.stage.operations {
        for name in names.iter().filter(|name| operation.has(name)) {
            for id in &wrong {
                let path = operation.path.replace(&format!("{{{name}}}"), id);
                names_nothing(&ground, operation, &path).await;
            }
        }
    }
    ground.unharmed().await;
}

async fn names_nothing(ground: &Ground, operation: &Operation, path: &str) {
    let path = path.replace("{tenantId}", &ground.stage.own.to_string());
    let target = &ground.target;
    let path = PARAMETERS.iter().fold(path, |path, (name, named)| {
        path.replace(&format!("{{{name}}}"), &named(target).to_string())
    });
    let head = ground.head(operation.method.as_str(), &path.replace("{context}", "roster"));
    let answer =
        ground.raw(format!("{head}Idempotency-Key: path\r\nContent-Length: 0\r\n\r\n")).await;
    // Whoever may not call the operation learns nothing either.
    let may = operation.row.roles.contains(&Role::DistrictAdmin);
    if !may && answer.status == Some(403) {
        answer.problem(403, "forbidden");
    } else {
        answer.problem(404, "not-found");
    }
}

#[tokio::test]
async fn contexts_that_no_feed_can_have_name_nothing() {
    let ground = Ground::lay().await;
    for context in ["%00", "ro%00ster", "%ff", "roster%2Fv1"] {
        let path = format!("/api/v1/tenants/{}/feed/{context}", ground.stage.own);
        let answer = ground.raw(format!("{}\r\n", ground.head("GET", &path))).await;
        if context == "roster%2Fv1" {
            assert_eq!(answer.status, Some(200), "an empty feed: {}", answer.text);
        } else {
            answer.problem(404, "not-found");
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn unknown_paths_are_problems() {
    let ground = Ground::lay().await;
    let own = ground.stage.own;
    for path in [
        "/nope",
        "/api",
        "/api/v1",
        "/api/v2/tenants",
        "//api/v1/tenants",
        "/API/v1/tenants",
        "/schemas/..%2f..%2fetc%2fpasswd",
        "/schemas/%00",
        "/problems/..%2f",
        "/problems/%ff",
        "/health",
        "/health/live/x",
        &format!("/api/v1/tenants/{own}/schools/"),
        &format!("/api/v1/tenants/{own}/nope"),
        &format!("/api/v1/tenants/{own}//schools"),
        &format!("/api/v1/tenants/{own}%2Fschools"),
        &format!("/api/v1/tenants%2F{own}/schools"),
        &format!("/api/v1/tenants/{own}/schools/../../../tenants"),
    ] {
        for method in ["GET", "POST"] {
            let head = ground.head(method, path);
            let answer = ground.raw(format!("{head}Content-Length: 0\r\n\r\n")).await;
            match answer.status {
                // A readable document has no other methods.
                Some(405) => drop(answer.problem(405, "method-not-allowed")),
                _ => drop(answer.problem(404, "not-found")),
            }
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn unknown_methods_are_answered_with_the_known_ones() {
    let ground = Ground::lay().await;
    let own = ground.stage.own;
    for (path, allowed) in [
        (format!("/api/v1/tenants/{own}/schools"), "POST"),
        (format!("/api/v1/tenants/{own}/schools/{}", ground.target.school), "PATCH"),
        (format!("/api/v1/tenants/{own}/suspend"), "POST"),
        ("/openapi.json".to_owned(), "GET"),
        ("/health/live".to_owned(), "GET"),
    ] {
        for method in ["PUT", "TRACE", "BREW", "PROPFIND", "get"] {
            let head = ground.head(method, &path);
            let answer = ground.raw(format!("{head}Content-Length: 0\r\n\r\n")).await;
            answer.problem(405, "method-not-allowed");
            let allow = answer.text.lines().find(|line| line.to_lowercase().starts_with("allow:"));
            assert!(allow.is_some_and(|line| line.contains(allowed)), "{method}: {}", answer.text);
        }
    }
    ground.unharmed().await;
}
