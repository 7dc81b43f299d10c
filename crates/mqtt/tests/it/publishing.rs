//! Publishing: acknowledged, in order, honest about what it does not know.

use steward_mqtt::{MqttClient, PublishOptions, QoS, State};

use crate::brokers::Mosquitto;
use crate::support::{Seen, client, config, soon};

#[tokio::test]
async fn a_message_goes_out_and_comes_back() {
    let broker = Mosquitto::start();
    let client = client(&broker.url(), "both-ways").await;
    let seen = Seen::default();
    client.subscribe("greeting/+", QoS::AtLeastOnce, seen.handler()).await.unwrap();

    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let options =
            PublishOptions::qos(qos).content_type("text/plain").user_property("colour", "red");
        let ack = soon(client.publish("greeting/en", "hello", options)).await.unwrap();
        assert_eq!((ack.qos, ack.tries), (qos, 1));
    }
    let messages = seen.at_least(3).await;
    assert_eq!(messages[1].topic, "greeting/en");
    assert_eq!(messages[1].payload, "hello");
    assert_eq!(messages[1].properties.content_type.as_deref(), Some("text/plain"));
    assert_eq!(messages[1].properties.user("colour"), Some("red"));
    client.shutdown().await;
    assert_eq!(*client.state().borrow(), State::Disconnected);
}

#[tokio::test]
async fn the_first_connection_is_tried_until_the_broker_is_there() {
    let mut broker = Mosquitto::start();
    broker.kill();
    let early = MqttClient::new(config(&broker.url(), "early")).unwrap();
    early.start().unwrap();
    let waiting = early.publish("early/bird", "worm", PublishOptions::default());
    let (ack, ()) = soon(async { tokio::join!(waiting, async { broker.restart() }) }).await;
    assert_eq!(ack.unwrap().tries, 1);
}
