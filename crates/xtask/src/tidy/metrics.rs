//! docs/observability.md lists the metrics that exist, all of them and no other.

use std::collections::BTreeSet;

use proc_macro2::TokenTree;
use regex::Regex;

use super::rust;
use super::tree::Tree;

const PAGE: &str = "docs/observability.md";
/// The macros of the `metrics` crate that name a metric.
const MACROS: &[&str] = &["counter", "gauge", "histogram"];

pub(crate) fn documented(tree: &Tree) -> Vec<String> {
    let Some(page) = tree.text(PAGE) else { return Vec::new() };
    let (listed, made) = (listed(page), made(tree));
    let unknown = listed.difference(&made).map(|name| format!("{PAGE}: {name} does not exist"));
    let missing = made.difference(&listed).map(|name| format!("{PAGE}: {name} is not listed"));
    unknown.chain(missing).collect()
}

/// The names in the first column of the page's tables: lines such as "| `outbox_backlog` | gauge | … |".
fn listed(page: &str) -> BTreeSet<String> {
    #[expect(clippy::expect_used, reason = "a constant pattern")]
    let row = Regex::new(r"(?m)^\| `([a-z][a-z0-9_]+)`").expect("a valid pattern");
    row.captures_iter(page).filter_map(|found| Some(found.get(1)?.as_str().to_owned())).collect()
}

fn made(tree: &Tree) -> BTreeSet<String> {
    tree.ending(".rs")
        .filter(|(path, _)| path.contains("/src/"))
        .flat_map(|(_, text)| {
            let tokens = rust::tokens(text);
            tokens.windows(4).filter_map(|window| name(window, &tokens)).collect::<Vec<_>>()
        })
        .collect()
}

/// The metric of `counter!("name"…` or of `counter!(NAME…` with `const NAME: &str = "name"` in the same file.
fn name(window: &[TokenTree], file: &[TokenTree]) -> Option<String> {
    let [macro_name, mark, TokenTree::Group(_), argument] = window else { return None };
    let is_metric = MACROS.contains(&macro_name.to_string().as_str()) && mark.to_string() == "!";
    match argument {
        TokenTree::Literal(literal) if is_metric => Some(unquoted(&literal.to_string())),
        TokenTree::Ident(constant) if is_metric => value(&constant.to_string(), file),
        TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {
            None
        }
    }
}

/// The first string after `const NAME`.
fn value(constant: &str, file: &[TokenTree]) -> Option<String> {
    let at = file.windows(2).position(|pair| {
        matches!(pair, [word, name] if word.to_string() == "const" && name.to_string() == constant)
    })?;
    file.iter().skip(at).find_map(|token| match token {
        TokenTree::Literal(literal) => Some(unquoted(&literal.to_string())),
        TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Punct(_) => None,
    })
}

fn unquoted(literal: &str) -> String {
    literal.trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{PAGE, Tree, documented};

    const CODE: &str = "const LATE: &str = \"late_total\";\nfn f() { counter!(\"done_total\").increment(1); metrics::histogram!(LATE, \"a\" => \"b\"); }";

    fn check(page: &str) -> Vec<String> {
        documented(&Tree::of(&[(PAGE, page), ("crates/x/src/lib.rs", CODE)]))
    }

    #[test]
    fn a_complete_page_passes() {
        assert!(check("| `done_total` | counter |\n| `late_total` | histogram |").is_empty());
    }

    #[test]
    fn missing_and_invented_metrics_are_found() {
        assert_eq!(
            check("| `done_total` | counter |\n| `gone` | gauge |"),
            [format!("{PAGE}: gone does not exist"), format!("{PAGE}: late_total is not listed")]
        );
    }
}
