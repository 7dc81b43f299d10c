//! Each context's tables are its own: no query and no migration names another's schema.

use std::collections::BTreeSet;

use regex::Regex;

use super::rust;
use super::tree::{Tree, crate_of};

/// What every context may call in the kernel's schema: the tenant of the transaction.
const SHARED: &[&str] = &["kernel.tenant"];

pub(crate) fn only_own_schemas(tree: &Tree) -> Vec<String> {
    let schemas: BTreeSet<&str> =
        tree.ending("/sqlx.toml").filter_map(|(path, _)| crate_of(path)).collect();
    if schemas.is_empty() {
        return Vec::new();
    }
    let reference = reference(&schemas);
    tree.files()
        .filter(|(path, _)| crate_of(path).is_some_and(|of| schemas.contains(of)))
        .flat_map(|(path, text)| foreign(path, text, &reference))
        .collect()
}

/// `from schema.table`, `schema.function(`: what SQL looks like, unlike an action's name such as `roster.school.create`.
fn reference(schemas: &BTreeSet<&str>) -> Regex {
    let names = schemas.iter().copied().collect::<Vec<_>>().join("|");
    let pattern = format!(
        r"(?i)\b(?:from|join|into|update|table|only|references|on|using|lock|truncate)\s+(?P<table>(?:{names})\.\w+)|(?P<call>\b(?:{names})\.\w+)\("
    );
    #[expect(clippy::expect_used, reason = "the pattern is above; the names are folders")]
    Regex::new(&pattern).expect("a valid pattern")
}

fn foreign(path: &str, text: &str, reference: &Regex) -> Vec<String> {
    let own = format!("{}.", crate_of(path).unwrap_or_default());
    sql(path, text)
        .into_iter()
        .flat_map(|(line, sql)| {
            named(&sql, reference).map(move |name| (line, name)).collect::<Vec<_>>()
        })
        .filter(|(_, name)| !name.starts_with(&own) && !SHARED.contains(&name.as_str()))
        .map(|(line, name)| {
            format!("{path}:{line}: {name} belongs to another context: use its events or its reads")
        })
        .collect()
}

fn named(sql: &str, reference: &Regex) -> impl Iterator<Item = String> {
    reference.captures_iter(sql).filter_map(|found| {
        found.name("table").or_else(|| found.name("call")).map(|name| name.as_str().to_owned())
    })
}

/// The texts of a file that may hold SQL: a migration's lines, a source's strings. Tests may look everywhere.
fn sql(path: &str, text: &str) -> Vec<(usize, String)> {
    match path.rsplit_once('.') {
        Some((_, "sql")) => (1..).zip(text.lines().map(without_comment)).collect(),
        Some((file, "rs")) if file.contains("/src/") => rust::strings(text),
        _ => Vec::new(),
    }
}

fn without_comment(line: &str) -> String {
    line.split("--").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Tree, only_own_schemas};

    fn check(path: &str, text: &str) -> Vec<String> {
        let schemas = [("crates/kernel/sqlx.toml", ""), ("crates/roster/sqlx.toml", "")];
        only_own_schemas(&Tree::of(&[schemas[0], schemas[1], (path, text)]))
    }

    #[test]
    fn a_query_on_another_contexts_table_is_found() {
        let query = "fn f() { query!(\"select 1 from kernel.outbox\") }";
        assert_eq!(check("crates/roster/src/school/store.rs", query).len(), 1);
        assert!(check("crates/kernel/src/relay.rs", query).is_empty());
        assert!(check("crates/steward/src/doctor.rs", query).is_empty());
    }

    #[test]
    fn a_migration_may_call_the_tenant_and_nothing_else() {
        let path = "crates/roster/migrations/0002_term.sql";
        assert!(check(path, "using (tenant_id = kernel.tenant()) -- see kernel.slot()").is_empty());
        assert_eq!(check(path, "select kernel.slot(tenant_id)").len(), 1);
        assert_eq!(check(path, "foreign key (tenant_id) references kernel.tenant_key").len(), 1);
    }

    #[test]
    fn the_name_of_an_action_is_not_a_table() {
        let rows = "const ROWS: &[&str] = &[\"roster.school.create\"];";
        assert!(check("crates/kernel/src/permission.rs", rows).is_empty());
    }
}
