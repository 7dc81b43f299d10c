//! What only people decide, as plain records: asked here, answered by a person, never by a clock.

use jiff::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::artifact::{Amount, ApprovalKind, Artifact, Dossier, Escalation, Kind};

/// A decision asked of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Its id: the same question about the same content has the same id.
    pub id: String,
    /// What is decided.
    pub kind: ApprovalKind,
    /// About which artifact.
    pub artifact_type: Kind,
    /// Its id.
    pub artifact_id: String,
    /// In which revision: an answer to another one does not count.
    pub revision: u32,
    /// The part of the artifact it is about (a contract, a risk), or nothing for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// What is asked, in a sentence.
    pub question: String,
    /// How much money hangs on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// What follows from a yes.
    pub consequences: Vec<String>,
    /// Who is asked, in this order.
    pub chain: Vec<String>,
    /// How far along the chain it has gone, from 0.
    pub level: usize,
    /// When the question was put.
    pub requested_at: Timestamp,
    /// When the next in the chain is asked.
    pub due_at: Timestamp,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// Who decided, when and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
}

/// Where an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// It blocks.
    Pending,
    /// Yes.
    Approved,
    /// No: the owner of the artifact revises and asks again.
    Rejected,
    /// The artifact has changed since: the question was put anew.
    Superseded,
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub rationale: String,
}

/// Why an answer does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No such question.
    #[error("there is no approval `{0}`: `approvals.json` lists them")]
    Unknown(String),
    /// Somebody was faster, or the question was withdrawn.
    #[error("approval `{0}` is not pending any more: it is {1:?}")]
    NotPending(String, ApprovalStatus),
    /// The artifact has changed.
    #[error(
        "approval `{id}` is about revision {asked}, but {kind} is at revision {now}: read the new revision and decide on that"
    )]
    Stale {
        /// The approval.
        id: String,
        /// Its revision.
        asked: u32,
        /// The artifact.
        kind: Kind,
        /// The revision of today.
        now: u32,
    },
    /// Not one who may decide.
    #[error("{0} may not decide this: ask {1}")]
    NotAsked(String, String),
}

/// Hours that somebody has to answer when the communications plan does not say.
pub const HOURS_DEFAULT: u32 = 48;

/// A question about an artifact.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is decided.
    pub kind: ApprovalKind,
    /// The part of the artifact.
    pub item: Option<String>,
    /// What is asked.
    pub question: String,
    /// How much money hangs on it.
    pub amount: Option<Amount>,
    /// What follows from a yes.
    pub consequences: Vec<String>,
}

/// Puts a question to whoever the communications plan names for it.
pub fn ask(
    question: Question,
    about: &Artifact,
    escalation: &Escalation,
    now: Timestamp,
) -> Approval {
    let Question { kind, item, question, amount, consequences } = question;
    let of = item.clone().unwrap_or_else(|| about.header.id.clone());
    let hours = i64::from(escalation.hours);
    Approval {
        id: format!("apr-{}-{of}-r{}", kind.to_string().replace(' ', "-"), about.header.revision),
        kind,
        artifact_type: about.header.kind,
        artifact_id: about.header.id.clone(),
        revision: about.header.revision,
        item,
        question,
        amount,
        consequences,
        chain: escalation.chain.clone(),
        level: 0,
        requested_at: now,
        due_at: now.saturating_add(Span::new().hours(hours)).unwrap_or(Timestamp::MAX),
        status: ApprovalStatus::Pending,
        decided: None,
    }
}

/// Records a person's answer.
///
/// # Errors
/// When it is unknown, decided, about another revision, or not this person's to answer.
pub fn decide(
    dossier: &mut Dossier,
    id: &str,
    is_yes: bool,
    decided: Decided,
) -> Result<(), Error> {
    let approval = dossier.approvals.iter().find(|approval| approval.id == id);
    let approval = approval.ok_or_else(|| Error::Unknown(id.to_owned()))?;
    if approval.status != ApprovalStatus::Pending {
        return Err(Error::NotPending(id.to_owned(), approval.status));
    }
    let kind = approval.artifact_type;
    let now = dossier.find(kind).map_or(0, |artifact| artifact.header.revision);
    if now != approval.revision {
        return Err(Error::Stale { id: id.to_owned(), asked: approval.revision, kind, now });
    }
    if !approval.chain.contains(&decided.by) {
        return Err(Error::NotAsked(decided.by, approval.chain.join(" or ")));
    }
    for approval in dossier.approvals.iter_mut().filter(|approval| approval.id == id) {
        approval.status = if is_yes { ApprovalStatus::Approved } else { ApprovalStatus::Rejected };
        approval.decided = Some(decided.clone());
    }
    Ok(())
}

/// Moves overdue questions to the next in the chain, with a fresh deadline. The last stays asked for ever: nothing is
/// decided by waiting. Answers what was escalated.
pub fn escalate(dossier: &mut Dossier, now: Timestamp, hours: u32) -> Vec<String> {
    let overdue = dossier.approvals.iter_mut().filter(|approval| {
        approval.status == ApprovalStatus::Pending
            && approval.due_at <= now
            && approval.level + 1 < approval.chain.len()
    });
    overdue
        .map(|approval| {
            approval.level += 1;
            approval.due_at =
                now.saturating_add(Span::new().hours(i64::from(hours))).unwrap_or(Timestamp::MAX);
            approval.id.clone()
        })
        .collect()
}
