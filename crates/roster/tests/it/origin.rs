//! Who caused what: the ids of a request arrive in its answer, its audit record and its event.

use anyhow::Result;
use serde_json::{Value, json};

use crate::home::District;

const CORRELATION: &str = "0c0ffee0-0000-4000-8000-000000000001";
const CAUSATION: &str = "0c0ffee0-0000-4000-8000-000000000002";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn traced(district: &District) -> Result<(testkit::Answer, Value, Value)> {
    let request = district.registrar.post("/schools", json!({"name": "Lincoln"}));
    let answer = request
        .header("x-correlation-id", CORRELATION)
        .header("x-causation-id", CAUSATION)
        .header("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .await?;
    answer.expect(201);
    let record = district.audit("?entity=roster.school").await?.remove(0);
    let event = district.feed(2).await?.remove(1);
    Ok((answer, record, event))
}

#[tokio::test]
async fn correlation_causation_and_trace_arrive_in_record_and_event() -> Result<()> {
    let district = District::new().await?;
    let (answer, record, event) = traced(&district).await?;
    assert_eq!(answer.header("x-correlation-id"), CORRELATION);
    assert_eq!(
        (&record["correlationId"], &record["traceId"]),
        (&json!(CORRELATION), &json!(TRACE))
    );
    assert_eq!(
        (&event["correlationid"], &event["causationid"]),
        (&json!(CORRELATION), &json!(CAUSATION))
    );
    let parent = event["traceparent"].as_str().unwrap();
    assert!(
        parent.starts_with(&format!("00-{TRACE}-")) && !parent.contains("00f067aa0ba902b7"),
        "{parent}"
    );
    Ok(())
}

#[tokio::test]
async fn an_event_names_its_actor_by_a_pseudonym_only() -> Result<()> {
    let district = District::new().await?;
    let (_, record, event) = traced(&district).await?;
    assert_eq!(record["actor"], "https://issuer.test#Registrar@story");
    let actor = event["actor"].as_str().unwrap();
    assert!(actor.starts_with("person:") && !actor.contains("story"), "{actor}");
    assert!(!event.to_string().contains("Lincoln") && !event.to_string().contains("Registrar"));
    Ok(())
}

#[tokio::test]
async fn what_the_caller_leaves_out_is_made_and_answered() -> Result<()> {
    let district = District::new().await?;
    let answer = district.registrar.post("/schools", json!({"name": "Lincoln"})).await?;
    answer.expect(201);
    let made: uuid::Uuid = answer.header("x-correlation-id").parse()?;
    let event = district.feed(2).await?.remove(1);
    assert_eq!(event["correlationid"], json!(made));
    assert_eq!(event.get("causationid"), None);
    let problem = district.registrar.get("/schools/1").await?;
    let body = problem.problem(404, "not-found");
    assert_eq!(body["correlationId"], problem.header("x-correlation-id"));
    assert!(body["instance"].as_str().unwrap().ends_with("/schools/1"));
    Ok(())
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() -> Result<()> {
    let district = District::new().await?;
    for header in ["x-correlation-id", "x-causation-id"] {
        district.registrar.get("/schools").header(header, "42").await?.problem(400, "malformed");
    }
    district.registrar.get("/schools").header("traceparent", "42").await?.expect(200);
    Ok(())
}
