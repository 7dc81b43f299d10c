use std::time::Duration;

use tokio::time::timeout;

use super::{Mosquitto, done, listener};
use mosquitto::free_port;

const DATA: &str = r#"{"text":"hi"}"#;

/// Each is refused before anything is sent: with code 2 and words that say what to write instead.
#[tokio::test]
async fn bad_arguments_are_named_and_nothing_is_sent() {
    let broker = Mosquitto::start();
    let (_client, mut messages) = listener(&broker).await;
    let url = broker.url();
    let long = "x".repeat(65_536);
    let publishing = |topic, data| ["pub", "--url", &url, "--topic", topic, "--type", "t", data];
    let cases: &[(&[&str], &str)] = &[
        (&publishing("a/+", DATA), "`+` and `#` belong in filters only"),
        (&publishing("", DATA), "a topic must not be empty"),
        (&publishing(&long, DATA), "65536 bytes is too long"),
        (&publishing("a", "nonsense"), "the argument: the data must be a JSON object"),
        (&publishing("a", "[1]"), "the argument: the data must be a JSON object"),
        (&["sub", "--url", &url, "a/#/b"], "`#` must be the whole last level"),
        (&["sub", "--url", &url, "a", "b+"], "`+` must be a whole level"),
        (&["sub", "--url", &url, ""], "a topic must not be empty"),
        (&["health", "--url", &url, "--client", &long], "is too long"),
        (
            &["sub", "--url", "http://localhost", "a"],
            "MQTT_URL=\"http://localhost\" is refused; accepted: mqtt://",
        ),
        (&["sub", "--url", "mqtt://me:s3cret@host:port", "a"], "***@host:port"),
        (
            &["sub", "--url", "mqtt://:s3cret@host", "--protocol", "3.1.1", "a"],
            "only with a user name",
        ),
        (&["sub", "--url", "mqtt://host", "--ca-file", "ca.pem", "a"], "mqtts:// or wss://"),
        (&["sub", "--url", "mqtts://host", "--ca-file", "/nowhere.pem", "a"], "/nowhere.pem"),
        (&["sub", "--url", &url, "--client-id", "", "a"], "MQTT_CLIENT_ID"),
        (&["sub", "--url", &url, "--protocol", "4", "a"], "5 or 3.1.1"),
        (&["sub", "--url", &url], "FILTER"),
        (&["pub", "--url", &url, "--topic", "a", "--type", "t", "--qos", "3", DATA], "--qos"),
        (&["bench", "--url", &url, "--messages", "0"], "--messages"),
    ];
    for (words, expected) in cases {
        let said = done(words, "").await;
        assert_eq!(said.code, Some(2), "{expected}: {said:?}");
        assert!(
            said.err.contains(expected) && !said.err.contains("s3cret"),
            "{expected}: {said:?}"
        );
        assert_eq!(said.out, "");
    }
    let arrived = timeout(Duration::from_millis(50), messages.recv()).await;
    assert!(arrived.is_err(), "{arrived:?}");
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_unavailable() {
    let url = format!("mqtt://127.0.0.1:{}", free_port());
    let words =
        ["pub", "--url", &url, "--connect-timeout", "0.3", "--topic", "a", "--type", "t", DATA];
    let said = done(&words, "").await;
    assert_eq!(said.code, Some(6), "{said:?}");
    assert!(
        said.err.contains(&url) && said.err.contains("check that the broker runs there"),
        "{said:?}"
    );
}

#[tokio::test]
async fn without_a_broker_it_says_how_to_name_one() {
    let said = done(&["health"], "").await;
    assert!(said.code == Some(2) && said.err.contains("--url"), "{said:?}");
    let said = done(&["health", "--data-dir", "/nowhere"], "").await;
    assert!(
        said.code.is_some_and(|code| code != 0) && said.err.contains("steward serve"),
        "{said:?}"
    );
}
