//! Paging while others write: every school that is there all the time is seen exactly once.

use std::collections::HashMap;

use anyhow::Result;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::home::District;

/// Each case pages through a list of its own; the server is the same for all.
const CASES: usize = 6;

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Meanwhile {
    Insert(String),
    Archive(prop::sample::Index),
}

#[derive(Clone, Debug)]
struct Case {
    names: Vec<String>,
    page_size: usize,
    backwards: bool,
    between: Vec<Meanwhile>,
}

fn case() -> impl Strategy<Value = Case> {
    // Names that begin alike, differ in case only, or are followed by what sorts last of all.
    let name = "[aAbBßé ]{0,3}[a-zÀ-ž🏫\u{fffd}\u{10fffd}]";
    let meanwhile = prop_oneof![
        name.prop_map(Meanwhile::Insert),
        any::<prop::sample::Index>().prop_map(Meanwhile::Archive)
    ];
    (vec(name, 1..12), 1..5_usize, any::<bool>(), vec(meanwhile, 0..12)).prop_map(
        |(names, page_size, backwards, between)| Case { names, page_size, backwards, between },
    )
}

#[tokio::test]
async fn every_school_is_seen_once_while_others_come_and_go() -> Result<()> {
    let mut runner = TestRunner::deterministic();
    let district = District::new().await?;
    for number in 0..CASES {
        let case = case().new_tree(&mut runner).unwrap().current();
        check(&district, number, &case).await?;
    }
    Ok(())
}

async fn check(district: &District, number: usize, case: &Case) -> Result<()> {
    let tenant = district.server.district(&format!("District {number}")).await?;
    let client = district.server.as_role(kernel::Role::Registrar, tenant)?;
    // External ids tell apart what the dice call by one name.
    let mut serial = 0;
    let mut create = |name: &str| {
        serial += 1;
        client.post("/schools", json!({"name": name, "externalRefs": [{"source": "dice", "value": serial.to_string()}]}))
    };
    let mut there = Vec::new();
    for name in &case.names {
        there.push(create(name).await?.expect(201)["schoolId"].as_str().unwrap().to_owned());
    }
    let sort = if case.backwards { "-name" } else { "name" };
    let (mut seen, mut token, mut between) = (HashMap::new(), String::new(), case.between.iter());
    loop {
        let path = format!("/schools?sort={sort}&pageSize={}{token}", case.page_size);
        let page = client.get(&path).await?.expect(200);
        for school in page["items"].as_array().into_iter().flatten() {
            *seen.entry(school["schoolId"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
        let Value::String(next) = &page["nextToken"] else { break };
        token = format!("&nextToken={next}");
        match between.next() {
            Some(Meanwhile::Insert(name)) => drop(create(name).await?.expect(201)),
            Some(Meanwhile::Archive(which)) => {
                client.delete(&format!("/schools/{}", which.get(&there))).await?.expect(204);
            }
            None => {}
        }
    }
    assert!(seen.values().all(|times| *times == 1), "{case:?}: twice: {seen:?}");
    assert!(there.iter().all(|id| seen.contains_key(id)), "{case:?}: missing");
    Ok(())
}
