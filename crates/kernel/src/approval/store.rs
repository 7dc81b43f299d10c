//! The SQL of approvals.

use jiff_sqlx::ToSqlx;
use sqlx::{Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use super::{Approval, ApprovalId, Level, Status};
use crate::{Role, Tx};

#[derive(sqlx::FromRow)]
struct Row {
    approval_id: Uuid,
    kind: String,
    subject_id: Uuid,
    revision: String,
    title: String,
    reason: String,
    consequences: Json<Vec<String>>,
    asked_by: String,
    asker: String,
    asked_at: jiff_sqlx::Timestamp,
    levels: Json<Vec<Level>>,
    level: i32,
    due_at: Option<jiff_sqlx::Timestamp>,
    remind_at: Option<jiff_sqlx::Timestamp>,
    status: String,
    decided_by: Option<String>,
    decided_at: Option<jiff_sqlx::Timestamp>,
    rationale: Option<String>,
}

impl From<Row> for Approval {
    fn from(row: Row) -> Self {
        Self {
            approval_id: ApprovalId(row.approval_id),
            kind: row.kind,
            subject_id: row.subject_id,
            revision: row.revision,
            title: row.title,
            reason: row.reason,
            consequences: row.consequences.0,
            asked_by: row.asker,
            asked_at: row.asked_at.to_jiff(),
            levels: row.levels.0,
            level: usize::try_from(row.level).unwrap_or(0),
            due_at: row.due_at.map(jiff_sqlx::Timestamp::to_jiff),
            remind_at: row.remind_at.map(jiff_sqlx::Timestamp::to_jiff),
            status: Status::of(&row.status),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(jiff_sqlx::Timestamp::to_jiff),
            rationale: row.rationale,
            asker: row.asked_by,
        }
    }
}

const COLUMNS: &str = "approval_id, kind, subject_id, revision, title, reason, consequences, asked_by, asker, asked_at, \
    levels, level, due_at, remind_at, status, decided_by, decided_at, rationale";

fn select(tx: &Tx) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("select ");
    sql.push(COLUMNS).push(" from kernel.approval where tenant_id = ").push_bind(tx.tenant().0);
    sql
}

async fn one(tx: &mut Tx, mut sql: QueryBuilder<Postgres>) -> sqlx::Result<Option<Approval>> {
    let row: Option<Row> = sql.build_query_as().fetch_optional(tx.conn()).await?;
    Ok(row.map(Approval::from))
}

/// One approval.
pub(crate) async fn find(tx: &mut Tx, id: ApprovalId) -> sqlx::Result<Option<Approval>> {
    let mut sql = select(tx);
    sql.push(" and approval_id = ").push_bind(id.0);
    one(tx, sql).await
}

/// One approval, locked against other decisions until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: ApprovalId) -> sqlx::Result<Option<Approval>> {
    let mut sql = select(tx);
    sql.push(" and approval_id = ").push_bind(id.0).push(" for update");
    one(tx, sql).await
}

/// The open question about a subject, locked.
pub(super) async fn lock_open(
    tx: &mut Tx,
    kind: &str,
    subject: Uuid,
) -> sqlx::Result<Option<Approval>> {
    let mut sql = select(tx);
    sql.push(" and kind = ").push_bind(kind.to_owned());
    sql.push(" and subject_id = ").push_bind(subject).push(" and status = 'Pending' for update");
    one(tx, sql).await
}

/// Which approvals are wanted, newest first.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) status: Option<Status>,
    pub(crate) kind: Option<&'a str>,
    /// Only those that ask one of these roles, or that this actor asked.
    pub(crate) concerning: Option<(Vec<&'static str>, String)>,
    pub(crate) before: Option<Uuid>,
    pub(crate) limit: i64,
}

/// One approval more than the page holds.
pub(crate) async fn list(tx: &mut Tx, wanted: &Wanted<'_>) -> sqlx::Result<Vec<Approval>> {
    let mut sql = select(tx);
    if let Some(status) = wanted.status {
        sql.push(" and status = '").push(status.name()).push("'");
    }
    if let Some(kind) = wanted.kind {
        sql.push(" and kind = ").push_bind(kind);
    }
    if let Some((roles, actor)) = &wanted.concerning {
        sql.push(" and (roles && ").push_bind(roles);
        sql.push(" or asked_by = ").push_bind(actor).push(")");
    }
    if let Some(before) = wanted.before {
        sql.push(" and approval_id < ").push_bind(before);
    }
    sql.push(" order by approval_id desc limit ").push_bind(wanted.limit + 1);
    let rows: Vec<Row> = sql.build_query_as().fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(Approval::from).collect())
}

/// Stores a new question.
pub(super) async fn insert(tx: &mut Tx, approval: &Approval) -> sqlx::Result<()> {
    let tenant = tx.tenant().0;
    let roles: Vec<_> = approval.levels.iter().map(|level| Role::name(level.role)).collect();
    sqlx::query!(
        "insert into kernel.approval (tenant_id, approval_id, kind, subject_id, revision, title, reason, consequences, asked_by, asker,
                                      asked_at, levels, roles, level, due_at, remind_at, status)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        tenant,
        approval.approval_id.0,
        approval.kind,
        approval.subject_id,
        approval.revision,
        approval.title,
        approval.reason,
        Json(&approval.consequences) as _,
        approval.asker,
        approval.asked_by,
        approval.asked_at.to_sqlx() as _,
        Json(&approval.levels) as _,
        &roles as &[&str],
        level(approval),
        approval.due_at.map(ToSqlx::to_sqlx) as _,
        approval.remind_at.map(ToSqlx::to_sqlx) as _,
        approval.status.name(),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Stores what changes of an approval: level, moments, status and decision.
pub(super) async fn update(tx: &mut Tx, approval: &Approval) -> sqlx::Result<()> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "update kernel.approval set level = $3, due_at = $4, remind_at = $5, status = $6, decided_by = $7, decided_at = $8, rationale = $9
         where tenant_id = $1 and approval_id = $2",
        tenant,
        approval.approval_id.0,
        level(approval),
        approval.due_at.map(ToSqlx::to_sqlx) as _,
        approval.remind_at.map(ToSqlx::to_sqlx) as _,
        approval.status.name(),
        approval.decided_by,
        approval.decided_at.map(ToSqlx::to_sqlx) as _,
        approval.rationale,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn level(approval: &Approval) -> i32 {
    i32::try_from(approval.level).unwrap_or(i32::MAX)
}
