//! Rate limits: what is let through, what a client is told, and what is forgotten.

use std::num::NonZeroU32;

use jiff::SignedDuration;
use kernel::{
    ActorKind, Caller, Clock, TenantId,
    rate::{Limit, RateClass, RateConfig, RateLimits},
};
use uuid::Uuid;

fn caller(subject: &str, kind: ActorKind) -> Caller {
    Caller {
        kind,
        ..Caller { issuer: "https://issuer.example".to_owned(), ..Caller::system(subject) }
    }
}

fn tenant(n: u128) -> TenantId {
    TenantId(Uuid::from_u128(n))
}

fn standing() -> (Clock, RateLimits) {
    let clock = Clock::fixed("2026-03-02T12:00:00Z".parse().unwrap());
    let limits = RateLimits::by(RateConfig::default(), clock.clone());
    (clock, limits)
}

#[test]
fn a_person_creates_ten_in_a_minute_and_is_told_when_to_come_back() {
    let (clock, limits) = standing();
    let ada = caller("ada", ActorKind::Person);
    for left in (0..10).rev() {
        let quota = limits.check(RateClass::Create, tenant(1), &ada).unwrap().unwrap();
        assert_eq!(quota.policy_field(), "\"create\";q=10;w=60");
        assert_eq!(quota.limit_field(), format!("\"create\";r={left};t={}", (10 - left) * 6));
    }
    let wait = limits.check(RateClass::Create, tenant(1), &ada).unwrap_err();
    assert_eq!((wait.retry_after_s, wait.quota.limit_field().as_str()), (6, "\"create\";r=0;t=60"));
    assert_eq!(wait.to_string(), "at most 10 requests of this kind a minute: wait 6 s");

    clock.advance(SignedDuration::from_millis(5_001));
    assert_eq!(
        limits.check(RateClass::Create, tenant(1), &ada).unwrap_err().retry_after_s,
        1,
        "and not 0"
    );
    clock.advance(SignedDuration::from_secs(1));
    assert!(limits.check(RateClass::Create, tenant(1), &ada).is_ok());
    assert!(limits.check(RateClass::Create, tenant(1), &ada).is_err());
    clock.advance(SignedDuration::from_mins(10));
    for _ in 0..10 {
        assert!(limits.check(RateClass::Create, tenant(1), &ada).is_ok());
    }
    assert!(
        limits.check(RateClass::Create, tenant(1), &ada).is_err(),
        "a long rest does not give more than ten"
    );
}

#[test]
fn each_class_tenant_and_caller_has_a_bucket_of_its_own() {
    let (_, limits) = standing();
    let (ada, bob) = (caller("ada", ActorKind::Person), caller("bob", ActorKind::Person));
    while limits.check(RateClass::Create, tenant(1), &ada).is_ok() {}
    assert!(limits.check(RateClass::General, tenant(1), &ada).is_ok());
    assert!(limits.check(RateClass::Create, tenant(2), &ada).is_ok());
    assert!(limits.check(RateClass::Create, tenant(1), &bob).is_ok());
    let elsewhere = Caller { issuer: "https://other.example".to_owned(), ..ada };
    assert!(limits.check(RateClass::Create, tenant(1), &elsewhere).is_ok());
}

#[test]
fn services_are_limited_only_when_configured_and_the_server_never() {
    let (_, limits) = standing();
    for kind in [ActorKind::Service, ActorKind::System] {
        for _ in 0..2000 {
            assert_eq!(
                limits.check(RateClass::Create, tenant(1), &caller("robot", kind)),
                Ok(None)
            );
            assert_eq!(
                limits.check(RateClass::General, tenant(1), &caller("robot", kind)),
                Ok(None)
            );
        }
    }
    let config = RateConfig {
        create: Limit { person: None, service: NonZeroU32::new(3) },
        ..RateConfig::default()
    };
    let limits = RateLimits::by(config, Clock::fixed("2026-03-02T12:00:00Z".parse().unwrap()));
    let robot = caller("robot", ActorKind::Service);
    let passed =
        (0..10).filter(|_| limits.check(RateClass::Create, tenant(1), &robot).is_ok()).count();
    assert_eq!(passed, 3);
    assert_eq!(
        limits.check(RateClass::Create, tenant(1), &caller("ada", ActorKind::Person)),
        Ok(None)
    );
}

#[test]
fn who_has_not_asked_for_a_while_takes_no_memory() {
    let (clock, limits) = standing();
    for n in 0..50_000 {
        limits.check(RateClass::General, tenant(n), &caller("passing", ActorKind::Person)).unwrap();
        clock.advance(SignedDuration::from_millis(10));
    }
    assert!(limits.callers() < 12_000, "{}", limits.callers());
}

#[test]
fn the_machines_clock_fills_buckets_too() {
    let limits = RateLimits::new(RateConfig {
        general: Limit { person: NonZeroU32::new(60_000), service: None },
        ..RateConfig::default()
    });
    let ada = caller("ada", ActorKind::Person);
    while limits.check(RateClass::General, tenant(1), &ada).is_ok() {}
    let empty = std::time::Instant::now();
    while limits.check(RateClass::General, tenant(1), &ada).is_err() {
        assert!(empty.elapsed().as_secs() < 10);
    }
}
