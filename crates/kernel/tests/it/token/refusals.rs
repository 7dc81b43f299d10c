//! What is refused, each with its own reason, and never with a part of the token.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::token::Rejected;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{Desk, claims, noon, with};
use crate::issuer::{Signer, jwks, unsigned};

#[tokio::test]
async fn claims_that_are_missing_or_wrong_are_named() {
    let signer = Signer::ed25519("k1");
    let desk = Desk::new(&jwks([&signer]));
    let missing = |name: &str| {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    let invalid = |name: &str| Rejected::InvalidClaim(name.to_owned());
    let past = json!(noon().as_second() - 31);
    for (claims, expected) in [
        (missing("exp"), Rejected::MissingClaim("exp")),
        (missing("iss"), Rejected::MissingClaim("iss")),
        (missing("aud"), Rejected::MissingClaim("aud")),
        (missing("sub"), Rejected::MissingClaim("sub")),
        (with(claims(), "exp", past), Rejected::Expired),
        (with(claims(), "exp", json!("never")), invalid("exp")),
        (with(claims(), "exp", json!(1e300)), invalid("exp")),
        (with(claims(), "nbf", json!(null)), invalid("nbf")),
        (with(claims(), "nbf", json!(noon().as_second() + 3000)), Rejected::NotYetValid),
        (with(claims(), "iss", json!("https://issuer.example/")), Rejected::WrongIssuer),
        (with(claims(), "iss", json!(["https://issuer.example"])), Rejected::WrongIssuer),
        (with(claims(), "aud", json!("stewards")), Rejected::WrongAudience),
        (with(claims(), "aud", json!([])), Rejected::WrongAudience),
        (with(claims(), "aud", json!({"steward": true})), Rejected::WrongAudience),
        (with(claims(), "sub", json!(" ")), invalid("sub")),
        (with(claims(), "sub", json!(7)), invalid("sub")),
        (with(claims(), "sub", json!("a\u{0}b")), invalid("sub")),
        (with(claims(), "sub", json!("x".repeat(256))), invalid("sub")),
        (with(claims(), "tenants", json!(["everything"])), invalid("tenants")),
        (with(claims(), "tenants", json!([7])), invalid("tenants")),
    ] {
        assert_eq!(desk.says(&signer.sign(&claims)).await, Err(expected), "{claims}");
    }
}

#[tokio::test]
async fn the_key_decides_the_algorithm_and_the_token_never_does() {
    let (ed, rsa) = (Signer::ed25519("ed"), Signer::of(Algorithm::RS256, "rsa"));
    let desk = Desk::new(&jwks([&ed, &rsa]));

    for alg in ["none", "None", "nOnE", "", "HS256", "ES512", "RSA-OAEP"] {
        let header = json!({"alg": alg, "kid": "ed"});
        let token = format!("{}.", unsigned(&header, &claims()));
        assert_eq!(desk.says(&token).await, Err(Rejected::AlgorithmNotAllowed), "{alg}");
        let token = ed.sign_with_header(&header, &claims());
        assert_eq!(desk.says(&token).await, Err(Rejected::AlgorithmNotAllowed), "{alg}, signed");
    }

    // The classic: the published key taken as the secret of an HMAC.
    for (kid, field) in [("ed", "x"), ("rsa", "n")] {
        let published = jwks([&ed, &rsa]);
        let key =
            published["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
        let public = URL_SAFE_NO_PAD.decode(key[field].as_str().unwrap()).unwrap();
        for secret in [public.as_slice(), key.to_string().as_bytes()] {
            let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::HS256) };
            let token = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(secret))
                .unwrap();
            assert_eq!(desk.says(&token).await, Err(Rejected::AlgorithmNotAllowed));
        }
    }

    // A good RSA key is good for what it declares and nothing else.
    let pss = Signer { algorithm: Algorithm::PS256, ..rsa };
    assert_eq!(desk.says(&pss.sign(&claims())).await, Err(Rejected::AlgorithmNotAllowed));
    let pretended = ed.sign_with_header(&json!({"alg": "RS256", "kid": "ed"}), &claims());
    assert_eq!(desk.says(&pretended).await, Err(Rejected::AlgorithmNotAllowed));
}

#[tokio::test]
async fn a_token_brings_no_key_of_its_own_and_its_kid_is_only_compared() {
    let (ours, theirs) = (Signer::ed25519("k1"), Signer::ed25519("k1"));
    let desk = Desk::new(&jwks([&ours]));
    assert_eq!(desk.says(&theirs.sign(&claims())).await, Err(Rejected::BadSignature));

    let header = |extra: (&str, Value)| {
        let mut header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "k1"});
        header[extra.0] = extra.1;
        header
    };
    for extra in [
        ("jwk", theirs.public.clone()),
        ("jku", json!("http://127.0.0.1:9/jwks")),
        ("x5u", json!("file:///etc")),
    ] {
        let token = theirs.sign_with_header(&header(extra.clone()), &claims());
        assert_eq!(desk.says(&token).await, Err(Rejected::BadSignature), "{extra:?}");
        let token = ours.sign_with_header(&header(extra), &claims());
        assert_eq!(desk.says(&token).await, Ok(()), "what is not read does no harm");
    }
    for kid in ["../../etc/passwd", "' or 1=1 --", "k1\u{0}", "K1", "", "http://127.0.0.1:9/"] {
        let token = ours.sign_with_header(&header(("kid", json!(kid))), &claims());
        assert_eq!(desk.says(&token).await, Err(Rejected::UnknownKey), "{kid}");
    }
    for (extra, why) in [
        (("crit", json!(["b64"])), "it demands extensions (crit) that are not supported"),
        (("typ", json!("logout+jwt")), "its type (typ) is not that of an access token"),
        (("kid", json!({"k1": 1})), "its header is not that of a JWT"),
    ] {
        let token = ours.sign_with_header(&header(extra), &claims());
        assert_eq!(desk.says(&token).await, Err(Rejected::Malformed(why)));
    }
}

#[tokio::test]
async fn keys_that_are_not_for_verifying_are_passed_over() {
    let signer = Signer::ed25519("k1");
    let secret = json!({"kty": "oct", "kid": "k1", "alg": "HS256", "k": "c2VjcmV0"});
    let odd = json!({"kty": "EC", "crv": "secp256k1", "kid": "k2", "x": "AA", "y": "AA"});
    let declared = |name: &str, value: Value| with(signer.public.clone(), name, value);
    for unusable in [
        declared("use", json!("enc")),
        declared("key_ops", json!(["encrypt"])),
        declared("alg", json!("RS256")),
        declared("alg", json!("HS256")),
        secret.clone(),
    ] {
        let desk = Desk::new(&json!({"keys": [odd, 7, secret, unusable]}));
        assert_eq!(
            desk.says(&signer.sign(&claims())).await,
            Err(Rejected::UnknownKey),
            "{unusable}"
        );
    }
    let desk = Desk::new(&json!({"keys": [odd, secret, declared("alg", json!("Ed25519"))]}));
    assert_eq!(desk.says(&signer.sign(&claims())).await, Ok(()));
    let header = json!({"alg": "EdDSA"});
    assert_eq!(
        desk.says(&signer.sign_with_header(&header, &claims())).await,
        Ok(()),
        "one key: no kid needed"
    );
    let other = Signer::ed25519("k2");
    let desk = Desk::new(&jwks([&signer, &other]));
    assert_eq!(
        desk.says(&signer.sign_with_header(&header, &claims())).await,
        Err(Rejected::UnknownKey)
    );
}

#[tokio::test]
async fn what_is_no_token_is_malformed_however_long_it_is() {
    let signer = Signer::ed25519("k1");
    let desk = Desk::new(&jwks([&signer]));
    let good = signer.sign(&claims());
    let list =
        signer.sign_with_header(&json!({"alg": "EdDSA", "kid": "k1"}), &json!(["no", "object"]));
    let huge = format!("{good}{}", "A".repeat(10 * 1024 * 1024));
    let (signed, _) = good.rsplit_once('.').unwrap();
    for token in
        ["", ".", "..", "a.b", "a.b.c.d", "....", "Bearer x", "é.è.ê", &list, &huge, signed]
    {
        assert!(matches!(desk.says(token).await, Err(Rejected::Malformed(_))), "{}", token.len());
    }
    assert_eq!(desk.says(&format!("{signed}.")).await, Err(Rejected::BadSignature));
}

#[test]
fn no_flipped_bit_gets_through_and_no_reason_repeats_the_token() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let signer = Signer::ed25519("k1");
    let desk = Desk::new(&jwks([&signer]));
    let good = signer.sign(&claims());
    runtime.block_on(desk.says(&good)).unwrap();
    let place = (0..good.len(), 0..7_u8);
    TestRunner::new(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })
    .run(&place, |(at, bit)| {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1 << bit;
        let token = String::from_utf8(bytes).unwrap();
        let why = runtime.block_on(desk.says(&token)).expect_err("an altered token was taken");
        for part in token.split('.').filter(|part| part.len() > 8) {
            prop_assert!(!why.to_string().contains(part));
        }
        Ok(())
    })
    .unwrap();
}
