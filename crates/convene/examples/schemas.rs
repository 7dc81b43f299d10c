//! Writes the JSON Schemas of all artifacts and of the brief: `cargo run -p convene --example schemas -- contracts/convene`.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use convene::{artifact, brief};

fn main() -> anyhow::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).context("name the folder to write to")?.into();
    let artifacts = artifact::Kind::ALL.iter().map(|kind| (kind.name(), artifact::schema(*kind)));
    for (name, schema) in artifacts.chain([("brief", brief::schema())]) {
        let text = serde_json::to_string_pretty(&schema)? + "\n";
        fs::write(folder.join(format!("{name}.schema.json")), text)?;
    }
    Ok(())
}
