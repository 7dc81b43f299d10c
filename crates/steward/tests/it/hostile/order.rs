//! Several faults at once: the first in the order of checks is the one that is told.

use kernel::Role;
use serde_json::json;
use testkit::client::Request;
use testkit::{Person, Server};
use uuid::Uuid;

use super::ground::{Ground, refused};

/// The order of checks of a change, each with its answer.
const FAULTS: [(Fault, u16, &str); 12] = [
    (Fault::TooLarge, 413, "too-large"),
    (Fault::NoToken, 401, "unauthenticated"),
    (Fault::NoTenant, 400, "tenant-header"),
    (Fault::ForeignTenant, 403, "tenant-forbidden"),
    (Fault::Role, 403, "forbidden"),
    (Fault::NoKey, 400, "idempotency-key-missing"),
    (Fault::Missing, 404, "not-found"),
    (Fault::ContentType, 415, "unsupported-media-type"),
    (Fault::Body, 400, "malformed"),
    (Fault::NoVersion, 428, "precondition-required"),
    (Fault::OldVersion, 412, "precondition-failed"),
    (Fault::Rule, 422, "invalid"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    TooLarge,
    NoToken,
    NoTenant,
    ForeignTenant,
    Role,
    NoKey,
    Missing,
    ContentType,
    Body,
    NoVersion,
    OldVersion,
    Rule,
}

/// A change of a school with these faults.
fn change(ground: &Ground, wrong: impl Fn(Fault) -> bool) -> Request {
    let stage = &ground.stage;
    let role = if wrong(Fault::Role) { Role::Teacher } else { Role::DistrictAdmin };
    let tenant = if wrong(Fault::ForeignTenant) { stage.other } else { stage.own };
    let client = if wrong(Fault::NoToken) { stage.nobody() } else { stage.role(role, &[tenant]) };
    let school = if wrong(Fault::Missing) { Uuid::nil() } else { ground.target.school };
    let etag = if wrong(Fault::OldVersion) { "\"99\"" } else { "\"1\"" };
    let name = if wrong(Fault::Rule) { "" } else { "Changed" };
    let body = json!({ "name": name }).to_string();
    let body = if wrong(Fault::Body) { "{".to_owned() } else { body };
    let body = if wrong(Fault::TooLarge) { "{".repeat(2 << 20) } else { body };
    let kind = if wrong(Fault::ContentType) { "text/plain" } else { "application/json" };

    let request = client.in_tenant(stage.own).patch(&format!("/schools/{school}"), etag, ());
    let request = request.header("content-type", kind).bytes(body);
    let leave = |request: Request, fault, name| {
        if wrong(fault) { request.without(name) } else { request }
    };
    let request = leave(request, Fault::NoTenant, "x-tenant-id");
    let request = leave(request, Fault::NoKey, "idempotency-key");
    leave(request, Fault::NoVersion, "if-match")
}

#[tokio::test]
async fn each_fault_alone_is_told() {
    let ground = Ground::lay().await;
    for (fault, status, kind) in FAULTS {
        refused(&change(&ground, |f| f == fault).await.unwrap(), status, kind);
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn of_any_two_faults_and_of_all_the_first_is_told() {
    let ground = Ground::lay().await;
    for (at, (first, status, kind)) in FAULTS.into_iter().enumerate() {
        let all = change(&ground, |fault| fault >= first);
        refused(&all.await.unwrap(), status, kind);
        for (second, ..) in FAULTS.into_iter().skip(at + 1) {
            let both = change(&ground, |fault| fault == first || fault == second);
            refused(&both.await.unwrap(), status, kind);
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn the_rate_comes_between_tenant_and_permission() {
    let server = Server::start_with(|plan| plan.rate_per_minute = 1).await.unwrap();
    let own = server.district("Own").await.unwrap();
    let other = server.district("Other").await.unwrap();
    let teacher = |tenant| {
        let person = Person::with(Role::Teacher, &[tenant]);
        server.as_person(&person).unwrap().in_tenant(own)
    };
    let body = json!({"name": ""});
    let first = teacher(own).post("/schools", &body).await.unwrap();
    refused(&first, 403, "forbidden");
    let second = teacher(own).post("/schools", &body).await.unwrap();
    refused(&second, 429, "rate-limited");
    assert!(second.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
    assert!(second.header("ratelimit").starts_with("\"create\";r=0"), "{second:?}");
    let stranger = teacher(other).post("/schools", &body).await.unwrap();
    refused(&stranger, 403, "tenant-forbidden");
    let headless = teacher(own).post("/schools", &body).without("x-tenant-id").await.unwrap();
    refused(&headless, 400, "tenant-header");
}
