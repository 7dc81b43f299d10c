//! Under which id each active thing goes in a source.

use std::collections::HashMap;

use kernel::tx::Tx;
use uuid::Uuid;

/// The id of the district itself; its name is the platform's, not the roster's.
const DISTRICT: &str = "district";

/// Ids in the source by our own.
pub(super) struct Ids {
    /// The district's.
    pub(super) district: String,
    pub(super) schools: HashMap<Uuid, String>,
    pub(super) terms: HashMap<Uuid, String>,
    /// With those of their schools.
    pub(super) classes: HashMap<Uuid, (String, String)>,
    pub(super) students: HashMap<Uuid, String>,
    pub(super) staff: HashMap<Uuid, String>,
    /// Of active students.
    pub(super) guardians: HashMap<Uuid, String>,
}

impl Ids {
    pub(super) async fn read(tx: &mut Tx, source: &str) -> Result<Self, sqlx::Error> {
        let schools = of(tx, source, "school").await?;
        let mut district = DISTRICT.to_owned();
        while schools.values().any(|id| *id == district) {
            district.push('-');
        }
        let classes = of(tx, source, "class").await?;
        let places = places(tx).await?;
        let at = |(id, sourced_id): (Uuid, String)| {
            let school = schools.get(places.get(&id)?)?;
            Some((id, (sourced_id, school.clone())))
        };
        let classes = classes.into_iter().filter_map(at).collect();
        Ok(Self {
            district,
            terms: of(tx, source, "term").await?,
            classes,
            students: of(tx, source, "student").await?,
            staff: of(tx, source, "staff").await?,
            guardians: guardians(tx, source).await?,
            schools,
        })
    }
}

/// The active things of a kind; one with several ids in the source goes by the first, one with none by ours.
async fn of(tx: &mut Tx, source: &str, kind: &str) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let active = sqlx::query_scalar!(
        r#"select school_id as "id!" from roster.school where $2 = 'school' and tenant_id = $1 and status = 'Active'
           union all select term_id from roster.term where $2 = 'term' and tenant_id = $1
           union all select class_id from roster.class where $2 = 'class' and tenant_id = $1 and status = 'Active'
           union all select student_id from roster.student
                     where $2 = 'student' and tenant_id = $1 and status = 'Active' and scrubbed_at is null
           union all select staff_id from roster.staff where $2 = 'staff' and tenant_id = $1 and status = 'Active'"#,
        tenant,
        kind,
    )
    .fetch_all(tx.conn())
    .await?;
    // Not one statement: a join that is planned before the tables are analysed reads all ids for each thing.
    let named = sqlx::query!(
        r#"select entity_id, min(value) as "value!" from roster.external_id
           where tenant_id = $1 and source = $2 and kind = $3 group by entity_id"#,
        tenant,
        source,
        kind,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(under(active, named.into_iter().map(|row| (row.entity_id, row.value)).collect()))
}

fn under(active: Vec<Uuid>, mut named: HashMap<Uuid, String>) -> HashMap<Uuid, String> {
    let own = |id: Uuid| (id, named.remove(&id).unwrap_or_else(|| id.to_string()));
    active.into_iter().map(own).collect()
}

/// The school of each active class.
async fn places(tx: &mut Tx) -> Result<HashMap<Uuid, Uuid>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select class_id, school_id from roster.class where tenant_id = $1 and status = 'Active'",
        tenant,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.class_id, row.school_id)).collect())
}

async fn guardians(tx: &mut Tx, source: &str) -> Result<HashMap<Uuid, String>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let active = sqlx::query_scalar!(
        "select g.guardian_id from roster.guardian g
         join roster.student s on s.tenant_id = g.tenant_id and s.student_id = g.student_id and s.status = 'Active'
         where g.tenant_id = $1 and g.status = 'Active' and s.scrubbed_at is null",
        tenant,
    )
    .fetch_all(tx.conn())
    .await?;
    let named = sqlx::query!(
        r#"select guardian_id, min(value) as "value!" from roster.guardian_ref
           where tenant_id = $1 and source = $2 group by guardian_id"#,
        tenant,
        source,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(under(active, named.into_iter().map(|row| (row.guardian_id, row.value)).collect()))
}
