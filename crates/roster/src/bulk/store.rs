//! The SQL of bulk jobs and their results.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use kernel::{rows::Table, tx::Tx};
use uuid::Uuid;

use super::{BulkJob, JobId, RowResult, RowStatus};

/// Bulk jobs as they are read. Their ids are in the order of time.
pub static TABLE: Table = Table {
    name: "roster.bulk_job",
    columns: "job_id, job_type, status, source, options, format, checksum, bytes, school_ids, total_rows, processed_rows, \
              failed_rows, place, line, summary, error, version, created_at, updated_at, completed_at",
    id: "job_id",
    key: "job_id::text",
    search: &[],
};

/// A moment that may be missing.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct OptionalTimestamp(Option<jiff_sqlx::Timestamp>);

impl From<OptionalTimestamp> for Option<Timestamp> {
    fn from(moment: OptionalTimestamp) -> Self {
        moment.0.map(jiff_sqlx::Timestamp::to_jiff)
    }
}

/// Stores a new job.
pub(super) async fn insert(tx: &mut Tx, job: &BulkJob) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let schools: Vec<Uuid> = job.school_ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "insert into roster.bulk_job (tenant_id, job_id, job_type, status, source, options, format, checksum, bytes, school_ids,
           total_rows, processed_rows, failed_rows, place, line, summary, version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, $12, $13, $14, $15, $16, $16)",
        tenant,
        job.job_id.0,
        job.job_type.name(),
        job.status.name(),
        job.source,
        job.options,
        job.format.name(),
        job.checksum,
        job.bytes,
        &schools,
        job.total_rows,
        job.place,
        job.line,
        job.summary,
        job.version,
        job.created_at.to_sqlx() as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Stores the next version of a job.
pub(crate) async fn update(tx: &mut Tx, job: &BulkJob) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "update roster.bulk_job set status = $3, total_rows = $4, processed_rows = $5, failed_rows = $6, place = $7, line = $8,
           summary = $9, error = $10, version = $11, updated_at = $12, completed_at = $13
         where tenant_id = $1 and job_id = $2",
        tenant,
        job.job_id.0,
        job.status.name(),
        job.total_rows,
        job.processed_rows,
        job.failed_rows,
        job.place,
        job.line,
        job.summary,
        job.error,
        job.version,
        job.updated_at.to_sqlx() as _,
        job.completed_at.map(ToSqlx::to_sqlx) as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The job that the same file was given to before, if it did not fail as a whole.
pub(super) async fn twin(tx: &mut Tx, job: &BulkJob) -> Result<Option<JobId>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let schools: Vec<Uuid> = job.school_ids.iter().map(|id| id.0).collect();
    let found = sqlx::query_scalar!(
        "select job_id from roster.bulk_job
         where tenant_id = $1 and job_type = $2 and checksum = $3 and source is not distinct from $4 and options = $5
           and school_ids = $6 and status <> 'Failed' limit 1",
        tenant,
        job.job_type.name(),
        job.checksum,
        job.source,
        job.options,
        &schools,
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(found.map(JobId))
}

/// Stores what became of rows.
pub(crate) async fn save_results(
    tx: &mut Tx,
    job: JobId,
    results: &[RowResult],
) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let numbers: Vec<i32> = results.iter().map(|r| r.row_number).collect();
    let statuses: Vec<&str> = results.iter().map(|r| r.status.name()).collect();
    let ids: Vec<Option<Uuid>> = results.iter().map(|r| r.id).collect();
    let codes: Vec<Option<&str>> = results.iter().map(|r| r.error_code.as_deref()).collect();
    let messages: Vec<Option<&str>> = results.iter().map(|r| r.error_message.as_deref()).collect();
    let files: Vec<Option<&str>> = results.iter().map(|r| r.file.as_deref()).collect();
    let lines: Vec<Option<i32>> = results.iter().map(|r| r.line).collect();
    let columns: Vec<Option<&str>> = results.iter().map(|r| r.column.as_deref()).collect();
    sqlx::query!(
        r#"insert into roster.bulk_job_result (tenant_id, job_id, row_number, status, id, error_code, error_message, file, line, "column")
         select $1, $2, r.*
         from unnest($3::int[], $4::text[], $5::uuid[], $6::text[], $7::text[], $8::text[], $9::int[], $10::text[]) as r"#,
        tenant,
        job.0,
        &numbers,
        &statuses as &[&str],
        &ids as &[Option<Uuid>],
        &codes as &[Option<&str>],
        &messages as &[Option<&str>],
        &files as &[Option<&str>],
        &lines as &[Option<i32>],
        &columns as &[Option<&str>],
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Up to `limit` results after a row, of one status if it is asked for.
pub(super) async fn results(
    tx: &mut Tx,
    job: JobId,
    status: Option<RowStatus>,
    (after, limit): (i32, i64),
) -> Result<Vec<RowResult>, sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query_as!(
        RowResult,
        r#"select row_number, status as "status: RowStatus", id, error_code, error_message, file, line, "column"
           from roster.bulk_job_result
           where tenant_id = $1 and job_id = $2 and ($3::text is null or status = $3) and row_number > $4
           order by row_number limit $5"#,
        tenant,
        job.0,
        status.map(RowStatus::name),
        after,
        limit,
    )
    .fetch_all(tx.conn())
    .await
}

/// Which rows of a job had these entities before.
pub(super) async fn rows_of(
    tx: &mut Tx,
    job: JobId,
    ids: &[Uuid],
) -> Result<Vec<(Uuid, i32)>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        r#"select id as "id!", min(row_number) as "row!" from roster.bulk_job_result
           where tenant_id = $1 and job_id = $2 and id = any($3) group by id"#,
        tenant,
        job.0,
        ids,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.row)).collect())
}

/// Deletes up to `limit` results of a job; how many there were.
pub(super) async fn forget(tx: &mut Tx, job: JobId, limit: i64) -> Result<u64, sqlx::Error> {
    let tenant = tx.tenant().0;
    let done = sqlx::query!(
        "delete from roster.bulk_job_result where tenant_id = $1 and job_id = $2 and row_number in (
           select row_number from roster.bulk_job_result where tenant_id = $1 and job_id = $2 order by row_number limit $3)",
        tenant,
        job.0,
        limit,
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Deletes a job without results.
pub(super) async fn delete(tx: &mut Tx, job: JobId) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!("delete from roster.bulk_job where tenant_id = $1 and job_id = $2", tenant, job.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}
