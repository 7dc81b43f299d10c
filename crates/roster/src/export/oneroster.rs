//! The roster of a source as a OneRoster package: what is active, under the source's ids, in their order. What has no id
//! there goes by our own. Importing the package again changes nothing.
//!
//! It is written to a file without a name and sent from there: a reader who is slow holds no snapshot.

mod ids;
mod people;
mod places;

use std::{fs::File, io::BufWriter};

use futures::TryStreamExt;
use kernel::{problem::Problem, snapshot::Snapshot, tx::Tx};

use crate::{
    Error,
    oneroster::{self, EnrollmentRole, PackageWriter, State, Version, WriteError},
};
use ids::Ids;

/// How long the order of all enrolments may take.
const PATIENCE: &str = "60s";

/// A package in the making.
type Writer = PackageWriter<BufWriter<File>>;

/// Writes the package of a source.
///
/// # Errors
/// The database's; a disk that is full.
pub async fn package(
    snapshot: &mut Snapshot,
    source: &str,
    version: Version,
    file: File,
) -> Result<File, Error> {
    let tx = snapshot.tx();
    let mut writer = PackageWriter::new(BufWriter::new(file), version);
    sqlx::query!("select set_config('statement_timeout', $1, true)", PATIENCE)
        .fetch_one(tx.conn())
        .await?;
    let ids = Ids::read(tx, source).await?;
    places::write(tx, &ids, &mut writer).await?;
    let roles = people::write(tx, &ids, &mut writer).await?;
    if version == Version::V1p2 {
        writer.rows(&roles).map_err(broken)?;
    }
    enrollments(tx, source, &ids, &mut writer).await?;
    people::write_births(tx, &ids, &mut writer).await?;
    let written = writer.finish().map_err(broken)?;
    written.into_inner().map_err(|e| Problem::internal(e.error()).into())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn broken(error: WriteError) -> Error {
    Problem::internal(&error).into()
}

/// Students in classes and their teachers, ordered by the database and passed on one by one.
async fn enrollments(
    tx: &mut Tx,
    source: &str,
    ids: &Ids,
    writer: &mut Writer,
) -> Result<(), Error> {
    let tenant = tx.tenant().0;
    let mut rows = sqlx::query!(
        r#"select coalesce(r.value, e.id::text) collate "C" as "sourced_id!", e.class_id as "class!", e.person as "person!",
                  e.role as "role!", e.first_day as "first_day: jiff_sqlx::Date", e.last_day as "last_day: jiff_sqlx::Date"
           from (select enrollment_id as id, class_id, student_id as person, 'student' as role, effective_start as first_day,
                        effective_end as last_day
                 from roster.enrollment where tenant_id = $1 and status = 'Active'
                 union all
                 select assignment_id, class_id, staff_id, role, null::date, null::date
                 from roster.class_teacher where tenant_id = $1 and removed_at is null) e
           left join lateral (select min(value) as value from roster.source_row
                              where tenant_id = $1 and entity_id = e.id and source = $2) r on true
           order by 1"#,
        tenant,
        source,
    )
    .fetch(tx.conn());
    while let Some(row) = rows.try_next().await? {
        let role = match row.role.as_str() {
            "student" => EnrollmentRole::Student,
            _ => EnrollmentRole::Teacher,
        };
        let people = if role == EnrollmentRole::Student { &ids.students } else { &ids.staff };
        let (Some((class, school)), Some(user)) =
            (ids.classes.get(&row.class), people.get(&row.person))
        else {
            continue;
        };
        let written = oneroster::Enrollment {
            state: State::Active,
            class: class.clone(),
            school: school.clone(),
            user: user.clone(),
            role,
            is_primary: row.role == "Lead",
            begin: row.first_day.map(jiff_sqlx::Date::to_jiff),
            end: row.last_day.map(jiff_sqlx::Date::to_jiff),
        };
        writer.row(&row.sourced_id, &written).map_err(broken)?;
    }
    Ok(())
}
