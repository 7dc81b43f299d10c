use serde_json::json;
use steward_mqtt::QoS;
use tokio::io::AsyncWriteExt;

use super::{Mosquitto, done, keys, listener, next, soon, steward};

#[tokio::test]
async fn an_argument_becomes_a_compact_event() {
    let broker = Mosquitto::start();
    let (_client, mut messages) = listener(&broker).await;
    let url = broker.url();
    let words =
        ["pub", "--url", &url, "--topic", "tts/say", "--type", "tts.say", r#"{"text":"hi"}"#];
    let said = done(&words, "").await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.err.contains("1 events published"), "{said:?}");
    let (message, envelope) = next(&mut messages).await;
    assert_eq!((message.topic.as_str(), message.qos), ("tts/say", QoS::AtLeastOnce));
    assert_eq!(keys(&envelope), ["data", "id", "source", "ts", "type"]);
    assert_eq!((&envelope["type"], &envelope["data"]), (&json!("tts.say"), &json!({"text": "hi"})));
}

#[tokio::test]
async fn format_level_retention_and_correlation_are_chosen() {
    let broker = Mosquitto::start();
    let (_client, mut messages) = listener(&broker).await;
    let url = broker.url();
    let to = ["pub", "--url", &url, "--topic", "t", "--type", "test.event"];
    let cloud = ["--format", "cloudevents", "--qos", "2", "--correlation-id", "c-1", "{}"];
    assert_eq!(done(&[&to[..], &cloud].concat(), "").await.code, Some(0));
    let (message, envelope) = next(&mut messages).await;
    assert_eq!((message.qos, message.retain), (QoS::ExactlyOnce, false));
    assert_eq!(message.properties.content_type.as_deref(), Some("application/cloudevents+json"));
    assert_eq!(
        (&envelope["specversion"], &envelope["correlationid"]),
        (&json!("1.0"), &json!("c-1"))
    );

    let kept = ["--qos", "0", "--retain", "--correlation-id", "c-2", "{}"];
    assert_eq!(done(&[&to[..], &kept].concat(), "").await.code, Some(0));
    let (message, envelope) = next(&mut messages).await;
    assert_eq!((message.qos, &envelope["id"]), (QoS::AtMostOnce, &json!("c-2")));
    let (_late, mut retained) = listener(&broker).await;
    assert!(next(&mut retained).await.0.retain);
}

#[tokio::test]
async fn lines_are_published_as_they_come_and_in_order() {
    let broker = Mosquitto::start();
    let (_client, mut messages) = listener(&broker).await;
    let url = broker.url();
    let mut child = steward(&["pub", "--url", &url, "--topic", "t", "--type", "test.line", "-"]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"n\":0}\n").await.unwrap();
    assert_eq!(next(&mut messages).await.1["data"], json!({"n": 0}), "before the input ended");
    for n in 1..300 {
        input.write_all(format!("{{\"n\":{n}}}\n\n").as_bytes()).await.unwrap();
    }
    drop(input);
    for n in 1..300 {
        assert_eq!(next(&mut messages).await.1["data"], json!({"n": n}));
    }
    let output = soon(child.wait_with_output()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("300 events published"), "{said}");
}

#[tokio::test]
async fn a_bad_line_ends_it_and_says_what_was_done() {
    let broker = Mosquitto::start();
    let (_client, mut messages) = listener(&broker).await;
    let url = broker.url();
    let words = ["pub", "--url", &url, "--topic", "t", "--type", "test.line", "-"];
    let said = done(&words, "{\"n\":0}\n{\"n\":1}\nnonsense\n{\"n\":3}\n").await;
    assert_eq!(said.code, Some(7), "{said:?}");
    assert!(said.err.contains("2 events were published, then: line 3:"), "{said:?}");
    assert_eq!(next(&mut messages).await.1["data"], json!({"n": 0}));
    assert_eq!(next(&mut messages).await.1["data"], json!({"n": 1}));

    let said = done(&words, "[]\n{}\n").await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("line 1: the data must be a JSON object"), "{said:?}");
    assert!(messages.try_recv().is_err(), "nothing was sent");
}
