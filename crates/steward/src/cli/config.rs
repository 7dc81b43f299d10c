//! `steward config`: what counts, and where it came from.

use crate::config::{Config, Shown};

/// The effective configuration as JSON, or as a `steward.toml` with the origin beside each value. Passwords are hidden.
///
/// # Errors
/// None in practice: names and values are text.
pub fn render(config: &Config, json: bool) -> Result<String, serde_json::Error> {
    let shown = config.shown();
    if json {
        return Ok(serde_json::to_string_pretty(&shown)? + "\n");
    }
    let lines: Vec<_> = shown.iter().map(|one| (setting(one), one)).collect();
    let width = lines
        .iter()
        .filter(|(_, one)| one.value.is_some())
        .map(|(text, _)| text.len())
        .max()
        .unwrap_or_default();
    Ok(lines.iter().fold(String::new(), |text, (line, one)| match one.value {
        Some(_) => format!("{text}{line:width$}  # {}\n", one.origin),
        None => format!("{text}{line}\n"),
    }))
}

fn setting(one: &Shown) -> String {
    match &one.value {
        Some(value) => format!("{} = {}", one.name, toml::Value::String(value.clone())),
        None => format!("# {} is not set", one.name),
    }
}
