//! The file of a job: stored in sealed pieces in the transaction that makes the job, read by whichever node does it.

use kernel::{
    Problem, http::upload::Received, job::Job, keys::Place, permission::Permission, tx::Tx,
};
use uuid::Uuid;

use super::JobId;

/// Bytes of one piece: large enough that a file is few rows, small enough that a statement is short.
pub const PIECE: usize = 256 << 10;

/// Where a piece is sealed for. A row's id is that of the job and the number together, so that no piece can stand in
/// another one's place.
fn place(tx: &Tx, job: JobId, number: i32) -> Place {
    let row = Uuid::from_u128(job.0.as_u128() ^ u128::from(number.unsigned_abs()));
    Place { tenant: tx.tenant(), table: "roster.bulk_chunk", column: "bytes", row }
}

/// Stores the file of a job.
pub(super) async fn save(tx: &mut Tx, job: JobId, file: &Received) -> Result<(), Problem> {
    let (key, tenant) = (tx.data_key().await?, tx.tenant().0);
    let (mut number, mut offset) = (0_i32, 0_u64);
    while offset < file.size {
        let piece = read(file.clone(), offset).await?;
        let sealed = key.seal(place(tx, job, number), &piece)?;
        sqlx::query!(
            "insert into roster.bulk_chunk (tenant_id, job_id, number, bytes) values ($1, $2, $3, $4)",
            tenant,
            job.0,
            number,
            sealed,
        )
        .execute(tx.conn())
        .await?;
        offset += piece.len() as u64;
        number += 1;
    }
    Ok(())
}

async fn read(file: Received, offset: u64) -> Result<Vec<u8>, Problem> {
    let read = tokio::task::spawn_blocking(move || file.read_at(offset, PIECE)).await;
    read.map_err(|e| Problem::internal(&e))?.map_err(|e| Problem::internal(&e))
}

/// One piece of a job's file, from 0; `None` behind its end. In a short transaction of its own: a long job holds no
/// connection.
///
/// # Errors
/// The database's; a piece that cannot be opened.
pub async fn piece<P: Permission>(job: &Job, number: i32) -> Result<Option<Vec<u8>>, Problem> {
    let id = JobId(job.id);
    job.cx::<P>("read")
        .read(async |tx| {
            let tenant = tx.tenant().0;
            let sealed = sqlx::query_scalar!(
                "select bytes from roster.bulk_chunk where tenant_id = $1 and job_id = $2 and number = $3",
                tenant,
                id.0,
                number,
            )
            .fetch_optional(tx.conn())
            .await?;
            let Some(sealed) = sealed else { return Ok(None) };
            let place = place(tx, id, number);
            let keys = tx.kernel().clone();
            let plain = keys.data_keys().open(tx.conn(), place, &sealed).await?;
            Ok::<_, Problem>(Some(plain.to_vec()))
        })
        .await
}

/// Deletes the file of a job.
pub(super) async fn delete(tx: &mut Tx, job: JobId) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    sqlx::query!(
        "delete from roster.bulk_chunk where tenant_id = $1 and job_id = $2",
        tenant,
        job.0
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
