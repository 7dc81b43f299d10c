//! Instruction sets written as Markdown: a head in TOML between two lines `+++`, then sections with lists.

use toml::{Table, Value};

use super::InstructionSet;

/// Reads a set from Markdown.
pub(super) fn parse(text: &str) -> Result<InstructionSet, String> {
    let head = text.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n"));
    let (head, sections) = head.ok_or(
        "must begin with a line `+++`, then agent, level, version and [parameters] in TOML, then a line `+++`",
    )?;
    let mut table: Table = head.parse().map_err(|e: toml::de::Error| e.message().to_owned())?;
    let mut section = None;
    for line in sections.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = Some(title.trim().to_lowercase().replace(' ', "_"));
        } else if let (Some(section), Some(item)) = (&section, line.strip_prefix("- ")) {
            let list = table.entry(section.clone()).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(items) = list {
                items.push(Value::String(item.trim().to_owned()));
            }
        }
    }
    table.try_into().map_err(|e: toml::de::Error| e.message().to_owned())
}
