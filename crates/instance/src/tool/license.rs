//! Answers questions about the licence, from its key file and the instance's log. It changes nothing.

use std::path::Path;

use jiff::tz::TimeZone;
use serde_json::json;

use super::{Failed, Outcome, Plan, Scene, Tool, Undo, Work, iris, journal_log, who::who_is_on};
use crate::{
    clock,
    command::{LicenseAction, Parameters},
    exec::Deadline,
    license_key::LicenseKey,
};

/// A key has a few lines.
const KEY_BYTES_MAX: u64 = 64 * 1024;
/// Days before the end from which System Monitor warns.
const WARN_DAYS: i32 = 7;
/// Days before the end from which it alerts daily.
const ALERT_DAYS: i32 = 5;
/// What is read of the log's end.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The tool.
#[derive(Debug)]
pub(super) struct License;

impl Tool for License {
    fn plan(&self, scene: &Scene<'_>, deadline: Deadline) -> Result<Plan, Failed> {
        let Parameters::License(action) = scene.command.parameters else {
            return Err(Failed::because("the command asks nothing about the licence"));
        };
        let outcome = match action {
            LicenseAction::CheckExpiry => expiry(scene)?,
            LicenseAction::ValidateKey => form(scene)?,
            LicenseAction::ReportUsage => usage(scene, deadline)?,
        };
        Ok(Plan { outcome, undo: None, dangerous: None, work: Work::Nothing })
    }

    fn apply(&self, _: &Scene<'_>, plan: Plan, _: Deadline) -> Result<Outcome, Failed> {
        Ok(plan.outcome)
    }

    fn undo(&self, _: &Scene<'_>, _: &Undo, _: Deadline) -> Result<String, Failed> {
        Ok(String::new())
    }
}

fn key(scene: &Scene<'_>) -> Result<LicenseKey, Failed> {
    let path = Path::new("mgr/iris.key");
    let bytes = scene.instance.root().read(path, KEY_BYTES_MAX).map_err(|e| {
        Failed::because(format!("LMF Error: cannot open key file: {e}"))
            .unless("put the licence file in mgr/iris.key")
    })?;
    LicenseKey::parse(&String::from_utf8_lossy(&bytes)).map_err(|faults| {
        Failed::because(format!("mgr/iris.key is not a valid key file: {}", faults.join("; ")))
            .unless("ask the vendor for the licence file and put it in mgr/iris.key")
    })
}

fn expiry(scene: &Scene<'_>) -> Result<Outcome, Failed> {
    let key = key(scene)?;
    let left = key.days_left(clock::now(), TimeZone::system());
    let renew = || "renew the licence: put the new file in mgr/iris.key".to_owned();
    let (state, action) = match left {
        None => ("never expires", None),
        Some(..0) => ("expired", Some(renew())),
        Some(0..=ALERT_DAYS) => ("alert", Some(renew())),
        Some(..=WARN_DAYS) => ("warning", Some(renew())),
        Some(_) => ("ok", None),
    };
    let day = key.expires.map(|day| day.to_string());
    let details = json!({ "expires": day, "days_left": left, "state": state });
    Ok(Outcome { details: Some(details), requires_user_action: action, ..Outcome::default() })
}

fn form(scene: &Scene<'_>) -> Result<Outcome, Failed> {
    let LicenseKey { capacity, expires, units, cores } = key(scene)?;
    let day = expires.map(|day| day.to_string());
    let details = json!({ "valid_form": true, "capacity": capacity, "expires": day, "units": units, "cores": cores });
    Ok(Outcome { details: Some(details), ..Outcome::default() })
}

fn usage(scene: &Scene<'_>, deadline: Deadline) -> Result<Outcome, Failed> {
    let key = key(scene)?;
    let listed = iris::listed(scene.instance.iris(), scene.instance.name(), deadline)?;
    let on = if listed.is_running() {
        who_is_on(scene.instance, &listed, deadline)?
    } else {
        Vec::new()
    };
    let sessions = on.iter().filter(|on| !on.client.is_empty() || on.routine == "shell").count();
    let log = journal_log::place(scene.instance)
        .and_then(|place| place.read(LOG_BYTES_MAX))
        .map_err(Failed::because)?
        .0;
    let log = String::from_utf8_lossy(&log);
    let between = |before: &str, after: &str| {
        let line = log.lines().rev().find(|line| line.contains(before))?;
        line.split_once(before)?.1.split_once(after)?.0.trim().parse::<u32>().ok()
    };
    let refused = between("License limit exceeded ", " times").unwrap_or_default();
    let details = json!({
        "units": key.units,
        "in_use": sessions,
        "refused_since_start": refused,
        "cores": between("Licensed for ", " cores"),
    });
    let action =
        (refused > 0).then(|| "sessions were refused: end some, or license more units".to_owned());
    Ok(Outcome { details: Some(details), requires_user_action: action, ..Outcome::default() })
}
