//! An import for people: what changes of each kind, where something ends, which rows cannot be followed.

use std::fmt::Write as _;

use serde_json::Value;

const KINDS: [&str; 8] = [
    "schools",
    "terms",
    "classes",
    "students",
    "teachers",
    "guardians",
    "enrollments",
    "assignments",
];
const COUNTS: [&str; 5] = ["created", "updated", "ended", "unchanged", "failed"];

/// The whole report.
pub(super) fn import(job: &Value, faults: &[Value], shown: usize) -> String {
    let mut text = headline(job);
    text += &table(at(job, "/summary"));
    text += &schools(at(job, "/summary"));
    text += &rows(faults, shown);
    if *at(job, "/status") == "Held" {
        text += &reasons(job);
        text.push('\n');
    }
    if let Some(error) = at(job, "/error").as_str() {
        text = format!("{text}{error}\n");
    }
    text
}

/// Why an import is held, and what to do.
pub(super) fn reasons(job: &Value) -> String {
    let reasons = at(job, "/summary/heldBecause").as_array().into_iter().flatten();
    let reasons: Vec<_> = reasons.map(word).collect();
    let reasons = reasons.join("\n  ");
    let approval = word(at(job, "/summary/approval/approvalId"));
    format!(
        "Held, because:\n  {reasons}\nNothing was changed. A DistrictAdmin decides approval {approval}, in the API or with --approve."
    )
}

fn headline(job: &Value) -> String {
    let trial = if *at(job, "/summary/dryRun") == true {
        ", only a trial: nothing was changed"
    } else {
        ""
    };
    format!(
        "Import {} of {}: {}{trial}\n",
        word(at(job, "/jobId")),
        word(at(job, "/source")),
        word(at(job, "/status"))
    )
}

fn table(summary: &Value) -> String {
    let mut text = format!("{:12}", "");
    for name in COUNTS {
        write!(text, "{name:>11}").unwrap_or_default();
    }
    text.push('\n');
    for kind in KINDS {
        write!(text, "{kind:12}").unwrap_or_default();
        for name in COUNTS {
            write!(
                text,
                "{:>11}",
                at(summary, &format!("/{kind}/{name}")).as_u64().unwrap_or_default()
            )
            .unwrap_or_default();
        }
        text.push('\n');
    }
    text
}

/// The schools where something ends.
fn schools(summary: &Value) -> String {
    let mut text = String::new();
    for school in at(summary, "/bySchool").as_array().into_iter().flatten() {
        let ended =
            |kind: &str| at(school, &format!("/{kind}/ended")).as_u64().filter(|ended| *ended > 0);
        let ends = KINDS.iter().filter_map(|kind| Some(format!("{} {kind}", ended(kind)?)));
        let ends: Vec<_> = ends.collect();
        if !ends.is_empty() {
            writeln!(text, "Ended at {}: {}", word(at(school, "/name")), ends.join(", "))
                .unwrap_or_default();
        }
    }
    text
}

fn rows(faults: &[Value], shown: usize) -> String {
    let mut text = String::new();
    for fault in faults.iter().take(shown) {
        let place = format!(
            "{}:{}:{}",
            word(at(fault, "/file")),
            at(fault, "/line"),
            word(at(fault, "/column"))
        );
        writeln!(
            text,
            "{place}  {}  {}",
            word(at(fault, "/errorCode")),
            word(at(fault, "/errorMessage"))
        )
        .unwrap_or_default();
    }
    if faults.len() > shown {
        writeln!(text, "… and more: they are kept with the job, or use --json.")
            .unwrap_or_default();
    }
    text
}

/// A value at a pointer; null where there is none.
pub(super) fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
