//! Keys that change: under load, under a flood, and when their issuer is away.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use kernel::{
    Clock,
    token::{KeySource, Pace, Rejected, SourceError, Trust, Verifier},
};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{Desk, claims, noon, trust, with};
use crate::issuer::{Publisher, Signer, jwks};

const SOON: Duration = Duration::from_secs(10);

fn verifier(publisher: &Publisher, pace: Pace) -> Verifier {
    Verifier::with_pace(trust(KeySource::Url(publisher.url())), Clock::fixed(noon()), pace).unwrap()
}

/// A token that no other call makes: nothing is answered from memory.
fn fresh_token(signer: &Signer) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    signer.sign(&with(claims(), "jti", json!(NEXT.fetch_add(1, Ordering::Relaxed))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_rotate_under_fifty_verifiers_without_one_failure() {
    let first = Arc::new(Signer::ed25519("k0"));
    let publisher = Publisher::start(&jwks([&*first])).await;
    let signer = Arc::new(Mutex::new(first));
    // Twenty rotations in a few seconds: no interval between searches, each new key may need one.
    let verifier = verifier(&publisher, Pace { search: Duration::ZERO, ..Pace::REMOTE });
    verifier.warm().await.unwrap();
    let (stop, verified) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));

    let callers: Vec<_> = (0..50)
        .map(|_| {
            let (verifier, signer) = (verifier.clone(), Arc::clone(&signer));
            let (stop, verified) = (Arc::clone(&stop), Arc::clone(&verified));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let token = fresh_token(&Arc::clone(&signer.lock().unwrap()));
                    verifier.verify(&token).await.map_err(|why| why.to_string())?;
                    verified.fetch_add(1, Ordering::Relaxed);
                    // A known key is found without waiting: leave the issuer's tasks a turn.
                    tokio::task::yield_now().await;
                }
                Ok::<(), String>(())
            })
        })
        .collect();

    for generation in 1..=20 {
        let next = Arc::new(Signer::ed25519(&format!("k{generation}")));
        // As issuers do: published first, then used. The old key is gone at once, its tokens are under way.
        publisher.publish(&jwks([&*next]));
        *signer.lock().unwrap() = next;
        let goal = verified.load(Ordering::Relaxed) + 200;
        wait_until(|| {
            verified.load(Ordering::Relaxed) >= goal || callers.iter().any(JoinHandle::is_finished)
        })
        .await;
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    assert!(verified.load(Ordering::Relaxed) >= 4000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_unknown_keys_reads_the_issuer_at_most_once_in_an_interval() {
    let (known, stranger) = (Signer::ed25519("k1"), Arc::new(Signer::ed25519("nobody")));
    let publisher = Publisher::start(&jwks([&known])).await;
    let interval = Duration::from_millis(300);
    let verifier = verifier(&publisher, Pace { search: interval, ..Pace::REMOTE });
    verifier.warm().await.unwrap();
    let started = Instant::now();
    let flood: Vec<_> = (0..20)
        .map(|_| {
            let (verifier, stranger) = (verifier.clone(), Arc::clone(&stranger));
            tokio::spawn(async move {
                for _ in 0..50 {
                    assert_eq!(
                        verifier.verify(&fresh_token(&stranger)).await.unwrap_err(),
                        Rejected::UnknownKey
                    );
                }
            })
        })
        .collect();
    for caller in flood {
        caller.await.unwrap();
    }
    let intervals = usize::try_from(started.elapsed().as_millis() / interval.as_millis()).unwrap();
    let provoked = publisher.reads() - 1;
    assert!((1..=intervals + 1).contains(&provoked), "{provoked} reads in {intervals} intervals");
    verifier.verify(&fresh_token(&known)).await.unwrap();
}

#[tokio::test]
async fn a_hundred_first_requests_read_the_keys_once() {
    let signer = Signer::ed25519("k1");
    let publisher = Publisher::start(&jwks([&signer])).await;
    let verifier = verifier(&publisher, Pace::REMOTE);
    let tokens: Vec<String> = (0..100).map(|_| fresh_token(&signer)).collect();
    for outcome in
        futures::future::join_all(tokens.iter().map(|token| verifier.verify(token))).await
    {
        outcome.unwrap();
    }
    assert_eq!(publisher.reads(), 1);
}

#[tokio::test]
async fn an_old_key_is_good_for_the_overlap_and_then_not_even_from_memory() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let publisher = Publisher::start(&jwks([&old])).await;
    let overlap = Duration::from_millis(500);
    let verifier = verifier(&publisher, Pace { search: Duration::ZERO, overlap, ..Pace::REMOTE });
    let under_way = fresh_token(&old);
    verifier.verify(&under_way).await.unwrap();

    publisher.publish(&jwks([&new]));
    verifier.verify(&fresh_token(&new)).await.unwrap();
    let retired = Instant::now();
    let mut good = 0;
    while verifier.verify(&under_way).await.is_ok() {
        good += 1;
        assert!(retired.elapsed() < SOON, "a retired key is good for ever");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(good > 0 && retired.elapsed() + Duration::from_millis(50) >= overlap);
    assert_eq!(verifier.verify(&under_way).await.unwrap_err(), Rejected::UnknownKey);
}

#[tokio::test]
async fn a_key_file_is_read_again_when_it_changes_and_a_removed_key_is_gone() {
    let (old, new) = (Signer::ed25519("old"), Signer::ed25519("new"));
    let desk = Desk::new(&jwks([&old]));
    let token = fresh_token(&old);
    desk.says(&token).await.unwrap();
    std::fs::write(desk.folder.path().join("jwks.json"), jwks([&new, &new]).to_string()).unwrap();
    let started = Instant::now();
    while desk.says(&token).await.is_ok() {
        assert!(started.elapsed() < SOON);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(desk.says(&token).await, Err(Rejected::UnknownKey));
    desk.says(&fresh_token(&new)).await.unwrap();
}

#[tokio::test]
async fn discovery_finds_the_keys_of_its_own_issuer_only() {
    let signer = Signer::ed25519("k1");
    let publisher = Publisher::start(&jwks([&signer])).await;
    let trust = Trust { issuer: publisher.origin.clone(), ..trust(KeySource::Discovery) };
    let verifier = Verifier::new(trust, Clock::fixed(noon())).unwrap();
    verifier.warm().await.unwrap();
    verifier.verify(&signer.sign(&with(claims(), "iss", json!(publisher.origin)))).await.unwrap();
    publisher.configure("https://somebody.example");
    assert!(matches!(verifier.warm().await, Err(SourceError::OtherIssuer { .. })));
}

#[tokio::test]
async fn without_keys_nothing_is_trusted_and_with_old_ones_an_outage_is_survived() {
    let signer = Signer::ed25519("k1");
    let publisher = Publisher::start(&json!("no key set")).await;
    let verifier =
        verifier(&publisher, Pace { search: Duration::ZERO, due: Duration::ZERO, ..Pace::REMOTE });
    let refused = verifier.verify(&fresh_token(&signer)).await.unwrap_err();
    assert_eq!(refused, Rejected::KeysUnavailable);
    assert!(refused.is_temporary());

    publisher.publish(&jwks([&signer]));
    verifier.verify(&fresh_token(&signer)).await.unwrap();
    publisher.publish_text("down for maintenance".to_owned());
    for _ in 0..10 {
        verifier.verify(&fresh_token(&signer)).await.unwrap();
    }
    let stranger = fresh_token(&Signer::ed25519("k2"));
    assert_eq!(verifier.verify(&stranger).await.unwrap_err(), Rejected::KeysUnavailable);
}

#[tokio::test]
async fn fetches_are_bounded_and_go_only_where_they_are_told() {
    let publisher = Publisher::start(&json!({"keys": [], "padding": "x".repeat(600 * 1024)})).await;
    let read = async |url: &str| {
        let verifier = Verifier::new(trust(KeySource::Url(url.to_owned())), Clock::fixed(noon()))?;
        verifier.warm().await
    };
    assert!(matches!(read(&publisher.url()).await, Err(SourceError::TooLong(_))));
    let moved = read(&format!("{}/moved", publisher.origin)).await;
    assert!(
        matches!(moved, Err(SourceError::Status { status, .. }) if status.as_u16() == 307),
        "{moved:?}"
    );
    for url in [
        "http://issuer.example/jwks",
        "ftp://127.0.0.1/",
        "https://me:secret@issuer.example/",
        "jwks.json",
        "",
    ] {
        assert!(matches!(read(url).await, Err(SourceError::Address(_))), "{url}");
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let started = Instant::now();
    let outcome = read(&format!("http://{}/", silent.local_addr().unwrap())).await;
    assert!(
        matches!(outcome, Err(SourceError::Fetch { .. })) && started.elapsed() < SOON,
        "{outcome:?}"
    );
}

async fn wait_until(done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_mins(1), "it did not come to pass");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
