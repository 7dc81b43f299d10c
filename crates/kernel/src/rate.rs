//! How often a caller may ask: token buckets for each class of request, tenant and caller, in this node's memory.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use governor::{
    RateLimiter, clock, middleware::StateInformationMiddleware, state::keyed::DashMapStateStore,
};
use jiff::Timestamp;
use serde::Deserialize;

use crate::{ActorKind, Caller, Clock, TenantId};

/// The time in which an empty bucket is full again: limits are given for a minute.
const WINDOW: Duration = Duration::from_mins(1);
/// Buckets that are full again are dropped each time this many requests were counted: the memory is bounded by the
/// callers of the last minute and this many more.
const SWEEP_EVERY: u64 = 10_000;
/// What a person may ask in a minute, all in all: ten a second, which no console reaches.
const REQUESTS_OF_A_PERSON: u32 = 600;
/// How many things a person may create in a minute.
const CREATIONS_OF_A_PERSON: u32 = 10;

/// What kind of request is counted. A creation counts in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateClass {
    /// Every request.
    General,
    /// What makes interventions, templates, schools, classes, students and enrolments.
    Create,
}

impl RateClass {
    const fn policy(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Create => "create",
        }
    }
}

/// Requests a minute; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Of a person.
    pub person: Option<NonZeroU32>,
    /// Of a machine account (scope `service`).
    pub service: Option<NonZeroU32>,
}

/// The limits of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateConfig {
    /// Of all requests together.
    pub general: Limit,
    /// Of creations.
    pub create: Limit,
}

impl Default for RateConfig {
    fn default() -> Self {
        let person = |limit| Limit { person: NonZeroU32::new(limit), service: None };
        Self { general: person(REQUESTS_OF_A_PERSON), create: person(CREATIONS_OF_A_PERSON) }
    }
}

/// What is left, as the fields `RateLimit-Policy` and `RateLimit` say it (draft-ietf-httpapi-ratelimit-headers-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The name of the limit.
    pub policy: &'static str,
    /// Requests in a full bucket.
    pub limit: u32,
    /// Seconds in which an empty bucket fills.
    pub window_s: u64,
    /// Requests that would be let through now.
    pub remaining: u32,
    /// Seconds until the bucket is full, if nothing more is asked.
    pub reset_s: u64,
}

impl Quota {
    /// The value of `RateLimit-Policy`.
    pub fn policy_field(&self) -> String {
        format!("\"{}\";q={};w={}", self.policy, self.limit, self.window_s)
    }

    /// The value of `RateLimit`.
    pub fn limit_field(&self) -> String {
        format!("\"{}\";r={};t={}", self.policy, self.remaining, self.reset_s)
    }
}

/// The request comes too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {} requests of this kind a minute: wait {retry_after_s} s", quota.limit)]
pub struct Wait {
    /// The limit that was reached.
    pub quota: Quota,
    /// Whole seconds after which the next request is let through: the value of `Retry-After`.
    pub retry_after_s: u64,
}

/// The buckets of one node.
pub struct RateLimits {
    ticks: Ticks,
    general: Class,
    create: Class,
    checks: AtomicU64,
}

struct Class {
    person: Option<Buckets>,
    service: Option<Buckets>,
}

type Key = (TenantId, String);
type Buckets = RateLimiter<Key, DashMapStateStore<Key>, Ticks, StateInformationMiddleware>;

impl RateLimits {
    /// Limits by the machine's monotonic clock: setting its wall clock neither opens nor locks a bucket.
    pub fn new(config: RateConfig) -> Self {
        Self::ticking(config, &Ticks::Machine(Instant::now()))
    }

    /// Limits by a clock that is moved by hand: for tests.
    pub fn by(config: RateConfig, clock: Clock) -> Self {
        let start = clock.now();
        Self::ticking(config, &Ticks::ByHand(clock, start))
    }

    fn ticking(config: RateConfig, ticks: &Ticks) -> Self {
        let class = |limit: Limit| Class {
            person: limit.person.and_then(|limit| buckets(limit, ticks)),
            service: limit.service.and_then(|limit| buckets(limit, ticks)),
        };
        Self {
            general: class(config.general),
            create: class(config.create),
            checks: AtomicU64::new(0),
            ticks: ticks.clone(),
        }
    }

    /// Counts a request; `None` when there is no limit. A request that must wait is not counted.
    ///
    /// `tenant` is [`TenantId::NIL`] for a request that belongs to none.
    pub fn check(
        &self,
        class: RateClass,
        tenant: TenantId,
        caller: &Caller,
    ) -> Result<Option<Quota>, Wait> {
        self.sweep_now_and_then();
        let limits = match class {
            RateClass::General => &self.general,
            RateClass::Create => &self.create,
        };
        let buckets = match caller.kind {
            ActorKind::Person => limits.person.as_ref(),
            ActorKind::Service => limits.service.as_ref(),
            ActorKind::System => None,
        };
        let Some(buckets) = buckets else { return Ok(None) };
        match buckets.check_key(&(tenant, caller.actor())) {
            Ok(state) => Ok(Some(quota(class, state.quota(), state.remaining_burst_capacity()))),
            Err(until) => {
                let wait = until.wait_time_from(clock::Clock::now(&self.ticks));
                Err(Wait {
                    quota: quota(class, until.quota(), 0),
                    retry_after_s: whole_seconds(wait).max(1),
                })
            }
        }
    }

    /// How many callers have a bucket that is not known to be full.
    pub fn callers(&self) -> usize {
        self.all().map(Buckets::len).sum()
    }

    fn sweep_now_and_then(&self) {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.all().for_each(Buckets::retain_recent);
        }
    }

    fn all(&self) -> impl Iterator<Item = &Buckets> {
        let classes = [&self.general, &self.create];
        classes.into_iter().flat_map(|class| class.person.iter().chain(class.service.iter()))
    }
}

impl std::fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimits").field("callers", &self.callers()).finish_non_exhaustive()
    }
}

fn buckets(a_minute: NonZeroU32, ticks: &Ticks) -> Option<Buckets> {
    let quota = governor::Quota::with_period(WINDOW / a_minute.get())?.allow_burst(a_minute);
    Some(Buckets::new(quota, DashMapStateStore::default(), ticks.clone()))
}

fn quota(class: RateClass, quota: governor::Quota, remaining: u32) -> Quota {
    let limit = quota.burst_size().get();
    let used = limit.saturating_sub(remaining);
    let reset_s = whole_seconds(quota.replenish_interval().saturating_mul(used));
    Quota { policy: class.policy(), limit, window_s: WINDOW.as_secs(), remaining, reset_s }
}

/// Rounded up: a client that waits so long is not too early.
const fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + if time.subsec_nanos() > 0 { 1 } else { 0 }
}

/// Time since these limits exist.
#[derive(Clone, Debug)]
enum Ticks {
    Machine(Instant),
    ByHand(Clock, Timestamp),
}

impl clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        match self {
            Self::Machine(start) => start.elapsed(),
            Self::ByHand(clock, start) => {
                clock.now().duration_since(*start).try_into().unwrap_or_default()
            }
        }
    }
}
