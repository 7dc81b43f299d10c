//! A client id belongs to one account: nobody takes over another's session.

use mqtt5::{MqttError, protocol::v5::reason_codes::ReasonCode};

use super::desk::{Desk, HILL, LAKE, options, v311};

#[tokio::test]
async fn nobody_takes_over_another_accounts_client() {
    let desk = Desk::open().await;
    let server = desk.server("relay").await;
    let victim = desk.service("sync", HILL).await;
    let token = desk.token("thief", HILL);
    for id in ["steward.server:relay", "steward.server", "sync", "sync:1", "thief2", "thief%3A1"] {
        for client in [options(id), v311(id), options(id).with_clean_start(false)] {
            let denied = desk.connect_as(client.with_credentials("thief", &token)).await.err();
            assert!(
                matches!(
                    denied,
                    Some(MqttError::ConnectionRefused(ReasonCode::ClientIdentifierNotValid))
                ),
                "{id}: {denied:?}"
            );
        }
    }
    assert!(server.0.is_connected().await && victim.0.is_connected().await);
    desk.connect("thief:1", "thief", &token).await.unwrap();
}

#[tokio::test]
async fn an_account_takes_over_its_own_client_and_stays_signed_in() {
    let desk = Desk::open().await;
    let first = desk.service("sync", HILL).await;
    let second = desk.service("sync", HILL).await;
    first.closed().await;
    second.publish("plant/1", "still in").await.unwrap();
    second.subscribe(&format!("steward/{HILL}/#")).await.unwrap();
}

#[tokio::test]
async fn names_with_colons_and_slashes_stay_apart() {
    let desk = Desk::open().await;
    let (a, ab) = (desk.token("a", HILL), desk.token("a:b", LAKE));
    desk.connect("a%3Ab", "a:b", &ab).await.unwrap();
    desk.connect("a%3Ab:1", "a:b", &ab).await.unwrap();
    desk.connect("a:b", "a", &a).await.unwrap();
    assert!(desk.connect("a:b", "a:b", &ab).await.is_err());
    assert!(desk.connect("a%3Ab", "a", &a).await.is_err());
    let odd = desk.token("auth0|x/y", HILL);
    desk.connect("auth0|x%2Fy:1", "auth0|x/y", &odd).await.unwrap();
}

#[tokio::test]
async fn a_client_without_an_id_gets_one_that_is_its_own() {
    let desk = Desk::open().await;
    let token = desk.token("sync", HILL);
    let unnamed = desk.connect("", "sync", &token).await.unwrap();
    unnamed.publish("plant/1", "hello").await.unwrap();
    let assigned = unnamed.0.client_id().await;
    assert!(assigned.starts_with("auto-"), "{assigned}");

    let thief = desk.connect(&assigned, "thief", &desk.token("thief", HILL)).await.err();
    assert!(matches!(
        thief,
        Some(MqttError::ConnectionRefused(ReasonCode::ClientIdentifierNotValid))
    ));
    assert!(unnamed.0.is_connected().await);
    let lasting = options("").with_session_expiry_interval(60).with_credentials("sync", &token);
    assert!(desk.connect_as(lasting).await.is_err());
}
