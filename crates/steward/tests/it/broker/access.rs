//! Who reads and writes what.

use kernel::Role;
use mqtt5::{MqttError, packet::suback::SubAckReasonCode, protocol::v5::reason_codes::ReasonCode};

use super::desk::{Desk, HILL, LAKE, options, v311, will};

fn refused(result: &Result<(), MqttError>) -> bool {
    matches!(result, Err(MqttError::PublishFailed(ReasonCode::NotAuthorized)))
}

#[tokio::test]
async fn a_service_reads_its_own_tenant_and_no_other() {
    let desk = Desk::open().await;
    let service = desk.service("sync", HILL).await;
    let mut inbox = service.subscribe(&format!("steward/{HILL}/#")).await.unwrap();
    service.subscribe(&format!("$share/workers/steward/{HILL}/roster/+/+")).await.unwrap();
    let server = desk.server("relay").await;
    server.publish(&format!("steward/{LAKE}/roster/v1/SchoolCreated"), "theirs").await.unwrap();
    server.publish(&format!("steward/{HILL}/roster/v1/SchoolCreated"), "ours").await.unwrap();
    assert_eq!(inbox.next().await.payload, b"ours");

    for filter in [
        &format!("steward/{LAKE}/#"),
        &format!("steward/{LAKE}/roster/v1/SchoolCreated"),
        &format!("$share/workers/steward/{LAKE}/#"),
        "steward/#",
        "steward/+/#",
        "steward/+/roster/v1/SchoolCreated",
        "$share/workers/steward/+/#",
        "$share/workers/#",
        "#",
        "+/#",
        "+/+/roster/v1/SchoolCreated",
        "$SYS/#",
    ] {
        let denied = service.subscribe(filter).await.err();
        assert!(
            matches!(denied, Some(MqttError::SubscriptionDenied(SubAckReasonCode::NotAuthorized))),
            "{filter}: {denied:?}"
        );
    }
}

#[tokio::test]
async fn accounts_write_only_what_their_role_lets_in() {
    let desk = Desk::open().await;
    let service = desk.service("risk", HILL).await;
    let counselor = desk.person("cora", HILL, Role::Counselor);
    let counselor = desk.connect("cora", "cora", &counselor).await.unwrap();
    let operator = desk.person("otto", HILL, Role::Operator);
    let operator = desk.connect("otto", "otto", &operator).await.unwrap();
    let mut inbox = desk.server("inbox").await.subscribe("steward/#").await.unwrap();

    let (list, command) = ("risk/v1/RiskListUpdated", "instance/v1/command");
    service.publish(&format!("steward/{HILL}/{list}"), "1").await.unwrap();
    counselor.publish(&format!("steward/{HILL}/{list}"), "2").await.unwrap();
    operator.publish(&format!("steward/{HILL}/{command}"), "3").await.unwrap();
    for (client, topic) in [
        (&service, format!("steward/{HILL}/{command}")),
        (&service, format!("steward/{LAKE}/{list}")),
        (&service, format!("steward/{HILL}/roster/v1/SchoolCreated")),
        (&service, format!("steward/{HILL}/{list}/more")),
        (&service, "steward".to_owned()),
        (&service, "$SYS/broker".to_owned()),
        (&counselor, format!("steward/{HILL}/{command}")),
        (&operator, format!("steward/{HILL}/{list}")),
    ] {
        assert!(refused(&client.publish(&topic, "forged").await), "{topic}");
    }
    for expected in [b"1", b"2", b"3"] {
        assert_eq!(inbox.next().await.payload, expected);
    }
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn a_311_client_is_disconnected_instead_of_being_told_a_lie() {
    let desk = Desk::open().await;
    let token = desk.token("old", HILL);
    let old = desk.connect_as(v311("old").with_credentials("old", token)).await.unwrap();
    old.publish(&format!("steward/{LAKE}/risk/v1/RiskListUpdated"), "{}").await.unwrap_err();
    old.closed().await;
}

#[tokio::test]
async fn a_forged_will_refuses_the_connection() {
    let desk = Desk::open().await;
    let mut inbox = desk.server("inbox").await.subscribe("steward/#").await.unwrap();
    let token = desk.token("risk", HILL);
    for (topic, retain) in [
        (format!("steward/{HILL}/roster/v1/SchoolCreated"), false),
        (format!("steward/{LAKE}/risk/v1/RiskListUpdated"), false),
        (format!("steward/{HILL}/risk/v1/RiskListUpdated"), true),
        ("$SYS/broker".to_owned(), false),
    ] {
        for client in [options("risk"), v311("risk")] {
            let client = client.with_credentials("risk", &token);
            let client = client.with_will(will(&topic).with_retain(retain));
            let denied = desk.connect_as(client).await.err();
            assert!(
                matches!(denied, Some(MqttError::ConnectionRefused(ReasonCode::NotAuthorized))),
                "{topic}: {denied:?}"
            );
        }
    }
    let honest = options("risk").with_credentials("risk", &token);
    let honest = honest.with_will(will(&format!("steward/{HILL}/risk/v1/RiskListUpdated")));
    desk.connect_as(honest).await.unwrap().0.disconnect_abnormally().await.unwrap();
    assert_eq!(inbox.next().await.payload, b"gone");
    assert!(inbox.is_empty());
}

#[tokio::test]
async fn a_will_that_waits_is_published_after_its_client_is_gone() {
    let desk = Desk::open().await;
    let mut inbox = desk.server("inbox").await.subscribe("steward/#").await.unwrap();
    let mut late = will(&format!("steward/{HILL}/risk/v1/RiskListUpdated"));
    late.properties.will_delay_interval = Some(1);
    let client = options("risk").with_credentials("risk", desk.token("risk", HILL));
    let client = client.with_session_expiry_interval(60).with_will(late);
    desk.connect_as(client).await.unwrap().0.disconnect_abnormally().await.unwrap();
    assert_eq!(inbox.next().await.payload, b"gone");
}

#[tokio::test]
async fn only_the_server_leaves_retained_messages_below_steward() {
    let desk = Desk::open().await;
    let (list, state) = (
        format!("steward/{HILL}/risk/v1/RiskListUpdated"),
        format!("steward/{HILL}/platform/v1/health"),
    );
    let service = desk.service("risk", HILL).await;
    let server = desk.server("1").await;
    let mut live = server.subscribe("steward/#").await.unwrap();
    assert!(service.retain(&list, "stays").await.is_err() || !service.0.is_connected().await);
    service.closed().await;
    server.retain(&state, "ok").await.unwrap();
    assert_eq!(live.next().await.payload, b"ok");

    let mut kept = desk.server("2").await.subscribe("steward/#").await.unwrap();
    assert_eq!(kept.next().await.topic, state);
    assert!(kept.is_empty());
    desk.service("risk", HILL).await.retain("plant/state", "on").await.unwrap();
}
