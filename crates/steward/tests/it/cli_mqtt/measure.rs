use serde_json::Value;

use super::{Mosquitto, done};

#[tokio::test]
async fn a_short_run_counts_every_message() {
    let broker = Mosquitto::start();
    let url = broker.url();
    for qos in ["0", "1", "2"] {
        let words =
            ["bench", "--url", &url, "--messages", "200", "--size", "64", "--qos", qos, "--json"];
        let said = done(&words, "").await;
        assert_eq!(said.code, Some(0), "{said:?}");
        let report: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(
            (&report["qos"].to_string(), &report["bytes"], &report["arrived"]),
            (&qos.to_owned(), &64.into(), &400.into())
        );
        assert!(report["publishedPerSecond"].as_f64().unwrap() > 0.0);
        assert!(report["publishMicros"]["p50"].as_u64() <= report["publishMicros"]["p99"].as_u64());
    }
    let said = done(&["bench", "--url", &url, "--messages", "10"], "").await;
    assert!(said.code == Some(0) && said.out.contains("20 arrived"), "{said:?}");
}

#[tokio::test]
async fn help_shows_an_example_and_the_defaults() {
    for command in ["pub", "sub", "health", "bench"] {
        let said = done(&[command, "--help"], "").await;
        assert_eq!(said.code, Some(0), "{said:?}");
        for expected in ["Examples:", &format!("steward mqtt {command} --"), "--url", "--client-id"]
        {
            assert!(said.out.contains(expected), "{expected}: {said:?}");
        }
    }
}
