//! What an instance's executor does: it takes pending commands, reports what became of them, and sends log messages.
//!
//! An executor sends a bearer token and nothing else of ours: the tenant is the path's, and what comes twice is known by its
//! own id.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{
    answer::{Ok200, Reply},
    cx::Cx,
    http::{Body, Path},
    permission::{MessageWrite, PendingRead, ResultWrite},
    problem::Problem,
};

use super::{commands::CommandPath, instances::InstancePath, wire::RemediationCommand};
use crate::{
    command::result::Trace,
    server::{
        message::{self, LogMessage, Messages, Taken},
        remedy,
    },
};

/// Take an instance's pending commands
///
/// A list in the order in which they came, at most 50; the same again until each is answered. `reply_to` is where the workflow
/// trace is to be posted. Commands that must be confirmed are in it once they are: the executor need not ask again.
#[utoipa::path(get, path = "/api/v1/tenants/{tenantId}/instance/instances/{instanceId}/commands/pending", tag = "instances",
    operation_id = "takeCommands", security(("bearer" = ["instance.pending.read"])), params(InstancePath),
    responses((status = 200, description = "What is to be done", body = Vec<RemediationCommand>),
        (status = 204, description = "Nothing is to be done")))]
pub(super) async fn pending(
    cx: Cx<PendingRead>,
    Path(path): Path<InstancePath>,
) -> Result<Response, Problem> {
    let commands = cx.read(async |tx| remedy::pending(tx, path.instance_id).await).await?;
    if commands.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(Ok200(commands).into_response())
}

/// Report what became of a command
///
/// The workflow trace. A second report of the same command changes nothing. A trace with `overall_status` `held` asks a person
/// here; the command is pending again once it is confirmed.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/instance/commands/{commandId}/result", tag = "instances",
    operation_id = "reportResult", security(("bearer" = ["instance.result.write"])), params(CommandPath),
    request_body = Trace, responses((status = 204, description = "Taken")))]
pub(super) async fn result(
    cx: Cx<ResultWrite>,
    Path(path): Path<CommandPath>,
    body: Body<Trace>,
) -> Result<Reply, Problem> {
    cx.write("instance.command.report", async move |tx| {
        remedy::report(tx, path.command_id, &body).await
    })
    .await
}

/// Send log messages of an instance
///
/// One, or a list of at most 500 in the order of the log. The newest 10,000 of each instance are kept.
#[utoipa::path(post, path = "/api/v1/tenants/{tenantId}/instance/instances/{instanceId}/messages", tag = "instances",
    operation_id = "sendMessages", security(("bearer" = ["instance.message.write"])), params(InstancePath),
    request_body = Messages, responses((status = 200, description = "How many were new", body = Taken)))]
pub(super) async fn messages(
    cx: Cx<MessageWrite>,
    Path(path): Path<InstancePath>,
    body: Body<Messages>,
) -> Result<Reply, Problem> {
    cx.write("instance.message.take", async move |tx| {
        let read = || LogMessage::all(body.bytes()?);
        message::take(tx, path.instance_id, read).await
    })
    .await
}
