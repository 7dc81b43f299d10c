//! What is done about each change, with the other ways there were.

use super::{
    compare::{self, Slip},
    log,
};
use crate::{
    agent::{Desk, Reasons},
    artifact::{
        Alternative, Amount, Basis, CostModel, Dossier, LineItem, Saving, Task, TaskRegister,
        Timeline, VenueScorecard, VenueShortlist,
    },
    change::Change,
    instruction::Agent,
    library::counted,
    math::budget,
};

/// Tasks that people could be taken from, in a decision.
const DONORS: usize = 2;

/// Writes a decision for each change that needs one; changes of budget and audience are explained by who revises them.
pub(super) fn explain(
    desk: &mut Desk<'_>,
    before: &Dossier,
    changes: &[Change],
    slip: Option<&Slip>,
) {
    for change in changes {
        let reasons = match change {
            Change::TaskSlipped { task, days } => slipped(desk, task, *days, slip),
            Change::VendorCancelled(name) => replaced(desk, before, name),
            Change::VenueLost(name) => moved(desk, before, name),
            Change::AsOf(_)
            | Change::Done { .. }
            | Change::Budget { .. }
            | Change::Audience(_)
            | Change::Occurred(_)
            | Change::Resolved(_) => None,
        };
        let Some((agent, reasons)) = reasons else { continue };
        let approvals = log::waits_for(&desk.dossier, before, change);
        desk.decide(agent, Reasons { touches: log::touched(before, &desk.dossier), ..reasons });
        if let Some(decision) = desk.decisions.last_mut() {
            decision.approvals = approvals;
        }
    }
}

fn slipped(
    desk: &Desk<'_>,
    task: &str,
    days: u32,
    slip: Option<&Slip>,
) -> Option<(Agent, Reasons)> {
    let id = log::task_id(desk.scope(), task);
    let find = |tasks: &TaskRegister| tasks.tasks.iter().find(|known| known.id == id).cloned();
    let (was, is) = (find(desk.before::<TaskRegister>()?)?, find(desk.read())?);
    let slack = desk.read::<Timeline>().slack_days;
    let worst = slip.map_or_else(
        || "no milestone moves".to_owned(),
        |slip| {
            let decides = if slip.is_far() { ": people decide" } else { "" };
            format!("{}{decides}", slip.in_words())
        },
    );
    let is_far = slip.is_some_and(Slip::is_far);
    let reasons = Reasons {
        kind: if is_far { "milestone_slip" } else { "task_slip" },
        description: format!(
            "Let \"{}\" end on {} instead of {}",
            is.title, is.end_date, was.end_date
        ),
        rationale: format!(
            "It takes {} longer and had {} to spare; {worst}. The event now has {} to spare",
            counted(days.into(), "working day"),
            counted(was.slack_days, "working day"),
            counted(slack, "working day")
        ),
        alternatives: ways(desk, &is, slack),
        ..Reasons::default()
    };
    Some((Agent::EventPlanner, reasons))
}

/// Reallocate, or move the event.
fn ways(desk: &Desk<'_>, late: &Task, slack: i64) -> Vec<Alternative> {
    let hurried = late.duration_days.saturating_sub(late.estimate_days[0]);
    let mut all = vec![way(
        format!("put more people on \"{}\"", late.title),
        format!("wins {} at most", counted(hurried.into(), "working day")),
        "overtime, and nothing may go wrong any more",
    )];
    let mut donors: Vec<&Task> = desk
        .read::<TaskRegister>()
        .tasks
        .iter()
        .filter(|task| {
            task.id != late.id && task.slack_days > 0 && task.start_date <= late.end_date
        })
        .filter(|task| task.end_date >= late.start_date && !task.is_critical)
        .collect();
    donors.sort_by_key(|task| (std::cmp::Reverse(task.slack_days), task.id.clone()));
    all.extend(donors.into_iter().take(DONORS).map(|task| {
        way(
            format!("take people from \"{}\"", task.title),
            format!("it has {} to spare", counted(task.slack_days, "working day")),
            "both tasks need the same skills for it",
        )
    }));
    if slack < 0 {
        all.push(way(
            format!("move the event by {}", counted(-slack, "working day")),
            "keeps the scope".to_owned(),
            "venues, speakers and guests must be free then",
        ));
    }
    all
}

fn way(option: String, pro: String, con: &str) -> Alternative {
    Alternative { option, score: None, pros: vec![pro], cons: vec![con.to_owned()] }
}

/// Who stands in for a vendor, what that costs, and where the money comes from.
fn replaced(desk: &Desk<'_>, before: &Dossier, name: &str) -> Option<(Agent, Reasons)> {
    let vendors = &desk.world.catalogue.vendors;
    let gone = vendors.iter().find(|vendor| vendor.name.eq_ignore_ascii_case(name))?;
    let next = desk.vendors(&gone.service).next();
    let [was, is] = [before.get::<CostModel>()?, desk.read::<CostModel>()];
    let currency = desk.scope().currency;
    let figures = [compare::figures(before), compare::figures(&desk.dossier)];
    let more = figures[1].spending.minus(figures[0].spending);
    let covered = if more <= was.reserve.amount { "would cover" } else { "would not cover" };
    let reasons = Reasons {
        kind: "vendor_replacement",
        description: next.map_or_else(
            || format!("Nobody is left for {}", gone.service),
            |next| format!("{} stands in for {} ({})", next.name, gone.name, gone.service),
        ),
        rationale: format!(
            "{}. The reserve of {} {covered} the difference",
            compare::in_words(desk, &figures),
            was.reserve.amount.shown(currency)
        ),
        alternatives: mitigations(desk, &gone.service, is, more),
        ..Reasons::default()
    };
    Some((Agent::BudgetAnalyst, reasons))
}

/// Other vendors, and savings that pay for the difference.
fn mitigations(
    desk: &Desk<'_>,
    service: &str,
    model: &CostModel,
    more: Amount,
) -> Vec<Alternative> {
    let currency = desk.scope().currency;
    let others = desk.vendors(service).skip(1).map(|vendor| {
        way(
            format!("ask {}", vendor.name),
            format!("{}: {}", vendor.sla_metric, vendor.sla_target),
            "has not been asked for a price",
        )
    });
    let open: Vec<&Saving> = model.savings.iter().filter(|saving| !saving.is_taken).collect();
    let paid = fewest(desk, &open, more).map(|items| {
        let saves: Amount = items.iter().map(|saving| saving.amount).sum();
        let items: Vec<&str> = items.iter().map(|saving| saving.item.as_str()).collect();
        way(
            format!("pay for it by the least prices for {}", items.join(", ")),
            format!("saves {}", saves.shown(currency)),
            "guests get less",
        )
    });
    others.chain(paid).collect()
}

/// The fewest savings that pay for something; none when there is nothing to pay, or too little to save.
fn fewest<'s>(desk: &Desk<'_>, savings: &[&'s Saving], more: Amount) -> Option<Vec<&'s Saving>> {
    let currency = desk.scope().currency;
    let option = |(at, saving): (usize, &&Saving)| budget::Saving {
        id: format!("{at:04}"),
        amount: saving.amount.minor(currency),
        loss: 1,
        source: None,
        must_have: false,
    };
    let options: Vec<budget::Saving> = savings.iter().enumerate().map(option).collect();
    let gap = more.minor(currency);
    let found = budget::alternatives(&options, gap).into_iter().next().filter(|_| gap > 0)?;
    let named = savings.iter().zip(&options).filter(|(_, it)| found.savings.contains(&it.id));
    Some(named.map(|(saving, _)| *saving).collect())
}

/// Which venue takes the place of one that was lost.
fn moved(desk: &Desk<'_>, before: &Dossier, name: &str) -> Option<(Agent, Reasons)> {
    let lost = log::venue_name(desk, name);
    let then = &before.get::<VenueScorecard>()?.selection;
    let functions: Vec<&str> = then
        .iter()
        .filter(|venue| venue.venue_name.eq_ignore_ascii_case(&lost))
        .map(|venue| venue.function.as_str())
        .collect();
    let card: &VenueScorecard = desk.read();
    let backup = card.selection.iter().find(|venue| functions.contains(&venue.function.as_str()));
    let figures = [compare::figures(before), compare::figures(&desk.dossier)];
    let description = match backup {
        _ if functions.is_empty() => format!("{lost} was not proposed: nothing moves"),
        Some(backup) => format!("{} takes the place of {lost}", backup.venue_name),
        None => format!("No venue can take the place of {lost}"),
    };
    let venues = [venue_costs(before.get()), venue_costs(desk.dossier.get())];
    let currency = desk.scope().currency;
    let reasons = Reasons {
        kind: "venue_replacement",
        description,
        rationale: format!(
            "Venues cost {} instead of {}; {}. Told: {}",
            venues[1].shown(currency),
            venues[0].shown(currency),
            compare::in_words(desk, &figures),
            told(desk)
        ),
        alternatives: others(desk),
        ..Reasons::default()
    };
    Some((Agent::EventPlanner, reasons))
}

fn venue_costs(model: Option<&CostModel>) -> Amount {
    let lines = model.map(|model| model.line_items.as_slice()).unwrap_or_default();
    let is_venue = |line: &&LineItem| line.category == "venue" && line.basis != Basis::Reserve;
    lines.iter().filter(is_venue).map(|line| line.total).sum()
}

/// Who hears of it, by the communications plan.
fn told(desk: &Desk<'_>) -> String {
    let plan: &crate::artifact::CommunicationsPlan = desk.read();
    let audiences =
        plan.communications.iter().map(|it| format!("{} by {}", it.audience, it.channel));
    audiences.collect::<Vec<_>>().join(", ")
}

/// The rest of the shortlist.
fn others(desk: &Desk<'_>) -> Vec<Alternative> {
    let scope = desk.scope();
    let selection = &desk.read::<VenueScorecard>().selection;
    let shortlist = &desk.read::<VenueShortlist>().candidates;
    let free = shortlist
        .iter()
        .filter(|venue| selection.iter().all(|chosen| chosen.venue_id != venue.venue_id));
    free.map(|venue| Alternative {
        option: format!("take {}", venue.venue_name),
        score: Some(venue.initial_score),
        pros: vec![format!("{} all in", venue.cost_estimate.shown(scope.currency))],
        cons: vec![format!(
            "holds {} for {}",
            venue.capacity,
            counted(scope.audience.into(), "guest")
        )],
    })
    .collect()
}
