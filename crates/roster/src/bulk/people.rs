//! What rows of students and of teachers have in common: each names one person, who changes or not.

use kernel::tx::Tx;
use uuid::Uuid;

use super::{
    keys::{Keys, Name},
    tally::{Refusal, Success, Tally},
};
use crate::{
    Error,
    external::{self, Kind, Refs},
};

/// A person whom a row changes.
pub(super) struct Changed<T> {
    pub(super) row: i32,
    pub(super) before: Option<T>,
    pub(super) after: T,
}

impl<T> Changed<T> {
    /// How the row succeeds.
    pub(super) const fn how(&self) -> Success {
        if self.before.is_some() { Success::Updated } else { Success::Created }
    }
}

/// What a row comes to: who they were, if they were, and who they are, if that differs.
pub(super) type Turn<T> = Result<(Option<T>, Option<T>), Refusal>;

/// Keeps what a row comes to: a change to be saved, or a result.
pub(super) fn keep<T>(
    turn: Turn<T>,
    (row, value): (i32, Option<&str>),
    id: fn(&T) -> Uuid,
    keys: &mut Keys,
    (changes, tally): (&mut Vec<Changed<T>>, &mut Tally),
) {
    match turn {
        Ok((before, Some(after))) => {
            keys.note(row, id(&after), value);
            changes.push(Changed { row, before, after });
        }
        Ok((Some(before), None)) => {
            keys.note(row, id(&before), value);
            tally.succeeded(row, id(&before), Success::Unchanged);
        }
        Ok((None, None)) => tally.ended(row, Refusal::unknown("externalId", "person")),
        Err(refusal) => tally.ended(row, refusal),
    }
}

/// The person whom a row names, if there is one: `column` is that of our id. Somebody beyond the reach of the job is not
/// there, but keeps their external id.
pub(super) fn named<T>(
    found: Option<(Uuid, Option<T>)>,
    name: Name<'_>,
    (column, what): (&str, &str),
) -> Result<Option<T>, Refusal> {
    match found {
        Some((_, Some(person))) => Ok(Some(person)),
        Some((_, None)) if name.id.is_some() => Err(Refusal::unknown(column, what)),
        Some((_, None)) => Err(TAKEN),
        None => Ok(None),
    }
}

const TAKEN: Refusal = Refusal::Conflict("externalId: somebody else has it.");

/// Takes the external ids of those who change; who wants one that somebody else has, fails.
pub(super) async fn claimed<T>(
    tx: &mut Tx,
    kind: Kind,
    changes: Vec<Changed<T>>,
    refs: fn(&T) -> Refs<'_>,
    tally: &mut Tally,
) -> Result<Vec<Changed<T>>, Error> {
    let all: Vec<_> = changes.iter().map(|change| refs(&change.after)).collect();
    let taken = external::claim(tx, kind, &all).await?;
    let taken: Vec<_> = all.iter().map(|refs| taken.contains_key(&refs.id)).collect();
    let mut free = Vec::with_capacity(changes.len());
    for (change, taken) in changes.into_iter().zip(taken) {
        if taken {
            tally.ended(change.row, TAKEN);
        } else {
            free.push(change);
        }
    }
    Ok(free)
}
