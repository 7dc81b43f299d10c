//! Retention: legal holds, and the scrub that leaves a history which can be counted but names nobody.

use kernel::{
    answer::{Fresh, NoContent, Outcome},
    http::Body,
    tx::Tx,
};

use crate::{
    Error, Presence, enrollment, events,
    external::{self, Kind},
    guardian,
    person::Why,
    student::{self, Student, StudentId},
};

/// Forbids that a student is scrubbed, and says why. Again, with the same reason, it changes nothing.
pub async fn hold(
    tx: &mut Tx,
    id: StudentId,
    why: &Body<Why>,
) -> Result<Outcome<Fresh<Student>>, Error> {
    let before = student::reach(tx, id).await?;
    let reason = why.parse()?.parse().map_err(Error::Invalid)?;
    if before.scrubbed {
        return Err(Error::Conflict("The student was scrubbed: nothing is left to be held."));
    }
    let Some(after) = before.held(Some(reason), tx.now()) else {
        return Ok(Outcome::AlreadyApplied(student::fresh(before)));
    };
    student::changed(tx, before, after, |s| events::StudentUpdated(s.into())).await
}

/// Ends a legal hold. Again, it changes nothing.
pub async fn release(tx: &mut Tx, id: StudentId) -> Result<Outcome<NoContent>, Error> {
    let before = student::reach(tx, id).await?;
    let Some(after) = before.held(None, tx.now()) else {
        return Ok(Outcome::AlreadyApplied(NoContent));
    };
    let done = student::changed(tx, before, after, |s| events::StudentUpdated(s.into())).await?;
    Ok(done.without_content())
}

/// Removes what is personal of a student and of their guardians, for good. Again, it changes nothing.
///
/// Names, birth date, contact data, external ids and reasons go, and the stored answers that showed them; ids, dates and
/// statuses stay. They must have left before, so that one slip of the hand is not enough, and no legal hold may be in the way.
pub async fn scrub(tx: &mut Tx, id: StudentId) -> Result<Outcome<Fresh<Student>>, Error> {
    let before = student::reach(tx, id).await?;
    if before.legal_hold.is_some() {
        return Err(Error::Conflict("A legal hold is set: release it first."));
    }
    if before.status == Presence::Active {
        return Err(Error::Conflict("The student is active: deactivate them first."));
    }
    let Some(after) = before.without_personal_data(tx.now()) else {
        return Ok(Outcome::AlreadyApplied(student::fresh(before)));
    };
    external::save(tx, Kind::Student, &[after.refs()]).await?;
    let done = student::changed(tx, before, after, |s| events::StudentScrubbed(s.into())).await?;
    let mut shown = vec![id.0];
    shown.extend(guardian::scrub(tx, id).await?);
    shown.extend(enrollment::forget_reasons(tx, id).await?);
    tx.forget_answers(&shown).await?;
    Ok(done)
}
