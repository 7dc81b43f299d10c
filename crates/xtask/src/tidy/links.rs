//! Links between the documents lead somewhere.

use regex::Regex;

use super::tree::Tree;

pub(crate) fn resolve(tree: &Tree) -> Vec<String> {
    #[expect(clippy::expect_used, reason = "a constant pattern")]
    let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a valid pattern");
    tree.ending(".md")
        .flat_map(|(path, text)| {
            prose(text)
                .flat_map(|(line, text)| link.captures_iter(text).map(move |found| (line, found)))
                .filter_map(|(line, found)| Some((line, found.get(1)?.as_str())))
                .filter(|(_, target)| !leads_somewhere(tree, path, target))
                .map(move |(line, target)| format!("{path}:{line}: dead link {target}"))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The lines outside of code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        in_code ^= is_fence;
        !in_code && !is_fence
    })
}

fn leads_somewhere(tree: &Tree, from: &str, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return true;
    }
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() { from.to_owned() } else { beside(from, path) };
    let is_heading = || tree.text(&file).is_some_and(|text| headings(text).any(|it| it == anchor));
    tree.has(&file) && (anchor.is_empty() || is_heading())
}

/// `path` as seen from the file `from`.
fn beside(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The anchors of a document, as GitHub makes them from its headings.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title
            .chars()
            .filter(|it| it.is_alphanumeric() || matches!(it, ' ' | '-' | '_'))
            .map(|it| if it == ' ' { '-' } else { it })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{Tree, resolve};

    fn check(text: &str) -> Vec<String> {
        resolve(&Tree::of(&[
            ("docs/a.md", text),
            ("docs/b/c.md", "## Two words, one"),
            ("README.md", ""),
        ]))
    }

    #[test]
    fn links_to_files_folders_headings_and_sites_resolve() {
        assert!(
            check(
                "[1](b/c.md) [2](../README.md) [3](b) [4](b/c.md#two-words-one) [5](https://x.org)"
            )
            .is_empty()
        );
    }

    #[test]
    fn dead_files_and_headings_are_found_with_their_line() {
        assert_eq!(check("\n[1](c.md)"), ["docs/a.md:2: dead link c.md"]);
        assert_eq!(check("[1](b/c.md#three)"), ["docs/a.md:1: dead link b/c.md#three"]);
    }

    #[test]
    fn code_is_not_a_link() {
        assert!(check("```\nf[0](x)\n```").is_empty());
    }
}
