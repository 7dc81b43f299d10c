//! What an executor may do, and nobody else.

use kernel::Role;
use serde_json::json;

use super::{Story, more_buffers, success};

#[tokio::test]
async fn only_the_instances_own_executor_takes_and_reports() {
    let story = Story::begin().await;
    let command = more_buffers();
    story.send(&command).await;
    let other = story.person(Role::InstanceExecutor, "another-host");
    let pending = format!("/instance/instances/{}/commands/pending", story.instance);
    other.get(&pending).await.unwrap().problem(404, "not-found");
    let result = format!("/instance/commands/{}/result", command["command_id"].as_str().unwrap());
    other.post(&result, success(&command)).await.unwrap().problem(404, "not-found");
    story.operator.post(&result, success(&command)).await.unwrap().problem(403, "forbidden");
    story.executor.get("/instance/commands").await.unwrap().problem(403, "forbidden");
    assert_eq!(story.pending().await.len(), 1);
}

#[tokio::test]
async fn a_report_names_its_command_and_keeps_its_form() {
    let story = Story::begin().await;
    let (command, other) = (more_buffers(), more_buffers());
    story.send(&command).await;
    let pending = story.pending().await.remove(0);
    assert_eq!(story.report(&pending, &success(&other)).await, 422);
    assert_eq!(story.report(&pending, &json!({"trace_id": "x"})).await, 400);
    let mut nul = success(&command);
    nul["steps_executed"][0]["notices"] = json!(["a\0b"]);
    assert_eq!(story.report(&pending, &nul).await, 422);
    assert_eq!(story.report(&pending, &success(&command)).await, 204);
}

#[tokio::test]
async fn another_account_takes_over() {
    let story = Story::begin().await;
    story.send(&more_buffers()).await;
    let path = format!("/instance/instances/{}", story.instance);
    let account =
        json!({"executor": {"issuer": testkit::issuer::ISSUER, "subject": "another-host"}});
    story.operator.patch(&path, "\"1\"", &account).await.unwrap().expect(200);
    story
        .operator
        .patch(&path, "\"1\"", &account)
        .await
        .unwrap()
        .problem(412, "precondition-failed");
    let pending = format!("{path}/commands/pending");
    story.executor.get(&pending).await.unwrap().problem(404, "not-found");
    let other = story.person(Role::InstanceExecutor, "another-host");
    assert_eq!(other.get(&pending).await.unwrap().expect(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn commands_come_in_the_order_in_which_they_were_sent() {
    let story = Story::begin().await;
    let mut sent = Vec::new();
    for _ in 0..5 {
        let command = more_buffers();
        story.send(&command).await;
        sent.push(command["command_id"].clone());
    }
    let pending = story.pending().await;
    assert_eq!(
        pending.iter().map(|command| command["command_id"].clone()).collect::<Vec<_>>(),
        sent
    );
}
