//! Tokens: what is trusted, what is refused and why, and keys that change under load.

mod refusals;
mod rotation;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::Algorithm;
use kernel::{
    ActorKind, Clock, Role,
    token::{ClaimNames, KeySource, LEEWAY, Rejected, Trust, Verifier},
};
use serde_json::{Value, json};

use crate::issuer::{Signer, jwks};

const ISSUER: &str = "https://issuer.example";
const NOON: &str = "2026-03-02T12:00:00Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

/// Claims of a token that is good for an hour from noon.
fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": ["steward", "other"], "sub": "ada", "exp": noon().as_second() + 3600,
        "tenants": ["018f3c7e-0000-7000-8000-000000000001"], "roles": ["Registrar", "Gardener"], "scope": "openid email",
    })
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn trust(keys: KeySource) -> Trust {
    Trust {
        issuer: ISSUER.to_owned(),
        audience: "steward".to_owned(),
        keys,
        claims: ClaimNames::default(),
    }
}

/// A verifier over a key file, and a clock that stands at noon.
struct Desk {
    folder: tempfile::TempDir,
    clock: Clock,
    verifier: Verifier,
}

impl Desk {
    fn new(keys: &Value) -> Self {
        Self::reading(keys, ClaimNames::default())
    }

    fn reading(keys: &Value, claims: ClaimNames) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, keys.to_string()).unwrap();
        let clock = Clock::fixed(noon());
        let trust = Trust { claims, ..trust(KeySource::File(path)) };
        let verifier = Verifier::new(trust, clock.clone()).unwrap();
        Self { folder, clock, verifier }
    }

    async fn says(&self, token: &str) -> Result<(), Rejected> {
        self.verifier.verify(token).await.map(|_| ())
    }
}

#[tokio::test]
async fn a_good_token_says_who_asks_with_every_allowed_algorithm() {
    for algorithm in [
        Algorithm::EdDSA,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
    ] {
        let signer = Signer::of(algorithm, "k1");
        let desk = Desk::new(&jwks([&signer]));
        let token = signer.sign(&claims());
        for _ in ["from the signature", "from memory"] {
            let verified = desk
                .verifier
                .verify(&token)
                .await
                .unwrap_or_else(|why| panic!("{algorithm:?}: {why}"));
            assert_eq!(verified.expires, noon() + SignedDuration::from_hours(1));
            assert_eq!(verified.caller.actor(), "https://issuer.example#ada");
            assert_eq!(verified.caller.kind, ActorKind::Person);
            assert_eq!(verified.caller.roles, [Role::Registrar], "unknown roles are left out");
            assert_eq!(verified.caller.tenants.len(), 1);
        }
    }
}

#[tokio::test]
async fn time_decides_at_the_edges_of_the_leeway_also_for_a_remembered_token() {
    let signer = Signer::ed25519("k1");
    let desk = Desk::new(&jwks([&signer]));
    let token =
        signer.sign(&with(claims(), "nbf", json!(noon().as_second() + LEEWAY.as_secs() + 1)));
    assert_eq!(desk.says(&token).await, Err(Rejected::NotYetValid));
    desk.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(desk.says(&token).await, Ok(()));

    desk.clock.advance(
        SignedDuration::from_hours(1) + LEEWAY
            - SignedDuration::from_secs(1)
            - SignedDuration::from_micros(1),
    );
    assert_eq!(desk.says(&token).await, Ok(()));
    desk.clock.advance(SignedDuration::from_micros(1));
    assert_eq!(desk.says(&token).await, Err(Rejected::Expired));
}

#[tokio::test]
async fn tenants_roles_and_scopes_are_found_where_the_usual_issuers_put_them() {
    let tenant = "018f3c7e-0000-7000-8000-000000000001";
    let base =
        json!({"iss": ISSUER, "aud": "steward", "sub": "robot", "exp": noon().as_second() + 60});
    let cases = [
        (
            ClaimNames::default(),
            json!({"tenants": tenant, "roles": "Registrar Auditor", "scope": "service openid"}),
        ),
        (
            ClaimNames::entra(),
            json!({"extn.tenants": [tenant], "roles": ["Registrar", "Auditor", "service"]}),
        ),
        (
            ClaimNames::entra(),
            json!({"extn": {"tenants": [tenant]}, "roles": ["Registrar", "Auditor"], "scp": "service"}),
        ),
        (
            ClaimNames::keycloak(),
            json!({"tenants": [tenant], "realm_access": {"roles": ["Registrar", "Auditor"]}, "scope": "service"}),
        ),
        (
            ClaimNames::auth0("https://steward.example/"),
            json!({"https://steward.example/tenants": [tenant], "https://steward.example/roles": ["Registrar", "Auditor"],
                   "scope": "service"}),
        ),
    ];
    let signer = Signer::ed25519("k1");
    for (names, extra) in cases {
        let desk = Desk::reading(&jwks([&signer]), names);
        let mut claims = base.clone();
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let caller = desk.verifier.verify(&signer.sign(&claims)).await.unwrap().caller;
        assert_eq!(caller.kind, ActorKind::Service, "{extra}");
        assert_eq!(caller.roles, [Role::Registrar, Role::Auditor], "{extra}");
        assert_eq!(
            caller.tenants.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [tenant],
            "{extra}"
        );
    }
}
