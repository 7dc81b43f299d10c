//! Arbitrary bytes against the decoder: a second in each run of the tests, as long as you like by hand.

use std::cell::Cell;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde::de::DeserializeOwned;
use serde_json::Value;
use steward_mqtt::topics::{
    FinalTranscript, HealthPing, LlmRequest, LlmResponse, TtsControl, TtsSay, TtsStatus,
};
use steward_mqtt::{Envelope, Format, dedupe_key};

/// How many cases run between two looks at the clock.
const ROUND: u32 = 256;
/// Envelopes of both formats, whole, so that what is made of them comes far.
const SEEDS: [&str; 4] = [
    r#"{"specversion":"1.0","id":"1","source":"s","type":"t","time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","data":{"seq":1}}"#,
    r#"{"id":"1","type":"tts.say","ts":1e3,"source":"s","data":{"message_id":"m","text":"\u00e9","stt_ts":-0.5}}"#,
    r#"{"id":"1","type":"llm.request","ts":-1e300,"source":"","data":{"id":"i","message_id":"m","text":"t","params":[[[]]],"seq":null}}"#,
    r#"{"ts":9999999999999,"id":"","type":"","source":"","data":{"seq":{"a":["\ud83d\ude00"]}}}"#,
];

#[expect(clippy::disallowed_methods, reason = "who runs the test says for how long")]
fn budget() -> Duration {
    let seconds = std::env::var("STEWARD_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// Bytes without any sense, or a seed with bytes replaced, taken out or doubled.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0_u8..4);
    let changed = (prop::sample::select(&SEEDS[..]), prop::collection::vec(change, 0..8));
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        changed.prop_map(|(seed, changes)| {
            let mut bytes = seed.as_bytes().to_vec();
            for (place, byte, how) in changes {
                let place = place.index(bytes.len());
                match how {
                    0 => drop(bytes.remove(place)),
                    1 => bytes.extend_from_within(place..),
                    2 => bytes.insert(place, b"{}[]\",:\\"[usize::from(byte % 8)]),
                    _ => bytes[place] = byte,
                }
                if bytes.is_empty() {
                    break;
                }
            }
            bytes
        }),
    ]
}

fn decodes<T: DeserializeOwned>(payload: &[u8]) -> bool {
    Envelope::<T>::decode(payload).is_ok()
}

/// Nothing panics, an envelope has a key for duplicates, and what was read can be written and read again.
fn holds(payload: &[u8]) -> Result<(), TestCaseError> {
    for typed in [
        decodes::<FinalTranscript>,
        decodes::<TtsSay>,
        decodes::<TtsStatus>,
        decodes::<TtsControl>,
        decodes::<LlmRequest>,
        decodes::<LlmResponse>,
        decodes::<HealthPing>,
    ] {
        prop_assert!(!typed(payload) || decodes::<Value>(payload));
    }
    let key = dedupe_key(payload);
    if let Ok(envelope) = Envelope::<Value>::decode(payload) {
        prop_assert!(key.is_some());
        let written = envelope.encode(Format::CloudEvents).unwrap();
        prop_assert_eq!(Envelope::<Value>::decode(&written).unwrap().id, envelope.id);
    }
    Ok(())
}

#[test]
fn no_bytes_make_the_decoder_panic() {
    let (began, budget) = (Instant::now(), budget());
    let executions = Cell::new(0_u64);
    while executions.get() == 0 || began.elapsed() < budget {
        // A runner counts to its number of cases once.
        let config = Config { cases: ROUND, failure_persistence: None, ..Config::default() };
        let counted = |payload: Vec<u8>| {
            executions.set(executions.get() + 1);
            holds(&payload)
        };
        TestRunner::new(config).run(&payload(), counted).unwrap();
    }
    let executions = executions.get();
    println!("{executions} payloads in {:?}", began.elapsed());
}
