//! Ids that entities have in other systems: what imports match on, never names.

use kernel::{problem::FieldError, text};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// Most characters of a source's name.
const SOURCE_MAX: usize = 64;
/// Most characters of an external id (the column's rule).
const VALUE_MAX: usize = 255;
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

/// Makes `refs` the external ids of an entity of `kind`. Answers the entity that already has one of them, if any.
pub async fn replace(
    conn: &mut PgConnection,
    (tenant, kind, entity): (Uuid, &str, Uuid),
    refs: &[ExternalRef],
) -> Result<Option<Uuid>, sqlx::Error> {
    let sources: Vec<_> = refs.iter().map(|r| r.source.as_str()).collect();
    let values: Vec<_> = refs.iter().map(|r| r.value.as_str()).collect();
    sqlx::query!(
        "delete from roster.external_id where tenant_id = $1 and entity_id = $2 and kind = $3
         and (source, value) not in (select * from unnest($4::text[], $5::text[]))",
        tenant,
        entity,
        kind,
        &sources as &[&str],
        &values as &[&str],
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into roster.external_id (tenant_id, source, kind, value, entity_id)
         select $1, r.source, $3, r.value, $2 from unnest($4::text[], $5::text[]) as r(source, value)
         order by r.source, r.value
         on conflict (tenant_id, source, kind, value) do nothing",
        tenant,
        entity,
        kind,
        &sources as &[&str],
        &values as &[&str],
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_scalar!(
        "select e.entity_id from roster.external_id e
         join unnest($4::text[], $5::text[]) as r(source, value) on r.source = e.source and r.value = e.value
         where e.tenant_id = $1 and e.kind = $3 and e.entity_id <> $2 limit 1",
        tenant,
        entity,
        kind,
        &sources as &[&str],
        &values as &[&str],
    )
    .fetch_optional(conn)
    .await
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
