use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use steward_mqtt::{MqttClient, PublishOptions, QoS};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout};

use super::{Mosquitto, keys, listener, soon, steward};

struct Following {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Lines<BufReader<ChildStderr>>,
}

impl Following {
    /// Waits until the subscriptions stand.
    async fn start(words: &[&str]) -> Self {
        let mut child = steward(words);
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let err = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut following = Self { child, out, err };
        let said = following.told().await;
        assert!(said.starts_with("Following "), "{said}");
        following
    }

    async fn told(&mut self) -> String {
        soon(self.err.next_line()).await.unwrap().unwrap()
    }

    async fn line(&mut self) -> String {
        soon(self.out.next_line()).await.unwrap().unwrap()
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill(Pid::from_raw(pid), signal).unwrap();
    }
}

async fn say(client: &MqttClient, topic: &str, options: PublishOptions) {
    soon(client.publish_event(topic, "test.event", &json!({"n": 1}), options)).await.unwrap();
}

#[tokio::test]
async fn json_is_one_object_a_line() {
    let broker = Mosquitto::start();
    let (client, _messages) = listener(&broker).await;
    say(&client, "kept", PublishOptions::qos(QoS::AtLeastOnce).retain()).await;
    let url = broker.url();
    let words = ["sub", "--url", &url, "--json", "--count", "3", "kept", "a/+"];
    let mut following = Following::start(&words).await;
    let line = following.json().await;
    assert_eq!(keys(&line), ["envelope", "qos", "retain", "topic"]);
    assert_eq!(keys(&line["envelope"]), ["data", "id", "source", "ts", "type"]);
    assert_eq!(
        (&line["topic"], &line["qos"], &line["retain"]),
        (&json!("kept"), &json!(1), &json!(true))
    );
    assert_eq!(line["envelope"]["data"], json!({"n": 1}));

    say(&client, "a/b", PublishOptions::qos(QoS::ExactlyOnce)).await;
    let line = following.json().await;
    assert_eq!(
        (&line["topic"], &line["qos"], &line["retain"]),
        (&json!("a/b"), &json!(2), &json!(false))
    );

    let bytes = b"\xff no envelope\n".as_slice();
    soon(client.publish("a/c", bytes, PublishOptions::qos(QoS::AtMostOnce))).await.unwrap();
    let line = following.json().await;
    assert_eq!(keys(&line), ["payload", "qos", "retain", "topic"]);
    assert_eq!(BASE64_STANDARD.decode(line["payload"].as_str().unwrap()).unwrap(), bytes);
    assert!(soon(following.child.wait()).await.unwrap().success(), "it ends after --count");
}

#[tokio::test]
async fn people_see_topic_type_source_and_data() {
    let broker = Mosquitto::start();
    let (client, _messages) = listener(&broker).await;
    let mut following = Following::start(&["sub", "--url", &broker.url(), "#"]).await;
    say(&client, "hall/door", PublishOptions::default()).await;
    assert_eq!(following.line().await, r#"hall/door  test.event from listener  {"n":1}"#);
    soon(client.publish("raw", "just text", PublishOptions::default())).await.unwrap();
    assert_eq!(following.line().await, "raw  just text");
}

#[tokio::test]
async fn a_broker_that_restarts_is_survived_and_said() {
    let mut broker = Mosquitto::start();
    let mut following = Following::start(&["sub", "--url", &broker.url(), "--json", "t"]).await;
    broker.kill();
    assert!(following.told().await.contains("connection was lost"));
    broker.restart();
    assert!(following.told().await.contains("connection is back"));
    let (client, _messages) = listener(&broker).await;
    say(&client, "t", PublishOptions::default()).await;
    assert_eq!(following.json().await["topic"], "t");
}

#[tokio::test]
async fn it_leaves_in_good_order_when_it_is_told_to() {
    let broker = Mosquitto::start();
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut following = Following::start(&["sub", "--url", &broker.url(), "t"]).await;
        following.signal(signal);
        assert_eq!(soon(following.child.wait()).await.unwrap().code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn it_ends_without_a_word_when_nobody_reads_any_more() {
    let broker = Mosquitto::start();
    let (client, _messages) = listener(&broker).await;
    let following = Following::start(&["sub", "--url", &broker.url(), "t"]).await;
    let Following { mut child, out, mut err } = following;
    drop(out);
    for _ in 0..2 {
        say(&client, "t", PublishOptions::default()).await;
    }
    assert_eq!(soon(child.wait()).await.unwrap().code(), Some(0));
    assert_eq!(soon(err.next_line()).await.unwrap(), None);
}

#[tokio::test]
async fn one_whose_id_is_taken_fights_back_only_until_it_is_told() {
    let broker = Mosquitto::start();
    let words = ["sub", "--url", &broker.url(), "--client-id", "twin", "t"];
    let mut first = Following::start(&words).await;
    let _second = Following::start(&words).await;
    assert!(first.told().await.contains("connection was lost"));
}
