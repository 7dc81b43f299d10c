//! Sending commands, and what becomes of them.

use kernel::Role;
use serde_json::json;
use testkit::Server;

use super::{Story, more_buffers, success};

#[tokio::test]
async fn a_command_is_taken_carried_out_and_traced() {
    let story = Story::begin().await;
    let mut events = story.server.events(story.tenant).await.unwrap();
    let command = more_buffers();
    let sent = story.operator.post("/instance/commands", &command).await.unwrap();
    let taken = sent.expect(202);
    assert_eq!(
        sent.header("location"),
        format!(
            "/api/v1/tenants/{}/instance/commands/{}",
            story.tenant,
            command["command_id"].as_str().unwrap()
        )
    );
    assert_eq!(
        (&taken["status"], taken["traceId"].as_str().unwrap().len()),
        (&json!("Pending"), 32)
    );
    let received = events.wait_for("CommandReceived").await.unwrap();
    assert_eq!(received["data"]["traceId"], taken["traceId"]);

    let pending = story.pending().await;
    assert_eq!(pending.len(), 1);
    assert_eq!(pending, story.pending().await, "the same again until it is answered");
    let trace = success(&command);
    assert_eq!(
        (story.report(&pending[0], &trace).await, story.report(&pending[0], &trace).await),
        (204, 204)
    );
    assert_eq!(story.pending().await, Vec::<serde_json::Value>::new());

    events.wait_for("CommandCompleted").await.unwrap();
    let result = events.wait_for("result").await.unwrap();
    assert_eq!(result["data"]["overall_status"], "success");
    assert_eq!(
        result["data"]["steps"][0]["changes_applied"]["config.globals"]["new"],
        "0,0,512,0,0,0"
    );
    let path = format!("/instance/traces/{}", taken["traceId"].as_str().unwrap());
    let read = story.operator.get(&path).await.unwrap().expect(200);
    assert_eq!(
        (&read["status"], &read["trace"]["overall_status"]),
        (&json!("Completed"), &json!("success"))
    );
    assert_eq!(read["trace"]["trace_id"], taken["traceId"]);
    let own = format!("/instance/traces/{}", trace["trace_id"].as_str().unwrap());
    assert_eq!(story.operator.get(&own).await.unwrap().expect(200), read);
    let audited = "select array_agg(action order by recorded_at) from kernel.audit where entity = 'instance.command'";
    let audited: Vec<String> =
        sqlx::query_scalar(audited).fetch_one(&story.server.database.admin).await.unwrap();
    assert_eq!(audited[0], "instance.command.send");
    assert!(audited[1..].iter().all(|action| action == "instance.command.report"), "{audited:?}");
}

#[tokio::test]
async fn the_same_command_twice_is_one_and_another_under_its_id_is_refused() {
    let story = Story::begin().await;
    let command = more_buffers();
    let (first, second) = (story.send(&command).await, story.send(&command).await);
    assert_eq!(first, second);
    assert_eq!(story.pending().await.len(), 1);
    let mut other = command.clone();
    other["severity"] = json!(1);
    let refused = story.operator.post("/instance/commands", &other).await.unwrap();
    assert_eq!(refused.problem(409, "conflict")["conflictId"], command["command_id"]);
}

#[tokio::test]
async fn every_violation_is_named_and_nothing_is_kept() {
    let story = Story::begin().await;
    let mut wrong = more_buffers();
    wrong["severity"] = json!(7);
    wrong["recommended_action"] = json!("x".repeat(300));
    let refused =
        story.operator.post("/instance/commands", &wrong).await.unwrap().problem(422, "invalid");
    let pointers = |problem: &serde_json::Value| -> Vec<String> {
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(pointers(&refused), ["/severity", "/recommended_action"]);
    wrong["surprise"] = json!(true);
    let sent = story.operator.post("/instance/commands", &wrong).await.unwrap();
    assert_eq!(pointers(&sent.problem(400, "malformed"))[0], "/surprise");
    let twice = r#"{"command_id": "a", "command_id": "b"}"#;
    let sent = story.operator.post("/instance/commands", ()).bytes(twice);
    sent.await.unwrap().problem(400, "malformed");
    let mut elsewhere = more_buffers();
    elsewhere["reply_to"] = json!("https://evil.example/");
    let refused = story
        .operator
        .post("/instance/commands", &elsewhere)
        .await
        .unwrap()
        .problem(422, "invalid");
    assert_eq!(refused["errors"][0]["code"], "not_allowed");
    let mut unknown = more_buffers();
    unknown["instance"] = json!("NOBODY");
    story.operator.post("/instance/commands", &unknown).await.unwrap().problem(404, "not-found");
    let listed = story.operator.get("/instance/commands").await.unwrap().expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn a_command_says_which_instance_when_there_are_several() {
    let story = Story::begin().await;
    let second =
        json!({"name": "second", "executor": {"issuer": "https://id.example", "subject": "host"}});
    story.operator.post("/instance/instances", &second).await.unwrap().expect(201);
    let taken = story.operator.post("/instance/instances", &second).await.unwrap();
    taken.problem(409, "conflict");
    let refused = story.operator.post("/instance/commands", more_buffers()).await.unwrap();
    assert_eq!(refused.problem(422, "invalid")["errors"][0]["pointer"], "/instance");
    for name in ["iris", story.instance.as_str()] {
        let mut command = more_buffers();
        command["instance"] = json!(name);
        assert_eq!(story.send(&command).await["instanceId"], story.instance.as_str(), "{name}");
    }
}

#[tokio::test]
async fn secrets_are_hidden_but_from_the_executor() {
    let story = Story::begin().await;
    let mut command = more_buffers();
    command["parameters"] = json!({"cpf_section": "ConfigFile", "parameter": "Password", "new_value": "hunter2-hunter2"});
    let taken = story.send(&command).await;
    assert_eq!(taken["command"]["parameters"]["new_value"], "***");
    assert_eq!(story.pending().await[0]["parameters"]["new_value"], "hunter2-hunter2");
    let stored = "select count(*) from instance.command where command::text like '%hunter2%' or position('hunter2'::bytea in sealed) > 0";
    let stored: i64 =
        sqlx::query_scalar(stored).fetch_one(&story.server.database.admin).await.unwrap();
    let audited = "select count(*) from kernel.audit where record like '%hunter2%'";
    let audited: i64 =
        sqlx::query_scalar(audited).fetch_one(&story.server.database.admin).await.unwrap();
    assert_eq!((stored, audited), (0, 0));
}

#[tokio::test]
async fn a_command_is_taken_back_by_another() {
    let story = Story::begin().await;
    let mut events = story.server.events(story.tenant).await.unwrap();
    let command = more_buffers();
    let id = story.send(&command).await["commandId"].clone();
    let path = format!("/instance/commands/{}/rollback", id.as_str().unwrap());
    story.operator.post(&path, ()).await.unwrap().problem(409, "conflict");
    story.report(&story.pending().await[0], &success(&command)).await;
    let undo = story.operator.post(&path, ()).await.unwrap().expect(202);
    assert_eq!(undo["rollsBack"], id);
    story.operator.post(&path, ()).await.unwrap().problem(409, "conflict");
    let back = story.pending().await.remove(0);
    assert_eq!(back["parameters"]["new_value"], "0,0,256,0,0,0");
    assert_eq!(back["parameters"]["current_value"], "0,0,512,0,0,0");
    story.report(&back, &success(&back)).await;
    let first = story.until(&id, "RolledBack").await;
    assert_eq!(first["rolledBackBy"], undo["commandId"]);
    let told = events.wait_for("CommandRolledBack").await.unwrap();
    assert_eq!(told["data"]["commandId"], id);
    story.operator.post(&path, ()).await.unwrap().problem(409, "conflict");
}

#[tokio::test]
async fn another_district_sees_nothing_of_it() {
    let story = Story::begin().await;
    let command = more_buffers();
    let taken = story.send(&command).await;
    let other = story.server.district("Other").await.unwrap();
    let stranger = story.server.as_role(Role::Operator, other).unwrap();
    let id = command["command_id"].as_str().unwrap();
    for path in [
        format!("/instance/commands/{id}"),
        format!("/instance/traces/{}", taken["traceId"].as_str().unwrap()),
        format!("/instance/instances/{}", story.instance),
    ] {
        stranger.get(&path).await.unwrap().problem(404, "not-found");
    }
    // Their ids are their own: the same is another command.
    stranger.post("/instance/commands", &command).await.unwrap().problem(404, "not-found");
    let listed = stranger.get("/instance/commands").await.unwrap().expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn what_is_announced_is_what_is_described() {
    let story = Story::begin_with(Server::start().await.unwrap()).await;
    let command = more_buffers();
    story.send(&command).await;
    story.report(&story.pending().await[0], &success(&command)).await;
    let admin = story.server.as_role(Role::DistrictAdmin, story.tenant).unwrap();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        let feed = admin.get("/feed/instance").await.unwrap().expect(200);
        let events = feed["items"].as_array().unwrap();
        events.iter().for_each(crate::contracts::events::is_as_described);
        if events.len() == 3 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{feed}");
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    }
}
