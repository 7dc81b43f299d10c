//! Reading Rust sources as tokens: comments and strings never look like code.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens of a file in order, groups opened; documentation is left out. Empty when the file does not parse.
pub(crate) fn tokens(source: &str) -> Vec<TokenTree> {
    let mut flat = Vec::new();
    flatten(source.parse().unwrap_or_default(), &mut flat);
    flat
}

fn flatten(stream: TokenStream, into: &mut Vec<TokenTree>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) if is_documentation(&group) => {}
            TokenTree::Group(group) => {
                into.push(TokenTree::Group(Group::new(group.delimiter(), TokenStream::new())));
                flatten(group.stream(), into);
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => into.push(tree),
        }
    }
}

/// `/// text` arrives as the attribute `[doc = "text"]`.
fn is_documentation(group: &Group) -> bool {
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Bracket && first.is_some_and(|tree| tree.to_string() == "doc")
}

/// The string literals of a file with their lines, as they stand in the source.
pub(crate) fn strings(source: &str) -> Vec<(usize, String)> {
    tokens(source)
        .into_iter()
        .filter_map(|tree| match tree {
            TokenTree::Literal(literal) => Some((literal.span().start().line, literal.to_string())),
            TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Punct(_) => None,
        })
        .filter(|(_, text)| text.contains('"'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::strings;

    #[test]
    fn strings_are_found_in_calls_and_macros_but_not_in_comments() {
        let source = "// \"no\"\n/// \"no\"\nfn f() {\n  g(\"one\"); m!(r#\"two\"#, 3);\n}";
        assert_eq!(strings(source), [(4, "\"one\"".to_owned()), (4, "r#\"two\"#".to_owned())]);
    }
}
