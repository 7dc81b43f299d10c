//! The shape of the sources: short files, pure rules, no tests that are switched off.

use proc_macro2::TokenTree;

use super::rust;
use super::tree::{Tree, crate_of};

/// A file that cannot be read in one sitting hides something.
const MAX_LINES: usize = 500;

/// Production code only: inline tests may make a file longer.
pub(crate) fn short_files(tree: &Tree) -> Vec<String> {
    production(tree)
        .map(|(path, text)| (path, text.lines().take_while(|line| *line != "#[cfg(test)]").count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines: split it, {MAX_LINES} is the limit"))
        .collect()
}

/// The text without `#[sqlx(…)]` and `sqlx::FromRow`.
fn without_row_attributes(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("#[sqlx("));
    lines.map(|line| line.replace("sqlx::FromRow", "")).collect::<Vec<_>>().join("\n")
}

pub(crate) fn no_mod_rs(tree: &Tree) -> Vec<String> {
    tree.ending("/mod.rs")
        .map(|(path, _)| format!("{path}: name it after the module, beside its folder"))
        .collect()
}

/// The rules of an aggregate know neither database nor HTTP. How its fields are read from a row is said beside them, by
/// attributes that hold no query.
pub(crate) fn pure_entities(tree: &Tree) -> Vec<String> {
    tree.ending("/entity.rs")
        .flat_map(|(path, text)| {
            let text = without_row_attributes(text);
            let used = move |name: &&str| rust::tokens(&text).iter().any(|token| is(token, name));
            ["sqlx", "axum"]
                .into_iter()
                .filter(used)
                .map(move |name| format!("{path}: uses {name}: move that to store.rs or http/"))
        })
        .collect()
}

/// What is missing must not look finished: no test is skipped, no function says "later".
pub(crate) fn no_silent_gaps(tree: &Tree) -> Vec<String> {
    tree.ending(".rs")
        .flat_map(|(path, text)| {
            let tokens = rust::tokens(text);
            let gaps: Vec<String> = tokens.windows(2).filter_map(gap).collect();
            gaps.into_iter().map(move |gap| format!("{path}:{gap}"))
        })
        .collect()
}

fn gap(pair: &[TokenTree]) -> Option<String> {
    let [first, second] = pair else { return None };
    let (word, line) = (second.to_string(), second.span().start().line);
    let is_attribute = matches!(first, TokenTree::Group(_)) && word == "ignore";
    let is_macro = matches!(first.to_string().as_str(), "todo" | "unimplemented") && word == "!";
    if is_attribute {
        return Some(format!(
            "{line}: a test that does not run proves nothing: repair or remove it"
        ));
    }
    is_macro.then(|| format!("{line}: {first}! is not an implementation"))
}

/// Names of the machines it was written on mean nothing to a reader. In two parts, because this file is read too.
const LOCAL: &[&str] = &[concat!("/wo", "rk/"), concat!("fa", "rm-")];

pub(crate) fn no_local_paths(tree: &Tree) -> Vec<String> {
    tree.files()
        .flat_map(|(path, text)| {
            text.lines().enumerate().flat_map(move |(at, line)| {
                LOCAL.iter().filter(|local| line.contains(**local)).map(move |local| {
                    format!("{path}:{}: {local} exists only on one machine", at + 1)
                })
            })
        })
        .collect()
}

fn production(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.ending(".rs").filter(|(path, _)| crate_of(path).is_some() && path.contains("/src/"))
}

fn is(token: &TokenTree, name: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == name)
}

#[cfg(test)]
mod tests {
    use super::{
        MAX_LINES, Tree, no_local_paths, no_mod_rs, no_silent_gaps, pure_entities, short_files,
    };

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let code = "//\n".repeat(MAX_LINES);
        let check = |text: String| short_files(&Tree::of(&[("crates/x/src/y.rs", &text)]));
        assert!(check(format!("{code}#[cfg(test)]\nmod tests {{}}")).is_empty());
        assert_eq!(check(format!("{code}//")).len(), 1);
    }

    #[test]
    fn a_mod_rs_is_found() {
        assert_eq!(no_mod_rs(&Tree::of(&[("crates/x/src/y/mod.rs", "")])).len(), 1);
    }

    #[test]
    fn rules_know_neither_database_nor_http() {
        let check = |text| pure_entities(&Tree::of(&[("crates/x/src/school/entity.rs", text)]));
        assert_eq!(check("use sqlx::Type;").len(), 1);
        assert_eq!(check("#[derive(sqlx::Type)] struct S;").len(), 1);
        assert!(check("// not sqlx\nuse jiff::Timestamp;").is_empty());
    }

    #[test]
    fn skipped_tests_and_stubs_are_found_with_their_line() {
        let check = |text| no_silent_gaps(&Tree::of(&[("crates/x/tests/it/main.rs", text)]));
        assert_eq!(check("#[test]\n#[ignore = \"slow\"]\nfn f() {}").len(), 1);
        assert!(check("fn f() {\n  todo!()\n}")[0].contains(":2:"));
        assert!(check("fn ignore() {}\nlet todo = \"todo!\";").is_empty());
    }

    #[test]
    fn a_path_of_the_authors_machine_is_found() {
        let text = format!("see {}notes", super::LOCAL[0]);
        assert_eq!(no_local_paths(&Tree::of(&[("README.md", &text)])).len(), 1);
    }
}
