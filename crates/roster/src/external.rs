//! Ids that entities have in other systems: what imports match on, never names.

use std::collections::HashMap;

use kernel::{TenantId, answer::Version, problem::FieldError, text, tx::Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Error;

/// Most characters of a source's name.
pub(crate) const SOURCE_MAX: usize = 64;
/// Most characters of an external id (the column's rule).
pub(crate) const VALUE_MAX: usize = 255;
/// Most external ids of one entity: a person may hold several, but not a list of them.
const REFS_MAX: usize = 20;

/// An id in another system. Case-sensitive text.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    /// The other system, for instance `sis`.
    #[schema(min_length = 1, max_length = 64)]
    pub source: String,
    /// The id there.
    #[schema(min_length = 1, max_length = 255)]
    pub value: String,
}

/// Checks and sorts external ids; equal ones are one.
pub fn parse(refs: Vec<ExternalRef>, errors: &mut Vec<FieldError>) -> Vec<ExternalRef> {
    if refs.len() > REFS_MAX {
        errors.push(FieldError::new(
            "/externalRefs",
            "too_many",
            format!("At most {REFS_MAX} external ids."),
        ));
        return Vec::new();
    }
    let mut parsed = Vec::with_capacity(refs.len());
    for (at, r) in refs.into_iter().enumerate() {
        let source =
            text::field(&r.source, SOURCE_MAX, &format!("/externalRefs/{at}/source"), errors);
        let value = text::field(&r.value, VALUE_MAX, &format!("/externalRefs/{at}/value"), errors);
        if let (Some(source), Some(value)) = (source, value) {
            parsed.push(ExternalRef { source, value });
        }
    }
    parsed.sort();
    parsed.dedup();
    parsed
}

kernel::word! {
    /// What an external id names.
    Kind {
        /// A school.
        School "school",
        /// A term.
        Term "term",
        /// A class.
        Class "class",
        /// A student.
        Student "student",
        /// A member of the staff.
        Staff "staff",
    }
}

impl Kind {
    /// The path of an entity of this kind.
    pub fn path(self, tenant: TenantId, id: Uuid) -> String {
        let collection = match self {
            Self::School => "schools",
            Self::Term => "terms",
            Self::Class => "classes",
            Self::Student => "students",
            Self::Staff => "staff",
        };
        format!("/api/v1/tenants/{tenant}/{collection}/{id}")
    }
}

/// All external ids that an entity is to have.
#[derive(Clone, Copy, Debug)]
pub struct Refs<'a> {
    /// The entity.
    pub id: Uuid,
    /// Its version: the first has nothing to replace.
    pub version: Version,
    /// The ids.
    pub refs: &'a [ExternalRef],
}

/// The entities of one kind that a source knows by these ids.
pub(crate) async fn entities(
    tx: &mut Tx,
    kind: Kind,
    source: &str,
    values: &[&str],
) -> Result<HashMap<String, Uuid>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let found = sqlx::query!(
        "select value, entity_id from roster.external_id
         where tenant_id = $1 and source = $2 and kind = $3 and value = any($4)",
        tenant,
        source,
        kind.name(),
        values as &[&str],
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(found.into_iter().map(|row| (row.value, row.entity_id)).collect())
}

/// Makes these the external ids of entities of one kind. An id that another entity has is a conflict with it.
pub async fn save(tx: &mut Tx, kind: Kind, entities: &[Refs<'_>]) -> Result<(), Error> {
    match claim(tx, kind, entities).await?.into_values().next() {
        Some(other) => Err(Error::external_id_taken(tx, kind, other)),
        None => Ok(()),
    }
}

/// As [`save`], but tells who has an id already: by entity that wanted it, the one that has it.
pub(crate) async fn claim(
    tx: &mut Tx,
    kind: Kind,
    entities: &[Refs<'_>],
) -> Result<HashMap<Uuid, Uuid>, Error> {
    let entities: Vec<_> =
        entities.iter().filter(|e| e.version > 1 || !e.refs.is_empty()).collect();
    if entities.is_empty() {
        return Ok(HashMap::new());
    }
    let changed: Vec<Uuid> = entities.iter().filter(|e| e.version > 1).map(|e| e.id).collect();
    let all = || entities.iter().flat_map(|e| e.refs.iter().map(move |r| (e.id, r)));
    let ids: Vec<Uuid> = all().map(|(id, _)| id).collect();
    let sources: Vec<&str> = all().map(|(_, r)| r.source.as_str()).collect();
    let values: Vec<&str> = all().map(|(_, r)| r.value.as_str()).collect();
    let tenant = tx.tenant().0;
    if !changed.is_empty() {
        sqlx::query!(
            "delete from roster.external_id where tenant_id = $1 and entity_id = any($2) and kind = $3
             and (entity_id, source, value) not in (select * from unnest($4::uuid[], $5::text[], $6::text[]))",
            tenant,
            &changed,
            kind.name(),
            &ids,
            &sources as &[&str],
            &values as &[&str],
        )
        .execute(tx.conn())
        .await?;
    }
    sqlx::query!(
        "insert into roster.external_id (tenant_id, source, kind, value, entity_id)
         select $1, r.source, $2, r.value, r.id from unnest($3::uuid[], $4::text[], $5::text[]) as r(id, source, value)
         order by r.source, r.value
         on conflict (tenant_id, source, kind, value) do nothing",
        tenant,
        kind.name(),
        &ids,
        &sources as &[&str],
        &values as &[&str],
    )
    .execute(tx.conn())
    .await?;
    let taken = sqlx::query!(
        r#"select r.id as "id!", e.entity_id from unnest($3::uuid[], $4::text[], $5::text[]) as r(id, source, value)
         join roster.external_id e on e.tenant_id = $1 and e.kind = $2 and e.source = r.source and e.value = r.value
         where e.entity_id <> r.id"#,
        tenant,
        kind.name(),
        &ids,
        &sources as &[&str],
        &values as &[&str],
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(taken.into_iter().map(|row| (row.id, row.entity_id)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(source: &str, value: &str) -> ExternalRef {
        ExternalRef { source: source.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn references_are_trimmed_sorted_and_one_where_they_are_equal() {
        let mut errors = Vec::new();
        let refs = vec![reference("sis", "2"), reference("erp", "9"), reference(" sis", "2 ")];
        assert_eq!(parse(refs, &mut errors), [reference("erp", "9"), reference("sis", "2")]);
        assert!(errors.is_empty());
    }

    #[test]
    fn the_case_of_a_reference_counts() {
        let refs = vec![reference("sis", "a"), reference("sis", "A"), reference("SIS", "a")];
        assert_eq!(parse(refs, &mut Vec::new()).len(), 3);
    }

    #[test]
    fn each_refusal_names_its_place() {
        let mut errors = Vec::new();
        let long = |count| "x".repeat(count);
        let refs = vec![
            reference("sis", &long(VALUE_MAX)),
            reference(&long(SOURCE_MAX + 1), ""),
            reference("sis", &long(VALUE_MAX + 1)),
        ];
        assert_eq!(parse(refs, &mut errors).len(), 1);
        let places: Vec<_> = errors.iter().map(|e| (e.pointer.as_str(), e.code.as_str())).collect();
        let expected = [
            ("/externalRefs/1/source", "too_long"),
            ("/externalRefs/1/value", "empty"),
            ("/externalRefs/2/value", "too_long"),
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn a_list_of_references_has_an_end() {
        let refs = |count: usize| (0..count).map(|n| reference("sis", &n.to_string())).collect();
        let mut errors = Vec::new();
        assert_eq!(parse(refs(REFS_MAX), &mut errors).len(), REFS_MAX);
        assert!(errors.is_empty());
        assert!(parse(refs(REFS_MAX + 1), &mut errors).is_empty());
        assert_eq!(errors.len(), 1);
    }
}
