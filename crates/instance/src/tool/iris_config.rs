//! Edits the CPF, and tells a running instance.

use std::{io::Write, path::Path};

use super::{Failed, Outcome, Plan, Scene, Tool, Undo, Work, iris};
use crate::{
    beneath::Place,
    command::{Parameters, ToolName, result::Change},
    cpf::{
        Cpf,
        edit::{self, Backup, Wish, digest},
        table,
    },
    exec::{self, Deadline},
};

/// The tool.
#[derive(Debug)]
pub(super) struct IrisConfig;

impl Tool for IrisConfig {
    fn plan(&self, scene: &Scene<'_>, deadline: Deadline) -> Result<Plan, Failed> {
        let wish = wish(scene)?;
        let place = scene.instance.cpf().map_err(Failed::because)?;
        let plan = edit::plan(&place, &wish).map_err(Failed::because)?;
        let outcome = predicted(scene, &wish, &plan, deadline)?;
        if plan.change.is_none() {
            return Ok(Plan { outcome, undo: None, dangerous: None, work: Work::Nothing });
        }
        let name = format!("{}_{}", place.name(), mark(scene));
        let undo = Undo::Cpf { backup: name, replaced_by: digest(&plan.after) };
        Ok(Plan { outcome, undo: Some(undo), dangerous: None, work: Work::Cpf(Box::new(plan)) })
    }

    fn apply(&self, scene: &Scene<'_>, plan: Plan, deadline: Deadline) -> Result<Outcome, Failed> {
        let Work::Cpf(work) = plan.work else { return Ok(plan.outcome) };
        let place = scene.instance.cpf().map_err(Failed::because)?;
        let backup = edit::apply(&place, &work, &mark(scene)).map_err(Failed::because)?;
        match told_running(scene, &work.new, deadline) {
            Ok(()) => Ok(plan.outcome),
            Err(failed) => Err(undone(&place, &backup, failed)),
        }
    }

    fn undo(&self, scene: &Scene<'_>, undo: &Undo, deadline: Deadline) -> Result<String, Failed> {
        let Undo::Cpf { backup, replaced_by } = undo else { return Ok(String::new()) };
        let place = scene.instance.cpf().map_err(Failed::because)?;
        let backup = Backup { name: backup.clone(), replaced_by: replaced_by.clone() };
        edit::restore(&place, &backup).map_err(Failed::because)?;
        let wish = wish(scene)?;
        let cpf = scene.instance.configuration().map_err(Failed::because)?;
        let former = cpf.get(table::section_named(&wish.section), &wish.parameter).ok().flatten();
        if let Some(former) = former.map(|value| String::from_utf8_lossy(value).into_owned()) {
            told_running(scene, &former, deadline)?;
        }
        Ok(format!("{} has its former bytes again", place.shown().display()))
    }
}

/// A running instance takes values over by `iris merge`; one that is down reads them when it starts.
fn told_running(scene: &Scene<'_>, value: &str, deadline: Deadline) -> Result<(), Failed> {
    if !is_running(scene, deadline) {
        return Ok(());
    }
    let (wish, instance) = (wish(scene)?, scene.instance);
    let section = table::section_named(&wish.section);
    let text = format!("[{section}]\n{}={value}\n", wish.parameter);
    let name = format!("merge_{}.cpf", scene.command.id);
    let place = instance.state().place(Path::new(&name)).map_err(Failed::because)?;
    // One of a run that was killed.
    place.remove().unwrap_or_default();
    let written = place.create(0o600).and_then(|mut file| file.write_all(text.as_bytes()));
    let path = place.shown().display().to_string();
    let ended = written.map_err(Failed::because).and_then(|()| {
        exec::run(instance.iris(), &["merge", instance.name(), &path], "", deadline)
            .map_err(Failed::because)
    });
    place.remove().map_err(Failed::because)?;
    let ended = ended?;
    if !ended.status.success() {
        return Err(Failed::because(format!("iris merge failed: {}", ended.output.trim())));
    }
    let cpf = instance.configuration().map_err(Failed::because)?;
    let stands = cpf.get(section, &wish.parameter).map_err(Failed::because)?;
    if stands == Some(value.as_bytes()) {
        Ok(())
    } else {
        Err(Failed::because("the instance wrote another value into its CPF"))
    }
}

fn undone(place: &Place, backup: &Backup, mut failed: Failed) -> Failed {
    if let Err(e) = edit::restore(place, backup) {
        let cause = failed.message;
        failed.message = format!("{cause}; and the former CPF could not be restored: {e}");
        return failed;
    }
    failed.rolled_back.push(format!("{} has its former bytes again", place.shown().display()));
    failed
}

fn wish(scene: &Scene<'_>) -> Result<Wish, Failed> {
    let Parameters::Cpf { section, parameter, new_value, current_value } =
        &scene.command.parameters
    else {
        return Err(Failed::because("the command has no CPF parameter"));
    };
    Ok(Wish {
        section: section.clone(),
        parameter: parameter.clone(),
        new_value: new_value.clone(),
        current_value: current_value.clone(),
        allow_unknown: scene.rules.allow_unknown,
    })
}

fn predicted(
    scene: &Scene<'_>,
    wish: &Wish,
    plan: &edit::Plan,
    deadline: Deadline,
) -> Result<Outcome, Failed> {
    let mut outcome = Outcome { notices: plan.notices.clone(), ..Outcome::default() };
    if plan.change.is_none() {
        outcome.notices.push("the value stands there already: nothing to change".to_owned());
        return Ok(outcome);
    }
    let shown = |value: &str| if plan.secret { "***".to_owned() } else { value.to_owned() };
    let change =
        Change { old: plan.old.as_deref().map(shown), new: shown(&plan.new), validated: true };
    let section = table::section_named(&wish.section);
    outcome.changes.insert(format!("{section}.{}", wish.parameter), change);
    outcome.details = Some(diff(plan));
    let restarts = scene.command.execution_order.contains(&ToolName::IrisRestart);
    if plan.restart.is_needed() && !restarts && is_running(scene, deadline) {
        let text = format!(
            "restart {}: the change of {} takes effect at its next start",
            scene.instance.name(),
            wish.parameter
        );
        outcome.requires_user_action = Some(text);
    }
    outcome.notices.extend(memory_notice(scene, plan)?);
    Ok(outcome)
}

/// Old and new line, as `diff` shows them.
fn diff(plan: &edit::Plan) -> serde_json::Value {
    let Some(change) = &plan.change else { return serde_json::Value::Null };
    let shown = |line: &str| match line.split_once('=') {
        Some((key, _)) if plan.secret => format!("{key}=***"),
        _ => line.to_owned(),
    };
    serde_json::json!({
        "line": change.line,
        "diff": [change.before.as_deref().map(|line| format!("-{}", shown(line))), Some(format!("+{}", shown(&change.after)))],
    })
}

/// Whether the memory that the new file asks for fits the kernel's huge pages.
fn memory_notice(scene: &Scene<'_>, plan: &edit::Plan) -> Result<Option<String>, Failed> {
    let cpf = Cpf::parse(plan.after.clone()).map_err(Failed::because)?;
    Ok(super::os_config::huge_pages_notice(scene.instance, &cpf))
}

fn is_running(scene: &Scene<'_>, deadline: Deadline) -> bool {
    iris::listed(scene.instance.iris(), scene.instance.name(), deadline)
        .is_ok_and(|listed| listed.is_running())
}

/// Makes the copy's name unique and tells whose it is; the same command has the same.
fn mark(scene: &Scene<'_>) -> String {
    format!("before_{}", scene.command.id)
}
