//! Sets a parameter of the kernel, now and for the next boot.

mod drop_in;
mod rules;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{Failed, Instance, Outcome, Plan, Scene, Tool, Undo};
use crate::{
    beneath::Place,
    command::{Parameters, result::Change},
    cpf::Cpf,
    exec::Deadline,
    memory::{Demand, HUGE_PAGE_MB},
};
use rules::Machine;

/// A parameter is one line.
const VALUE_BYTES_MAX: u64 = 4096;
const MEMLOCK_HUGE_PAGES_REQUIRED: u64 = 64;

/// The tool.
#[derive(Debug)]
pub(super) struct OsConfig;

#[derive(Debug)]
pub(super) struct Work {
    name: String,
    old: Vec<u64>,
    new: Vec<u64>,
    drop_in: Option<String>,
}

impl Tool for OsConfig {
    fn plan(&self, scene: &Scene<'_>, _: Deadline) -> Result<Plan, Failed> {
        let Parameters::Kernel { name, new_value: new, .. } = &scene.command.parameters else {
            return Err(Failed::because("the command has no kernel parameter"));
        };
        let place = parameter(scene.instance, name)?;
        let old = numbers(&place)?;
        let machine = machine(scene.instance)?;
        let judged = rules::judge(name, &old, new, &machine, scene.rules.allow_unknown)
            .map_err(Failed::because)?;
        let drop_in = drop_in::read(scene.instance.kernel()).map_err(Failed::because)?;
        let persisted = drop_in::with(drop_in.as_deref(), name, &joined(new));
        let (runs, persists) = (old == *new, drop_in.as_ref() == Some(&persisted));
        let mut outcome = Outcome { notices: judged.notices, ..Outcome::default() };
        if runs && persists {
            outcome
                .notices
                .push("the value is in force and persisted already: nothing to change".to_owned());
            return Ok(Plan { outcome, undo: None, dangerous: None, work: super::Work::Nothing });
        }
        privileged(scene.instance, &place, name, new)?;
        let change = |old: String, new: String| Change { old: Some(old), new, validated: true };
        if !runs {
            outcome.changes.insert(name.clone(), change(joined(&old), joined(new)));
        }
        if !persists {
            let before = drop_in.as_deref().and_then(|text| drop_in::value(text, name));
            let persisted = Change { old: before, new: joined(new), validated: true };
            outcome.changes.insert(format!("{}: {name}", drop_in::PATH), persisted);
        }
        let undo = Undo::Kernel { name: name.clone(), value: joined(&old), drop_in };
        let work = Work {
            name: name.clone(),
            old,
            new: new.clone(),
            drop_in: (!persists).then_some(persisted),
        };
        Ok(Plan {
            outcome,
            undo: Some(undo),
            dangerous: judged.dangerous,
            work: super::Work::Kernel(work),
        })
    }

    fn apply(&self, scene: &Scene<'_>, plan: Plan, _: Deadline) -> Result<Outcome, Failed> {
        let super::Work::Kernel(Work { name, old, new, drop_in }) = plan.work else {
            return Ok(plan.outcome);
        };
        let mut outcome = plan.outcome;
        let place = parameter(scene.instance, &name)?;
        if numbers(&place)? != old {
            return Err(Failed::because(format!(
                "{name} was changed by somebody else meanwhile: nothing was changed"
            )));
        }
        write(&place, &new)
            .map_err(|e| Failed::because(format!("{e}: {}", by_hand(&name, &new))))?;
        let granted = numbers(&place)?;
        let persisted =
            drop_in.map_or(Ok(()), |text| drop_in::write(scene.instance.kernel(), &text));
        if let Err(e) = persisted {
            return Err(taken_back(&place, &old, &name, &e));
        }
        if granted != new {
            let text =
                format!("the kernel granted {} instead of {}", joined(&granted), joined(&new));
            if let Some(change) = outcome.changes.get_mut(&name) {
                *change =
                    Change { new: joined(&granted), validated: false, old: change.old.take() };
            }
            outcome.requires_user_action = Some(format!(
                "{text}: memory is too scattered, reboot; the drop-in file has the wanted value"
            ));
            outcome.partial = Some(text);
        }
        Ok(outcome)
    }

    fn undo(&self, scene: &Scene<'_>, undo: &Undo, _: Deadline) -> Result<String, Failed> {
        let Undo::Kernel { name, value, drop_in } = undo else { return Ok(String::new()) };
        let place = parameter(scene.instance, name)?;
        let old: Vec<u64> = value.split(' ').filter_map(|number| number.parse().ok()).collect();
        if numbers(&place)? != old {
            write(&place, &old)
                .map_err(|e| Failed::because(format!("{e}: {}", by_hand(name, &old))))?;
        }
        drop_in::restore(scene.instance.kernel(), drop_in.as_deref()).map_err(Failed::because)?;
        Ok(format!("{name} is {value} again"))
    }
}

fn taken_back(place: &Place, old: &[u64], name: &str, cause: &io::Error) -> Failed {
    let mut failed = Failed::because(format!("{name} could not be persisted: {cause}"));
    match write(place, old) {
        Ok(()) => failed.rolled_back.push(format!("{name} is {} again", joined(old))),
        Err(e) => {
            failed.message =
                format!("{}; and its former value could not be written: {e}", failed.message);
        }
    }
    failed
}

fn parameter(instance: &Instance, name: &str) -> Result<Place, Failed> {
    let path: PathBuf = ["proc", "sys"].into_iter().chain(name.split('.')).collect();
    let place = instance.kernel().place(&path).map_err(|_| no_such(name))?;
    match place.open() {
        Ok(_) => Ok(place),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(no_such(name)),
        Err(e) => Err(Failed::because(e)),
    }
}

fn no_such(name: &str) -> Failed {
    Failed::because(format!("this kernel has no parameter {name}: `sysctl -a` lists those it has"))
}

fn numbers(place: &Place) -> Result<Vec<u64>, Failed> {
    let bytes = place.read(VALUE_BYTES_MAX).map_err(Failed::because)?.0;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let numbers: Option<Vec<u64>> =
        text.split_whitespace().map(|number| number.parse().ok()).collect();
    numbers.filter(|numbers| !numbers.is_empty()).ok_or_else(|| {
        Failed::because(format!(
            "{} holds '{}' and not whole numbers",
            place.shown().display(),
            text.trim()
        ))
    })
}

/// The kernel separates the numbers of a vector by tabs and takes blanks.
fn joined(numbers: &[u64]) -> String {
    numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
}

fn write(place: &Place, numbers: &[u64]) -> io::Result<()> {
    // In one write: the kernel takes each write as a whole value.
    place.open_to_write()?.write_all(format!("{}\n", joined(numbers)).as_bytes())
}

/// Whether the change will be allowed, and otherwise who may do it, and how.
fn privileged(instance: &Instance, place: &Place, name: &str, new: &[u64]) -> Result<(), Failed> {
    let persists = drop_in::may_write(instance.kernel());
    match place.may_write().and(persists) {
        Ok(()) => Ok(()),
        Err(e) => {
            let text = format!(
                "{e}. Kernel parameters need root or CAP_SYS_ADMIN, and in a container a writable /proc/sys"
            );
            Err(Failed::because(text).unless(by_hand(name, new)))
        }
    }
}

fn by_hand(name: &str, new: &[u64]) -> String {
    let value = joined(new);
    format!(
        "run as root: sysctl -w {name}=\"{value}\" && echo '{name} = {value}' >> {}",
        drop_in::PATH
    )
}

fn machine(instance: &Instance) -> Result<Machine, Failed> {
    let meminfo =
        instance.kernel().read(Path::new("proc/meminfo"), 64 * 1024).map_err(Failed::because)?;
    let mut machine = Machine::of(&String::from_utf8_lossy(&meminfo));
    machine.need_mb =
        instance.configuration().ok().map(|cpf| Demand::of(&cpf, machine.ram_mb).total());
    Ok(machine)
}

pub(super) fn may_take_away(name: &str) -> bool {
    rules::may_take_away(name)
}

/// What a configuration's memory means for the kernel's huge pages; nothing when there are none or they suffice.
pub(super) fn huge_pages_notice(instance: &Instance, cpf: &Cpf) -> Option<String> {
    let meminfo = instance.kernel().read(Path::new("proc/meminfo"), 64 * 1024).ok()?;
    let demand = Demand::of(cpf, Machine::of(&String::from_utf8_lossy(&meminfo)).ram_mb);
    let pages = *numbers(&parameter(instance, "vm.nr_hugepages").ok()?).ok()?.first()?;
    let (need, pool) = (demand.total(), pages * HUGE_PAGE_MB);
    let required = demand.memlock & MEMLOCK_HUGE_PAGES_REQUIRED != 0;
    if need <= pool || (pages == 0 && !required) {
        return None;
    }
    let outcome = if required {
        "memlock requires them: it will not start"
    } else {
        "it will use none of them"
    };
    let least = rules::pages_for(need);
    Some(format!(
        "with this configuration the instance needs {need} MB of shared memory, the huge pages have {pool} MB, and {outcome}: set \
         vm.nr_hugepages to at least {least}"
    ))
}
