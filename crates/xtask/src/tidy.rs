//! The rules of this workspace that the compiler does not know, as small functions over its files.
//!
//! A rule takes the [`Tree`] and returns what breaks it, one line each: where, what, and what to do instead.

use std::path::Path;

use anyhow::{Result, bail};

mod dependencies;
mod links;
mod metrics;
mod rust;
mod sources;
mod sql;
mod tree;

use tree::Tree;

type Rule = fn(&Tree) -> Vec<String>;

const RULES: &[Rule] = &[
    dependencies::only_allowed_directions,
    dependencies::lints_of_the_workspace,
    sql::only_own_schemas,
    sources::short_files,
    sources::no_mod_rs,
    sources::pure_entities,
    sources::no_silent_gaps,
    sources::no_local_paths,
    links::resolve,
    metrics::documented,
];

/// Fails with every violation in the files that git tracks or would track.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    let violations = violations(&Tree::read(workspace)?);
    if violations.is_empty() {
        return Ok(());
    }
    bail!("{}\n{} tidy violations", violations.join("\n"), violations.len())
}

fn violations(tree: &Tree) -> Vec<String> {
    RULES.iter().flat_map(|rule| rule(tree)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Tree, violations};

    #[test]
    fn the_workspace_is_tidy() {
        let tree = Tree::read(crate::workspace()).unwrap();
        assert_eq!(violations(&tree), Vec::<String>::new());
    }
}
