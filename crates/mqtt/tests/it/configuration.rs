//! Every mistake in a configuration: named, with what is accepted, before anything is sent.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use steward_mqtt::{
    ConnectionParams, MqttClient, MqttConfig, Properties, PublishError, PublishOptions, QoS, State,
    SubscribeError, Transport,
};

use crate::brokers::Mosquitto;
use crate::support::{connected, reaches, soon};

fn from(pairs: &[(&str, &str)]) -> Result<MqttConfig, String> {
    let mut variables = HashMap::from([("MQTT_URL", "mqtt://localhost"), ("MQTT_CLIENT_ID", "id")]);
    variables.extend(pairs.iter().copied());
    MqttConfig::from_lookup(|name| {
        variables.get(name).filter(|text| !text.is_empty()).map(|text| (*text).to_owned())
    })
    .map_err(|error| error.to_string())
}

#[test]
fn every_mistake_names_the_variable_and_what_is_accepted() {
    let mistakes = [
        ("MQTT_URL", "http://localhost", "mqtt://"),
        ("MQTT_URL", "localhost:1883", "mqtt://"),
        ("MQTT_URL", "mqtt://", "mqtt://"),
        ("MQTT_URL", "mqtt://host:99999", "mqtt://"),
        ("MQTT_URL", "mqtt://host/path", "mqtt://"),
        ("MQTT_URL", "", "mqtt://"),
        ("MQTT_URL", "mqtt://host:0", "mqtt://"),
        ("MQTT_URL", "mqtt://host#part", "mqtt://"),
        ("MQTT_URL", "mqtt://a%00b@host", "without NUL"),
        ("MQTT_CLIENT_ID", "", "unique"),
        ("MQTT_CLIENT_ID", "a\0b", "without NUL"),
        ("MQTT_KEEPALIVE", "0", "1 to 3600"),
        ("MQTT_KEEPALIVE", "3601", "1 to 3600"),
        ("MQTT_KEEPALIVE", "soon", "1 to 3600"),
        ("MQTT_ENABLE_HEALTH", "maybe", "true or false"),
        ("MQTT_ENABLE_HEARTBEAT", "2", "true or false"),
        ("MQTT_HEARTBEAT_INTERVAL", "0.5", "at least 1.0"),
        ("MQTT_HEARTBEAT_INTERVAL", "nan", "at least 1.0"),
        ("MQTT_HEARTBEAT_INTERVAL", "inf", "at least 1.0"),
        ("MQTT_DEDUPE_TTL", "-1", "at least 0"),
        ("MQTT_DEDUPE_MAX_ENTRIES", "many", "a whole number"),
        ("MQTT_RECONNECT_MIN_DELAY", "0.01", "at least 0.1"),
        ("MQTT_RECONNECT_MAX_DELAY", "0.2", "at least MQTT_RECONNECT_MIN_DELAY"),
        ("MQTT_PROTOCOL", "4", "5 or 3.1.1"),
        ("MQTT_PUBLISH_RETRIES", "0", "at least 1"),
        ("MQTT_RECEIVE_MAXIMUM", "0", "1 to 65535"),
        ("MQTT_RECEIVE_MAXIMUM", "65536", "1 to 65535"),
        ("MQTT_CONNECT_TIMEOUT", "0", "above 0"),
        ("MQTT_CERT_FILE", "cert.pem", "MQTT_KEY_FILE"),
        ("MQTT_CA_FILE", "ca.pem", "mqtts:// or wss://"),
    ];
    for (name, value, accepted) in mistakes {
        let error = from(&[(name, value)]).unwrap_err();
        assert!(error.contains(name) && error.contains(accepted), "{name}={value}: {error}");
    }
    let error = from(&[("MQTT_DEDUPE_TTL", "5")]).unwrap_err();
    assert!(error.contains("MQTT_DEDUPE_MAX_ENTRIES"), "{error}");
}

#[test]
fn passwords_are_never_shown() {
    let url = "mqtts://user:s3cret%2F@[::1]:9000";
    let config = MqttConfig::new(url, "id").unwrap();
    let params: ConnectionParams = url.parse().unwrap();
    assert_eq!(params.password.as_deref(), Some("s3cret/"));
    assert_eq!(
        (params.host.as_str(), params.port, params.transport),
        ("::1", 9000, Transport::Tls)
    );
    let refused = from(&[("MQTT_URL", "mqtt://user:s3cret@host:port")]).unwrap_err();
    for shown in [format!("{config:?}"), format!("{params:?}"), params.to_string(), refused] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    assert_eq!(params.to_string(), "mqtts://[::1]:9000");
}

#[test]
fn unreadable_certificates_are_refused_before_anything_is_sent() {
    for path in ["/nowhere/ca.pem", file!()] {
        let config = MqttConfig::new("mqtts://localhost", "id").unwrap().ca_file(path);
        let error = MqttClient::new(config).err().unwrap().to_string();
        assert!(error.contains("MQTT_CA_FILE") && error.contains(path), "{error}");
    }
}

#[test]
fn mistakes_in_a_builder_are_refused_too() {
    let config = || MqttConfig::new("mqtt://localhost", "id").unwrap();
    let long = "x".repeat(65_536);
    let mistakes = [
        (config().credentials(&long, "p"), "at most 65535 bytes each"),
        (config().credentials("u", &long), "at most 65535 bytes each"),
        (config().source_name(""), "MQTT_SOURCE_NAME"),
        (config().keep_alive(Duration::from_millis(1500)), "whole seconds"),
        (config().heartbeat(Duration::from_millis(500)), "at least 1.0"),
        (config().dedupe(Duration::from_secs(1), 0), "MQTT_DEDUPE_MAX_ENTRIES"),
        (config().publish_retries(0), "at least 1"),
        (config().client_certificate("cert.pem", "key.pem"), "mqtts:// or wss://"),
    ];
    for (config, accepted) in mistakes {
        let error = MqttClient::new(config).err().unwrap().to_string();
        assert!(error.contains(accepted) && error.len() < 300, "{accepted}: {error}");
    }
    let nameless = [("MQTT_URL", "mqtt://:s3cret@host"), ("MQTT_PROTOCOL", "3.1.1")];
    let error = from(&nameless).unwrap_err();
    assert!(error.contains("only with a user name") && !error.contains("s3cret"), "{error}");
}

/// Numbers that nobody would write, but that are not forbidden, overflow nothing.
#[tokio::test]
async fn endless_times_and_memories_work() {
    let broker = Mosquitto::start();
    let config = MqttConfig::new(&broker.url(), "endless")
        .unwrap()
        .dedupe(Duration::MAX, usize::MAX)
        .heartbeat(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .reconnect_delay(Duration::from_millis(100), Duration::MAX);
    let client = connected(config).await;
    for _ in 0..3 {
        client.underlying().cut();
        reaches(&client, State::Reconnecting).await;
        reaches(&client, State::Connected).await;
    }
    soon(client.publish("endless", "x", PublishOptions::default())).await.unwrap();
}

#[tokio::test]
async fn properties_that_the_standard_forbids_are_refused_before_anything_is_sent() {
    let client = MqttClient::new(MqttConfig::new("mqtt://localhost", "id").unwrap()).unwrap();
    let options = PublishOptions::default;
    let long = "x".repeat(65_536);
    let with = |properties| options().properties(properties);
    let correlation_data = Some(Bytes::from(long.clone()));
    let response_topic = Some("a/#".to_owned());
    let mistakes = [
        (options().content_type("a\0b"), "content type contains NUL"),
        (options().content_type(&long), "content type is too long"),
        (options().user_property("a\0", "b"), "user property contains NUL"),
        (options().user_property("a", &long), "user property is too long"),
        (
            with(Properties { correlation_data, ..Properties::default() }),
            "correlation data is too long",
        ),
        (with(Properties { response_topic, ..Properties::default() }), "wildcard"),
    ];
    for (options, problem) in mistakes {
        let error = client.publish("a", "x", options).await.unwrap_err().to_string();
        assert!(error.contains(problem), "{problem}: {error}");
    }
    let refused = client.publish("a", vec![0; 268_435_460], options()).await;
    assert!(matches!(refused, Err(PublishError::TooLarge { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_the_standard_forbids_is_refused_without_a_connection() {
    let client = MqttClient::new(MqttConfig::new("mqtt://localhost", "id").unwrap()).unwrap();
    let long = "x".repeat(65_536);
    for topic in ["", "a/+", "a/#", "a\0b", long.as_str()] {
        let refused = client.publish(topic, "x", PublishOptions::default()).await;
        assert!(matches!(refused, Err(PublishError::Topic(_))), "{refused:?}");
    }
    for filter in
        ["", "a/#/b", "a#", "a/b+", "a\0b", "$share/g", "$share//a", "$share/g+/a", long.as_str()]
    {
        let refused = client.subscribe(filter, QoS::AtLeastOnce, |_| std::future::ready(())).await;
        assert!(matches!(refused, Err(SubscribeError::Filter(_))), "{filter:?} {refused:?}");
    }
}
