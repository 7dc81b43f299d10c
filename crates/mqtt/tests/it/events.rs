//! Events: envelopes, duplicates, questions and answers, signs of life.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use steward_mqtt::topics::{self, TtsSay};
use steward_mqtt::{
    ConnectError, Envelope, Event, Format, HealthError, MqttClient, Protocol, PublishOptions, QoS,
    RequestError, State,
};

use crate::brokers::Mosquitto;
use crate::support::{Seen, client, config, connected, soon};

#[tokio::test]
async fn both_formats_are_read_and_ids_correlate() {
    let broker = Mosquitto::start();
    let client = client(&broker.url(), "formats").await;
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Event<Value>| {
        sender.send(event).unwrap();
        std::future::ready(())
    };
    client.subscribe_events("formats", QoS::AtLeastOnce, handler).await.unwrap();
    for format in [Format::Compact, Format::CloudEvents] {
        let options = PublishOptions::default().format(format).correlation_id("c-1");
        soon(client.publish_event("formats", "test.event", &json!({"n": 1}), options))
            .await
            .unwrap();
        let event = soon(events.recv()).await.unwrap();
        assert_eq!((event.correlation_id(), event.kind.as_str()), ("c-1", "test.event"));
        assert_eq!((event.source.as_str(), &event.data), ("formats", &json!({"n": 1})));
    }
}

#[tokio::test]
async fn an_event_is_handled_once_and_a_failed_one_may_come_again() {
    let broker = Mosquitto::start();
    let client = connected(config(&broker.url(), "once").dedupe(Duration::from_mins(1), 100)).await;
    let (sender, mut handled) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Event<Value>| {
        sender.send(event.data["n"].clone()).unwrap();
        let fails = event.data["fails"] == true;
        async move { if fails { Err("as asked") } else { Ok(()) } }
    };
    client.subscribe_events("once", QoS::AtLeastOnce, handler).await.unwrap();
    let first = Envelope::new("test.event", "test", json!({"n": 1, "seq": 1}));
    let failing = Envelope::new("test.event", "test", json!({"n": 2, "fails": true}));
    let last = Envelope::new("test.event", "test", json!({"n": 3}));
    for envelope in [&first, &first, &failing, &failing, &first, &last] {
        soon(client.publish_envelope("once", envelope, PublishOptions::default())).await.unwrap();
    }
    for expected in [1, 2, 2, 3] {
        assert_eq!(soon(handled.recv()).await.unwrap(), expected);
    }
}

/// Answers questions with their number, or counts up to it.
async fn serve_numbers(server: &MqttClient) {
    let answering = server.clone();
    let answer = move |question: Event<Value>| {
        let replier = answering.replier(&question).expect("a way back");
        async move {
            let upto = question.data["upto"].as_u64().unwrap_or(0);
            for number in 0..upto {
                replier.send("test.number", &json!({"number": number})).await?;
            }
            if upto == 0 {
                replier.send("test.answer", &json!({"answer": 42})).await?;
            }
            replier.finish().await.map(drop)
        }
    };
    server.subscribe_events("ask/number", QoS::AtLeastOnce, answer).await.unwrap();
}

async fn questions_are_answered(protocol: Protocol) {
    let broker = Mosquitto::start();
    let server = connected(config(&broker.url(), "server").protocol(protocol)).await;
    let asker = connected(config(&broker.url(), "asker").protocol(protocol)).await;
    serve_numbers(&server).await;
    let limit = Duration::from_secs(5);
    let answer: Envelope<Value> =
        soon(asker.request("ask/number", "test.ask", &json!({"upto": 0}), limit)).await.unwrap();
    assert_eq!(answer.data, json!({"answer": 42}));
    let numbers =
        asker.request_stream("ask/number", "test.ask", &json!({"upto": 3}), limit).await.unwrap();
    let numbers: Vec<Envelope<Value>> = soon(numbers.try_collect()).await.unwrap();
    assert_eq!(
        numbers.iter().map(|number| number.data["number"].clone()).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    let silence: Result<Envelope<Value>, _> =
        asker.request("ask/nobody", "test.ask", &json!({}), Duration::from_millis(50)).await;
    assert!(matches!(silence, Err(RequestError::Timeout(_))));
}

#[tokio::test]
async fn questions_are_answered_once_and_as_a_stream() {
    questions_are_answered(Protocol::V5).await;
}

#[tokio::test]
async fn questions_are_answered_before_mqtt_5_too() {
    questions_are_answered(Protocol::V311).await;
}

#[tokio::test]
async fn typed_topics_refuse_unknown_keys() {
    let broker = Mosquitto::start();
    let client = client(&broker.url(), "tars").await;
    let (sender, mut said) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Event<TtsSay>| {
        sender.send(event.data.text.clone()).unwrap();
        std::future::ready(())
    };
    client.subscribe_to(&topics::TTS_SAY, handler).await.unwrap();
    let unknown = json!({"message_id": "1", "text": "no", "volume": 11});
    client.publish_event("tts/say", "tts.say", &unknown, PublishOptions::default()).await.unwrap();
    let say = TtsSay {
        message_id: "2".to_owned(),
        text: "yes".to_owned(),
        voice: None,
        lang: Some("en".to_owned()),
        utt_id: None,
        style: None,
        stt_ts: None,
    };
    client.publish_to(&topics::TTS_SAY, &say).await.unwrap();
    assert_eq!(soon(said.recv()).await.unwrap(), "yes");
}

#[tokio::test]
async fn health_needs_a_reason_and_heartbeats_come() {
    let broker = Mosquitto::start();
    let observer = client(&broker.url(), "observer").await;
    let seen = Seen::default();
    observer.subscribe("system/keepalive/+", QoS::AtMostOnce, seen.handler()).await.unwrap();
    let beating = config(&broker.url(), "beating").health(true).heartbeat(Duration::from_secs(1));
    let beating = connected(beating).await;
    assert!(matches!(
        beating.publish_health(false, None, None).await,
        Err(HealthError::Unexplained)
    ));
    let beat = seen.at_least(1).await.remove(0);
    let data = Envelope::<Value>::decode(&beat.payload).unwrap().data;
    assert_eq!(
        (beat.topic.as_str(), &data["ok"], &data["event"]),
        ("system/keepalive/beating", &json!(true), &json!("heartbeat"))
    );
}

#[tokio::test]
async fn a_client_id_may_look_like_a_wildcard() {
    let broker = Mosquitto::start();
    let observer = client(&broker.url(), "observer").await;
    let seen = Seen::default();
    observer.subscribe("system/+/+", QoS::AtLeastOnce, seen.handler()).await.unwrap();
    let odd = connected(config(&broker.url(), "#").health(true)).await;
    let other = connected(config(&broker.url(), "jane+x").health(true)).await;
    serve_numbers(&other).await;
    let limit = Duration::from_secs(5);
    let answer: Envelope<Value> =
        soon(odd.request("ask/number", "test.ask", &json!({"upto": 0}), limit)).await.unwrap();
    assert_eq!(answer.data["answer"], 42);
    let mut topics: Vec<_> =
        seen.at_least(2).await.into_iter().map(|message| message.topic).collect();
    topics.sort();
    assert_eq!(topics, ["system/health/%23", "system/health/jane%2Bx"]);
}

/// What a broker kept is for the subscription that is new, where the broker can say so.
#[tokio::test]
async fn a_retained_message_reaches_an_older_handler_again_only_before_mqtt_5() {
    let broker = Mosquitto::start();
    for (protocol, times) in [(Protocol::V5, 1), (Protocol::V311, 2)] {
        let client = connected(config(&broker.url(), "keeper").protocol(protocol)).await;
        let retained = PublishOptions::default().retain();
        soon(client.publish("kept/x", "kept", retained)).await.unwrap();
        let (older, newer) = (Seen::default(), Seen::default());
        client.subscribe("kept/+", QoS::AtLeastOnce, older.handler()).await.unwrap();
        older.at_least(1).await;
        client.subscribe("kept/#", QoS::AtLeastOnce, newer.handler()).await.unwrap();
        newer.at_least(1).await;
        soon(client.publish("kept/y", "last", PublishOptions::default())).await.unwrap();
        let kept = older.at_least(times + 1).await.iter().filter(|message| message.retain).count();
        assert_eq!(kept, times, "{protocol:?}");
        client.shutdown().await;
    }
}

#[tokio::test]
async fn a_service_is_shut_down_whatever_happens() {
    let broker = Mosquitto::start();
    let config = || config(&broker.url(), "service");
    let mut kept = None;
    let failed: Result<(), anyhow::Error> = MqttClient::run(config(), async |client| {
        kept = Some(client.clone());
        client.publish("service", "hello", PublishOptions::default()).await?;
        Err(anyhow::anyhow!("as asked"))
    })
    .await;
    assert_eq!(failed.unwrap_err().to_string(), "as asked");
    assert_eq!(*kept.unwrap().state().borrow(), State::Disconnected);

    let panicking =
        tokio::spawn(MqttClient::run(config(), async |_| -> Result<(), anyhow::Error> {
            panic!("as asked")
        }));
    assert!(soon(panicking).await.unwrap_err().is_panic());

    let client = MqttClient::new(config()).unwrap();
    client.shutdown().await;
    client.shutdown().await;
    assert!(matches!(client.connect().await, Err(ConnectError::ShutDown)));
}

#[tokio::test]
async fn states_can_be_watched_and_a_second_connect_is_an_error() {
    let broker = Mosquitto::start();
    let client = MqttClient::new(config(&broker.url(), "states")).unwrap();
    let states = client.states();
    client.connect().await.unwrap();
    assert!(matches!(client.connect().await, Err(ConnectError::AlreadyConnected)));
    client.disconnect().await;
    client.connect().await.unwrap();
    soon(client.publish("states", "x", PublishOptions::default())).await.unwrap();
    client.shutdown().await;
    drop(client);
    let seen: Vec<_> = soon(states.collect()).await;
    assert_eq!(seen.last(), Some(&State::Disconnected));
}

#[tokio::test]
async fn an_unreachable_broker_is_an_error_of_its_own() {
    let port = crate::brokers::free_port();
    let config = config(&format!("mqtt://127.0.0.1:{port}"), "lost")
        .connect_timeout(Duration::from_millis(300));
    let failed = MqttClient::new(config).unwrap().connect().await;
    assert!(matches!(failed, Err(ConnectError::Unreachable { .. })), "{failed:?}");
}
