//! The background work of a server and the order of its end.

use kernel::{
    Kernel, approval,
    audit::seal::{self, KEY_PURPOSE, SealKey, Sealer},
    inbox,
    inbox::Inbox,
    job::{self, Runner},
    lease::{self, Leases},
    relay::{self, Relay},
    retention::{self, Retention},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Plan, passwords, subscribe};
use crate::broker::Link;

/// Everything that runs beside the requests.
#[derive(Debug)]
pub(super) struct Tasks {
    tracker: TaskTracker,
    holding: TaskTracker,
    requests: CancellationToken,
    background: CancellationToken,
    leases: CancellationToken,
}

impl Tasks {
    /// Starts leases, relay, sealer, jobs and retention.
    pub(super) fn start(kernel: &Kernel, plan: &Plan, link: &Link) -> Self {
        let tasks = Self {
            tracker: TaskTracker::new(),
            holding: TaskTracker::new(),
            requests: kernel.ending.clone(),
            background: CancellationToken::new(),
            leases: CancellationToken::new(),
        };
        let node = kernel.ids.next();
        let leases = Leases::new(node);
        tasks.holding.spawn(lease::hold(
            kernel.system.clone(),
            leases.clone(),
            kernel.wake.clone(),
            tasks.leases.clone(),
        ));
        let relay = Relay {
            system: kernel.system.clone(),
            leases: leases.clone(),
            wake: kernel.wake.clone(),
            clock: kernel.clock.clone(),
        };
        tasks.tracker.spawn(relay::run(relay, link.clone(), tasks.background.clone()));
        tasks.tracker.spawn(seal::run(sealer(kernel, plan, &leases), tasks.background.clone()));
        let retention = Retention {
            system: kernel.system.clone(),
            leases: leases.clone(),
            clock: kernel.clock.clone(),
            feed_days: plan.feed_days,
        };
        tasks.tracker.spawn(retention::run(retention, tasks.background.clone()));
        let kinds = plan.jobs.iter().copied().chain([approval::JOB]).collect();
        let runner = Runner { kernel: kernel.clone(), node: plan.node, kinds };
        tasks.tracker.spawn(job::run(runner, tasks.background.clone()));
        tasks.react(kernel, plan, leases, link);
        if let Some(program) = plan.database_password.clone() {
            let pools = [kernel.app.clone(), kernel.system.clone()];
            let stop = tasks.background.clone();
            tasks.tracker.spawn(passwords::renew(program, pools, passwords::RENEW_EVERY, stop));
        }
        tasks
    }

    /// Follows events for the contexts that react to any.
    fn react(&self, kernel: &Kernel, plan: &Plan, leases: Leases, link: &Link) {
        if plan.reactions.is_empty() {
            return;
        }
        let inbox = Inbox::new(kernel.clone(), leases, plan.reactions.clone());
        let subscription = subscribe::subscribe(link.client().clone(), inbox.clone());
        let until = self.background.clone();
        self.tracker.spawn(async move { until.run_until_cancelled(subscription).await });
        self.tracker.spawn(inbox::run(inbox, self.background.clone()));
    }

    /// Runs the listener until [`Tasks::requests`] is cancelled.
    pub(super) fn serve(&self, listener: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(listener);
    }

    /// Cancelled when no more requests are to be accepted.
    pub(super) fn requests(&self) -> CancellationToken {
        self.requests.clone()
    }

    /// Requests first, then background work, then the leases, so that another node goes on at once.
    pub(super) async fn stop(self) {
        self.requests.cancel();
        self.background.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        self.leases.cancel();
        self.holding.close();
        self.holding.wait().await;
    }
}

fn sealer(kernel: &Kernel, plan: &Plan, leases: &Leases) -> Sealer {
    Sealer {
        system: kernel.system.clone(),
        leases: leases.clone(),
        wake: kernel.wake.clone(),
        clock: kernel.clock.clone(),
        ids: kernel.ids.clone(),
        key: SealKey::new(kernel.master.derive(KEY_PURPOSE)),
        file: plan.audit_heads.clone(),
    }
}
