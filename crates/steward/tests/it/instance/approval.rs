//! What a person must confirm.

use jiff::SignedDuration;
use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::Client;

use super::{Story, more_buffers, success, with_restart};

/// Decides about a held command.
async fn decide(by: &Client, held: &Value, decision: &str) -> testkit::Answer {
    let path = format!("/api/approvals/{}", held["approvalId"].as_str().unwrap());
    let asked = by.get(&path).await.unwrap().expect(200);
    let body =
        json!({"decision": decision, "revision": asked["revision"], "rationale": "Looked at it."});
    by.post(&format!("{path}/decision"), body).await.unwrap()
}

#[tokio::test]
async fn a_restart_waits_until_another_operator_confirms_it() {
    let story = Story::begin().await;
    let mut events = story.server.events(story.tenant).await.unwrap();
    let held = story.send(&with_restart()).await;
    assert_eq!(held["status"], "Held");
    assert!(held["heldBecause"].as_str().unwrap().contains("restarted"), "{held}");
    events.wait_for("CommandHeld").await.unwrap();
    assert!(story.pending().await.is_empty());

    decide(&story.operator, &held, "Approved").await.problem(403, "forbidden");
    let second = story.person(Role::Operator, "second-operator");
    decide(&second, &held, "Approved").await.expect(200);
    story.until(&held["commandId"], "Pending").await;
    assert_eq!(story.pending().await.len(), 1);
}

#[tokio::test]
async fn what_is_refused_is_never_carried_out() {
    let story = Story::begin().await;
    let mut events = story.server.events(story.tenant).await.unwrap();
    let command = with_restart();
    let held = story.send(&command).await;
    decide(&story.person(Role::Operator, "second-operator"), &held, "Rejected").await.expect(200);
    story.until(&held["commandId"], "Rejected").await;
    assert!(story.pending().await.is_empty());
    let result = events.wait_for("result").await.unwrap();
    assert_eq!(result["data"]["status"], "Rejected");
    // Sent again, it is answered as it stands.
    assert_eq!(story.send(&command).await["status"], "Rejected");
}

#[tokio::test]
async fn what_nobody_confirms_in_a_week_is_closed() {
    let story = Story::begin().await;
    let held = story.send(&with_restart()).await;
    story.server.clock.advance(SignedDuration::from_hours(7 * 24 + 1));
    let expired =
        Story { operator: story.server.as_role(Role::Operator, story.tenant).unwrap(), ..story };
    expired.until(&held["commandId"], "Expired").await;
    let asked = "select status from kernel.approval";
    let asked: String =
        sqlx::query_scalar(asked).fetch_one(&expired.server.database.admin).await.unwrap();
    assert_eq!(asked, "Superseded");
}

#[tokio::test]
async fn a_kernel_parameter_that_may_be_reduced_waits_others_and_dry_runs_do_not() {
    let story = Story::begin().await;
    let kernel = |name: &str, dry_run: bool| {
        let mut command = more_buffers();
        command["error_type"] = json!("resource");
        command["parameters"] = json!({"kernel_param": name, "new_value": 5});
        command["execution_order"] = json!(["os_config"]);
        command["dry_run"] = json!(dry_run);
        command
    };
    for (name, dry_run, status) in [
        ("vm.nr_hugepages", false, "Held"),
        ("kernel.panic", false, "Held"),
        ("vm.swappiness", false, "Pending"),
        ("vm.nr_hugepages", true, "Pending"),
    ] {
        assert_eq!(story.send(&kernel(name, dry_run)).await["status"], status, "{name} {dry_run}");
    }
}

#[tokio::test]
async fn what_its_executor_finds_dangerous_is_asked_here() {
    let story = Story::begin().await;
    let command = more_buffers();
    let sent = story.send(&command).await;
    let mut waits = success(&command);
    waits["overall_status"] = json!("held");
    waits["steps_executed"] = json!([]);
    waits["requires_user_action"] = json!("IRIS is reduced. It has to be confirmed.");
    let pending = story.pending().await.remove(0);
    assert_eq!(story.report(&pending, &waits).await, 204);
    let held = story.until(&sent["commandId"], "Held").await;
    assert_eq!(held["heldBecause"], "IRIS is reduced. It has to be confirmed.");
    // Who sent it still does not confirm it.
    decide(&story.operator, &held, "Approved").await.problem(403, "forbidden");
    decide(&story.person(Role::Operator, "second-operator"), &held, "Approved").await.expect(200);
    story.until(&sent["commandId"], "Pending").await;
    assert_eq!(story.pending().await, std::slice::from_ref(&pending));
    // An executor that waits for somebody on its host is not asked about again.
    assert_eq!(story.report(&pending, &waits).await, 204);
    assert_eq!(story.command(&sent["commandId"]).await["status"], "Pending");
    story.report(&pending, &success(&command)).await;
    story.until(&sent["commandId"], "Completed").await;
}

#[tokio::test]
async fn a_platform_administrator_confirms_once_operators_had_their_time() {
    let story = Story::begin().await;
    let held = story.send(&with_restart()).await;
    let admin = |tenants: &[TenantId]| {
        story
            .server
            .as_person(&testkit::Person::with(Role::PlatformAdmin, tenants))
            .unwrap()
            .in_tenant(story.tenant)
    };
    decide(&admin(&[]), &held, "Approved").await.problem(403, "forbidden");
    story.server.clock.advance(SignedDuration::from_mins(61));
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while decide(&admin(&[]), &held, "Approved").await.status != 200 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
