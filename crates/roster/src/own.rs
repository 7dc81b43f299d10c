//! What is a caller's own, as conditions that narrow a query: by the staff record that their token is linked to.

use kernel::{Role, permission::Reach, rows::Only, tx::Tx};
use uuid::Uuid;

use crate::{Error, school::SchoolId};

/// Students of schools: by their own record, or by an active enrolment.
pub const OF_SCHOOLS: &str = "student_id in (select student_id from roster.school_student where tenant_id = $1 and school_id = any(?))";
/// Students who are in one of these classes.
const OF_CLASSES: &str = "student_id in (
    select student_id from roster.enrollment where tenant_id = $1 and status = 'Active' and class_id = any(?))";
/// Staff who work at one of these schools.
pub const STAFF_OF_SCHOOLS: &str = "staff_id in (select staff_id from roster.staff_school where tenant_id = $1 and school_id = any(?))";

/// Staff all of whose schools are these.
pub const STAFF_ALONE: &str = "school_ids <> '{}' and school_ids <@ ?";

/// Roles that reach their schools; a teacher reaches the classes that they teach.
const OF_A_SCHOOL: [Role; 3] = [Role::SchoolAdmin, Role::Interventionist, Role::Counselor];

/// Narrows to the caller's own schools.
pub async fn schools(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    by_schools(tx, "school_id = any(?)").await
}

/// Narrows to the staff of the caller's own schools.
pub async fn staff(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    by_schools(tx, STAFF_OF_SCHOOLS).await
}

/// Narrows to the staff of whose schools all are the caller's own.
pub async fn staff_alone(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    by_schools(tx, STAFF_ALONE).await
}

/// Narrows to the caller's own classes, and what belongs to one: for roles of a school those of their schools, for a
/// teacher those that they teach.
pub async fn classes(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    by_schools_or_classes(tx, "school_id = any(?)", "class_id = any(?)").await
}

/// Narrows to the caller's own students: of their schools, or in the classes that they teach.
pub async fn students(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    by_schools_or_classes(tx, OF_SCHOOLS, OF_CLASSES).await
}

/// Narrows to the bulk jobs that ended within the caller's own schools.
pub async fn bulk_jobs(tx: &mut Tx) -> Result<Vec<Only>, sqlx::Error> {
    by_schools(tx, "school_ids <> '{}' and school_ids <@ ?").await
}

/// The schools at which the caller's permission ends; none when it reaches the whole district.
pub(crate) async fn limits(tx: &mut Tx) -> Result<Vec<SchoolId>, Error> {
    if tx.reach() == Reach::Everything {
        return Ok(Vec::new());
    }
    let mut schools = own_schools(tx).await?;
    schools.sort_unstable();
    if schools.is_empty() {
        return Err(Error::unknown("", "school of yours"));
    }
    Ok(schools.into_iter().map(SchoolId).collect())
}

async fn by_schools(tx: &mut Tx, condition: &'static str) -> Result<Vec<Only>, sqlx::Error> {
    if tx.reach() == Reach::Everything {
        return Ok(Vec::new());
    }
    Ok(vec![Only::Ids(condition, own_schools(tx).await?)])
}

async fn by_schools_or_classes(
    tx: &mut Tx,
    of_schools: &'static str,
    of_classes: &'static str,
) -> Result<Vec<Only>, sqlx::Error> {
    let of_a_school = OF_A_SCHOOL.into_iter().any(|role| tx.reaches_as(role));
    if tx.reach() == Reach::Everything || of_a_school {
        return by_schools(tx, of_schools).await;
    }
    Ok(vec![Only::Ids(of_classes, own_classes(tx).await?)])
}

async fn own_schools(tx: &mut Tx) -> Result<Vec<Uuid>, sqlx::Error> {
    let (tenant, issuer, subject) =
        (tx.tenant().0, tx.caller().issuer.clone(), tx.caller().subject.clone());
    sqlx::query_scalar!(
        "select o.school_id from roster.staff s
         join roster.staff_school o on o.tenant_id = s.tenant_id and o.staff_id = s.staff_id
         where s.tenant_id = $1 and s.issuer = $2 and s.subject = $3 and s.status = 'Active'",
        tenant,
        issuer,
        subject,
    )
    .fetch_all(tx.conn())
    .await
}

async fn own_classes(tx: &mut Tx) -> Result<Vec<Uuid>, sqlx::Error> {
    let (tenant, issuer, subject) =
        (tx.tenant().0, tx.caller().issuer.clone(), tx.caller().subject.clone());
    sqlx::query_scalar!(
        "select t.class_id from roster.staff s
         join roster.class_teacher t on t.tenant_id = s.tenant_id and t.staff_id = s.staff_id
         where s.tenant_id = $1 and s.issuer = $2 and s.subject = $3 and s.status = 'Active' and t.removed_at is null",
        tenant,
        issuer,
        subject,
    )
    .fetch_all(tx.conn())
    .await
}
