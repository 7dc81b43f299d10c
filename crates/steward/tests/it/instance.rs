//! Instances in the server: commands from those who send them to those who carry them out, and back.

mod approval;
mod commands;
mod executor;
mod messages;

use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::issuer::ISSUER;
use testkit::{Client, Person, Server};

use crate::matrix::operations::new_id;

/// A server with a district, its operators, and an instance with its executor.
struct Story {
    server: Server,
    tenant: TenantId,
    operator: Client,
    executor: Client,
    instance: String,
}

impl Story {
    async fn begin() -> Self {
        Self::begin_with(Server::start().await.unwrap()).await
    }

    async fn begin_with(server: Server) -> Self {
        let tenant = server.district("Cedar").await.unwrap();
        let operator = server.as_role(Role::Operator, tenant).unwrap();
        let host = Person::with(Role::InstanceExecutor, &[tenant]);
        let executor = server.as_person(&host).unwrap().in_tenant(tenant);
        let account = json!({"issuer": ISSUER, "subject": host.subject});
        let body = json!({"name": "IRIS", "executor": account});
        let made = operator.post("/instance/instances", body).await.unwrap().expect(201);
        let instance = made["instanceId"].as_str().unwrap().to_owned();
        Self { server, tenant, operator, executor, instance }
    }

    fn person(&self, role: Role, subject: &str) -> Client {
        let person = Person { subject: subject.to_owned(), ..Person::with(role, &[self.tenant]) };
        self.server.as_person(&person).unwrap().in_tenant(self.tenant)
    }

    /// Sends a command and returns what is answered.
    async fn send(&self, command: &Value) -> Value {
        self.operator.post("/instance/commands", command).await.unwrap().expect(202)
    }

    /// What the executor has to do.
    async fn pending(&self) -> Vec<Value> {
        let path = format!("/instance/instances/{}/commands/pending", self.instance);
        let answer = self.executor.get(&path).without("x-tenant-id").await.unwrap();
        if answer.status == 204 {
            Vec::new()
        } else {
            answer.expect(200).as_array().unwrap().clone()
        }
    }

    /// Reports what became of a command, as an executor does: where `reply_to` says, with a token and nothing else.
    async fn report(&self, command: &Value, trace: &Value) -> u16 {
        let url = command["reply_to"].as_str().unwrap();
        let path = url.strip_prefix(&self.server.url()).expect("an address of this server");
        let sent = self.executor.post(path, trace).without("x-tenant-id");
        sent.without("idempotency-key").await.unwrap().status
    }

    async fn command(&self, id: &Value) -> Value {
        let path = format!("/instance/commands/{}", id.as_str().unwrap());
        self.operator.get(&path).await.unwrap().expect(200)
    }

    /// Waits until a command stands so.
    async fn until(&self, id: &Value, status: &str) -> Value {
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(15);
        loop {
            let command = self.command(id).await;
            if command["status"] == status {
                return command;
            }
            assert!(tokio::time::Instant::now() < deadline, "not {status}: {command}");
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
    }
}

/// A change of the configuration that nobody need confirm.
fn more_buffers() -> Value {
    json!({"command_id": new_id(), "error_type": "config", "severity": 2, "recommended_action": "More global buffers",
        "parameters": {"cpf_section": "config", "parameter": "globals", "new_value": "0,0,512,0,0,0", "current_value": "0,0,256,0,0,0"},
        "requires_restart": false, "execution_order": ["iris_config"]})
}

/// The same with a restart.
fn with_restart() -> Value {
    let mut command = more_buffers();
    command["requires_restart"] = json!(true);
    command["execution_order"] = json!(["iris_config", "iris_restart"]);
    command
}

/// What an executor reports of a command that succeeded.
fn success(command: &Value) -> Value {
    let (id, trace) = (&command["command_id"], new_id().simple().to_string());
    let old = command["parameters"]["current_value"].clone();
    let change = json!({"config.globals": {"old": old, "new": command["parameters"]["new_value"], "validated": true}});
    json!({"trace_id": trace, "command_id": id, "initiated_at": "2026-09-01T08:00:00.000Z", "command_received": command,
        "dry_run": false, "overall_status": "success", "completion_time_ms": 12, "failed_at_step": null, "compensation": "none",
        "requires_user_action": null, "steps_executed": [{"tool_name": "iris_config", "command_id": id, "status": "success",
            "execution_time_ms": 10, "changes_applied": change, "error_message": null, "requires_user_action": null,
            "rollback_available": true, "trace_id": trace}]})
}
