//! People are read by the rows that are asked for, however many there are: PostgreSQL itself counts them.

use anyhow::Result;
use serde_json::Value;
use sqlx::ConnectOptions as _;
use testkit::Login;
use uuid::Uuid;

use crate::home::{District, id_of};

const CLASSES: i64 = 400;
const OF_A_CLASS: i64 = 25;
/// Two ways to search share a page's rows and the one behind it; a row counts with the index entry that led to it.
const SEARCH: i64 = 2 * 2 * 51;

/// Ten thousand students with names of their own, each in one class; every hundredth is an Ada.
async fn plant(district: &District, school: Uuid) -> Result<()> {
    let mut session = district.server.database.options(Login::Admin).connect().await?;
    for sql in [
        "insert into roster.class (tenant_id, class_id, school_id, name, name_key, term_ids, status, external_refs, version,
           created_at, updated_at)
         select $1, md5('c' || n)::uuid, $2, 'C ' || n, 'c ' || n, '{}', 'Active', '[]', 1, now(), now()
         from generate_series(0, $3 - 1) n where $4 > 0",
        "insert into roster.student (tenant_id, student_id, given_name, family_name, name_key, given_key, school_ids, status,
           external_refs, version, created_at, updated_at)
         select $1, md5('s' || n)::uuid, g, 'Lee ' || n, 'lee ' || n || ' ' || g, g || ' lee ' || n, array[$2], 'Active', '[]', 1,
                now(), now()
         from generate_series(0, $3 * $4 - 1) n, lateral (select case when n % 100 = 0 then 'ada' else 'bob' || n end as g) names",
        "insert into roster.enrollment (tenant_id, enrollment_id, student_id, class_id, school_id, status, effective_start, version,
           created_at, updated_at)
         select $1, md5('e' || n)::uuid, md5('s' || n)::uuid, md5('c' || n % $3)::uuid, $2, 'Active', '2026-09-01', 1, now(), now()
         from generate_series(0, $3 * $4 - 1) n",
        "insert into roster.school_student (tenant_id, school_id, listed_as, student_id)
         select $1, $2, name_key, student_id from roster.student where $3 * $4 > 0",
    ] {
        let plant = sqlx::query(sql).bind(district.tenant.0).bind(school).bind(CLASSES).bind(OF_A_CLASS);
        plant.execute(&mut session).await?;
    }
    // What this session read is counted now, and not while something else is measured.
    for sql in [
        "analyze roster.class, roster.student, roster.enrollment, roster.school_student",
        "select pg_stat_force_next_flush()",
    ] {
        sqlx::raw_sql(sql).execute(&mut session).await?;
    }
    Ok(())
}

#[tokio::test]
async fn requests_read_few_rows_of_ten_thousand_students_and_their_enrolments() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    plant(&district, school.id).await?;
    let class = id_of(
        &district.registrar.get("/classes?pageSize=1").await?.expect(200)["items"][0],
        "classId",
    );
    let members = format!("/classes/{class}/members");
    let listed = district.registrar.get(&members).await?.expect(200);
    assert_eq!(listed["students"].as_array().map(Vec::len), Some(25));
    let student = id_of(&listed["students"][0], "studentId");
    let mut slow = Vec::new();
    for (path, most) in [
        (members, 2 * 2 * OF_A_CLASS + 4),
        (
            format!("{}?on=2026-10-01", format_args!("/classes/{class}/members")),
            2 * 3 * OF_A_CLASS + 4,
        ),
        (format!("/students/{student}"), 2),
        (format!("/enrollments?studentId={student}"), 4),
        (format!("/enrollments?classId={class}"), 2 * OF_A_CLASS + 2),
        ("/students".to_owned(), 2 * 51),
        (format!("/students?schoolId={}", school.id), 2 * 2 * 51),
        ("/students?q=lee%2042".to_owned(), SEARCH),
        ("/students?q=ada".to_owned(), SEARCH),
        ("/students?q=zzz".to_owned(), 4),
    ] {
        let read = async || {
            district.registrar.get(&path).await.map(|page| drop::<Value>(page.expect(200)))
        };
        let rows = district.rows_of(read).await?;
        if rows > most {
            slow.push(format!("{path}: {rows} rows instead of {most}"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
    Ok(())
}
