//! What is a caller's own: the schools of the staff record that their token is linked to.

use kernel::{permission::Reach, tx::Tx};
use uuid::Uuid;

/// The schools that the caller reaches; `None` for the whole tenant.
pub async fn schools(tx: &mut Tx) -> Result<Option<Vec<Uuid>>, sqlx::Error> {
    if tx.reach() == Reach::Everything {
        return Ok(None);
    }
    let (tenant, issuer, subject) =
        (tx.tenant().0, tx.caller().issuer.clone(), tx.caller().subject.clone());
    let schools = sqlx::query_scalar!(
        "select o.school_id from roster.staff s
         join roster.staff_school o on o.tenant_id = s.tenant_id and o.staff_id = s.staff_id
         where s.tenant_id = $1 and s.issuer = $2 and s.subject = $3",
        tenant,
        issuer,
        subject,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(Some(schools))
}
