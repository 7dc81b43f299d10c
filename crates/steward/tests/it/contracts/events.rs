//! What is published is what is described: every operation of the roster, seen by a subscriber.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use steward::contracts;
use testkit::{Client, Server};

use crate::process::{DEADLINE, until};

#[tokio::test]
async fn every_event_is_as_its_schema_says() {
    let server = Server::start().await.unwrap();
    let own = server.district("Own").await.unwrap();
    let mut events = server.events(own).await.unwrap();
    let platform = server.as_platform().unwrap();
    let admin = server.as_role(kernel::Role::DistrictAdmin, own).unwrap();
    everything_happens(&admin).await;
    let feed = admin.get("/feed/roster").await.unwrap().expect(200);
    for change in ["suspend", "reactivate", "deactivate"] {
        let path = format!("/api/v1/tenants/{own}/{change}");
        platform.post(&path, ()).await.unwrap().expect(200);
    }
    events.wait_for("TenantDeactivated").await.unwrap();

    let seen = events.wait_for_count(1).await.unwrap().to_vec();
    let first = feed["items"].as_array().unwrap().first().cloned();
    let all: Vec<Value> = first.into_iter().chain(seen).collect();
    let described: BTreeSet<_> = contracts::event_schemas().into_iter().map(|(n, _)| n).collect();
    let roster = described.into_iter().filter(|name| name.starts_with("lms.roster."));
    let kinds: BTreeSet<_> = all.iter().map(|event| event["type"].as_str().unwrap()).collect();
    for name in roster {
        assert!(kinds.contains(name.as_str()), "{name} was never published: {kinds:?}");
    }
    all.iter().for_each(is_as_described);
}

/// Each change of the roster that is announced, at least once.
async fn everything_happens(admin: &Client) {
    let make = async |path: &str, id: &str, body: Value| {
        let made = admin.post(path, body).await.unwrap().expect(201);
        format!("{path}/{}", made[id].as_str().unwrap())
    };
    let change = async |path: &str, body: Value| {
        admin.patch(path, "\"1\"", body).await.unwrap().expect(200);
    };
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let refs = json!([{"source": "sis", "value": "S-1"}]);
    let school = json!({"name": "Lincoln", "timezone": "America/Chicago", "externalRefs": refs});
    let school = make("/schools", "schoolId", school).await;
    change(&school, json!({"timezone": "UTC"})).await;
    let term = json!({"title": "Fall", "type": "semester", "startDate": "2026-08-17", "endDate": "2026-12-18", "schoolYear": 2027});
    let term = make("/terms", "termId", term).await;
    change(&term, json!({"schoolYear": 2026})).await;
    let room = json!({"schoolId": id(&school), "name": "12"});
    let room = make("/rooms", "roomId", room).await;
    change(&room, json!({"capacity": 30})).await;
    let class = json!({"schoolId": id(&school), "name": "Algebra", "termIds": [id(&term)]});
    let class = make("/classes", "classId", class).await;
    change(&class, json!({"subject": "Mathematics"})).await;
    let person = json!({"givenName": "Ada", "familyName": "Lovelace", "schoolIds": [id(&school)]});
    let student = make("/students", "studentId", person.clone()).await;
    change(&student, json!({"grade": "05"})).await;
    let guardian = json!({"name": "Byron", "relation": "parent"});
    make(&format!("{student}/guardians"), "guardianId", guardian).await;
    let teacher = make(
        "/staff",
        "staffId",
        json!({"staffType": ["teacher"], "givenName": "Grace", "familyName": "Hopper"}),
    )
    .await;
    change(&teacher, json!({"email": "grace@example.org"})).await;
    let assign = json!({"teacherId": id(&teacher), "role": "Lead"});
    admin.post(&format!("{class}/teachers"), assign).await.unwrap().expect(200);
    let enrollment = json!({"studentId": id(&student), "classId": id(&class)});
    make("/enrollments", "enrollmentId", enrollment).await;
    let why = json!({"reason": "Moved away"});
    for path in [
        format!("{student}/deactivate"),
        format!("{student}/reactivate"),
        format!("{student}/deactivate"),
        format!("{teacher}/deactivate"),
    ] {
        admin.post(&path, &why).await.unwrap().expect(200);
    }
    admin.post(&format!("{student}/scrub"), ()).await.unwrap().expect(200);
    for gone in [class, room, school] {
        admin.delete(&gone).await.unwrap().expect(204);
    }
    bulk(admin).await;
}

/// A bulk job from its file to its end.
async fn bulk(admin: &Client) {
    let sent = admin.post("/bulk/students?source=sis", ()).header("content-type", "text/csv");
    let accepted = sent.bytes("givenName,familyName\nAlan,Turing\n").await.unwrap();
    accepted.expect(202);
    let job = async || admin.get(accepted.header("location")).await.unwrap().expect(200);
    until("the job is completed", DEADLINE, async || job().await["status"] == "Completed").await;
}

/// The payload is valid against its own schema, the whole against the envelope of its message.
pub(crate) fn is_as_described(event: &Value) {
    let name = event["type"].as_str().unwrap();
    let schemas = contracts::event_schemas();
    let (_, schema) = schemas.iter().find(|(known, _)| known == name).unwrap();
    valid(schema, &event["data"], name);
    let document = contracts::asyncapi();
    let messages = document["components"]["messages"].as_object().unwrap();
    let message = messages.values().find(|message| message["name"] == name).unwrap();
    valid(&message["payload"], event, name);
}

#[track_caller]
fn valid(schema: &Value, instance: &Value, name: &str) {
    let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{instance:#}");
}
