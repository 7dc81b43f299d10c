use serde_json::{Value, json};
use steward_mqtt::{HealthEvent, MqttClient, MqttConfig, PublishOptions};

use super::{Mosquitto, done, listener, soon};

async fn service(broker: &Mosquitto, name: &str) -> MqttClient {
    let config = MqttConfig::new(&broker.url(), name).unwrap().health(true);
    let client = MqttClient::new(config).unwrap();
    soon(client.connect()).await.unwrap();
    soon(client.publish_health(true, Some(HealthEvent::Ready), None)).await.unwrap();
    client
}

#[tokio::test]
async fn the_exit_code_says_whether_all_are_well() {
    let broker = Mosquitto::start();
    let url = broker.url();
    let nobody = done(&["health", "--url", &url], "").await;
    assert_eq!(nobody.code, Some(3), "{nobody:?}");
    assert!(nobody.err.contains("No service announces its health here"), "{nobody:?}");

    let stt = service(&broker, "stt").await;
    let _tts = service(&broker, "tts").await;
    let well = done(&["health", "--url", &url], "").await;
    assert_eq!(well.code, Some(0), "{well:?}");
    let lines: Vec<_> =
        well.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["SERVICE", "OK", "SINCE", "EVENT", "ERROR"]);
    assert_eq!((lines[1][0], lines[1][1], lines[1][3]), ("stt", "yes", "ready"));
    assert_eq!((lines[2][0], lines[2][1]), ("tts", "yes"));

    soon(stt.publish_health(false, Some(HealthEvent::Error), Some("no microphone"))).await.unwrap();
    let ill = done(&["health", "--url", &url], "").await;
    assert_eq!(ill.code, Some(3), "{ill:?}");
    assert!(ill.out.contains("NO") && ill.out.contains("no microphone"), "{ill:?}");

    let named = done(&["health", "--url", &url, "--client", "tts"], "").await;
    assert_eq!(named.code, Some(0), "{named:?}");
    let missing = done(&["health", "--url", &url, "--client", "tts", "--client", "llm"], "").await;
    assert_eq!(missing.code, Some(3), "{missing:?}");
    assert!(missing.err.contains("llm announces no health here"), "{missing:?}");
}

#[tokio::test]
async fn json_names_each_service_also_one_that_makes_no_sense() {
    let broker = Mosquitto::start();
    let _stt = service(&broker, "stt+1").await;
    let (client, _messages) = listener(&broker).await;
    let options = PublishOptions::default().retain();
    soon(client.publish("system/health/odd", "hello", options)).await.unwrap();
    let said = done(&["health", "--url", &broker.url(), "--json"], "").await;
    assert_eq!(said.code, Some(3), "{said:?}");
    let services: Vec<Value> = serde_json::from_str(&said.out).unwrap();
    assert_eq!(services[0]["service"], "odd");
    assert!(services[0]["unreadable"].is_string());
    assert_eq!(
        (&services[1]["service"], &services[1]["health"]["ok"]),
        (&json!("stt%2B1"), &json!(true))
    );
    assert!(services[1]["since"].is_string());
    let named = done(&["health", "--url", &broker.url(), "--client", "stt+1"], "").await;
    assert_eq!(named.code, Some(0), "{named:?}");
}
