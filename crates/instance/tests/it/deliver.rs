//! Messages arrive, whatever becomes of the consumer or of the sender.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
};

use instance::deliver::{Allowed, Limits, Spool};
use mosquitto::Mosquitto;
use serde_json::Value;
use steward_mqtt::{MqttClient, MqttConfig, QoS};

use crate::{
    emulated::{PROGRAM, text, wait_until},
    monitor::{Monitor, lines},
};

/// A publisher whose pauses are a fiftieth of the real ones, with its spool in `folder`.
fn publisher(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).arg("--publish").arg("--spool").arg(folder.join("spool"));
    command
        .args(["--retry-pause", "0.02", "--endpoint-timeout", "2"])
        .stdout(Stdio::null())
        .current_dir(folder);
    command
}

fn run(command: &mut Command) -> Output {
    command.stdout(Stdio::piped()).output().expect("instance runs")
}

/// Logs that grow, followed and published by one process.
struct Plant {
    folder: tempfile::TempDir,
    endpoint: String,
    logs: Vec<PathBuf>,
    written: usize,
    follower: Option<Child>,
}

impl Plant {
    fn new(logs: usize, endpoint: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = (0..logs).map(|number| folder.path().join(format!("{number}.log"))).collect();
        let endpoint = endpoint.to_owned();
        let mut plant = Self { folder, endpoint, logs, written: 0, follower: None };
        plant.write(1);
        plant.follow();
        plant
    }

    fn follow(&mut self) {
        let mut command = publisher(self.folder.path(), &["parse", "--follow"]);
        command.arg("--endpoint").arg(&self.endpoint).args(&self.logs);
        self.follower = Some(command.spawn().expect("instance runs"));
    }

    /// More entries in each log.
    fn write(&mut self, count: usize) {
        for log in &self.logs {
            let entry = |number| format!("01/02/26-08:00:00:000 (7) 0 [Generic.Event] {number}\n");
            let entries: String = (self.written..self.written + count).map(entry).collect();
            let mut file = fs::OpenOptions::new().create(true).append(true).open(log);
            file.as_mut().expect("a log").write_all(entries.as_bytes()).expect("written");
        }
        self.written += count;
    }

    fn roll_over(&self) {
        for log in &self.logs {
            let old = format!("old_{:08}", self.written);
            fs::rename(log, log.with_extension(old)).expect("renamed");
        }
    }

    fn kill(&mut self) {
        if let Some(mut follower) = self.follower.take() {
            follower.kill().expect("it runs");
            follower.wait().expect("it ends");
        }
    }

    fn spooled_bytes(&self) -> u64 {
        files(&self.folder.path().join("spool")).iter().map(|(_, bytes)| bytes).sum()
    }

    /// Every entry of every log is there, in order; a kill may repeat some, and repeats nothing else.
    fn has_arrived(&self, messages: &[Value]) {
        let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut seen = HashSet::new();
        for message in messages {
            let number = message["message_text"].as_str().expect("a text").parse().expect("one");
            let source = message["source"].as_str().expect("a source");
            if seen.insert((source, number)) {
                of.entry(source).or_default().push(number);
            }
        }
        assert_eq!(of.len(), self.logs.len());
        for (source, numbers) in of {
            assert!(numbers.iter().copied().eq(0..self.written), "{source}: {numbers:?}");
        }
    }

    fn is_whole(&self, messages: &[Value]) -> bool {
        let seen: HashSet<_> = messages
            .iter()
            .map(|message| (message["source"].to_string(), message["message_text"].to_string()))
            .collect();
        seen.len() == self.written * self.logs.len()
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Segments of all spools below a folder.
fn files(dir: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, data) = (entry.path(), entry.metadata());
        match data {
            Ok(data) if data.is_dir() => found.extend(files(&path)),
            Ok(data) if path.extension().is_some_and(|end| end == "segment") => {
                found.push((path, data.len()));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn a_consumer_that_is_down_half_of_the_time_gets_everything_in_order() {
    let mut monitor = Monitor::down();
    let mut plant = Plant::new(12, &monitor.url("/messages"));
    for _ in 0..6 {
        let before = plant.spooled_bytes();
        plant.write(15);
        wait_until("the spools grow", || plant.spooled_bytes() > before);
        monitor.start();
        plant.write(15);
        // Cut off while messages come in.
        let arrived = monitor.received().len();
        wait_until("messages arrive", || monitor.received().len() > arrived + 100);
        monitor.kill();
    }
    monitor.start();
    wait_until("everything has arrived", || plant.is_whole(&monitor.bodies()));
    plant.has_arrived(&monitor.bodies());
}

#[test]
fn a_sender_that_is_killed_loses_nothing_of_logs_that_roll_over() {
    let mut monitor = Monitor::up();
    let mut plant = Plant::new(2, &monitor.url("/messages"));
    for round in 0..6 {
        plant.write(40);
        if round % 2 == 0 {
            monitor.kill();
        }
        let spooled = plant.spooled_bytes();
        wait_until("it is at work", || plant.spooled_bytes() != spooled);
        plant.kill();
        // Twice while nobody reads.
        for _ in 0..2 {
            plant.write(10);
            plant.roll_over();
        }
        plant.write(10);
        monitor.start();
        plant.follow();
    }
    wait_until("everything has arrived", || plant.is_whole(&monitor.bodies()));
    plant.has_arrived(&monitor.bodies());
}

/// What a broker hands to a subscriber.
fn subscribed(broker: &Mosquitto, filter: &str) -> (tokio::runtime::Runtime, Receiver<Value>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = MqttConfig::new(&broker.url(), "consumer").expect("settings");
    let (sender, receiver) = channel();
    runtime.block_on(async {
        let client = MqttClient::new(config).expect("a client");
        client.connect().await.expect("a broker");
        let take = move |message: steward_mqtt::Message| {
            let value = serde_json::from_slice(&message.payload).expect("JSON");
            sender.send(value).expect("the test listens");
            std::future::ready(())
        };
        client.subscribe(filter, QoS::AtLeastOnce, take).await.expect("subscribed");
        tokio::spawn(async move {
            std::future::pending::<()>().await;
            drop(client);
        });
    });
    (runtime, receiver)
}

#[test]
fn a_broker_that_stands_still_half_of_the_time_gets_everything_in_order() {
    let broker = Mosquitto::start();
    let (_runtime, consumer) = subscribed(&broker, "site/message");
    let mut plant = Plant::new(3, &format!("{}/site", broker.url()));
    let mut messages: Vec<Value> = Vec::new();
    for _ in 0..3 {
        plant.write(20);
        wait_until("the broker passes on", || {
            messages.extend(consumer.try_iter());
            plant.is_whole(&messages)
        });
        broker.freeze();
        let before = plant.spooled_bytes();
        plant.write(20);
        wait_until("the spools grow", || plant.spooled_bytes() > before);
        broker.thaw();
    }
    wait_until("everything has arrived", || {
        messages.extend(consumer.try_iter());
        plant.is_whole(&messages)
    });
    plant.has_arrived(&messages);
}

#[test]
fn generation_does_not_wait_for_a_consumer_and_says_what_is_left() {
    let (folder, mut monitor) = (tempfile::tempdir().expect("a folder"), Monitor::down());
    let url = monitor.url("/messages");
    let generate = ["generate", "--count", "300", "--endpoint", &url];
    let first = run(&mut publisher(folder.path(), &generate));
    assert_eq!(first.status.code(), Some(6), "{}", text(&first));
    assert!(text(&first).contains("bytes of generate wait in the spool"), "{}", text(&first));
    monitor.start();
    let second = run(&mut publisher(folder.path(), &generate));
    assert!(second.status.success(), "{}", text(&second));
    assert!(text(&second).contains("wait from an earlier run"), "{}", text(&second));
    let ids: HashSet<String> =
        monitor.bodies().iter().map(|message| message["trace_id"].to_string()).collect();
    assert_eq!((monitor.received().len(), ids.len()), (600, 600));
}

#[test]
fn a_full_spool_drops_the_oldest_counted_and_named() {
    let (folder, monitor) = (tempfile::tempdir().expect("a folder"), Monitor::down());
    let url = monitor.url("/");
    let arguments =
        ["generate", "--count", "2000", "--spool-max-bytes", "100000", "--endpoint", &url];
    let output = run(&mut publisher(folder.path(), &arguments));
    let told = text(&output);
    assert!(output.status.code() == Some(6) && told.contains("the spool is full"), "{told}");
    let spooled: u64 = files(folder.path()).iter().map(|(_, bytes)| bytes).sum();
    assert!((50_000..120_000).contains(&spooled), "{spooled} bytes");
    let spool = files(folder.path())[0].0.with_file_name("dropped.jsonl");
    let named: Vec<Value> = lines(&spool)
        .iter()
        .filter_map(|line| line["trace_ids"].as_array().cloned())
        .flatten()
        .collect();
    let left: usize = files(folder.path())
        .iter()
        .map(|(path, _)| fs::read_to_string(path).expect("a segment").lines().count())
        .sum();
    assert_eq!(named.len() + left, 2000);
    assert!(named.iter().all(|id| id.as_str().is_some_and(|id| id.len() == 32)));
}

#[test]
fn what_waited_too_long_is_dropped_and_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { age: std::time::Duration::ZERO, ..Limits::default() };
    let mut spool = Spool::open(folder.path(), "log", limits).expect("a spool");
    let message = r#"{"trace_id":"00000000000000000000000000000007"}"#;
    spool.append("http://a.example/", [message].into_iter()).expect("written");
    std::thread::sleep(std::time::Duration::from_millis(2));
    let (head, dropped) = spool.head().expect("read");
    let dropped = dropped.expect("something").to_string();
    assert!(head.is_none() && dropped.contains("07: it waited longer"), "{dropped}");
}

#[test]
fn a_line_that_a_kill_cut_off_is_no_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = || Spool::open(folder.path(), "log", Limits::default()).expect("a spool");
    open().append("http://a.example/", ["{}", "{}"].into_iter()).expect("written");
    let path = files(folder.path())[0].0.clone();
    let mut file = fs::OpenOptions::new().append(true).open(path).expect("a segment");
    file.write_all(b"1767340800000 http://a.example/ {\"half").expect("written");
    let mut spool = open();
    let mut count = 0;
    while let (Some(record), _) = spool.head().expect("read") {
        assert_eq!(record.message, "{}");
        spool.advance(&record).expect("kept");
        count += 1;
    }
    assert_eq!(count, 2);
}

#[test]
fn a_source_has_one_publisher() {
    let folder = tempfile::tempdir().expect("a folder");
    let _held = Spool::open(folder.path(), "log", Limits::default()).expect("a spool");
    let second = Spool::open(folder.path(), "log", Limits::default()).expect_err("held");
    let own = std::process::id().to_string();
    assert!(second.to_string().contains(&own), "{second}");
}

#[test]
fn a_message_that_is_refused_for_good_does_not_hold_up_the_others() {
    let (folder, monitor) = (tempfile::tempdir().expect("a folder"), Monitor::up());
    let url = monitor.url("/");
    let arguments = ["generate", "--count", "5", "--endpoint", &url];
    monitor.write("status", "422");
    let refused = run(&mut publisher(folder.path(), &arguments));
    assert!(refused.status.success() && text(&refused).contains("422"), "{}", text(&refused));
    monitor.write("status", "302");
    let moved = run(&mut publisher(folder.path(), &arguments));
    assert!(moved.status.code() == Some(6) && text(&moved).contains("302"), "{}", text(&moved));
    monitor.write("status", "200");
    assert!(run(&mut publisher(folder.path(), &arguments)).status.success());
    assert_eq!(monitor.received().len(), 10);
    assert!(monitor.received().iter().all(|line| line["path"] == "/"), "no redirect is followed");
}

#[test]
fn a_certificate_is_checked() {
    let (folder, monitor) = (tempfile::tempdir().expect("a folder"), Monitor::secure());
    let url = monitor.url("/");
    let arguments = ["generate", "--count", "3", "--endpoint", &url];
    let refused = run(&mut publisher(folder.path(), &arguments));
    assert_eq!(refused.status.code(), Some(6));
    assert!(text(&refused).contains("certificate"), "{}", text(&refused));
    let mut trusting = publisher(folder.path(), &arguments);
    let trusted = run(trusting.arg("--ca-file").arg(monitor.file("certificate.pem")));
    assert!(trusted.status.success(), "{}", text(&trusted));
    assert_eq!(monitor.received().len(), 6);
}

#[test]
fn the_token_is_sent_and_never_told() {
    let (folder, monitor) = (tempfile::tempdir().expect("a folder"), Monitor::up());
    let url = monitor.url("/");
    let mut command = publisher(folder.path(), &["generate", "--endpoint", &url]);
    let output = run(command.env("INSTANCE_TOKEN", "s3cret"));
    assert!(output.status.success() && !text(&output).contains("s3cret"));
    assert_eq!(monitor.received()[0]["authorization"], "Bearer s3cret");
}

#[test]
fn a_directory_gets_a_line_for_each_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("a folder");
    let mut command = publisher(folder.path(), &["generate", "--count", "50"]);
    command.env("TRANSPORT_TYPE", "file").env("FILE_TRANSPORT_OUTPUT_DIR", &out);
    assert!(run(&mut command).status.success());
    assert_eq!(lines(&out.join("messages.jsonl")).len(), 50);
}

#[test]
fn replies_go_to_allowed_places_only() {
    let allowed = ["https://monitor.example/replies", "file:///srv/replies", "mqtt://broker:1883"];
    let allowed = Allowed::read(allowed).expect("addresses");
    for good in [
        "https://monitor.example/replies",
        "https://monitor.example:443/replies/7?x=1",
        "file:///srv/replies/7.json",
        "mqtt://broker/site/result",
    ] {
        allowed.check(good).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    for (bad, why) in [
        ("https://monitor.example/repliesX", "is not allowed; REPLY_ALLOWED allows https://"),
        ("https://monitor.example/replies/../admin", "is not allowed"),
        ("http://monitor.example/replies", "http://monitor.example:80 is not allowed"),
        ("https://monitor.example:444/replies", "is not allowed"),
        ("https://monitor.example.evil.example/replies", "is not allowed"),
        ("https://monitor.example@evil.example/replies", "user name"),
        ("file:///srv/replies/../../etc/passwd", "/etc/passwd is not allowed"),
        ("file:///srv/replies/..%2f..%2fetc/passwd", "is not allowed"),
        ("mqtt://broker:1884/site/result", "is not allowed"),
        ("ftp://monitor.example/", "none of http"),
    ] {
        let told = allowed.check(bad).expect_err(bad);
        assert!(told.contains(why), "{bad}: {told}");
    }
}
