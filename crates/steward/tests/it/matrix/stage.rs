//! A server with two districts, and everybody who may call it.

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::permission::{ApprovalRead, Permission, Scope};
use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::issuer::ISSUER;
use testkit::{Answer, Client, Person, Server};
use uuid::Uuid;

use super::operations::{self, Operation, Target};
use crate::process::{DEADLINE, until};

pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) operations: Vec<Operation>,
    /// The district that is called.
    pub(crate) own: TenantId,
    /// Another one.
    pub(crate) other: TenantId,
    nobody: Client,
    /// The components of the served document.
    components: Value,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        let server = Server::start().await.unwrap();
        let nobody = server.anybody().unwrap();
        let document = nobody.get("/openapi.json").await.unwrap().expect(200);
        let own = server.district("Own").await.unwrap();
        let other = server.district("Other").await.unwrap();
        let components = document["components"].clone();
        Self { operations: operations::all(&document), server, own, other, nobody, components }
    }

    /// A caller without a token.
    pub(crate) fn nobody(&self) -> Client {
        self.nobody.clone()
    }

    /// A token of somebody with one role and these tenants.
    pub(crate) fn token(&self, role: Role, tenants: &[TenantId]) -> String {
        self.server.issuer.token(&Person::with(role, tenants), self.server.now()).unwrap()
    }

    /// Somebody with one role and these tenants; in none until a test says so.
    pub(crate) fn role(&self, role: Role, tenants: &[TenantId]) -> Client {
        self.nobody().with_token(self.token(role, tenants))
    }

    /// Who calls an operation in their own district: what belongs to the platform is called without a tenant.
    pub(crate) fn caller(&self, operation: &Operation, role: Role) -> Client {
        let client = self.role(role, &[self.own]);
        match operation.row.scope {
            Scope::Tenant => client.in_tenant(self.own),
            Scope::Platform => client,
        }
    }

    /// A new school of a district, and one of everything in it; and an instance with a command.
    pub(crate) async fn target(&self, tenant: TenantId) -> Target {
        let mut target = self.school(tenant).await;
        self.instance(&mut target).await;
        target
    }

    async fn school(&self, tenant: TenantId) -> Target {
        let registrar = self.role(Role::Registrar, &[tenant]).in_tenant(tenant);
        let name = format!("Target {}", unique());
        let make = async |path: &str, id: &str, body: Value| -> Uuid {
            let made = registrar.post(path, body).await.unwrap().expect(201);
            made[id].as_str().unwrap().parse().unwrap()
        };
        let school = make("/schools", "schoolId", json!({"name": name})).await;
        let mut term = json!({"title": name, "type": "schoolYear", "startDate": "2026-08-01", "endDate": "2027-07-31", "schoolYear": 2027});
        let year = make("/terms", "termId", term.clone()).await;
        term["parentId"] = json!(year);
        let term = make("/terms", "termId", term).await;
        let room = make("/rooms", "roomId", json!({"schoolId": school, "name": name})).await;
        let class = json!({"schoolId": school, "name": name, "termIds": [term]});
        let class = make("/classes", "classId", class).await;
        let person = json!({"givenName": "Ada", "familyName": name, "schoolIds": [school]});
        let student = make("/students", "studentId", person.clone()).await;
        let guardians = format!("/students/{student}/guardians");
        let guardian = json!({"name": "Byron", "relation": "parent"});
        let guardian = make(&guardians, "guardianId", guardian).await;
        let teacher = make("/teachers", "staffId", person).await;
        let path = format!("/classes/{class}/teachers");
        let assign = json!({"teacherId": teacher, "role": "Assistant"});
        registrar.post(&path, assign).await.unwrap().expect(200);
        let enrollment = json!({"studentId": student, "classId": class, "effectiveStart": "2026-09-01", "effectiveEnd": "2026-12-18"});
        let enrollment = make("/enrollments", "enrollmentId", enrollment).await;
        let approval = self.question(tenant).await;
        let job = self.job(tenant, school).await;
        Target {
            tenant,
            school,
            approval,
            year,
            term,
            room,
            class,
            student,
            guardian,
            teacher,
            enrollment,
            job,
            ..Target::nothing(tenant)
        }
    }

    /// An instance of the executor, and a command for it.
    async fn instance(&self, target: &mut Target) {
        let operator = self.role(Role::Operator, &[target.tenant]).in_tenant(target.tenant);
        let subject = Person::with(Role::InstanceExecutor, &[]).subject;
        let executor = json!({"issuer": ISSUER, "subject": subject});
        let body = json!({"name": format!("Target-{}", unique()), "executor": executor});
        let made = operator.post("/instance/instances", body).await.unwrap().expect(201);
        target.instance = made["instanceId"].as_str().unwrap().parse().unwrap();
        let body = operations::remedy(0, target);
        let sent = operator.post("/instance/commands", body).await.unwrap().expect(202);
        target.command = sent["commandId"].as_str().unwrap().parse().unwrap();
        target.trace = sent["traceId"].as_str().unwrap().parse().unwrap();
    }

    /// An approval whose levels are all the roles that see any, all of them asked by now.
    async fn question(&self, tenant: TenantId) -> Uuid {
        let roles: Vec<_> = ApprovalRead::ROW.roles.iter().map(|role| role.name()).collect();
        sqlx::query_scalar(
            "insert into kernel.approval (tenant_id, approval_id, kind, subject_id, revision, title, reason, consequences, asked_by, asker,
                                          asked_at, levels, roles, level, status)
             select $1, gen_random_uuid(), 'test.question', gen_random_uuid(), '1', 'May it?', 'It must.', '[]', 'somebody', 'person:1', now(),
                    jsonb_agg(jsonb_build_object('role', r, 'patienceSeconds', 60)), $2, 99, 'Pending' from unnest($2) r
             returning approval_id",
        )
        .bind(tenant.0)
        .bind(roles)
        .fetch_one(&self.server.database.admin)
        .await
        .unwrap()
    }

    /// A bulk job of somebody whose permission ended at the school.
    async fn job(&self, tenant: TenantId, school: Uuid) -> Uuid {
        let admin = &self.server.database.admin;
        let job = sqlx::query_scalar(
            "insert into roster.bulk_job (tenant_id, job_id, job_type, status, source, options, format, checksum, bytes, school_ids,
               total_rows, processed_rows, failed_rows, place, line, summary, version, created_at, updated_at, completed_at)
             values ($1, gen_random_uuid(), 'Students', 'Completed', 'sis', '{}', 'csv', 'ff', 1, array[$2::uuid], 2, 2, 0, 1, 2, '{}', 2,
                     now(), now(), now())
             returning job_id",
        )
        .bind(tenant.0)
        .bind(school)
        .fetch_one(admin)
        .await
        .unwrap();
        sqlx::query(
            "insert into roster.bulk_job_result (tenant_id, job_id, row_number, status, id)
             select $1, $2, n, 'Succeeded', gen_random_uuid() from generate_series(1, 2) n",
        )
        .bind(tenant.0)
        .bind(job)
        .execute(admin)
        .await
        .unwrap();
        job
    }

    /// Waits until every bulk job is over: what it changes is on record then.
    pub(crate) async fn settled(&self) {
        let query = "select count(*) from roster.bulk_job where status in ('Pending', 'Running')";
        let admin = &self.server.database.admin;
        until("all jobs are over", DEADLINE, async || {
            sqlx::query_scalar::<_, i64>(query).fetch_one(admin).await.unwrap() == 0
        })
        .await;
    }

    /// Something that an operation may use up: a new school, or a new district for what ends districts.
    pub(crate) async fn fresh(&self, operation: &Operation) -> Target {
        let uses_up = operation.row.scope == Scope::Platform && operation.writes();
        if uses_up && operation.has("tenantId") {
            let name = format!("District to end {}", unique());
            let tenant = self.server.district(&name).await.unwrap();
            return Target::nothing(tenant);
        }
        if operation.path.contains("/instance/") {
            return self.fresh_instance(operation).await;
        }
        let target = self.school(self.own).await;
        if operation.id() == "scrubStudent" {
            let registrar = self.role(Role::Registrar, &[self.own]).in_tenant(self.own);
            let path = format!("/students/{}", target.student);
            registrar.delete(&path).await.unwrap().expect(204);
        }
        target
    }

    async fn fresh_instance(&self, operation: &Operation) -> Target {
        let mut target = Target::nothing(self.own);
        self.instance(&mut target).await;
        if operation.id() == "rollBackCommand" {
            let executor = self.role(Role::InstanceExecutor, &[self.own]).in_tenant(self.own);
            let path = format!("/instance/commands/{}/result", target.command);
            executor.post(&path, operations::result(0, &target)).await.unwrap().expect(204);
        }
        target
    }

    /// Makes a school the own one of the person with this role, as their staff record would.
    pub(crate) async fn give(&self, role: Role, target: &Target) {
        let admin = &self.server.database.admin;
        let subject = Person::with(role, &[]).subject;
        let staff: Uuid = sqlx::query_scalar(
            "insert into roster.staff (tenant_id, staff_id, issuer, subject, given_name, family_name, name_key, given_key, staff_type, school_ids,
               status, external_refs, version, created_at, updated_at)
             values ($1, gen_random_uuid(), $2, $3, '', '', '', '', '{teacher}', '{}', 'Active', '[]', 1, now(), now())
             on conflict (tenant_id, issuer, subject) do update set subject = $3 returning staff_id",
        )
        .bind(target.tenant.0)
        .bind(ISSUER)
        .bind(subject)
        .fetch_one(admin)
        .await
        .unwrap();
        sqlx::query(
            "insert into roster.staff_school (tenant_id, staff_id, school_id) values ($1, $2, $3) on conflict do nothing",
        )
        .bind(target.tenant.0)
        .bind(staff)
        .bind(target.school)
        .execute(admin)
        .await
        .unwrap();
        sqlx::query(
            "insert into roster.class_teacher (tenant_id, assignment_id, class_id, staff_id, role, assigned_at)
             values ($1, gen_random_uuid(), $2, $3, 'Lead', now()) on conflict do nothing",
        )
        .bind(target.tenant.0)
        .bind(target.class)
        .bind(staff)
        .execute(admin)
        .await
        .unwrap();
    }

    /// The answer is one that the document describes: status, content type and body.
    #[track_caller]
    pub(crate) fn described(&self, operation: &Operation, answer: &Answer) {
        let at = format!("{}: {} {}", operation.id(), answer.status, answer.text());
        let response = &operation.described["responses"][answer.status.to_string()];
        assert!(response.is_object(), "not described: {at}");
        if answer.body.is_empty() {
            assert!(response["content"].is_null(), "no body: {at}");
            return;
        }
        let content_type = answer.header("content-type");
        let mut schema = response["content"][content_type]["schema"].clone();
        assert!(schema.is_object(), "another content type: {at}");
        schema["components"] = self.components.clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let is_json = content_type.ends_with("json") && !content_type.ends_with("ndjson");
        let body = if is_json { answer.json() } else { Value::from(answer.text()) };
        let errors: Vec<_> = validator
            .iter_errors(&body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{at}: {errors:#?}");
    }

    /// How many refusals are on record, and how many changes: every change is audited.
    pub(crate) async fn recorded(&self) -> (i64, i64) {
        self.settled().await;
        sqlx::query_as(
            "select count(*) filter (where outcome = 'denied'), count(*) filter (where outcome <> 'denied')
             from kernel.audit",
        )
        .fetch_one(&self.server.database.admin)
        .await
        .unwrap()
    }
}

fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
