//! `GET /api/approvals`, `GET /api/approvals/{approvalId}`, `POST /api/approvals/{approvalId}/decision`.

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    Cx, Problem, Role,
    answer::{Ok200, Reply},
    approval::{self, Approval, ApprovalId, Decision, Status, Wanted},
    cursor::Page,
    http::{Body, Path, Query, params::page_size},
    permission::{ApprovalDecide, ApprovalRead},
};

const ROUTE: &str = "platform.approvals";
/// These see every question; the others those that they may answer or asked themselves.
const SEE_ALL: [Role; 3] = [Role::DistrictAdmin, Role::PlatformAdmin, Role::Auditor];

/// Which approvals are wanted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only those that stand so.
    #[param(inline)]
    status: Option<Status>,
    /// Only those of one kind, for instance `roster.import`.
    kind: Option<String>,
    /// Items of a page, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500)]
    page_size: Option<u32>,
    /// The `nextToken` of the page before.
    next_token: Option<String>,
}

/// The path of one approval.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Path)]
pub(super) struct ApprovalPath {
    /// The approval.
    approval_id: ApprovalId,
}

/// List approvals
///
/// What waits for a decision and what was decided, newest first: what you may decide or asked for; administrators and
/// auditors see all.
#[utoipa::path(get, path = "/api/approvals", tag = "platform", params(Filter), operation_id = "listApprovals",
    security(("bearer" = ["platform.approval.read"])),
    responses((status = 200, description = "A page of approvals", body = inline(Page<Approval>))))]
pub(super) async fn list(
    cx: Cx<ApprovalRead>,
    Query(filter): Query<Filter>,
) -> Result<Ok200<Page<Approval>>, Problem> {
    let limit = page_size(filter.page_size)?;
    let key = (filter.status, &filter.kind);
    let cursors = &cx.kernel().cursors;
    let before: Option<Uuid> = match &filter.next_token {
        Some(token) => Some(cursors.open(cx.tenant(), ROUTE, &key, token)?),
        None => None,
    };
    let concerning = concerning(&cx);
    let wanted =
        Wanted { status: filter.status, kind: filter.kind.as_deref(), concerning, before, limit };
    let rows = cx.read(async |tx| approval::list(tx, &wanted).await).await?;
    let seal = |last: &Approval| cursors.seal(cx.tenant(), ROUTE, &key, &last.approval_id.0);
    Ok(Ok200(Page::cut(rows, usize::try_from(limit).unwrap_or(usize::MAX), seal)))
}

/// What narrows the caller's view.
fn concerning(cx: &Cx<ApprovalRead>) -> Option<(Vec<&'static str>, String)> {
    let caller = cx.caller();
    if SEE_ALL.into_iter().any(|role| caller.has(role)) {
        return None;
    }
    Some((caller.roles.iter().map(|role| role.name()).collect(), caller.actor()))
}

/// Read an approval
#[utoipa::path(get, path = "/api/approvals/{approvalId}", tag = "platform", params(ApprovalPath), operation_id = "readApproval",
    security(("bearer" = ["platform.approval.read"])),
    responses((status = 200, description = "The approval", body = Approval)))]
pub(super) async fn read(
    cx: Cx<ApprovalRead>,
    Path(path): Path<ApprovalPath>,
) -> Result<Ok200<Approval>, Problem> {
    let found = cx.read(async |tx| approval::find(tx, path.approval_id).await).await?;
    let concerns = |approval: &Approval| match concerning(&cx) {
        None => true,
        Some((roles, actor)) => {
            let asks = approval.levels.iter().any(|level| roles.contains(&level.role.name()));
            asks || approval.asker == actor
        }
    };
    found.filter(concerns).map(Ok200).ok_or_else(Problem::missing)
}

/// Decide
///
/// By somebody whose role is asked and who did not ask, about the revision they saw. The first answer wins.
#[utoipa::path(post, path = "/api/approvals/{approvalId}/decision", tag = "platform", params(ApprovalPath),
    operation_id = "decideApproval", security(("bearer" = ["platform.approval.decide"])), request_body = Decision,
    responses((status = 200, description = "As decided", body = Approval),
        (status = 409, description = "Decided by somebody else, or about another revision", body = crate::problem::ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn decide(
    cx: Cx<ApprovalDecide>,
    Path(path): Path<ApprovalPath>,
    body: Body<Decision>,
) -> Result<Reply, Problem> {
    cx.write("platform.approval.decide", async move |tx| {
        let known = approval::find(tx, path.approval_id).await?;
        known.ok_or_else(Problem::missing)?;
        approval::decide(tx, path.approval_id, &body.parse()?).await
    })
    .await
}
