//! What is printed: Markdown, as it stands in docs/benchmarks.md, line by line as it is measured.

use std::fmt::Display;

/// A figure beside its baseline.
pub(crate) struct Row<'a> {
    pub(crate) figure: &'a str,
    pub(crate) steward: String,
    pub(crate) baseline: String,
    /// Steward divided by baseline, where that says something.
    pub(crate) ratio: Option<f64>,
    pub(crate) aim: &'a str,
}

pub(crate) fn machine(lines: &[String]) {
    for line in lines {
        say(format_args!("- {line}"));
    }
}

/// Begins a part, with what else the machine was doing.
pub(crate) fn part(title: &str) {
    let load = crate::machine::load_average();
    say(format_args!("\n## {title}\n\nLoad average before: {load}\n"));
    say("| figure | Steward | baseline | ratio | aim |\n|---|---|---|---|---|");
}

pub(crate) fn row(row: &Row<'_>) {
    let Row { figure, steward, baseline, ratio, aim } = row;
    let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
    say(format_args!("| {figure} | {steward} | {baseline} | {ratio} | {aim} |"));
}

/// A remark below the table.
pub(crate) fn note(text: impl Display) {
    say(format_args!("\n{text}"));
}

#[expect(clippy::print_stdout, reason = "the result of a command line tool")]
fn say(text: impl Display) {
    println!("{text}");
}
