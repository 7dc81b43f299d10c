//! `…/instance/commands` and `…/instance/traces`

use kernel::{
    answer::{Fresh, Ok200, Reply},
    cursor::Page,
    cx::Cx,
    http::{Body, Path, Query, params::left_out},
    permission::{RemedyRead, RemedySend},
    problem::Problem,
    rows::{self, After, Asked, Order},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::wire::RemediationCommand;
use crate::{
    command::Command,
    server::{
        registry::InstanceId,
        remedy::{self, CommandId, CommandStatus, Remedy, RemedyTrace, Sent},
    },
};

/// The path of one command.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct CommandPath {
    /// The command: its `command_id`.
    pub(super) command_id: CommandId,
}

/// The path of one trace.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct TracePath {
    /// The trace: 32 hexadecimal digits, the server's or the executor's own.
    trace_id: Uuid,
}

/// Which commands are wanted.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only commands that stand so.
    #[param(inline)]
    status: Option<CommandStatus>,
    /// Only commands for this instance.
    instance_id: Option<InstanceId>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[serde(serialize_with = "left_out")]
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    #[serde(serialize_with = "left_out")]
    next_token: Option<String>,
}

/// Send a remediation command
///
/// The whole of it is checked first, every violation named by its JSON Pointer. A restart, and a kernel parameter whose
/// reduction takes something away, is held until another operator or a platform administrator confirms it (`approvalId`);
/// everything else waits for its executor at once. The same `command_id` again is answered as the first time.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/instance/commands", tag = "instances", operation_id = "sendCommand",
    security(("bearer" = ["instance.command.send"])), request_body = RemediationCommand,
    responses((status = 202, description = "Taken", body = Remedy)))]
pub(super) async fn send(
    cx: Cx<RemedySend>,
    body: Body<RemediationCommand>,
) -> Result<Reply, Problem> {
    cx.write("instance.command.send", async move |tx| {
        let command = Command::parse(body.bytes()?)?;
        remedy::send(tx, &command, Sent::default()).await
    })
    .await
}

/// List commands
///
/// The newest first.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/instance/commands", tag = "instances", operation_id = "listCommands",
    security(("bearer" = ["instance.command.read"])), params(Filter),
    responses((status = 200, description = "A page of commands", body = inline(Page<Remedy>))))]
pub(super) async fn list(
    cx: Cx<RemedyRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Remedy>>, Problem> {
    let asked = Asked {
        route: "instance.commands",
        q: None,
        sort: Order::NameDescending,
        page_size: filter.page_size,
        next_token: filter.next_token.as_deref(),
    };
    let key = |last: &Remedy| After(last.trace_id.to_string(), last.command_id.0);
    rows::page(&cx, &filter, asked, key, async |tx, wanted| {
        remedy::list(tx, filter.status, filter.instance_id, wanted).await
    })
    .await
}

/// Read a command
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/instance/commands/{commandId}", tag = "instances",
    operation_id = "readCommand", security(("bearer" = ["instance.command.read"])), params(CommandPath),
    responses((status = 200, description = "The command", body = Remedy, headers(("ETag" = String)))))]
pub(super) async fn read(
    cx: Cx<RemedyRead>,
    Path(path): Path<CommandPath>,
) -> Result<Fresh<Remedy>, Problem> {
    cx.read(async |tx| remedy::read(tx, path.command_id).await).await
}

/// Read the trace of a command
///
/// What is known of it from the moment it came; in `trace`, what its executor reported.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/instance/traces/{traceId}", tag = "instances",
    operation_id = "readTrace", security(("bearer" = ["instance.command.read"])), params(TracePath),
    responses((status = 200, description = "The trace", body = RemedyTrace)))]
pub(super) async fn trace(
    cx: Cx<RemedyRead>,
    Path(path): Path<TracePath>,
) -> Result<Ok200<RemedyTrace>, Problem> {
    cx.read(async |tx| remedy::trace(tx, path.trace_id).await).await.map(Ok200)
}

/// Take a command back
///
/// Sends a new command that puts the former value there again, expecting the one that the first has left. It goes through
/// all that any command goes through, confirmation included; when it succeeds, the first is `RolledBack`. The instance is not
/// restarted by it.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/instance/commands/{commandId}/rollback", tag = "instances",
    operation_id = "rollBackCommand", security(("bearer" = ["instance.command.send"])), params(CommandPath),
    responses((status = 202, description = "The command that takes it back", body = Remedy)))]
pub(super) async fn roll_back(
    cx: Cx<RemedySend>,
    Path(path): Path<CommandPath>,
) -> Result<Reply, Problem> {
    cx.write("instance.command.rollback", async move |tx| {
        remedy::roll_back(tx, path.command_id).await.map_err(Problem::from)
    })
    .await
}
