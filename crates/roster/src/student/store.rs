//! The SQL of students: one statement for any number of them.

use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use kernel::{
    TenantId,
    keys::Place,
    problem::Problem,
    rows::{Search, Table},
    tx::Tx,
};
use sqlx::types::Json;
use uuid::Uuid;

use super::{Student, StudentId, listing};
use crate::{Error, person};

/// Students as they are read, birth dates sealed.
pub static TABLE: Table = Table {
    name: "roster.student",
    columns: "student_id, given_name, family_name, name_key, given_key, birth_date, grade, school_ids, status, reason, \
              legal_hold, scrubbed_at is not null as scrubbed, external_refs, version, created_at, updated_at",
    id: "student_id",
    key: "name_key",
    search: &[
        Search::Start("name_key"),
        Search::Start("given_key"),
        Search::Whole(
            "student_id in (select entity_id from roster.external_id where tenant_id = $1 and kind = 'student' and value = ?)",
        ),
    ],
};

/// Who is there, and whether they still belong to the district.
pub(super) static PRESENT: Table = Table { columns: "student_id, status", ..TABLE };

/// A student as the table holds them.
#[derive(sqlx::FromRow)]
pub(crate) struct Sealed {
    #[sqlx(flatten)]
    student: Student,
    #[sqlx(rename = "birth_date")]
    sealed: Option<Vec<u8>>,
}

fn place(tenant: TenantId, id: StudentId) -> Place {
    Place { tenant, table: "roster.student", column: "birth_date", row: id.0 }
}

/// Students with their birth dates.
pub(crate) async fn unsealed(tx: &mut Tx, rows: Vec<Sealed>) -> Result<Vec<Student>, Problem> {
    let mut students = Vec::with_capacity(rows.len());
    for Sealed { mut student, sealed } in rows {
        if let Some(sealed) = sealed {
            let place = place(tx.tenant(), student.student_id);
            student.birth_date = tx.unseal(place, &sealed).await?.parse::<Date>().ok();
        }
        students.push(student);
    }
    Ok(students)
}

/// Birth dates, sealed for their rows.
async fn sealed(tx: &mut Tx, students: &[Student]) -> Result<Vec<Option<Vec<u8>>>, Problem> {
    if students.iter().all(|student| student.birth_date.is_none()) {
        return Ok(vec![None; students.len()]);
    }
    let (key, tenant) = (tx.data_key().await?, tx.tenant());
    let seal = |student: &Student| {
        let sealed =
            |date: Date| key.seal(place(tenant, student.student_id), date.to_string().as_bytes());
        student.birth_date.map(sealed).transpose()
    };
    Ok(students.iter().map(seal).collect::<Result<_, _>>()?)
}

/// Stores students: their first versions or the next ones.
pub(crate) async fn save(tx: &mut Tx, students: &[Student]) -> Result<(), Error> {
    let births = sealed(tx, students).await?;
    let tenant = tx.tenant().0;
    let ids: Vec<Uuid> = students.iter().map(|s| s.student_id.0).collect();
    let given: Vec<&str> = students.iter().map(|s| s.given_name.as_str()).collect();
    let family: Vec<&str> = students.iter().map(|s| s.family_name.as_str()).collect();
    let name_keys: Vec<&str> = students.iter().map(|s| s.name_key.as_str()).collect();
    let given_keys: Vec<&str> = students.iter().map(|s| s.given_key.as_str()).collect();
    let grades: Vec<Option<&str>> = students.iter().map(|s| s.grade.as_deref()).collect();
    let schools: Vec<String> = students.iter().map(|s| person::array(&s.school_ids)).collect();
    let statuses: Vec<&str> = students.iter().map(|s| s.status.name()).collect();
    let reasons: Vec<Option<&str>> = students.iter().map(|s| s.reason.as_deref()).collect();
    let holds: Vec<Option<&str>> = students.iter().map(|s| s.legal_hold.as_deref()).collect();
    let scrubbed: Vec<bool> = students.iter().map(|s| s.scrubbed).collect();
    let refs: Vec<_> = students.iter().map(|s| Json(&s.external_refs)).collect();
    let versions: Vec<i64> = students.iter().map(|s| s.version).collect();
    let created: Vec<_> = students.iter().map(|s| s.created_at.to_sqlx()).collect();
    let updated: Vec<_> = students.iter().map(|s| s.updated_at.to_sqlx()).collect();
    sqlx::query!(
        "with renamed as (
           update roster.school_student l set listed_as = r.name_key from unnest($2::uuid[], $5::text[]) as r(id, name_key)
           where l.tenant_id = $1 and l.student_id = r.id and l.listed_as <> r.name_key)
         insert into roster.student (tenant_id, student_id, given_name, family_name, name_key, given_key, birth_date, grade,
           school_ids, status, reason, legal_hold, scrubbed_at, external_refs, version, created_at, updated_at)
         select $1, r.id, r.given, r.family, r.name_key, r.given_key, r.birth, r.grade, r.schools::uuid[], r.status, r.reason,
                r.hold, case when r.scrubbed then r.updated end, r.refs, r.version, r.created, r.updated
         from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::text[], $9::text[],
                     $10::text[], $11::text[], $12::text[], $13::bool[], $14::jsonb[], $15::bigint[], $16::timestamptz[],
                     $17::timestamptz[])
           as r(id, given, family, name_key, given_key, birth, grade, schools, status, reason, hold, scrubbed, refs, version,
                created, updated)
         on conflict (tenant_id, student_id) do update set given_name = excluded.given_name,
           family_name = excluded.family_name, name_key = excluded.name_key, given_key = excluded.given_key,
           birth_date = excluded.birth_date, grade = excluded.grade, school_ids = excluded.school_ids,
           status = excluded.status, reason = excluded.reason, legal_hold = excluded.legal_hold,
           scrubbed_at = coalesce(student.scrubbed_at, excluded.scrubbed_at), external_refs = excluded.external_refs,
           version = excluded.version, updated_at = excluded.updated_at",
        tenant,
        &ids,
        &given as &[&str],
        &family as &[&str],
        &name_keys as &[&str],
        &given_keys as &[&str],
        &births as &[Option<Vec<u8>>],
        &grades as &[Option<&str>],
        &schools,
        &statuses as &[&str],
        &reasons as &[Option<&str>],
        &holds as &[Option<&str>],
        &scrubbed,
        &refs as _,
        &versions,
        &created as _,
        &updated as _,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes the schools of students, who are stored, those that are looked up.
pub(crate) async fn save_schools(tx: &mut Tx, students: &[Student]) -> Result<(), sqlx::Error> {
    let tenant = tx.tenant().0;
    let changed: Vec<Uuid> = students.iter().map(|s| s.student_id.0).collect();
    let pairs =
        || students.iter().flat_map(|s| s.school_ids.iter().map(|id| (s.student_id.0, id.0)));
    let ids: Vec<Uuid> = pairs().map(|(student, _)| student).collect();
    let schools: Vec<Uuid> = pairs().map(|(_, school)| school).collect();
    let gone = sqlx::query_scalar!(
        r#"with gone as (
             delete from roster.student_school where tenant_id = $1 and student_id = any($2)
             and (student_id, school_id) not in (select * from unnest($3::uuid[], $4::uuid[])) returning student_id),
           come as (
             insert into roster.student_school (tenant_id, student_id, school_id)
             select $1, r.student, r.school from unnest($3::uuid[], $4::uuid[]) as r(student, school)
             on conflict do nothing)
           select distinct student_id from gone"#,
        tenant,
        &changed,
        &ids,
        &schools,
    )
    .fetch_all(tx.conn())
    .await?;
    listing::enter(tx, &ids, &schools).await?;
    listing::leave(tx, &gone).await
}
