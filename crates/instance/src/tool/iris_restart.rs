//! Stops and starts an instance: only when nobody is on, never by force, and not done before it is well.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    thread::sleep,
    time::Duration,
};

use serde_json::json;

use super::{
    Failed, Listed, On, Outcome, Plan, Scene, Tool, Undo, iris, journal_log, who::who_is_on,
};
use crate::{
    command::result::Change,
    cpf::check,
    exec::{self, Deadline},
};

/// Between two looks at who is on.
const LOOK_FOR_USERS: Duration = Duration::from_millis(250);
/// Between two looks at a start.
const LOOK_AT_START: Duration = Duration::from_millis(50);
/// In the details of a failure: the instance was left as it is, and is not to be started over.
pub const LEFT_ALONE: &str = "left_alone";
/// To take a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// To ask `iris` something.
const ASK_WITHIN: Duration = Duration::from_secs(10);

/// The tool.
#[derive(Debug)]
pub(super) struct IrisRestart;

#[derive(Debug)]
pub(super) struct Work {
    was_running: bool,
}

impl Tool for IrisRestart {
    fn plan(&self, scene: &Scene<'_>, deadline: Deadline) -> Result<Plan, Failed> {
        let listed = listed(scene, deadline.sooner(ASK_WITHIN))?;
        let mut outcome = Outcome::default();
        let was_running = listed.is_running();
        would_start(scene)?;
        if was_running {
            let on = who_is_on(scene.instance, &listed, deadline.sooner(ASK_WITHIN))?;
            if !on.is_empty() {
                let wait = scene.rules.waits.users.as_secs();
                outcome.notices.push(format!("waits up to {wait} s for who is on: {}", names(&on)));
            }
        } else if !listed.is_down() {
            let text = format!(
                "{} is neither running nor down but '{}'",
                scene.instance.name(),
                listed.status
            );
            return Err(Failed::because(text)
                .unless("look at messages.log; recover or stop the instance by hand"));
        }
        let old = if was_running { "running" } else { "down" };
        let change = Change {
            old: Some(old.to_owned()),
            new: "running, started anew".to_owned(),
            validated: true,
        };
        outcome.changes.insert(format!("instance {}", scene.instance.name()), change);
        let dangerous =
            was_running.then(|| format!("{} is stopped and started", scene.instance.name()));
        let work = super::Work::Restart(Work { was_running });
        Ok(Plan { outcome, undo: Some(Undo::Restart), dangerous, work })
    }

    fn apply(&self, scene: &Scene<'_>, plan: Plan, deadline: Deadline) -> Result<Outcome, Failed> {
        let super::Work::Restart(Work { was_running }) = plan.work else { return Ok(plan.outcome) };
        let mut outcome = plan.outcome;
        if was_running {
            let waited = wait_for_users(scene, deadline)?;
            outcome.notices.extend(waited.then(|| "everybody left".to_owned()));
            stop(scene, deadline)?;
        }
        start(scene, deadline)?;
        Ok(outcome)
    }

    /// The instance runs: whatever became of the restart.
    fn undo(&self, scene: &Scene<'_>, _: &Undo, deadline: Deadline) -> Result<String, Failed> {
        let name = scene.instance.name();
        let now = listed(scene, deadline.sooner(ASK_WITHIN))?;
        if now.is_running() {
            let ill =
                |why: String| Failed::because(format!("{name} runs, but it is not well: {why}"));
            answers(scene, now.port)
                .map_err(|e| ill(format!("port {} does not answer: {e}", now.port)))?;
            return if now.health == "hung" {
                Err(ill("it hangs".to_owned()))
            } else {
                Ok(format!("{name} runs"))
            };
        }
        start(scene, deadline)?;
        Ok(format!("{name} was started again"))
    }
}

/// Whoever stops an instance that cannot start again makes things worse.
fn would_start(scene: &Scene<'_>) -> Result<(), Failed> {
    let cpf = scene.instance.configuration().map_err(Failed::because)?;
    let faults: Vec<String> = check::faults(&cpf).into_iter().map(|fault| fault.text).collect();
    if faults.is_empty() || scene.rules.allow_unknown {
        return Ok(());
    }
    let text = format!("not restarted, its CPF would stop the start: {}", faults.join("; "));
    Err(Failed::because(text).unless("repair the CPF first, or restart with --allow-unknown"))
}

fn listed(scene: &Scene<'_>, deadline: Deadline) -> Result<Listed, Failed> {
    iris::listed(scene.instance.iris(), scene.instance.name(), deadline)
}

fn names(on: &[On]) -> String {
    on.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Waits until nobody is on; answers whether somebody was.
fn wait_for_users(scene: &Scene<'_>, deadline: Deadline) -> Result<bool, Failed> {
    let patience = deadline.sooner(scene.rules.waits.users);
    let mut waited = false;
    loop {
        let listed = listed(scene, deadline.sooner(ASK_WITHIN))?;
        let on = who_is_on(scene.instance, &listed, deadline.sooner(ASK_WITHIN))?;
        if on.is_empty() {
            return Ok(waited);
        }
        if patience.is_over() {
            let open = on.iter().filter(|on| on.in_transaction).count();
            let text = format!(
                "not restarted: after {} s still on are {}; {open} with an open transaction",
                patience.limit().as_secs(),
                names(&on)
            );
            let details = json!({ LEFT_ALONE: true, "on": on });
            let failed = Failed { details: Some(details), ..Failed::because(text) };
            return Err(failed
                .unless("ask them to leave, then send the command again under a new command_id"));
        }
        waited = true;
        sleep(LOOK_FOR_USERS.min(patience.left()));
    }
}

/// In order, or not at all: an instance that does not stop is left as it is, and not started over.
fn stop(scene: &Scene<'_>, deadline: Deadline) -> Result<(), Failed> {
    let (instance, limit) = (scene.instance, deadline.sooner(scene.rules.waits.shutdown));
    let ended = exec::run(instance.iris(), &["stop", instance.name(), "quietly"], "", limit);
    let said = match ended {
        Ok(ended) => {
            let now = listed(scene, Deadline::within(ASK_WITHIN))?;
            if now.is_down() {
                return Ok(());
            }
            format!("{} is '{}' ({})", instance.name(), now.status, ended.output.trim())
        }
        Err(e) => e.to_string(),
    };
    let details = Some(json!({ LEFT_ALONE: true }));
    let text = format!("the stop failed, nothing was started: {said}");
    let by_hand = "it was not forced: look at messages.log and decide about `iris force` yourself";
    Err(Failed { details, ..Failed::because(text) }.unless(by_hand))
}

/// Starts, and waits until it is well.
fn start(scene: &Scene<'_>, deadline: Deadline) -> Result<(), Failed> {
    let (instance, limit) = (scene.instance, deadline.sooner(scene.rules.waits.startup));
    let position = journal_log::end(instance).map_err(Failed::because)?;
    let ended = exec::run(instance.iris(), &["start", instance.name(), "quietly"], "", limit);
    let said = match ended {
        Ok(ended) if ended.status.success() => None,
        Ok(ended) => Some(format!("iris start: {}", ended.output.trim())),
        Err(e) => Some(e.to_string()),
    };
    loop {
        let ill = match &said {
            // It says so itself: nothing to wait for.
            Some(said) => Some(said.clone()),
            None => ill(scene, position),
        };
        match ill {
            None => return Ok(()),
            Some(why) if said.is_some() || limit.is_over() || is_final(scene, position) => {
                return Err(not_started(scene, position, &why));
            }
            Some(_) => sleep(LOOK_AT_START.min(limit.left())),
        }
    }
}

/// What is missing to be well: listed as running and not hung, logons enabled, no fatal entry, the superserver answers.
fn ill(scene: &Scene<'_>, position: journal_log::Position) -> Option<String> {
    let listed = match listed(scene, Deadline::within(ASK_WITHIN)) {
        Ok(listed) if listed.is_running() => listed,
        Ok(listed) => return Some(format!("it is '{}'", listed.status)),
        Err(e) => return Some(e.message),
    };
    if listed.health == "hung" {
        return Some("it runs, but it hangs".to_owned());
    }
    let said = match journal_log::since(scene.instance, position) {
        Ok(said) => said,
        Err(e) => return Some(format!("its log cannot be read: {e}")),
    };
    if let Some(fatal) = said.fatal() {
        return Some(format!("a fatal entry since the start: {fatal}"));
    }
    if !said.logons_are_enabled() {
        return Some("logons are not enabled".to_owned());
    }
    answers(scene, listed.port)
        .err()
        .map(|e| format!("the superserver's port {} does not answer: {e}", listed.port))
}

/// Waiting longer changes nothing any more.
fn is_final(scene: &Scene<'_>, position: journal_log::Position) -> bool {
    journal_log::since(scene.instance, position).is_ok_and(|said| said.fatal().is_some())
}

fn answers(scene: &Scene<'_>, port: u16) -> io::Result<()> {
    let cpf = scene.instance.configuration().ok();
    let bound =
        cpf.as_ref().and_then(|cpf| cpf.get("Startup", "DefaultPortBindAddress").ok().flatten());
    let bound = bound.and_then(|address| std::str::from_utf8(address).ok()?.parse().ok());
    let address = SocketAddr::new(bound.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port);
    TcpStream::connect_timeout(&address, CONNECT_WITHIN).map(drop)
}

fn not_started(scene: &Scene<'_>, position: journal_log::Position, why: &str) -> Failed {
    let tail =
        journal_log::since(scene.instance, position).map(|said| said.tail()).unwrap_or_default();
    let last_good = scene.instance.root().path().join("mgr/_LastGood_.cpf");
    let details = json!({ "log_tail": tail, "last_good_cpf": last_good.exists().then(|| last_good.display().to_string()) });
    let text =
        format!("{} did not start well: {}", scene.instance.name(), crate::redact::text(why));
    let action = if last_good.exists() {
        format!("see the log's tail; the CPF of the last good start is {}", last_good.display())
    } else {
        "see the log's tail".to_owned()
    };
    Failed { details: Some(details), ..Failed::because(text) }.unless(action)
}
