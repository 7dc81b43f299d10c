//! The agents. Each reads artifacts from the desk, computes, and puts artifacts with their reasons back.

pub mod analyst;
mod facts;
pub mod logistics;
mod network;
pub mod planner;
pub(crate) mod programme;
mod replan;
pub mod researcher;

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use crate::{
    approval::{self, Approval, ApprovalStatus, Question},
    artifact::{
        AgentTrace, Alternative, ApprovalKind, Artifact, Author, Body, Change, ChangeLog, Content,
        Decision, DecisionLog, Dossier, Escalation, Header, Impacted, Kind, ModelExchange,
        StepStatus, TraceStep, hex,
    },
    brief::{Fault, Scope},
    catalogue::{Catalogue, Vendor},
    instruction::{Agent, Instructions, Loaded},
    prose::{self, Writer},
};

pub use facts::Facts;
pub use replan::{Figures, Replanned, replan};

/// All that the agents may know.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// The settled brief.
    pub scope: &'a Scope,
    /// Cities, venues, prices, vendors.
    pub catalogue: &'a Catalogue,
    /// What the agents follow.
    pub instructions: &'a Instructions,
    /// What has happened.
    pub facts: &'a Facts,
    /// What all chance is drawn from.
    pub seed: u64,
    /// The plan before this one.
    pub before: Option<&'a Dossier>,
}

/// Where the agents work: artifacts made so far, decisions, questions.
#[derive(Debug)]
pub struct Desk<'a> {
    /// All that they may know.
    pub world: World<'a>,
    /// What was made so far.
    pub dossier: Dossier,
    /// What was decided in this run.
    pub decisions: Vec<Decision>,
    /// What was changed in this run.
    changes: Vec<Change>,
    trace: AgentTrace,
    now: Timestamp,
    correlation: Uuid,
    touched: Vec<Impacted>,
    /// Who words things, while there is somebody.
    pub(crate) writer: Option<&'a dyn Writer>,
}

/// A decision as an agent states it.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    pub(crate) kind: &'static str,
    pub(crate) description: String,
    pub(crate) rationale: String,
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) touches: Vec<Kind>,
}

impl<'a> Desk<'a> {
    /// An empty desk.
    pub fn new(world: World<'a>) -> Self {
        let day = world.facts.as_of.unwrap_or(world.scope.planning_start);
        let now = day.to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |day| day.timestamp());
        let changes = world.before.and_then(|before| before.get::<ChangeLog>());
        let run = changes.map_or(0, |log| log.changes.len());
        let run = format!("{} {} {day} {run}", world.scope.event_id, world.seed);
        Self {
            world,
            dossier: Dossier::default(),
            decisions: Vec::new(),
            changes: Vec::new(),
            trace: AgentTrace::default(),
            now,
            correlation: uuid_of(&run),
            touched: Vec::new(),
            writer: None,
        }
    }

    /// The moment of this run: a day of the plan, not of a clock.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The settled brief.
    pub fn scope(&self) -> &'a Scope {
        self.world.scope
    }

    /// What an agent follows.
    pub fn instructions(&self, agent: Agent) -> &'a Loaded {
        self.world.instructions.of(agent, self.world.scope.level)
    }

    /// A number of an agent's instructions.
    pub fn number(&self, agent: Agent, name: &str) -> u32 {
        self.instructions(agent).number(name)
    }

    /// An artifact that an agent before made.
    ///
    /// # Panics
    /// When the agents run in the wrong order, which no input can cause.
    pub fn read<T: Content>(&self) -> &T {
        self.dossier.get::<T>().expect("the agents run in the order of the lifecycle")
    }

    /// The same artifact of the plan before this one.
    pub fn before<T: Content>(&self) -> Option<&'a T> {
        self.world.before.and_then(|before| before.get::<T>())
    }

    /// The revision that an artifact of this kind will have if it is new.
    pub fn next_revision(&self, kind: Kind) -> u32 {
        let before = self.world.before.and_then(|before| before.find(kind));
        before.map_or(1, |before| before.header.revision + 1)
    }

    /// The vendors of a service that have not cancelled, the preferred first.
    pub(crate) fn vendors(&self, service: &str) -> impl Iterator<Item = &'a Vendor> {
        let World { catalogue, facts, .. } = self.world;
        catalogue.vendors.iter().filter(move |vendor| {
            vendor.service == service && !facts.cancelled_vendors.contains(&vendor.name)
        })
    }

    /// Puts an artifact on the desk. One that says what it said before keeps its revision.
    pub fn publish(&mut self, agent: Agent, body: impl Content, rests_on: &[Kind]) {
        let body = body.into_body();
        let kind = body.kind();
        let before = self.world.before.and_then(|before| before.find(kind));
        let artifact = match before {
            Some(before) if before.body == body => before.clone(),
            _ => self.sealed(agent, body, rests_on),
        };
        self.touched.push(artifact.impacted());
        self.dossier.put(artifact);
    }

    fn sealed(&self, agent: Agent, body: Body, rests_on: &[Kind]) -> Artifact {
        let kind = body.kind();
        let event_id = self.scope().event_id.clone();
        let references = rests_on.iter().filter_map(|kind| self.dossier.find(*kind));
        let header = Header {
            kind,
            id: kind.id_in(&event_id),
            event_id,
            revision: self.next_revision(kind),
            schema_version: kind.schema_version().to_owned(),
            author: Author::Agent(agent.name().to_owned()),
            correlation_id: self.correlation,
            created_at: self.now,
            references: references.map(Artifact::reference).collect(),
            digest: String::new(),
        };
        Artifact::seal(header, body)
    }

    /// Records a decision with its reasons.
    pub(crate) fn decide(&mut self, agent: Agent, reasons: Reasons) {
        self.decide_with(agent, reasons, None);
    }

    /// The same, with what a model was asked and answered.
    pub(crate) fn decide_with(
        &mut self,
        agent: Agent,
        reasons: Reasons,
        model: Option<ModelExchange>,
    ) {
        let Reasons { kind, description, rationale, alternatives, touches } = reasons;
        self.decisions.push(Decision {
            id: String::new(),
            timestamp: self.now,
            owner: agent.name().to_owned(),
            decision_type: kind.to_owned(),
            description,
            rationale,
            alternatives_considered: alternatives,
            impacted_artifacts: touches,
            approvals: Vec::new(),
            instructions: self.instructions(agent).reference(),
            model,
        });
    }

    /// The id of the change that is recorded next.
    pub(crate) fn next_change(&self) -> String {
        let before = self.before::<ChangeLog>().map_or(0, |log| log.changes.len());
        format!("change-{}-{}", self.scope().event_id, before + self.changes.len() + 1)
    }

    /// Records a change.
    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Puts a question about an artifact to a person. The same question about the same revision keeps its answer.
    pub(crate) fn ask(&mut self, about: Kind, question: Question) -> Option<String> {
        let escalation = self.escalation(question.kind);
        let artifact = self.dossier.find(about)?;
        let asked = approval::ask(question, artifact, &escalation, self.now);
        let before = self.world.before.and_then(|before| answered(before, &asked));
        let approval = before.cloned().unwrap_or(asked);
        let id = approval.id.clone();
        self.dossier.approvals.push(approval);
        Some(id)
    }

    fn escalation(&self, approval: ApprovalKind) -> Escalation {
        let plan = self.dossier.get::<crate::artifact::CommunicationsPlan>();
        let found =
            plan.and_then(|plan| plan.escalations.iter().find(|way| way.approval == approval));
        found.cloned().unwrap_or_else(|| Escalation {
            approval,
            chain: planner::deciders(self.scope(), approval),
            hours: approval::HOURS_DEFAULT,
        })
    }

    /// Ends an agent's step: what it read and made goes to the trace.
    pub(crate) fn trace(&mut self, agent: Agent, inputs: &[Kind]) {
        let step = u32::try_from(self.trace.steps.len()).unwrap_or(u32::MAX) + 1;
        let event = &self.scope().event_id;
        let waits = self.dossier.approvals.iter().any(|approval| {
            approval.status == ApprovalStatus::Pending
                && self.touched.iter().any(|made| made.artifact_type == approval.artifact_type)
        });
        self.trace.steps.push(TraceStep {
            id: format!("trace-{event}-{}-step-{step}", self.correlation.simple()),
            session_id: self.correlation.to_string(),
            step,
            agent_name: agent.name().to_owned(),
            instruction_level: self.scope().level,
            action: "invoke_agent".to_owned(),
            input_artifacts: inputs.to_vec(),
            output_artifacts: std::mem::take(&mut self.touched),
            status: if waits { StepStatus::WaitingApproval } else { StepStatus::Completed },
            correlation_id: self.correlation,
            error: None,
        });
    }

    /// Writes what was changed, decided and done into the logs, and hands everything over with what was before.
    fn close(mut self) -> Dossier {
        let rests_on = [Kind::EventBrief];
        let mut changes = self.before::<ChangeLog>().cloned().unwrap_or_default();
        changes.changes.append(&mut self.changes);
        self.publish(Agent::EventPlanner, changes, &rests_on);
        let before = self.before::<DecisionLog>().map_or(&[][..], |log| log.decisions.as_slice());
        let new = std::mem::take(&mut self.decisions);
        let decisions = logged(&self.scope().event_id, before, new);
        self.publish(Agent::EventPlanner, DecisionLog { decisions }, &rests_on);
        let mut trace = std::mem::take(&mut self.trace);
        let earlier = self.before::<AgentTrace>().map_or(&[][..], |trace| trace.steps.as_slice());
        trace.steps.splice(..0, earlier.iter().cloned());
        self.publish(Agent::EventPlanner, trace, &rests_on);
        if let Some(before) = self.world.before {
            carry_over(before, &mut self.dossier);
        }
        self.dossier
    }
}

/// What was before and is not any more becomes history; what no agent makes stays; answers that people gave stay, and
/// questions about what has changed since are withdrawn.
fn carry_over(before: &Dossier, now: &mut Dossier) {
    for artifact in before.history() {
        now.put_history(artifact.clone());
    }
    for artifact in before.artifacts() {
        match now.find(artifact.header.kind) {
            None => now.put(artifact.clone()),
            Some(new) if new.header.revision != artifact.header.revision => {
                now.put_history(artifact.clone());
            }
            Some(_) => {}
        }
    }
    for approval in &before.approvals {
        if now.approvals.iter().any(|known| known.id == approval.id) {
            continue;
        }
        let mut old = approval.clone();
        if old.status == ApprovalStatus::Pending {
            old.status = ApprovalStatus::Superseded;
        }
        now.approvals.push(old);
    }
}

/// The decisions before, then those of this run that say something new.
fn logged(event: &str, before: &[Decision], new: Vec<Decision>) -> Vec<Decision> {
    let mut all = before.to_vec();
    for mut decision in new {
        let is_known = |old: &&Decision| {
            old.description == decision.description && old.rationale == decision.rationale
        };
        let last = all.iter().rev().find(|old| old.decision_type == decision.decision_type);
        if last.as_ref().is_some_and(is_known) {
            continue;
        }
        decision.id = format!("dec-{event}-{}", all.len() + 1);
        all.push(decision);
    }
    all
}

/// What was asked about the same revision before, if it was answered or says the same.
fn answered<'a>(before: &'a Dossier, asked: &Approval) -> Option<&'a Approval> {
    let holds = |approval: &&Approval| {
        approval.id == asked.id
            && (approval.status != ApprovalStatus::Pending || approval.question == asked.question)
    };
    before.approvals.iter().find(holds)
}

/// A UUID that the same text always gives (version 8: made from a digest).
pub(crate) fn uuid_of(text: &str) -> Uuid {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(text.as_bytes());
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A seed of its own for each use, so that adding one simulation does not change another.
pub(crate) fn seed_for(seed: u64, event: &str, purpose: &str) -> u64 {
    let digest = hex(format!("{seed} {event} {purpose}").as_bytes());
    let digits = digest.trim_start_matches("sha256:").get(..12).unwrap_or("0");
    // Twelve digits: below 2^48, so that JSON numbers hold it everywhere.
    u64::from_str_radix(digits, 16).unwrap_or(seed)
}

/// Four decimals: what scores and shares are written with.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

/// Runs the agents: the Event Planner through Initiate and Plan, the Venue Researcher through Research, the Budget Analyst
/// through Budget, the Logistics Coordinator through Logistics and Confirm.
///
/// The same world gives the same dossier to the last byte.
///
/// # Errors
/// What is wrong with the brief that only planning can tell, such as tasks that wait for each other.
pub fn plan(world: World<'_>) -> Result<Dossier, Vec<Fault>> {
    plan_with(world, None)
}

/// The same, with words and options by a language model; whatever it says or does not say, the figures are those of [`plan`].
///
/// # Errors
/// As [`plan`].
pub fn plan_with(world: World<'_>, writer: Option<&dyn Writer>) -> Result<Dossier, Vec<Fault>> {
    let scope = world.facts.settled(world.scope);
    let mut desk = Desk::new(World { scope: &scope, ..world });
    desk.writer = writer;
    run(&mut desk)?;
    prose::summary(&mut desk);
    prose::options(&mut desk);
    Ok(desk.close())
}

/// Every agent in the order of the lifecycle.
fn run(desk: &mut Desk<'_>) -> Result<(), Vec<Fault>> {
    planner::initiate(desk);
    planner::plan(desk)?;
    researcher::research(desk)?;
    analyst::budget(desk)?;
    let running = logistics::logistics(desk)?;
    logistics::confirm(desk, &running);
    Ok(())
}
