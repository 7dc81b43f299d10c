//! Planning anew after something has happened: what is done stays, what must change is revised, and each change says
//! what it costs in money and days and whom it needs a yes from.

mod compare;
mod explain;
mod log;
mod triggers;

use crate::{
    agent::{Desk, Facts, World, run},
    approval::{Approval, ApprovalStatus},
    artifact::{Dossier, Impacted, Kind},
    brief::Fault,
    change::{self, Change},
    math::trigger::Firing,
};

pub use compare::Figures;
use compare::{figures, slip};

/// A plan made anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Replanned {
    /// The new plan, with every revision before it.
    pub dossier: Dossier,
    /// All that has happened by now.
    pub facts: Facts,
    /// What the plan before came to.
    pub before: Figures,
    /// What this one comes to.
    pub after: Figures,
    /// What has a new revision.
    pub revised: Vec<Impacted>,
    /// What rests on something that was revised and says the same all the same.
    pub confirmed: Vec<Kind>,
    /// Contingencies that start.
    pub fired: Vec<Firing>,
    /// What people are asked because of this.
    pub asked: Vec<Approval>,
}

/// Plans anew. The same world, plan and changes give the same plan to the last byte.
///
/// # Errors
/// Every change that does not fit the plan; and what planning itself can tell, as [`super::plan`].
pub fn replan(
    world: World<'_>,
    before: &Dossier,
    changes: &[Change],
) -> Result<Replanned, Vec<Fault>> {
    let mut facts = change::apply(world, before, changes)?;
    let scope = facts.settled(world.scope);
    let world = World { scope: &scope, before: Some(before), ..world };
    let mut fired = triggers::told(world, before, &facts);
    facts.come_true(triggers::risks(world, &fired));
    let first = attempt(World { facts: &facts, ..world }, changes)?;
    // What the new figures set off is part of the plan: it is made with that, too.
    let measured = triggers::measured(world, before, &first.dossier);
    let news = triggers::risks(world, &measured);
    let is_news = news.iter().any(|risk| !facts.occurred.contains(risk));
    fired.extend(measured);
    let mut all = facts.clone();
    all.come_true(news);
    let desk = if is_news { attempt(World { facts: &all, ..world }, changes)? } else { first };
    Ok(handed_over(desk, before, all.clone(), fired, changes))
}

/// Runs every agent, with the changes in the log.
fn attempt<'a>(world: World<'a>, changes: &[Change]) -> Result<Desk<'a>, Vec<Fault>> {
    let mut desk = Desk::new(world);
    log::open(&mut desk, changes);
    run(&mut desk)?;
    Ok(desk)
}

/// Writes the logs, and says what is different.
fn handed_over(
    mut desk: Desk<'_>,
    before: &Dossier,
    facts: Facts,
    fired: Vec<Firing>,
    changes: &[Change],
) -> Replanned {
    let slip = slip(before, &desk.dossier);
    if let Some(slip) = slip.as_ref().filter(|slip| slip.is_far()) {
        slip.ask(&mut desk);
    }
    let figures = [figures(before), figures(&desk.dossier)];
    explain::explain(&mut desk, before, changes, slip.as_ref());
    log::fill(&mut desk, before, changes, &figures);
    let dossier = desk.close();
    let revised = revised(before, &dossier);
    let [was, is] = figures;
    Replanned {
        confirmed: confirmed(&dossier, &revised),
        asked: asked(before, &dossier),
        revised,
        facts,
        before: was,
        after: is,
        fired,
        dossier,
    }
}

/// What has another revision than before.
fn revised(before: &Dossier, now: &Dossier) -> Vec<Impacted> {
    let revision = |kind: Kind| before.find(kind).map(|artifact| artifact.header.revision);
    let new = now.artifacts().filter(|it| revision(it.header.kind) != Some(it.header.revision));
    new.map(crate::artifact::Artifact::impacted).collect()
}

/// What rests on an older revision of something: it was made again and came out the same.
fn confirmed(now: &Dossier, revised: &[Impacted]) -> Vec<Kind> {
    let is_revised = |kind: Kind| revised.iter().any(|made| made.artifact_type == kind);
    let rests_on_revised = now.artifacts().filter(|artifact| {
        !is_revised(artifact.header.kind)
            && artifact.header.references.iter().any(|reference| is_revised(reference.kind))
    });
    rests_on_revised.map(|artifact| artifact.header.kind).collect()
}

/// What is pending now and was not before.
fn asked(before: &Dossier, now: &Dossier) -> Vec<Approval> {
    let is_pending = |approval: &&Approval| approval.status == ApprovalStatus::Pending;
    let is_known = |id: &str| before.approvals.iter().any(|known| known.id == id);
    let new = now.approvals.iter().filter(is_pending).filter(|approval| !is_known(&approval.id));
    new.cloned().collect()
}
