//! Bearer tokens of an issuer that serves its keys over HTTP: which are refused and why, and keys that change under load.

mod issuer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::SignedDuration;
use kernel::token::KeySource;
use kernel::{Role, TenantId};
use serde_json::{Value, json};
use testkit::{Client, Server};
use tokio::sync::RwLock;

use issuer::{Key, Published, encode};

/// Requests that must be answered with keys of before and of after a change.
const ENOUGH: usize = 100;
const CALLERS: usize = 8;

/// A server that finds its keys by `OpenID` Connect discovery.
async fn start(issuer: &Published) -> (Server, TenantId) {
    let url = issuer.url.clone();
    let change = move |plan: &mut steward::server::Plan| {
        plan.trust.issuer = url;
        plan.trust.keys = KeySource::Discovery;
    };
    let server = Server::start_with(change).await.unwrap();
    let platform = claims(&server, issuer, &[], "PlatformAdmin");
    let platform = server.anybody().unwrap().with_token(issuer.key.sign(&platform));
    let body = json!({"name": "Own", "region": "default"});
    let tenant = platform.post("/api/v1/tenants", body).await.unwrap().expect(201);
    (server, tenant["tenantId"].as_str().unwrap().parse().unwrap())
}

fn claims(server: &Server, issuer: &Published, tenants: &[TenantId], role: &str) -> Value {
    let now = server.now().as_second();
    json!({
        "iss": issuer.url, "aud": "steward", "sub": "somebody", "iat": now, "nbf": now, "exp": now + 3600,
        "roles": [role], "tenants": tenants,
    })
}

/// The claims with one changed, or left out when the value is null.
fn but(good: &Value, name: &str, value: Value) -> Value {
    let mut changed = good.clone();
    let fields = changed.as_object_mut().unwrap();
    if value.is_null() {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), value);
    }
    changed
}

async fn refused(client: &Client, token: &str, because: &str) {
    let answer = client.clone().with_token(token).get("/schools").await.unwrap();
    let problem = answer.problem(401, "unauthenticated");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(because), "{because}: {detail}");
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{because}");
    assert!(token.len() < 20 || !answer.text().contains(token), "the token is sent back");
}

#[tokio::test]
async fn claims_that_are_missing_or_wrong_are_refused() {
    let issuer = Published::start().await;
    let (server, own) = start(&issuer).await;
    let client = server.anybody().unwrap().in_tenant(own);
    let good = claims(&server, &issuer, &[own], "DistrictAdmin");
    let now = server.now().as_second();
    for (name, value, because) in [
        ("exp", json!(now - 31), "expired"),
        ("exp", Value::Null, "\"exp\""),
        ("exp", json!("tomorrow"), "\"exp\""),
        ("nbf", json!(now + 31), "not valid yet"),
        ("aud", json!("another"), "audience"),
        ("aud", json!(["another", "third"]), "audience"),
        ("aud", Value::Null, "\"aud\""),
        ("iss", json!("https://evil.test"), "issuer"),
        ("iss", json!(format!("{}/", issuer.url)), "issuer"),
        ("iss", Value::Null, "\"iss\""),
        ("sub", Value::Null, "\"sub\""),
        ("sub", json!(""), "\"sub\""),
        ("sub", json!("a\0b"), "\"sub\""),
        ("sub", json!("x".repeat(300)), "\"sub\""),
        ("tenants", json!(["not-a-uuid"]), "\"tenants\""),
    ] {
        refused(&client, &issuer.key.sign(&but(&good, name, value)), because).await;
    }
    for tenants in [Value::Null, json!([]), json!(null)] {
        let token = issuer.key.sign(&but(&good, "tenants", tenants));
        let answer = client.clone().with_token(token).get("/schools").await.unwrap();
        answer.problem(403, "tenant-forbidden");
    }
    let roleless = issuer.key.sign(&but(&good, "roles", json!(["Nobody", "admin"])));
    let answer = client.clone().with_token(roleless).get("/schools").await.unwrap();
    answer.problem(403, "forbidden");

    let token = issuer.key.sign(&good);
    client.clone().with_token(&token).get("/schools").await.unwrap().expect(200);
    server.clock.advance(SignedDuration::from_secs(3600 + 31));
    refused(&client, &token, "expired").await;
}

#[tokio::test]
async fn signatures_that_are_missing_or_wrong_are_refused() {
    let issuer = Published::start().await;
    let (server, own) = start(&issuer).await;
    let client = server.anybody().unwrap().in_tenant(own);
    let good = claims(&server, &issuer, &[own], "DistrictAdmin");
    let token = issuer.key.sign(&good);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let richer = encode(&but(&good, "roles", json!(["PlatformAdmin"])));
    let impostor = Key::new(&issuer.key.id);
    let stranger = Key::new("stranger");

    refused(&client, &format!("{signed}."), "signature").await;
    refused(&client, signed, "header, payload and signature").await;
    refused(&client, &format!("{token}.{signature}"), "header, payload and signature").await;
    refused(&client, &format!("{header}.{richer}.{signature}"), "signature").await;
    refused(&client, &impostor.sign(&good), "signature").await;
    refused(&client, &stranger.sign(&good), "does not publish").await;
    for name in ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS256", "ES256"] {
        let header = encode(&json!({"alg": name, "kid": issuer.key.id, "typ": "JWT"}));
        refused(&client, &format!("{header}.{payload}."), "algorithm").await;
        refused(&client, &format!("{header}.{payload}.{signature}"), "algorithm").await;
    }
    for secret in issuer.key.public_texts() {
        refused(&client, &issuer.key.sign_with_secret(&good, &secret), "algorithm").await;
    }
    for (name, value) in [
        ("jku", json!("https://evil.test/jwks")),
        ("jwk", impostor.published()),
        ("x5u", json!("https://evil.test/cert")),
    ] {
        let header = json!({"alg": "EdDSA", "kid": issuer.key.id, name: value});
        refused(&client, &impostor.sign_as(&header, &good), "signature").await;
    }
    let header = json!({"alg": "EdDSA", "kid": issuer.key.id, "crit": ["exp"]});
    refused(&client, &issuer.key.sign_as(&header, &good), "crit").await;
    client.with_token(token).get("/schools").await.unwrap().expect(200);
}

#[tokio::test]
async fn the_issuers_keys_change_under_load_without_one_failed_request() {
    let issuer = Published::start().await;
    let (server, own) = start(&issuer).await;
    let signing = Arc::new(RwLock::new(Arc::clone(&issuer.key)));
    let (answered, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut callers = Vec::new();
    for caller in 0..CALLERS {
        let (signing, answered, done) =
            (Arc::clone(&signing), Arc::clone(&answered), Arc::clone(&done));
        let client = server.anybody().unwrap().in_tenant(own);
        let mut good = claims(&server, &issuer, &[own], "DistrictAdmin");
        callers.push(tokio::spawn(async move {
            for n in (0_u64..).take_while(|_| !done.load(Ordering::Relaxed)) {
                // A new token each time, so that none is remembered.
                good["jti"] = json!(format!("{caller}-{n}"));
                let token = signing.read().await.sign(&good);
                client.clone().with_token(token).get("/schools").await.unwrap().expect(200);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let more = async || {
        let wanted = answered.load(Ordering::Relaxed) + ENOUGH;
        while answered.load(Ordering::Relaxed) < wanted {
            assert!(callers.iter().all(|caller| !caller.is_finished()), "a request failed");
            tokio::task::yield_now().await;
        }
    };
    more().await;
    let next = Arc::new(Key::new("next"));
    issuer.publish(&[&issuer.key, &next]);
    more().await;
    *signing.write().await = Arc::clone(&next);
    more().await;
    issuer.publish(&[&next]);
    more().await;
    done.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_the_servers_trouble() {
    let nowhere = |plan: &mut steward::server::Plan| {
        plan.trust.keys = KeySource::Url("http://127.0.0.1:1/jwks".to_owned());
    };
    let server = Server::start_with(nowhere).await.unwrap();
    let tenant = TenantId(uuid::Uuid::from_u128(1));
    let answer = server.as_role(Role::Auditor, tenant).unwrap().get("/schools").await.unwrap();
    answer.problem(503, "unavailable");
    assert!(answer.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds > 0));
}

#[tokio::test]
async fn a_developers_token_means_nothing_where_an_issuer_is_configured() {
    let issuer = Published::start().await;
    let (server, own) = start(&issuer).await;
    let developer = steward::identity::ensure(server.folder()).unwrap();
    let grant = steward::identity::Grant {
        subject: "developer".to_owned(),
        roles: vec![Role::DistrictAdmin],
        tenants: vec![own],
        scopes: Vec::new(),
    };
    let token = developer.sign(&grant, server.now(), SignedDuration::from_hours(1)).unwrap();
    let client = server.anybody().unwrap().in_tenant(own);
    refused(&client, &token, "does not publish").await;
}
