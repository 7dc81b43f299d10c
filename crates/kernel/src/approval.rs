//! Decisions of people: asked in the transaction that needs them, escalated while nobody answers, decided once.
//!
//! Nothing is approved by itself: when time is up the next level is asked, and the last one waits for ever. What follows
//! from a decision is a job that is committed with it, of the approval's own kind.

mod deadline;
mod decide;
mod events;
mod store;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

pub use deadline::{JOB, KIND};
pub use decide::{Decision, decide};
pub use events::{schemas, shared_schemas};
pub(crate) use store::{Wanted, find, list};

use crate::{
    Problem, Role, Tx,
    audit::Audited,
    job::{self, NewJob},
};

/// How long one level has when nothing else is said.
pub const PATIENCE: SignedDuration = SignedDuration::from_hours(48);
/// Longest rationale, in characters.
pub const RATIONALE_MAX: usize = 2_000;

/// Id of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct ApprovalId(pub Uuid);

impl From<Uuid> for ApprovalId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One level of those who are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Level {
    /// Who decides.
    #[schema(value_type = String)]
    pub role: Role,
    /// How long before the next level is asked, in seconds.
    pub patience_seconds: i64,
}

impl Level {
    /// A level with the usual time.
    pub const fn of(role: Role) -> Self {
        Self { role, patience_seconds: PATIENCE.as_secs() }
    }

    const fn patience(self) -> SignedDuration {
        SignedDuration::from_secs(self.patience_seconds)
    }
}

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ApprovalStatus)]
pub enum Status {
    /// Somebody is asked.
    Pending,
    /// Decided: yes.
    Approved,
    /// Decided: no.
    Rejected,
    /// The question is no longer asked: its subject changed or went away.
    Superseded,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Approved => "Approved",
            Self::Rejected => "Rejected",
            Self::Superseded => "Superseded",
        }
    }

    fn of(name: &str) -> Self {
        match name {
            "Approved" => Self::Approved,
            "Rejected" => Self::Rejected,
            "Superseded" => Self::Superseded,
            _ => Self::Pending,
        }
    }
}

/// A question to be asked.
#[derive(Clone, Debug)]
pub struct NewApproval<'a> {
    /// For instance `roster.import`; a job of this kind carries the decision out ([`Decided`]).
    pub kind: &'a str,
    /// What it is about.
    pub subject: Uuid,
    /// Which state of it: a version, or a digest.
    pub revision: String,
    /// What is asked, in one line.
    pub title: String,
    /// Why it is asked.
    pub reason: String,
    /// What else an approval brings about.
    pub consequences: Vec<String>,
    /// Who is asked, one after the other.
    pub levels: Vec<Level>,
    /// For whom a job asks; when it asks for nobody, who runs the transaction asks.
    pub asker: Option<Asker>,
}

/// Who asks: kept by work that may have to ask later, in their name. They do not answer their own question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Issuer and subject.
    actor: String,
    /// As others see them.
    pseudonym: String,
}

impl Asker {
    /// Who runs a transaction.
    pub fn of(tx: &Tx) -> Self {
        let caller = tx.caller();
        let pseudonym = tx.kernel().pseudonym(tx.tenant(), caller);
        Self { actor: caller.actor(), pseudonym }
    }
}

/// A decision of people: asked, or decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Its id.
    pub approval_id: ApprovalId,
    /// What kind of question.
    pub kind: String,
    /// What it is about.
    pub subject_id: Uuid,
    /// Which state of it.
    pub revision: String,
    /// What is asked.
    pub title: String,
    /// Why it is asked.
    pub reason: String,
    /// What else an approval brings about.
    pub consequences: Vec<String>,
    /// Who asked, as a pseudonym.
    pub asked_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub asked_at: Timestamp,
    /// Who is asked, one after the other.
    pub levels: Vec<Level>,
    /// Which of them is asked now, from 0; those before may still decide.
    pub level: usize,
    /// When the next level is asked; absent at the last one.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub status: Status,
    /// Who decided, as a pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
    /// Why it was decided so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// Issuer and subject of who asked: may not decide.
    #[serde(skip)]
    pub(crate) asker: String,
    #[serde(skip)]
    pub(crate) remind_at: Option<Timestamp>,
}

impl Audited for Approval {
    const ENTITY: &'static str = "platform.approval";

    fn id(&self) -> Uuid {
        self.approval_id.0
    }

    fn redacted(&self) -> serde_json::Value {
        // The rationale is free text.
        json!({
            "kind": self.kind, "subjectId": self.subject_id, "revision": self.revision, "level": self.level,
            "dueAt": self.due_at, "status": self.status, "decidedBy": self.decided_by,
        })
    }
}

impl Approval {
    /// Its path.
    pub fn path(&self) -> String {
        format!("/api/approvals/{}", self.approval_id)
    }

    /// Who may decide now: those asked, and those asked before them.
    fn deciders(&self) -> impl Iterator<Item = Role> + '_ {
        self.levels.iter().take(self.level + 1).map(|level| level.role)
    }

    /// The moments of a level that is asked from `now` on: when to remind, when to ask the next.
    fn ask(mut self, level: usize, now: Timestamp) -> Self {
        let patience = self.levels.get(level).map_or(PATIENCE, |level| level.patience());
        let is_last = level + 1 >= self.levels.len();
        self.level = level;
        self.remind_at = now.saturating_add(patience / 2).ok();
        self.due_at = (!is_last).then(|| now.saturating_add(patience).ok()).flatten();
        self
    }
}

/// What the job of an approval's kind gets as its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// The approval.
    pub approval_id: ApprovalId,
    /// What it was about.
    pub subject_id: Uuid,
    /// Whether it was approved.
    pub approved: bool,
}

/// Asks, in the transaction of what needs the answer. The same question about the same revision is asked once; another
/// revision supersedes what was asked before.
///
/// # Errors
/// When there is nobody to ask, which is a defect, or the database fails.
pub async fn request(tx: &mut Tx, new: &NewApproval<'_>) -> Result<ApprovalId, Problem> {
    if let Some(open) = store::lock_open(tx, new.kind, new.subject).await? {
        if open.revision == new.revision {
            return Ok(open.approval_id);
        }
        close(tx, open).await?;
    }
    if new.levels.is_empty() {
        return Err(Problem::internal(&std::io::Error::other("an approval that nobody may give")));
    }
    let approval = asked(tx, new);
    store::insert(tx, &approval).await?;
    let first = approval.remind_at.unwrap_or(approval.asked_at);
    let id = approval.approval_id;
    let args = json!({"approvalId": id});
    let name = id.to_string();
    let wait = NewJob { kind: KIND, args, run_at: first, unique_key: Some(&name) };
    job::enqueue(tx, &wait).await?;
    tx.changed(None, Some(&approval), &events::ApprovalRequested((&approval).into()))?;
    Ok(id)
}

fn asked(tx: &Tx, new: &NewApproval<'_>) -> Approval {
    let asker = new.asker.clone().unwrap_or_else(|| Asker::of(tx));
    let approval = Approval {
        approval_id: tx.new_id(),
        kind: new.kind.to_owned(),
        subject_id: new.subject,
        revision: new.revision.clone(),
        title: new.title.clone(),
        reason: new.reason.clone(),
        consequences: new.consequences.clone(),
        asked_by: asker.pseudonym,
        asked_at: tx.now(),
        levels: new.levels.clone(),
        level: 0,
        due_at: None,
        status: Status::Pending,
        decided_by: None,
        decided_at: None,
        rationale: None,
        asker: asker.actor,
        remind_at: None,
    };
    approval.ask(0, tx.now())
}

/// Takes an open question back: its subject changed, or needs no answer any more. Says whether there was one.
///
/// # Errors
/// When the database fails.
pub async fn supersede(tx: &mut Tx, kind: &str, subject: Uuid) -> Result<bool, Problem> {
    match store::lock_open(tx, kind, subject).await? {
        Some(open) => close(tx, open).await.map(|()| true),
        None => Ok(false),
    }
}

async fn close(tx: &mut Tx, open: Approval) -> Result<(), Problem> {
    let closed =
        Approval { status: Status::Superseded, due_at: None, remind_at: None, ..open.clone() };
    store::update(tx, &closed).await?;
    tx.changed(Some(&open), Some(&closed), &events::ApprovalSuperseded((&closed).into()))
}
