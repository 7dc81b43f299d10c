//! What holds for any input.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value};
use steward_mqtt::{Attributes, Dedupe, Envelope, Format, check_filter, check_topic, matches};
use tokio::time::Instant;

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map(any::<String>(), json(), 0..5)
        .prop_map(|map| map.into_iter().collect())
}

prop_compose! {
    fn envelope()(id in any::<String>(), kind in any::<String>(), source in any::<String>(), data in object(),
                  micros in 0_i64..4_000_000_000_000_000) -> Envelope<Map<String, Value>> {
        let mut envelope = Envelope::new(kind, source, data);
        envelope.id = id;
        envelope.time = jiff::Timestamp::from_microsecond(micros).unwrap();
        envelope
    }
}

prop_compose! {
    fn attributes()(texts in prop::collection::vec(prop::option::of(any::<String>()), 8)) -> Attributes {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().flatten();
        Attributes {
            subject: next(), data_schema: next(), tenant_id: next(), correlation_id: next(),
            causation_id: next(), sequence: next(), actor: next(), traceparent: next(),
        }
    }
}

/// The rules of section 4.7, written as they are read: level by level, from the left.
fn covers(filter: &[&str], topic: &[&str]) -> bool {
    match (filter.split_first(), topic.split_first()) {
        (Some((&"#", _)), _) | (None, None) => true,
        (Some((level, filter)), Some((name, topic))) => {
            (level == &"+" || level == name) && covers(filter, topic)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn an_envelope_comes_back_as_it_was(envelope in envelope(), attributes in attributes()) {
        let compact = envelope.encode(Format::Compact).unwrap();
        prop_assert_eq!(&Envelope::decode(&compact).unwrap(), &envelope);
        let keys: Map<String, Value> = serde_json::from_slice(&compact).unwrap();
        prop_assert_eq!(keys.keys().map(String::as_str).collect::<Vec<_>>(), ["data", "id", "source", "ts", "type"]);

        let event = Envelope { attributes, ..envelope };
        prop_assert_eq!(Envelope::decode(&event.encode(Format::CloudEvents).unwrap()).unwrap(), event);
    }

    #[test]
    fn a_filter_covers_what_the_standard_says(
        filter in prop::collection::vec(prop_oneof!["[ab]?", Just("+".to_owned()), Just("$SYS".to_owned())], 1..5),
        rest in any::<bool>(),
        topic in prop::collection::vec(prop_oneof!["[ab]?", Just("$SYS".to_owned())], 1..6),
    ) {
        let mut filter = filter;
        if rest { filter.push("#".to_owned()); }
        let (text, name) = (filter.join("/"), topic.join("/"));
        prop_assume!(!text.is_empty() && !name.is_empty());
        prop_assert!(check_filter(&text).is_ok() && check_topic(&name).is_ok());
        let filter: Vec<_> = text.split('/').collect();
        let topic: Vec<_> = name.split('/').collect();
        let hidden = name.starts_with('$') && matches!(filter[0], "+" | "#");
        prop_assert_eq!(matches(&text, &name), !hidden && covers(&filter, &topic));
        prop_assert_eq!(matches(&format!("$share/group/{text}"), &name), matches(&text, &name));
    }

    #[test]
    fn dedupe_remembers_as_its_model_does(steps in prop::collection::vec((0_u8..12, 0_u64..40, any::<bool>()), 1..200)) {
        let (ttl, max_entries) = (Duration::from_secs(100), 6);
        let mut dedupe = Dedupe::new(ttl, max_entries);
        let mut model: Vec<(u8, Instant)> = Vec::new();
        let mut now = Instant::now();
        for (key, seconds, forgets) in steps {
            now += Duration::from_secs(seconds);
            model.retain(|(_, since)| now.duration_since(*since) < ttl);
            if forgets {
                model.retain(|(known, _)| *known != key);
                dedupe.forget(1, &key.to_string());
                continue;
            }
            let first = model.iter().all(|(known, _)| *known != key);
            prop_assert_eq!(dedupe.is_first(1, &key.to_string(), now), first);
            if first {
                if model.len() == max_entries { model.remove(0); }
                model.push((key, now));
            }
            prop_assert!(dedupe.len() <= max_entries);
        }
    }
}
