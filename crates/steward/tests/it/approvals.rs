//! Decisions over HTTP: by whom, about what, once.

use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::issuer::ISSUER;
use testkit::{Client, Person, Server};
use tokio::task::JoinSet;
use uuid::Uuid;

/// A question to administrators, and to counselors next; asked by the district's administrator.
async fn question(server: &Server, tenant: TenantId, level: i32) -> Uuid {
    let asker = format!("{ISSUER}#{}", Person::with(Role::DistrictAdmin, &[]).subject);
    sqlx::query_scalar(
        r#"insert into kernel.approval (tenant_id, approval_id, kind, subject_id, revision, title, reason, consequences, asked_by, asker,
                                        asked_at, levels, roles, level, status)
           values ($1, gen_random_uuid(), 'test.question', gen_random_uuid(), '7', 'May it?', 'It must.', '["Then it is."]', $2, 'person:1',
                   now(), '[{"role": "DistrictAdmin", "patienceSeconds": 60}, {"role": "Counselor", "patienceSeconds": 60}]',
                   '{DistrictAdmin,Counselor}', $3, 'Pending') returning approval_id"#,
    )
    .bind(tenant.0)
    .bind(asker)
    .bind(level)
    .fetch_one(&server.database.admin)
    .await
    .unwrap()
}

struct Story {
    server: Server,
    tenant: TenantId,
}

impl Story {
    async fn begin() -> Self {
        let server = Server::start().await.unwrap();
        let tenant = server.district("Cedar").await.unwrap();
        Self { server, tenant }
    }

    fn person(&self, role: Role, subject: &str) -> Client {
        let person = Person { subject: subject.to_owned(), ..Person::with(role, &[self.tenant]) };
        self.server.as_person(&person).unwrap().in_tenant(self.tenant)
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.server.database.admin).await.unwrap()
    }
}

fn yes() -> Value {
    json!({"decision": "Approved", "revision": "7", "rationale": "The numbers are right."})
}

fn path(id: Uuid) -> String {
    format!("/api/approvals/{id}/decision")
}

#[tokio::test]
async fn a_decision_is_kept_announced_and_carried_out() {
    let story = Story::begin().await;
    let id = question(&story.server, story.tenant, 0).await;
    let decider = story.person(Role::DistrictAdmin, "second-admin");
    let waiting = decider.get("/api/approvals?status=Pending").await.unwrap().expect(200);
    assert_eq!(waiting["items"][0]["approvalId"], id.to_string());
    assert_eq!(waiting["items"][0]["consequences"], json!(["Then it is."]));

    let decided = decider.post(&path(id), yes()).await.unwrap().expect(200);
    assert_eq!(decided["status"], "Approved");
    assert_eq!(decided["rationale"], "The numbers are right.");
    assert!(decided["decidedBy"].as_str().unwrap().starts_with("person:"), "{decided}");
    assert!(!decided.to_string().contains("second-admin"), "{decided}");
    let read = decider.get(&format!("/api/approvals/{id}")).await.unwrap().expect(200);
    assert_eq!(read, decided);
    let effects = "select (select count(*) from kernel.job where kind = 'test.question')
                        + (select count(*) from kernel.audit where action = 'platform.approval.decide')";
    assert_eq!(story.count(effects).await, 2);
    let waiting = decider.get("/api/approvals?status=Pending").await.unwrap().expect(200);
    assert_eq!(waiting["items"], json!([]));
}

#[tokio::test]
async fn who_asked_and_who_is_not_asked_do_not_decide() {
    let story = Story::begin().await;
    let id = question(&story.server, story.tenant, 0).await;
    let asker = Person::with(Role::DistrictAdmin, &[]).subject;
    let said = story.person(Role::DistrictAdmin, &asker).post(&path(id), yes()).await.unwrap();
    assert_eq!(
        said.problem(403, "forbidden")["detail"],
        "Who asks does not decide: somebody else has to."
    );
    // The next level is not asked yet.
    let counselor = story.person(Role::Counselor, "counselor");
    counselor.post(&path(id), yes()).await.unwrap().problem(403, "forbidden");
    let later = question(&story.server, story.tenant, 1).await;
    counselor.post(&path(later), yes()).await.unwrap().expect(200);
    // Who was asked before may still decide.
    let last = question(&story.server, story.tenant, 1).await;
    let admin = story.person(Role::DistrictAdmin, "second-admin");
    admin.post(&path(last), yes()).await.unwrap().expect(200);
    let stranger = story.person(Role::EventPlanner, "planner");
    stranger.get(&format!("/api/approvals/{id}")).await.unwrap().problem(404, "not-found");
}

#[tokio::test]
async fn a_decision_names_what_it_saw_and_why() {
    let story = Story::begin().await;
    let id = question(&story.server, story.tenant, 0).await;
    let decider = story.person(Role::DistrictAdmin, "second-admin");
    let stale = json!({"decision": "Approved", "revision": "6", "rationale": "Fine."});
    let conflict = decider.post(&path(id), stale).await.unwrap().problem(409, "conflict");
    assert_eq!(conflict["conflictId"], id.to_string());
    for (rationale, code) in [(String::new(), "empty"), ("x".repeat(2001), "too_long")] {
        let body = json!({"decision": "Rejected", "revision": "7", "rationale": rationale});
        let problem = decider.post(&path(id), body).await.unwrap().problem(422, "invalid");
        assert_eq!(problem["errors"][0]["code"], code);
        assert_eq!(problem["errors"][0]["pointer"], "/rationale");
    }
    for body in [json!({"decision": "Perhaps"}), json!({"revision": "7"}), json!([])] {
        decider.post(&path(id), body).await.unwrap().problem(400, "malformed");
    }
    decider.post(&path(Uuid::nil()), yes()).await.unwrap().problem(404, "not-found");
    decider.get("/api/approvals?status=pending").await.unwrap().problem(400, "malformed");
    assert_eq!(
        story.count("select count(*) from kernel.approval where status = 'Pending'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_answers_at_once_the_first_wins_and_the_others_learn_it() {
    let story = Story::begin().await;
    let id = question(&story.server, story.tenant, 0).await;
    let mut deciding = JoinSet::new();
    for number in 0..20 {
        let decider = story.person(Role::DistrictAdmin, &format!("admin-{number}"));
        let decision = if number % 2 == 0 { "Approved" } else { "Rejected" };
        let body = json!({"decision": decision, "revision": "7", "rationale": "Seen."});
        deciding.spawn(async move { decider.post(&path(id), body).await.unwrap() });
    }
    let answers = deciding.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 200);
    assert_eq!(won.len(), 1);
    let winner = won[0].json()["decidedBy"].as_str().unwrap().to_owned();
    for answer in lost {
        let problem = answer.problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains(&winner), "{problem}");
    }
    assert_eq!(
        story.count("select count(*) from kernel.job where kind = 'test.question'").await,
        1
    );
}
