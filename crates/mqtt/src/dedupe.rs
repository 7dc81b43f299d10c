//! Which events were seen: a bounded memory of digests.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;
use xxhash_rust::xxh3::xxh3_128;

/// For how many entries there is room from the start: a careless setting must not take all the memory at once.
const RESERVED: usize = 4096;

/// What of an envelope tells it from others.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Numbered<'a> {
    #[serde(borrow)]
    seq: Option<&'a RawValue>,
}

/// What tells an event from others; `None` when the payload is no envelope.
///
/// It is `{type}|{id}|seq={data.seq}`, or without a number `{type}|{id}|hash={digest of the data as received}`. Compact envelopes use a correlation id as their id, hence what comes after it.
pub fn dedupe_key(payload: &[u8]) -> Option<String> {
    let Head { id, r#type, data } = serde_json::from_slice(payload).ok()?;
    let mut key = format!("{type}|{id}|");
    let numbered =
        data.get().contains("\"seq\"").then(|| serde_json::from_str::<Numbered<'_>>(data.get()));
    match numbered {
        Some(Ok(Numbered { seq: Some(seq) })) if seq.get() != "null" => {
            key.push_str("seq=");
            key.push_str(seq.get());
        }
        // Writing to a String cannot fail.
        _ => write!(key, "hash={:032x}", xxh3_128(data.get().as_bytes())).unwrap_or_default(),
    }
    Some(key)
}

/// Remembers what was seen for a time, up to a number of entries; the oldest leaves first.
#[derive(Debug)]
pub struct Dedupe {
    ttl: Duration,
    max_entries: usize,
    seen: HashMap<u128, Instant>,
    order: VecDeque<(u128, Instant)>,
}

impl Dedupe {
    /// A memory of at most `max_entries`, each for `ttl`.
    pub fn new(ttl: Duration, max_entries: usize) -> Self {
        let capacity = max_entries.min(RESERVED);
        let (seen, order) = (HashMap::with_capacity(capacity), VecDeque::with_capacity(capacity));
        Self { ttl, max_entries, seen, order }
    }

    /// Whether `key` was not seen within the time before `now`; from now on it was. `scope` keeps those apart who must
    /// each see a key once.
    pub fn is_first(&mut self, scope: u32, key: &str, now: Instant) -> bool {
        self.expire(now);
        let digest = digest(scope, key);
        if self.seen.contains_key(&digest) {
            return false;
        }
        while self.seen.len() >= self.max_entries {
            self.drop_oldest();
        }
        self.seen.insert(digest, now);
        self.order.push_back((digest, now));
        true
    }

    /// Forgets `key`, so that it may come again.
    pub fn forget(&mut self, scope: u32, key: &str) {
        self.seen.remove(&digest(scope, key));
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    fn expire(&mut self, now: Instant) {
        while self.order.front().is_some_and(|(_, since)| now.duration_since(*since) >= self.ttl) {
            self.drop_oldest();
        }
    }

    /// A digest that was forgotten and came again stands in the order twice; only its later place counts.
    fn drop_oldest(&mut self) {
        if let Some((digest, since)) = self.order.pop_front()
            && self.seen.get(&digest) == Some(&since)
        {
            self.seen.remove(&digest);
        }
    }
}

fn digest(scope: u32, key: &str) -> u128 {
    xxhash_rust::xxh3::xxh3_128_with_seed(key.as_bytes(), scope.into())
}
