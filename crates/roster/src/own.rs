//! What is a caller's own, as conditions that narrow a query: by the staff record that their token is linked to.

use kernel::{permission::Reach, rows::Only, tx::Tx};
use uuid::Uuid;

/// Narrows to the caller's own schools: `school_id` is one of those in their staff record.
pub async fn schools(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    narrowed(tx, "school_id = any(?)").await
}

async fn narrowed(tx: &mut Tx, condition: &'static str) -> Result<Vec<Only>, sqlx::Error> {
    if tx.reach() == Reach::Everything {
        return Ok(Vec::new());
    }
    Ok(vec![Only::Ids(condition, schools_of_staff(tx).await?)])
}

async fn schools_of_staff(tx: &mut Tx) -> Result<Vec<Uuid>, sqlx::Error> {
    let (tenant, issuer, subject) =
        (tx.tenant().0, tx.caller().issuer.clone(), tx.caller().subject.clone());
    sqlx::query_scalar!(
        "select o.school_id from roster.staff s
         join roster.staff_school o on o.tenant_id = s.tenant_id and o.staff_id = s.staff_id
         where s.tenant_id = $1 and s.issuer = $2 and s.subject = $3",
        tenant,
        issuer,
        subject,
    )
    .fetch_all(tx.conn())
    .await
}

/// Narrows to the caller's own classes: for roles of a school those of their schools, for a teacher those they teach.
pub async fn classes(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    schools(tx).await
}
