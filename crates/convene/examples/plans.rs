//! Writes the plans of the example briefs anew: `cargo run -p convene --example plans -- docs/examples/convene`.
//!
//! Each `NAME.json` of the folder becomes the folder `NAME`. A test holds them to the code.

use std::{fs, path::PathBuf};

use convene::{
    folder,
    inputs::{Inputs, Settings},
};
use jiff::civil::date;

fn main() -> anyhow::Result<()> {
    let examples = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let settings = Settings { start: date(2026, 11, 2), seed: 1, level: None };
    for entry in fs::read_dir(examples)? {
        let brief = entry?.path();
        if brief.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let inputs = Inputs::of(&folder::read_brief(&brief)?, settings);
        let plan = inputs.plan()?;
        let place = brief.with_extension("");
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        folder::write(&place, &plan, Some(&inputs))?;
    }
    Ok(())
}
