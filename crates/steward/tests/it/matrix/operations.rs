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
    pub(crate) body: Option<fn(u64) -> Value>,
}

const fn without_body(id: &'static str, success: u16) -> Entry {
    Entry { id, success, body: None }
}

/// One entry for each operation.
pub(crate) static ENTRIES: &[Entry] = &[
    Entry { id: "provisionTenant", success: 201, body: Some(tenant) },
    without_body("listTenants", 200),
    without_body("readTenant", 200),
    without_body("suspendTenant", 200),
    without_body("reactivateTenant", 200),
    without_body("deactivateTenant", 200),
    Entry { id: "createSchool", success: 201, body: Some(school) },
    without_body("listSchools", 200),
    without_body("readSchool", 200),
    Entry { id: "updateSchool", success: 200, body: Some(school) },
    without_body("archiveSchool", 204),
    without_body("readFeed", 200),
    without_body("listAudit", 200),
    without_body("readOutbox", 200),
    without_body("listApprovals", 200),
    without_body("readApproval", 200),
    Entry { id: "decideApproval", success: 200, body: Some(decision) },
];

fn tenant(n: u64) -> Value {
    let refs = json!([{"source": "state", "value": format!("D-{n}")}]);
    json!({"name": format!("District {n}"), "region": "default", "capabilities": ["interventions"], "externalRefs": refs})
}

fn school(n: u64) -> Value {
    let refs = json!([{"source": "sis", "value": format!("S-{n}")}]);
    json!({"name": format!("School {n}"), "timezone": "America/Chicago", "externalRefs": refs})
}

fn decision(_: u64) -> Value {
    json!({"decision": "Approved", "revision": "1", "rationale": "Looked at it."})
}

/// What a path names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) tenant: TenantId,
    pub(crate) school: Uuid,
    /// That every deciding role may decide.
    pub(crate) approval: Uuid,
}

impl Target {
    /// What does not exist in a tenant.
    pub(crate) const fn nothing(tenant: TenantId) -> Self {
        Self { tenant, school: Uuid::nil(), approval: Uuid::nil() }
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

    /// Does its path name an entity of a tenant?
    pub(crate) fn names_something(&self) -> bool {
        ["schoolId", "approvalId"].iter().any(|parameter| self.has(parameter))
    }

    pub(crate) fn writes(&self) -> bool {
        self.method != Method::GET
    }

    /// The path of a target.
    pub(crate) fn path(&self, target: &Target) -> String {
        let path = self.path.replace("{tenantId}", &target.tenant.to_string());
        let path = path.replace("{schoolId}", &target.school.to_string());
        let path = path.replace("{context}", "roster");
        let path = path.replace("{approvalId}", &target.approval.to_string());
        assert!(
            !path.contains('{'),
            "{}: say in Operation::path (crates/steward/tests/it/matrix/operations.rs) what {path} stands for",
            self.id()
        );
        path
    }

    /// A valid body of the operation, if it has one.
    pub(crate) fn body(&self) -> Option<Value> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.entry.body.map(|body| body(NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// A valid request.
    pub(crate) fn request(&self, client: &Client, target: &Target) -> Request {
        let request = client.request(self.method.clone(), &self.path(target));
        let request = match self.body() {
            Some(body) => {
                request.header("content-type", "application/json").bytes(body.to_string())
            }
            None => request,
        };
        match self.method {
            Method::PATCH | Method::PUT => request.header("if-match", "\"1\""),
            _ => request,
        }
    }
}
