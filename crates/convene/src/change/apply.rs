//! Holding changes against the plan they change, all of them before anything is planned anew.

use jiff::civil::{Date, Weekday};

use super::Change;
use crate::{
    agent::{Facts, World},
    artifact::{
        Dossier, EventBrief, Lead, RiskRegister, Task, TaskRegister, TaskStatus, VendorContracts,
        VenueLeads,
    },
    brief::Fault,
    library,
};

/// What has happened with these changes on top. Nothing is taken over when one of them makes no sense.
///
/// # Errors
/// Every change that does not fit the plan, by its place in the list.
pub fn apply(world: World<'_>, before: &Dossier, changes: &[Change]) -> Result<Facts, Vec<Fault>> {
    if changes.is_empty() {
        return Err(vec![Fault::new("/changes", "there is none: say what has changed")]);
    }
    let mut plan = Plan { world, before, facts: world.facts.clone(), today: None };
    let mut faults = Vec::new();
    // The day first: what was done is held against it, wherever it stands in the list.
    let mut ordered: Vec<(usize, &Change)> = changes.iter().enumerate().collect();
    ordered.sort_by_key(|(_, change)| !matches!(change, Change::AsOf(_)));
    for (at, change) in ordered {
        if let Err(why) = plan.take(change) {
            faults.push(Fault::new(format!("/changes/{at}"), format!("`{change}`: {why}")));
        }
    }
    if faults.is_empty() { Ok(plan.facts) } else { Err(faults) }
}

struct Plan<'a> {
    world: World<'a>,
    before: &'a Dossier,
    facts: Facts,
    /// The day that this list of changes names.
    today: Option<Date>,
}

impl Plan<'_> {
    fn take(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::AsOf(day) => self.as_of(*day),
            Change::Done { task, first, last } => self.done(task, *first, *last),
            Change::TaskSlipped { task, days } => self.slipped(task, *days),
            Change::VendorCancelled(name) => self.cancelled(name),
            Change::VenueLost(name) => self.lost(name),
            Change::Budget { .. } => self.budget(change),
            Change::Audience(people) => self.audience(*people),
            Change::Occurred(risk) => self.occurred(risk),
            Change::Resolved(risk) => self.resolved(risk),
        }
    }

    fn as_of(&mut self, day: Date) -> Result<(), String> {
        let scope = self.world.scope;
        let earliest = self.facts.as_of.unwrap_or(scope.planning_start);
        let last = scope.dates.end.date();
        if day < earliest {
            return Err(format!("the plan is of {earliest} already: give that day or a later one"));
        }
        if day > last {
            return Err(format!("the event ends on {last}: there is nothing left to plan"));
        }
        (self.facts.as_of, self.today) = (Some(day), Some(day));
        Ok(())
    }

    fn done(&mut self, task: &str, first: Date, last: Date) -> Result<(), String> {
        let key = self.open_task(task)?;
        for day in [first, last] {
            let is_free = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            if is_free || self.world.scope.holidays.contains(&day) {
                return Err(format!("{day} is no working day: give the working days around it"));
            }
        }
        if let Some(today) = self.today.filter(|today| last > *today) {
            return Err(format!("{last} lies after {today}, the day on which is planned anew"));
        }
        self.facts.as_of = self.facts.as_of.max(Some(last));
        self.facts.done.insert(key, (first, last));
        Ok(())
    }

    fn slipped(&mut self, task: &str, days: u32) -> Result<(), String> {
        let key = self.open_task(task)?;
        *self.facts.slips.entry(key).or_default() += days;
        Ok(())
    }

    /// The key of a task that is not done.
    fn open_task(&self, task: &str) -> Result<String, String> {
        let event = &self.world.scope.event_id;
        let prefix = format!("task-tl-{event}-");
        let register = self.before.get::<TaskRegister>();
        let tasks = register.map(|register| register.tasks.as_slice()).unwrap_or_default();
        let key = |known: &Task| known.id.trim_start_matches(&prefix).to_owned();
        let found = tasks.iter().find(|known| known.id == task || key(known) == task);
        let Some(found) = found else {
            let keys: Vec<String> = tasks.iter().map(key).collect();
            return Err(format!("there is no task `{task}`: known are {}", keys.join(", ")));
        };
        if found.status == TaskStatus::Completed || self.facts.done.contains_key(&key(found)) {
            return Err(format!("`{}` is done: what is done does not change", key(found)));
        }
        if found.start_date == self.world.scope.dates.start.date() && key(found) == "event" {
            return Err("is the event itself: change its dates in the brief".to_owned());
        }
        Ok(key(found))
    }

    fn cancelled(&mut self, name: &str) -> Result<(), String> {
        let vendors = &self.world.catalogue.vendors;
        let Some(vendor) = vendors.iter().find(|vendor| vendor.name.eq_ignore_ascii_case(name))
        else {
            let names: Vec<&str> = vendors.iter().map(|vendor| vendor.name.as_str()).collect();
            return Err(format!("no such vendor is known: known are {}", names.join(", ")));
        };
        let contracts = self.before.get::<VendorContracts>();
        let is_used = |contracts: &VendorContracts| {
            contracts.contracts.iter().any(|contract| contract.service_type == vendor.service)
        };
        if contracts.is_some_and(|contracts| !is_used(contracts)) {
            return Err(format!("delivers {}, which this plan does not buy", vendor.service));
        }
        if self.facts.cancelled_vendors.insert(vendor.name.clone()) {
            Ok(())
        } else {
            Err("has cancelled already".to_owned())
        }
    }

    fn lost(&mut self, name: &str) -> Result<(), String> {
        let leads = self.before.get::<VenueLeads>().map(|all| all.leads.as_slice());
        let leads = leads.unwrap_or_default();
        let is_it =
            |lead: &&Lead| lead.venue_id == name || lead.venue_name.eq_ignore_ascii_case(name);
        let Some(lead) = leads.iter().find(is_it) else {
            let names: Vec<&str> = leads.iter().map(|lead| lead.venue_name.as_str()).collect();
            return Err(format!("is no venue of this plan: known are {}", names.join(", ")));
        };
        if self.facts.lost_venues.insert(lead.venue_id.clone()) {
            Ok(())
        } else {
            Err("was lost already".to_owned())
        }
    }

    fn budget(&mut self, change: &Change) -> Result<(), String> {
        let Change::Budget { total, currency } = change else { return Ok(()) };
        let ours = self.world.scope.currency;
        if currency.is_some_and(|currency| currency != ours) {
            return Err(format!("the plan is in {}: no rate is assumed", ours.code()));
        }
        if !total.is_payable(ours) {
            return Err(format!("{total} cannot be paid in {}: too many decimals", ours.code()));
        }
        if self.brief().is_some_and(|brief| brief.total_budget == *total) {
            return Err("is the budget already".to_owned());
        }
        self.facts.budget = Some(*total);
        Ok(())
    }

    fn audience(&mut self, people: u32) -> Result<(), String> {
        if self.brief().is_some_and(|brief| brief.audience_size == people) {
            return Err("is the audience already".to_owned());
        }
        self.facts.audience = Some(people);
        Ok(())
    }

    fn occurred(&mut self, risk: &str) -> Result<(), String> {
        let register = self.before.get::<RiskRegister>();
        let ids: Vec<&str> = register
            .map(|register| register.risks.iter().map(|risk| risk.id.as_str()).collect())
            .unwrap_or_default();
        let known = library::RISKS.iter().map(|known| known.key.as_str());
        let keys: Vec<&str> = known
            .filter(|key| {
                ids.contains(&format!("risk-{}-{key}", self.world.scope.event_id).as_str())
            })
            .collect();
        if !keys.contains(&risk) {
            return Err(format!("is no risk of this plan: known are {}", keys.join(", ")));
        }
        self.facts.resolved.remove(risk);
        if self.facts.occurred.insert(risk.to_owned()) {
            Ok(())
        } else {
            Err("has come true already".to_owned())
        }
    }

    fn resolved(&mut self, risk: &str) -> Result<(), String> {
        if !self.facts.occurred.remove(risk) {
            let open: Vec<&str> = self.facts.occurred.iter().map(String::as_str).collect();
            let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
            return Err(format!("has not come true: open are {open}"));
        }
        self.facts.resolved.insert(risk.to_owned());
        Ok(())
    }

    fn brief(&self) -> Option<&EventBrief> {
        self.before.get::<EventBrief>()
    }
}
