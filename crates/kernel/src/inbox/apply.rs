//! One reaction to one event: id and effect in one transaction.

use std::sync::Arc;

use super::{Reaction, Received, failed};
use crate::{
    Caller, Kernel, Problem, Tx,
    answer::{NoContent, Outcome},
    cx::{Context, Origin, Trace},
    failpoint,
    permission::{Reach, Row, Scope},
    problem::kinds,
    rate::RateClass,
    span, unit,
};
use futures::future::BoxFuture;

/// What a reaction may do: everything in its event's tenant. Not in the table of permissions, as nobody can ask for it.
static ROW: Row = Row {
    name: "platform.inbox.react",
    scope: Scope::Tenant,
    roles: &[],
    own: &[],
    limit: RateClass::General,
    about: "React to an event.",
};

/// Runs a reaction; when it fails, keeps the event for a later try. Fails only when that is not possible either.
pub(super) async fn apply_or_keep(
    kernel: &Kernel,
    reaction: &Reaction,
    event: &Received,
) -> sqlx::Result<()> {
    match apply(kernel, reaction, event).await {
        Ok(()) => Ok(()),
        Err(problem) => failed::keep(kernel, reaction.consumer, event, &problem).await,
    }
}

/// Runs a reaction in a unit of work, unless the event was reacted to before.
///
/// A boxed future that owns what it uses: with borrowed ones the compiler cannot prove, through the unit of work's
/// closure, that it may change threads.
pub(super) fn apply(
    kernel: &Kernel,
    reaction: &Reaction,
    event: &Received,
) -> BoxFuture<'static, Result<(), Problem>> {
    let context = Arc::new(context(kernel, reaction, event));
    let (reaction, event) = (*reaction, event.clone());
    Box::pin(async move {
        let (consumer, time) = (reaction.consumer, event.time);
        let span = span::process(&context.origin.trace, consumer, event.event_id);
        let done =
            unit::write(&context, consumer, async move |tx| once(tx, reaction, &event).await).await;
        if let Err(problem) = &done {
            span.record(span::ERROR, problem.kind.slug);
        }
        done?;
        if let Some(time) = time {
            let lag = context.kernel.clock.now().duration_since(time).as_secs_f64().max(0.0);
            metrics::histogram!("inbox_lag_seconds", "consumer" => consumer).record(lag);
        }
        Ok(())
    })
}

/// Marks the event and has its effect, in one transaction.
async fn once(
    tx: &mut Tx,
    reaction: Reaction,
    event: &Received,
) -> Result<Outcome<NoContent>, Problem> {
    if !super::claim(tx, reaction.consumer, event.event_id).await? {
        return Ok(Outcome::AlreadyApplied(NoContent));
    }
    let outcome = (reaction.run)(tx, event).await?;
    failpoint::hit("inbox_before_commit");
    Ok(match outcome {
        Outcome::Executed(()) => Outcome::Executed(NoContent),
        Outcome::AlreadyApplied(()) => Outcome::AlreadyApplied(NoContent),
    })
}

/// Would a later try of the same be better placed than a count of failures? Then the event waits in its feed.
pub(super) fn is_passing(problem: &Problem) -> bool {
    problem.kind == &kinds::UNAVAILABLE || problem.kind == &kinds::TENANT_INACTIVE
}

fn context(kernel: &Kernel, reaction: &Reaction, event: &Received) -> Context {
    let trace =
        event.traceparent.as_deref().and_then(Trace::continued).unwrap_or_else(Trace::start);
    Context {
        kernel: kernel.clone(),
        tenant: Some(event.tenant),
        caller: Caller::system(reaction.consumer),
        origin: Origin { correlation: event.correlation, causation: Some(event.event_id), trace },
        row: &ROW,
        reach: Reach::Everything,
        once: None,
        if_match: None,
    }
}
