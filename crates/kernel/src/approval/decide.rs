//! The decision: by somebody who is asked and did not ask, about the revision they saw, once.

use serde::Deserialize;
use serde_json::json;

use super::{Approval, ApprovalId, Decided, RATIONALE_MAX, Status, events, store};
use crate::{
    Problem, Tx,
    answer::Outcome,
    job::{self, NewJob},
    problem::kinds,
    text,
};

/// What is decided.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    /// Yes or no.
    pub decision: Answer,
    /// The revision that was looked at.
    #[schema(max_length = 255)]
    pub revision: String,
    /// Why.
    #[schema(min_length = 1, max_length = 2000)]
    pub rationale: String,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[schema(as = ApprovalAnswer)]
pub enum Answer {
    /// Yes.
    Approved,
    /// No.
    Rejected,
}

/// Decides; what follows is a job of the approval's kind, committed with the decision.
///
/// # Errors
/// 404 for an unknown approval, 403 for who asked or is not asked, 409 when it is decided or the revision is another,
/// 422 for a rationale that cannot be kept.
pub async fn decide(
    tx: &mut Tx,
    id: ApprovalId,
    decision: &Decision,
) -> Result<Outcome<crate::answer::Done<Approval>>, Problem> {
    let open = store::lock(tx, id).await?.ok_or_else(Problem::missing)?;
    may_decide(tx, &open)?;
    let rationale = rationale(&decision.rationale)?;
    is_open(&open)?;
    if open.revision != decision.revision {
        let detail = "What is asked has changed since you looked. Read the approval again and decide about its revision.";
        return Err(conflict(&open, detail));
    }
    let status = match decision.decision {
        Answer::Approved => Status::Approved,
        Answer::Rejected => Status::Rejected,
    };
    let decided = Approval {
        status,
        due_at: None,
        remind_at: None,
        decided_by: Some(tx.kernel().pseudonym(tx.tenant(), tx.caller())),
        decided_at: Some(tx.now()),
        rationale: Some(rationale),
        ..open.clone()
    };
    store::update(tx, &decided).await?;
    carry_out(tx, &decided).await?;
    tx.changed(Some(&open), Some(&decided), &events::ApprovalDecided((&decided).into()))?;
    Ok(Outcome::Executed(crate::answer::Done(decided)))
}

fn may_decide(tx: &Tx, open: &Approval) -> Result<(), Problem> {
    let caller = tx.caller();
    if caller.actor() == open.asker {
        let detail = "Who asks does not decide: somebody else has to.";
        return Err(Problem::new(&kinds::FORBIDDEN, detail));
    }
    if open.deciders().any(|role| caller.has(role)) {
        return Ok(());
    }
    let roles: Vec<_> = open.deciders().map(crate::Role::name).collect();
    let detail = format!("This is for one of these roles to decide: {}.", roles.join(", "));
    Err(Problem::new(&kinds::FORBIDDEN, detail))
}

fn rationale(text: &str) -> Result<String, Problem> {
    let mut errors = Vec::new();
    // Lines are joined: a rationale is a few sentences.
    let line = text.split(['\n', '\r', '\t']).collect::<Vec<_>>().join(" ");
    let kept = text::field(&line, RATIONALE_MAX, "/rationale", &mut errors);
    kept.ok_or_else(|| Problem::invalid(errors))
}

/// The first answer wins; the others learn which it was.
fn is_open(approval: &Approval) -> Result<(), Problem> {
    let by = approval.decided_by.as_deref().unwrap_or_default();
    match approval.status {
        Status::Pending => Ok(()),
        Status::Superseded => {
            Err(conflict(approval, "The question is no longer asked: its subject changed."))
        }
        Status::Approved | Status::Rejected => {
            let detail = format!("Already decided by {by}: {}.", approval.status.name());
            Err(conflict(approval, &detail))
        }
    }
}

fn conflict(approval: &Approval, detail: &str) -> Problem {
    Problem::new(&kinds::CONFLICT, detail).conflicting(approval.approval_id.0, approval.path())
}

async fn carry_out(tx: &mut Tx, decided: &Approval) -> Result<(), Problem> {
    let args = json!(Decided {
        approval_id: decided.approval_id,
        subject_id: decided.subject_id,
        approved: decided.status == Status::Approved,
    });
    let name = decided.approval_id.to_string();
    let now = tx.now();
    let next = NewJob { kind: &decided.kind, args, run_at: now, unique_key: Some(&name) };
    job::enqueue(tx, &next).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rationale_is_kept_as_one_line_and_must_say_something() {
        assert_eq!(rationale("Seen.\nAll well. ").ok().as_deref(), Some("Seen. All well."));
        let empty = rationale(" \n ").unwrap_err().errors.clone();
        assert_eq!(empty[0].pointer, "/rationale");
        assert_eq!(
            rationale(&"x".repeat(RATIONALE_MAX + 1)).unwrap_err().errors[0].code,
            "too_long"
        );
    }
}
