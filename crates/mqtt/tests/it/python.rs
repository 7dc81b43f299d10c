//! Together with Python: a strict service on paho-mqtt, both ways.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::json;
use steward_mqtt::topics::{self, Speaking, TtsSay, TtsStatus};
use steward_mqtt::{Event, PublishOptions};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::brokers::Mosquitto;
use crate::support::{client, soon};

/// The interpreter that has the clients: the one that is named, or one that the script makes below `target`.
#[expect(clippy::disallowed_methods, reason = "the test command names the interpreter")]
pub(crate) fn python() -> PathBuf {
    if let Ok(path) = std::env::var("STEWARD_TEST_PYTHON") {
        return PathBuf::from(path);
    }
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
    let output = std::process::Command::new(tests.join("setup")).arg(&folder).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "apt-get install python3-venv, and allow pip: {complaint}");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

fn say(text: &str) -> TtsSay {
    TtsSay {
        message_id: "m".to_owned(),
        text: text.to_owned(),
        voice: None,
        lang: Some("en".to_owned()),
        utt_id: None,
        style: None,
        stt_ts: Some(1.5),
    }
}

#[tokio::test]
async fn a_strict_python_service_and_this_client_understand_each_other() {
    let broker = Mosquitto::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/robot.py");
    let mut robot = Command::new(python())
        .arg(script)
        .arg(broker.ports.plain.to_string())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(robot.stdout.take().unwrap()).lines();
    assert_eq!(soon(lines.next_line()).await.unwrap().as_deref(), Some("ready"));

    let client = client(&broker.url(), "rust").await;
    let (sender, mut statuses) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |event: Event<TtsStatus>| {
        sender.send(event).unwrap();
        std::future::ready(())
    };
    client.subscribe_to(&topics::TTS_STATUS, handler).await.unwrap();

    client.publish_to(&topics::TTS_SAY, &say("hello")).await.unwrap();
    assert_eq!(soon(lines.next_line()).await.unwrap().as_deref(), Some("accepted hello"));
    let status = soon(statuses.recv()).await.unwrap();
    assert_eq!((status.data.event, status.data.text.as_str()), (Speaking::Start, "hello"));

    let unknown = json!({"message_id": "m", "text": "hello", "volume": 11});
    client.publish_event("tts/say", "tts.say", &unknown, PublishOptions::default()).await.unwrap();
    let refused = soon(lines.next_line()).await.unwrap().unwrap();
    assert_eq!(refused, "refused unknown keys: ['volume']");
}
