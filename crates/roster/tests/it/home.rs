//! What the stories share: a district with its people, and what was announced in it.

use std::time::{Duration, Instant};

use anyhow::Result;
use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::{Answer, Client, Server, issuer::ISSUER};
use uuid::Uuid;

/// Longer than anything that works takes, even on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A server with one district, and the registrar who keeps its roster.
pub(crate) struct District {
    pub(crate) server: Server,
    pub(crate) tenant: TenantId,
    pub(crate) registrar: Client,
}

impl District {
    pub(crate) async fn new() -> Result<Self> {
        Self::of(Server::start().await?).await
    }

    pub(crate) async fn of(server: Server) -> Result<Self> {
        let tenant = server.district("Springfield").await?;
        let registrar = server.as_role(Role::Registrar, tenant)?;
        Ok(Self { server, tenant, registrar })
    }

    /// A person of this role; their subject is `<role>@story`.
    pub(crate) fn person(&self, role: Role) -> Result<Client> {
        self.server.as_role(role, self.tenant)
    }

    /// Creates a school of this name.
    pub(crate) async fn school(&self, name: &str) -> Result<School> {
        self.create(json!({"name": name})).await
    }

    /// Creates a school.
    pub(crate) async fn create(&self, body: Value) -> Result<School> {
        Ok(School::of(&self.registrar.post("/schools", body).await?))
    }

    /// Creates a semester of this title.
    pub(crate) async fn term(&self, title: &str) -> Result<Uuid> {
        let body = json!({"title": title, "type": "semester", "startDate": "2026-08-17", "endDate": "2026-12-18", "schoolYear": 2027});
        Ok(id_of(&self.registrar.post("/terms", body).await?.expect(201), "termId"))
    }

    /// Creates a class of this name.
    pub(crate) async fn class(&self, school: &School, name: &str, terms: &[Uuid]) -> Result<Uuid> {
        let body = json!({"schoolId": school.id, "name": name, "termIds": terms});
        Ok(id_of(&self.registrar.post("/classes", body).await?.expect(201), "classId"))
    }

    /// The names of the schools on a page, in its order.
    pub(crate) async fn names(&self, query: &str) -> Result<Vec<String>> {
        let page = self.registrar.get(&format!("/schools{query}")).await?.expect(200);
        Ok(texts(&page["items"], "name"))
    }

    /// Suspends, reactivates or deactivates the district.
    pub(crate) async fn turn(&self, verb: &str) -> Result<Answer> {
        turn(&self.server, self.tenant, verb).await
    }

    /// The names of all events so far, but for the one that proves that none is still to come.
    pub(crate) async fn announced(&self) -> Result<Vec<String>> {
        let last = self.school("The last one").await?;
        let events = self.feed_until(|events| {
            events.last().is_some_and(|event| event["subject"] == last.id.to_string())
        });
        let mut names = event_names(&events.await?);
        names.pop();
        Ok(names)
    }

    /// The events of the feed once there are this many.
    pub(crate) async fn feed(&self, count: usize) -> Result<Vec<Value>> {
        self.feed_until(|events| events.len() >= count).await
    }

    async fn feed_until(&self, enough: impl Fn(&[Value]) -> bool) -> Result<Vec<Value>> {
        let auditor = self.person(Role::Auditor)?;
        let mut events = Vec::new();
        eventually("the events are in the feed", async || {
            let page = auditor.get("/feed/roster?pageSize=500").await?.expect(200);
            events = page["items"].as_array().cloned().unwrap_or_default();
            Ok(enough(&events))
        })
        .await?;
        Ok(events)
    }

    /// The audit records, newest first.
    pub(crate) async fn audit(&self, query: &str) -> Result<Vec<Value>> {
        let page = self.person(Role::Auditor)?.get(&format!("/audit{query}")).await?.expect(200);
        Ok(page["items"].as_array().cloned().unwrap_or_default())
    }

    /// Links the person of this role to a staff record with these schools, as their sign-in would.
    pub(crate) async fn employ(&self, role: Role, schools: &[&School]) -> Result<()> {
        let staff = Uuid::from_u128(role as u128 + 1);
        let subject = format!("{}@story", role.name());
        let admin = &self.server.database.admin;
        sqlx::query(
            "insert into roster.staff (tenant_id, staff_id, issuer, subject, given_name, family_name, name_key, given_key, staff_type, school_ids,
               status, external_refs, version, created_at, updated_at)
             values ($1, $2, $3, $4, '', '', '', '', '{teacher}', '{}', 'Active', '[]', 1, now(), now())",
        )
            .bind(self.tenant.0)
            .bind(staff)
            .bind(ISSUER)
            .bind(subject)
            .execute(admin)
            .await?;
        for school in schools {
            sqlx::query("insert into roster.staff_school (tenant_id, staff_id, school_id) values ($1, $2, $3)")
                .bind(self.tenant.0)
                .bind(staff)
                .bind(school.id)
                .execute(admin)
                .await?;
        }
        Ok(())
    }

    /// One number from the database, seen by the superuser.
    pub(crate) async fn count(&self, sql: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(sql).fetch_one(&self.server.database.admin).await?)
    }
}

/// A school as its creation answered.
pub(crate) struct School {
    pub(crate) id: Uuid,
    pub(crate) path: String,
    pub(crate) etag: String,
}

impl School {
    pub(crate) fn of(answer: &Answer) -> Self {
        let body = answer.expect(201);
        let id = body["schoolId"].as_str().and_then(|id| id.parse().ok()).unwrap();
        Self { id, path: format!("/schools/{id}"), etag: answer.etag().to_owned() }
    }
}

/// Asks until it is so, or fails when it takes too long.
pub(crate) async fn eventually(
    what: &str,
    mut is_so: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    while !is_so().await? {
        anyhow::ensure!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Suspends, reactivates or deactivates a tenant.
pub(crate) async fn turn(server: &Server, tenant: TenantId, verb: &str) -> Result<Answer> {
    server.as_platform()?.post(&format!("/api/v1/tenants/{tenant}/{verb}"), json!({})).await
}

/// The last parts of the events' types.
pub(crate) fn event_names(events: &[Value]) -> Vec<String> {
    let types = events.iter().filter_map(|event| event["type"].as_str());
    types.filter_map(|name| name.rsplit('.').next()).map(str::to_owned).collect()
}

/// An id of an answer.
pub(crate) fn id_of(body: &Value, field: &str) -> Uuid {
    body[field].as_str().and_then(|id| id.parse().ok()).unwrap()
}

/// The path of an answered entity of `collection`.
pub(crate) fn path_of(body: &Value, collection: &str) -> String {
    let id = match collection {
        "terms" => "termId",
        "rooms" => "roomId",
        "classes" => "classId",
        "students" => "studentId",
        "enrollments" => "enrollmentId",
        _ => "staffId",
    };
    format!("/{collection}/{}", id_of(body, id))
}

/// One text field of every item.
pub(crate) fn texts(items: &Value, field: &str) -> Vec<String> {
    let items = items.as_array().into_iter().flatten();
    items.filter_map(|item| item[field].as_str()).map(str::to_owned).collect()
}
