//! One source: its spool, and the task that delivers from it in order.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use metrics::counter;
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::sleep,
};

use super::{Destination, Fault, Policy, Record, Spool, Transports};
use crate::log::follow::Mark;

/// Where a source puts its messages.
#[derive(Debug)]
pub struct Lane {
    spool: Mutex<Spool>,
    wake: Notify,
    tell: fn(&str),
}

impl Lane {
    pub(super) fn new(spool: Spool, tell: fn(&str)) -> Self {
        Self { spool: Mutex::new(spool), wake: Notify::new(), tell }
    }

    /// Puts messages, each JSON in one line, behind those that wait. It waits for the disk alone.
    ///
    /// # Errors
    /// When the disk is full or fails.
    pub fn put<'a>(
        &self,
        to: &Destination,
        messages: impl Iterator<Item = &'a str>,
    ) -> io::Result<()> {
        let mut count = 0;
        let counted = messages.inspect(|_| count += 1);
        let dropped = self.with(|spool| spool.append(to.as_str(), counted))?;
        counter!("instance_messages_total", "outcome" => "accepted").increment(count);
        self.dropped(dropped);
        self.wake.notify_one();
        Ok(())
    }

    /// Remembers up to where the source was read.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn keep_mark(&self, mark: Mark) -> io::Result<()> {
        self.with(|spool| spool.keep_mark(mark))
    }

    /// Up to where the source was read by an earlier process.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn mark(&self) -> io::Result<Option<Mark>> {
        self.with(Spool::mark)
    }

    /// Whether everything is delivered or dropped.
    pub fn is_empty(&self) -> bool {
        self.waiting_bytes() == 0
    }

    /// Bytes that wait.
    pub fn waiting_bytes(&self) -> u64 {
        self.with(|spool| spool.waiting_bytes())
    }

    /// Whose messages.
    pub fn name(&self) -> String {
        self.with(|spool| spool.name().to_owned())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Spool) -> T) -> T {
        act(&mut self.spool.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn dropped(&self, dropped: Option<super::Dropped>) {
        if let Some(dropped) = dropped {
            counter!("instance_messages_total", "outcome" => "dropped")
                .increment(dropped.ids.len() as u64);
            (self.tell)(&dropped.to_string());
        }
    }
}

/// What the tasks of all sources share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) transports: Transports,
    pub(super) policy: Policy,
    pub(super) slots: Semaphore,
    pub(super) closing: watch::Sender<bool>,
    pub(super) tell: fn(&str),
}

enum Tried {
    Done,
    /// The message stays at the head.
    Failed,
}

/// Delivers until the sender closes and nothing is left, or nothing more gets through.
pub(super) async fn deliver(lane: Arc<Lane>, shared: Arc<Shared>) -> io::Result<()> {
    let mut closing = shared.closing.subscribe();
    // Failures in a row, over all tries of all messages: the pauses grow with them.
    let mut failures = 0;
    loop {
        let closes = *closing.borrow_and_update();
        let (head, dropped) = lane.with(Spool::head)?;
        lane.dropped(dropped);
        let Some(record) = head else {
            if closes {
                return Ok(());
            }
            tokio::select! {
                () = lane.wake.notified() => {}
                _ = closing.changed() => {}
            }
            continue;
        };
        match attempt(&lane, &shared, &record, &mut failures).await? {
            Tried::Done => failures = 0,
            Tried::Failed if closes => return Ok(()),
            // Others may go meanwhile; whoever closes cuts the rest short, for a last round.
            Tried::Failed => {
                let rest = shared.policy.after(failures);
                tokio::select! {
                    () = sleep(rest) => {}
                    _ = closing.changed() => {}
                }
            }
        }
    }
}

/// As many tries as there may be, with a pause between them.
async fn attempt(
    lane: &Lane,
    shared: &Shared,
    record: &Record,
    failures: &mut u32,
) -> io::Result<Tried> {
    let Ok(_slot) = shared.slots.acquire().await else { return Ok(Tried::Failed) };
    let first = *failures == 0;
    for round in 1..=shared.policy.tries {
        match shared.transports.send(record).await {
            Ok(()) => {
                counter!("instance_messages_total", "outcome" => "delivered").increment(1);
                lane.with(|spool| spool.advance(record))?;
                if !first {
                    (shared.tell)(&format!("{}: messages arrive again", lane.name()));
                }
                return Ok(Tried::Done);
            }
            Err(Fault::Never(why)) => {
                let dropped = lane.with(|spool| spool.give_up(record, &why))?;
                lane.dropped(dropped);
                return Ok(Tried::Done);
            }
            Err(Fault::Later(why)) => {
                *failures = failures.saturating_add(1);
                if first && round == shared.policy.tries {
                    spooled(lane, shared, &why);
                }
            }
        }
        if round < shared.policy.tries {
            sleep(shared.policy.after(round)).await;
        }
    }
    Ok(Tried::Failed)
}

fn spooled(lane: &Lane, shared: &Shared, why: &str) {
    counter!("instance_messages_total", "outcome" => "spooled").increment(1);
    let (name, tries) = (lane.name(), shared.policy.tries);
    (shared.tell)(&format!("{name}: {tries} tries failed, messages wait in the spool: {why}"));
}
