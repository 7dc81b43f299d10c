//! The operations of the served OpenAPI document, each with what a valid request for it needs.

use std::sync::atomic::{AtomicU64, Ordering};

use kernel::permission::Row;
use kernel::{TenantId, http::openapi::row_of};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::Client;
use testkit::client::Request;
use uuid::Uuid;

/// What a valid request for one operation needs beside its path.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The `operationId`.
    pub(crate) id: &'static str,
    /// The status of its success.
    pub(crate) success: u16,
    /// A valid body with every field; the number makes names unique.
    pub(crate) body: Option<fn(u64, &Target) -> Value>,
    /// What a valid body streams instead: one row, as its JSON.
    pub(crate) row: Option<fn(u64, &Target) -> Value>,
    /// Whether a valid body is a OneRoster package.
    pub(crate) package: bool,
    /// What a valid path ends with.
    query: &'static str,
}

impl Entry {
    /// Whether its body is streamed.
    pub(crate) const fn streams(&self) -> bool {
        self.row.is_some() || self.package
    }
}

/// Makes names unique.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// What a parameter of a path, or a field of a list's items, names.
pub(crate) type Named = fn(&Target) -> Uuid;

/// The parameters that name something of a tenant.
pub(crate) static PARAMETERS: &[(&str, Named)] = &[
    ("schoolId", |target| target.school),
    ("approvalId", |target| target.approval),
    ("termId", |target| target.term),
    ("roomId", |target| target.room),
    ("classId", |target| target.class),
    ("studentId", |target| target.student),
    ("guardianId", |target| target.guardian),
    ("staffId", |target| target.teacher),
    ("teacherId", |target| target.teacher),
    ("enrollmentId", |target| target.enrollment),
    ("jobId", |target| target.job),
    ("instanceId", |target| target.instance),
    ("commandId", |target| target.command),
    ("traceId", |target| target.trace),
];

const fn without_body(id: &'static str, success: u16) -> Entry {
    Entry { id, success, body: None, row: None, package: false, query: "" }
}

const fn with_body(id: &'static str, success: u16, body: fn(u64, &Target) -> Value) -> Entry {
    Entry { body: Some(body), ..without_body(id, success) }
}

const fn with_rows(id: &'static str, row: fn(u64, &Target) -> Value) -> Entry {
    Entry { row: Some(row), query: "?source=sis", ..without_body(id, 202) }
}

/// A trial: it may run beside others, and changes nothing.
const fn with_package(id: &'static str) -> Entry {
    Entry { package: true, query: "?source=sis&dryRun=true", ..without_body(id, 202) }
}

const fn with_query(id: &'static str, query: &'static str) -> Entry {
    Entry { query, ..without_body(id, 200) }
}

/// One entry for each operation.
pub(crate) static ENTRIES: &[Entry] = &[
    with_body("provisionTenant", 201, tenant),
    without_body("listTenants", 200),
    without_body("readTenant", 200),
    without_body("suspendTenant", 200),
    without_body("reactivateTenant", 200),
    without_body("deactivateTenant", 200),
    with_body("createSchool", 201, school),
    without_body("listSchools", 200),
    without_body("readSchool", 200),
    with_body("updateSchool", 200, school),
    without_body("archiveSchool", 204),
    with_body("createTerm", 201, term),
    without_body("listTerms", 200),
    without_body("readTerm", 200),
    with_body("updateTerm", 200, term),
    with_body("createRoom", 201, room),
    without_body("listRooms", 200),
    without_body("readRoom", 200),
    with_body("updateRoom", 200, room_patch),
    without_body("archiveRoom", 204),
    with_body("createClass", 201, class),
    without_body("listClasses", 200),
    without_body("readClass", 200),
    with_body("updateClass", 200, class_patch),
    without_body("archiveClass", 204),
    without_body("listMembers", 200),
    with_body("assignTeacher", 200, assign),
    without_body("unassignTeacher", 204),
    with_body("createStudent", 201, student),
    without_body("listStudents", 200),
    without_body("readStudent", 200),
    with_body("updateStudent", 200, student),
    without_body("removeStudent", 204),
    with_body("deactivateStudent", 200, why),
    without_body("reactivateStudent", 200),
    with_body("lookupStudents", 200, lookup),
    with_body("createGuardian", 201, guardian),
    without_body("listGuardians", 200),
    without_body("readGuardian", 200),
    with_body("updateGuardian", 200, guardian),
    without_body("removeGuardian", 204),
    without_body("reactivateGuardian", 200),
    without_body("readRecord", 200),
    with_body("holdStudent", 200, why),
    without_body("releaseStudent", 204),
    without_body("scrubStudent", 200),
    without_body("export", 200),
    with_body("createStaff", 201, staff),
    without_body("listStaff", 200),
    without_body("readStaff", 200),
    with_body("updateStaff", 200, staff),
    without_body("removeStaff", 204),
    with_body("deactivateStaff", 200, why),
    with_body("createTeacher", 201, staff),
    without_body("listTeachers", 200),
    without_body("readTeacher", 200),
    with_body("updateTeacher", 200, staff),
    without_body("removeTeacher", 204),
    with_body("deactivateTeacher", 200, why),
    with_body("createEnrollment", 201, enrollment),
    without_body("listEnrollments", 200),
    without_body("readEnrollment", 200),
    with_body("withdrawEnrollment", 200, withdraw),
    with_rows("bulkStudents", student_row),
    with_rows("bulkTeachers", teacher_row),
    with_rows("bulkEnrollments", enrollment_row),
    with_package("importOneRoster"),
    with_query("exportOneRoster", "?source=sis"),
    without_body("listBulkJobs", 200),
    without_body("readBulkJob", 200),
    without_body("readBulkResults", 200),
    with_body("registerInstance", 201, instance),
    without_body("listInstances", 200),
    without_body("readInstance", 200),
    with_body("updateInstance", 200, executor),
    with_body("sendCommand", 202, question),
    without_body("listCommands", 200),
    without_body("readCommand", 200),
    without_body("readTrace", 200),
    without_body("rollBackCommand", 202),
    without_body("takeCommands", 200),
    with_body("reportResult", 204, result),
    with_body("sendMessages", 200, message),
    without_body("readMessages", 200),
    without_body("readFeed", 200),
    without_body("listAudit", 200),
    without_body("readOutbox", 200),
    without_body("listApprovals", 200),
    without_body("readApproval", 200),
    with_body("decideApproval", 200, decision),
];

fn tenant(n: u64, _: &Target) -> Value {
    let refs = json!([{"source": "state", "value": format!("D-{n}")}]);
    json!({"name": format!("District {n}"), "region": "default", "capabilities": ["interventions"], "externalRefs": refs})
}

fn school(n: u64, _: &Target) -> Value {
    let refs = json!([{"source": "sis", "value": format!("S-{n}")}]);
    json!({"name": format!("School {n}"), "timezone": "America/Chicago", "externalRefs": refs})
}

fn decision(_: u64, _: &Target) -> Value {
    json!({"decision": "Approved", "revision": "1", "rationale": "Looked at it."})
}

fn term(n: u64, target: &Target) -> Value {
    let refs = json!([{"source": "sis", "value": format!("T-{n}")}]);
    json!({"title": format!("Fall {n}"), "type": "term", "startDate": "2026-08-17", "endDate": "2026-12-18",
        "parentId": target.year, "schoolYear": 2027, "externalRefs": refs})
}

fn room(n: u64, target: &Target) -> Value {
    json!({"schoolId": target.school, "name": format!("Room {n}"), "capacity": 30})
}

fn room_patch(n: u64, _: &Target) -> Value {
    json!({"name": format!("Room {n}"), "capacity": 31})
}

fn class(n: u64, target: &Target) -> Value {
    let mut body = class_patch(n, target);
    body["schoolId"] = json!(target.school);
    body
}

fn class_patch(n: u64, target: &Target) -> Value {
    let refs = json!([{"source": "sis", "value": format!("C-{n}")}]);
    json!({"name": format!("Class {n}"), "termIds": [target.term], "course": {"title": "Algebra 1", "code": "MAT-1"},
        "subject": "Mathematics", "externalRefs": refs})
}

fn student(n: u64, target: &Target) -> Value {
    let refs = json!([{"source": "sis", "value": format!("N-{n}")}]);
    json!({"givenName": "Ada", "familyName": format!("Student {n}"), "birthDate": "2015-03-02", "grade": "05",
        "schoolIds": [target.school], "externalRefs": refs})
}

fn guardian(n: u64, _: &Target) -> Value {
    let refs = json!([{"source": "sis", "value": format!("G-{n}")}]);
    json!({"name": format!("Guardian {n}"), "relation": "parent", "email": "g@example.org", "phone": "+1 555 0100",
        "preferredChannel": "Email", "optOut": ["SMS"], "language": "es", "externalRefs": refs})
}

fn staff(n: u64, target: &Target) -> Value {
    let refs = json!([{"source": "hr", "value": format!("H-{n}")}]);
    let identity = json!({"issuer": "https://login.test", "subject": format!("person-{n}")});
    json!({"staffType": ["teacher"], "givenName": "Grace", "familyName": format!("Teacher {n}"), "email": "g@example.org",
        "certification": "Mathematics", "schoolIds": [target.school], "identity": identity, "externalRefs": refs})
}

fn why(_: u64, _: &Target) -> Value {
    json!({"reason": "Moved away"})
}

fn assign(_: u64, target: &Target) -> Value {
    json!({"teacherId": target.teacher, "role": "Lead"})
}

fn lookup(_: u64, target: &Target) -> Value {
    json!({"ids": [target.student]})
}

fn enrollment(_: u64, target: &Target) -> Value {
    json!({"studentId": target.student, "classId": target.class, "effectiveStart": "2027-01-11", "effectiveEnd": "2027-06-11"})
}

fn withdraw(_: u64, _: &Target) -> Value {
    json!({"effectiveDate": "2026-10-01", "reason": "Moved away"})
}

fn student_row(n: u64, target: &Target) -> Value {
    json!({"externalId": format!("B-{n}"), "givenName": "Ada", "familyName": format!("Row {n}"), "birthDate": "2015-03-02",
        "grade": "05", "schoolIds": [target.school]})
}

fn teacher_row(n: u64, target: &Target) -> Value {
    json!({"externalId": format!("T-{n}"), "staffType": ["teacher"], "givenName": "Grace", "familyName": format!("Row {n}"),
        "email": "g@example.org", "certification": "Mathematics", "schoolIds": [target.school]})
}

fn instance(n: u64, _: &Target) -> Value {
    json!({"name": format!("IRIS-{n}"), "executor": {"issuer": "https://login.test", "subject": "host"}})
}

fn executor(n: u64, _: &Target) -> Value {
    json!({"executor": {"issuer": "https://login.test", "subject": format!("host-{n}")}})
}

/// An id that nothing in this process has.
pub(crate) fn new_id() -> Uuid {
    const FIRST: u128 = 0x4f6c_1f0e_0000_4000_8000_0000_0000_0000;
    Uuid::from_u128(FIRST + u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// A command that nobody need confirm.
pub(crate) fn remedy(_: u64, target: &Target) -> Value {
    json!({"command_id": new_id(), "error_type": "config", "severity": 2, "recommended_action": "More global buffers",
        "parameters": {"cpf_section": "config", "parameter": "globals", "new_value": "0,0,512,0,0,0", "current_value": "0,0,256,0,0,0"},
        "requires_restart": false, "execution_order": ["iris_config"], "timeout_seconds": 60, "dry_run": false,
        "instance": target.instance})
}

/// One whose every field has one type.
fn question(_: u64, target: &Target) -> Value {
    json!({"command_id": new_id(), "error_type": "license", "severity": 1, "recommended_action": "Look at the licence",
        "parameters": {"action": "check_expiry"}, "requires_restart": false, "execution_order": [], "timeout_seconds": 60,
        "dry_run": false, "instance": target.instance})
}

/// What an executor reports of it.
pub(crate) fn result(_: u64, target: &Target) -> Value {
    let trace = new_id().simple().to_string();
    let change = json!({"config.globals": {"old": "0,0,256,0,0,0", "new": "0,0,512,0,0,0", "validated": true}});
    json!({"trace_id": trace, "command_id": target.command, "initiated_at": "2026-09-01T08:00:00.000Z", "command_received": {},
        "dry_run": false, "overall_status": "success", "completion_time_ms": 12, "failed_at_step": null, "compensation": "none",
        "requires_user_action": null, "steps_executed": [{"tool_name": "iris_config", "command_id": target.command,
            "status": "success", "execution_time_ms": 10, "changes_applied": change, "error_message": null,
            "requires_user_action": null, "rollback_available": true, "trace_id": trace}]})
}

fn message(n: u64, _: &Target) -> Value {
    let text = "Mounted database /iris/mgr/user/ (SFN 5) read-write.";
    json!({"trace_id": format!("{n:032x}"), "generated_at": "2026-09-01T08:00:00.000Z", "timestamp": "09/01/26-08:00:00:000",
        "time": "2026-09-01T08:00:00.000", "process_id": 4711, "severity": 0, "category": "Database.MountedRW", "error_type": null,
        "message_text": text, "original_text": format!("09/01/26-08:00:00:000 (4711) 0 [Database.MountedRW] {text}"), "part": 1,
        "continuation": []})
}

fn package() -> Vec<u8> {
    let shape = roster::seed::Shape::of(20);
    roster::seed::District::of(shape).package(roster::oneroster::Version::V1p2).unwrap()
}

fn enrollment_row(n: u64, target: &Target) -> Value {
    json!({"studentId": target.student, "classId": target.class, "effectiveStart": format!("{}-01-11", 2028 + n % 5_000),
        "effectiveEnd": format!("{}-01-12", 2028 + n % 5_000)})
}

/// What a path or body names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) tenant: TenantId,
    pub(crate) school: Uuid,
    /// That every deciding role may decide.
    pub(crate) approval: Uuid,
    /// The school year that `term` is a part of.
    pub(crate) year: Uuid,
    pub(crate) term: Uuid,
    pub(crate) room: Uuid,
    pub(crate) class: Uuid,
    pub(crate) student: Uuid,
    pub(crate) guardian: Uuid,
    pub(crate) teacher: Uuid,
    pub(crate) enrollment: Uuid,
    /// A bulk job that ended at `school`.
    pub(crate) job: Uuid,
    /// Whose executor is the person with that role.
    pub(crate) instance: Uuid,
    /// A pending one.
    pub(crate) command: Uuid,
    pub(crate) trace: Uuid,
}

impl Target {
    /// Nothing that there is.
    pub(crate) const fn nothing(tenant: TenantId) -> Self {
        let nil = Uuid::nil();
        Self {
            tenant,
            school: nil,
            approval: nil,
            year: nil,
            term: nil,
            room: nil,
            class: nil,
            student: nil,
            guardian: nil,
            teacher: nil,
            enrollment: nil,
            job: nil,
            instance: nil,
            command: nil,
            trace: nil,
        }
    }
}

/// An operation of the served document.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) row: &'static Row,
    pub(crate) entry: &'static Entry,
    /// As described.
    pub(crate) described: Value,
}

/// Every operation of an OpenAPI document.
pub(crate) fn all(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap().iter();
    let described = paths.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| of(path, method, operation))
    });
    described.collect()
}

fn of(path: &str, method: &str, described: &Value) -> Operation {
    let id = described["operationId"].as_str().unwrap_or("an operation without operationId");
    let row = row_of(described).unwrap_or_else(|| {
        panic!("{id}: no row for its security scope: add one in crates/kernel/src/permission.rs")
    });
    let entry = ENTRIES.iter().find(|entry| entry.id == id).unwrap_or_else(|| {
        panic!("{id} is not tested: add its entry to ENTRIES in crates/steward/tests/it/matrix/operations.rs")
    });
    let method = method.to_uppercase().parse().unwrap();
    Operation { method, path: path.to_owned(), row, entry, described: described.clone() }
}

impl Operation {
    pub(crate) fn id(&self) -> &'static str {
        self.entry.id
    }

    pub(crate) fn has(&self, parameter: &str) -> bool {
        self.path.contains(&format!("{{{parameter}}}"))
    }

    /// Whether its path names something of a tenant.
    pub(crate) fn names_something(&self) -> bool {
        PARAMETERS.iter().any(|(name, _)| self.has(name))
    }

    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET && !self.row.reads()
    }

    /// The path of a target.
    pub(crate) fn path(&self, target: &Target) -> String {
        let path = self.path.replace("{tenantId}", &target.tenant.to_string());
        let named = |path: String, (name, named): &(&str, Named)| {
            path.replace(&format!("{{{name}}}"), &named(target).to_string())
        };
        let path = PARAMETERS.iter().fold(path, named);
        let path = path.replace("{context}", "roster").replace("{kind}", "students");
        let path = if self.id() == "archiveSchool" { path + "?cascade=true" } else { path };
        let path = path + self.entry.query;
        assert!(
            !path.contains('{'),
            "{}: say in Operation::path (crates/steward/tests/it/matrix/operations.rs) what {path} stands for",
            self.id()
        );
        path
    }

    /// A valid body of the operation, if it has one.
    pub(crate) fn body(&self, target: &Target) -> Option<Value> {
        self.entry.body.map(|body| body(NEXT.fetch_add(1, Ordering::Relaxed), target))
    }

    fn with_row(&self, request: Request, target: &Target) -> Request {
        if self.entry.package {
            return request.header("content-type", "application/zip").bytes(package());
        }
        let Some(row) = self.entry.row else { return request };
        let row = row(NEXT.fetch_add(1, Ordering::Relaxed), target);
        request.header("content-type", "application/jsonl").bytes(format!("{row}\n"))
    }

    /// A valid request.
    pub(crate) fn request(&self, client: &Client, target: &Target) -> Request {
        let request = client.request(self.method.clone(), &self.path(target));
        let request = match self.body(target) {
            Some(body) => {
                request.header("content-type", "application/json").bytes(body.to_string())
            }
            None => self.with_row(request, target),
        };
        match self.method {
            Method::PATCH | Method::PUT => request.header("if-match", "\"1\""),
            _ => request,
        }
    }
}
