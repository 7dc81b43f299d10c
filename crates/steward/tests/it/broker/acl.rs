//! The access rules alone: tables for what people ask first, properties for what nobody thought of.

use kernel::{Role, TenantId};
use mqtt5::{parse_shared_subscription, topic_matches_filter};
use proptest::{prelude::*, sample::select};
use steward::broker::acl::{Access, Member, Outside};

use super::desk::{HILL, LAKE};

fn member(roles: &[Role], service: bool) -> Access {
    let (tenants, roles) = (vec![HILL], roles.to_vec());
    Access::Member(Member { tenants, roles, service, outside: Outside::Open })
}

#[test]
fn subscriptions() {
    let service = member(&[], true);
    let (hill, lake) = (HILL.to_string(), LAKE.to_string());
    for (filter, service_may, reader_may) in [
        ("steward/{hill}/#", true, true),
        ("steward/{hill}", true, true),
        ("steward/{hill}/+/v1/+", true, true),
        ("steward/{hill}//", true, true),
        ("$share/g/steward/{hill}/#", true, true),
        ("steward/{lake}/#", false, true),
        ("steward/{HILL}/#", false, true),
        ("steward/{hill}x/#", false, true),
        ("steward//{hill}/#", false, true),
        ("steward", false, true),
        ("steward/", false, true),
        ("steward/#", false, true),
        ("steward/+/#", false, true),
        ("steward/+", false, true),
        ("$share/g/steward/+/#", false, true),
        ("#", false, false),
        ("+", false, false),
        ("+/#", false, false),
        ("+/{hill}/#", false, false),
        ("$share/g/#", false, false),
        ("$share/steward/{hill}/#", true, false),
        ("$SYS/#", false, false),
        ("$share/g/$SYS/#", false, false),
        ("$share/g/$share/h/steward/{hill}/#", false, false),
        ("$queue/steward/{hill}/#", false, false),
        ("plant/#", true, false),
        ("/#", true, false),
        ("/steward/{lake}/#", true, false),
        ("Steward/{lake}/#", true, false),
        ("steward2/{lake}/#", true, false),
        ("stewar", true, false),
        ("plant/#/x", false, false),
        ("plant/x#", false, false),
        ("plant/x+", false, false),
        ("steward/{hill}/x#", false, false),
        ("$share", false, false),
        ("$share/g", false, false),
        ("$share/g/", false, false),
        ("$share//plant", false, false),
        ("$share/+/plant", false, false),
        ("", false, false),
        ("plant/\0", false, false),
    ] {
        let filter = filter
            .replace("{hill}", &hill)
            .replace("{HILL}", &HILL.0.simple().to_string())
            .replace("{lake}", &lake);
        assert_eq!(service.may_subscribe(&filter), service_may, "service {filter:?}");
        assert_eq!(Access::Reader.may_subscribe(&filter), reader_may, "reader {filter:?}");
    }
}

#[test]
fn people_read_what_their_feed_role_lets_them() {
    let filter = format!("steward/{HILL}/#");
    for role in Role::ALL {
        let reads = matches!(role, Role::Auditor | Role::DistrictAdmin | Role::PlatformAdmin);
        assert_eq!(member(&[role], false).may_subscribe(&filter), reads, "{role:?}");
        assert!(member(&[role], false).may_subscribe("plant/#"));
    }
}

#[test]
fn inbound_topics() {
    let (list, command) = ("risk/v1/RiskListUpdated", "instance/v1/command");
    for role in Role::ALL {
        let person = member(&[role], false);
        let may = |rest: &str| person.may_publish(&format!("steward/{HILL}/{rest}"));
        assert_eq!(may(list), matches!(role, Role::Counselor | Role::DistrictAdmin), "{role:?}");
        assert_eq!(may(command), role == Role::Operator, "{role:?}");
    }
    let service = member(&[], true);
    assert!(service.may_publish(&format!("steward/{HILL}/{list}")));
    assert!(!service.may_retain(&format!("steward/{HILL}/{list}")));
    assert!(!service.may_leave_will(&format!("steward/{HILL}/{list}"), true));
    for topic in [
        format!("steward/{HILL}/{command}"),
        format!("steward/{LAKE}/{list}"),
        format!("steward/{HILL}/{list}/"),
        format!("steward/{HILL}//{list}"),
        format!("steward/{HILL}/risk/v2/RiskListUpdated"),
        format!("steward/{HILL}/+/v1/RiskListUpdated"),
        format!("steward/{HILL}"),
        "steward/".to_owned(),
        "$SYS/x".to_owned(),
        "$share/g/plant".to_owned(),
        "plant/#".to_owned(),
        String::new(),
    ] {
        assert!(!service.may_publish(&topic), "{topic}");
    }
}

#[test]
fn closing_what_lies_outside_leaves_the_tenant_open() {
    let (tenants, outside) = (vec![HILL], Outside::Closed);
    let closed = Access::Member(Member { tenants, roles: vec![], service: true, outside });
    assert!(!closed.may_subscribe("plant/#") && !closed.may_publish("plant/1"));
    assert!(closed.may_subscribe(&format!("steward/{HILL}/#")));
}

#[test]
fn the_platform_is_no_tenant() {
    let tenants = vec![TenantId::NIL];
    let outside = Outside::Open;
    let nil = Access::Member(Member { tenants, roles: vec![], service: true, outside });
    assert!(!nil.may_subscribe(&format!("steward/{}/#", TenantId::NIL)));
}

#[test]
fn the_server_may_everything_that_is_well_formed() {
    for filter in ["#", "steward/#", "$SYS/#", "$share/g/steward/+/#"] {
        assert!(Access::Server.may_subscribe(filter), "{filter}");
    }
    assert!(Access::Server.may_retain(&format!("steward/{HILL}/platform/v1/health")));
    assert!(!Access::Server.may_publish("a/#") && !Access::Server.may_subscribe("a/#/b"));
}

/// One level of a topic: those that matter, near misses, and anything.
fn level() -> impl Strategy<Value = String> {
    let known = ["steward", "Steward", "steward ", "", "$SYS", "$share", "roster", "v1", "risk"];
    let known = known.map(str::to_owned).to_vec();
    let ids = vec![HILL.to_string(), LAKE.to_string(), HILL.0.simple().to_string()];
    prop_oneof![
        4 => select(known),
        4 => select(ids),
        1 => "[^/+#\0]{0,4}",
    ]
}

fn topic() -> impl Strategy<Value = String> {
    prop::collection::vec(level(), 1..7).prop_map(|levels| levels.join("/"))
}

/// A filter made of a topic's levels, some replaced by wildcards and perhaps cut off, so that it often matches.
fn filter_and_topic() -> impl Strategy<Value = (String, String)> {
    let levels = prop::collection::vec((level(), any::<bool>()), 1..7);
    (levels, any::<bool>(), 0..7_usize).prop_map(|(levels, hash, keep)| {
        let topic: Vec<&str> = levels.iter().map(|(level, _)| level.as_str()).collect();
        let wild =
            |(level, wild): &(String, bool)| if *wild { "+".to_owned() } else { level.clone() };
        let mut filter: Vec<String> = levels.iter().map(wild).collect();
        if hash {
            filter.truncate(keep);
            filter.push("#".to_owned());
        }
        (filter.join("/"), topic.join("/"))
    })
}

/// Whether `topic` is for the eyes of the tenant's members: the rule again, from the other side.
fn is_theirs(topic: &str) -> bool {
    let levels: Vec<&str> = topic.split('/').collect();
    match levels[..] {
        ["steward"] | [] => false,
        ["steward", tenant, ..] => tenant == HILL.to_string(),
        [first, ..] => !first.starts_with('$'),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_granted_filter_never_matches_a_foreign_topic((filter, topic) in filter_and_topic()) {
        let service = member(&[], true);
        let matches = topic_matches_filter(&topic, parse_shared_subscription(&filter).0);
        if matches && service.may_subscribe(&filter) {
            prop_assert!(is_theirs(&topic), "{filter} reads {topic}");
        }
        if matches && service.may_subscribe(&format!("$share/g/{filter}")) {
            prop_assert!(is_theirs(&topic), "shared {filter} reads {topic}");
        }
    }

    #[test]
    fn a_topic_is_readable_exactly_when_it_is_theirs(topic in topic()) {
        prop_assume!(!topic.is_empty() && !topic.starts_with("$share/"));
        prop_assert_eq!(member(&[], true).may_subscribe(&topic), is_theirs(&topic));
    }

    #[test]
    fn whoever_may_write_below_steward_may_only_at_the_two_inbound_topics(topic in topic()) {
        let everything = member(&Role::ALL, true);
        if topic.split('/').next() == Some("steward") && everything.may_publish(&topic) {
            let inbound = ["risk/v1/RiskListUpdated", "instance/v1/command"];
            let listed = inbound.map(|rest| format!("steward/{HILL}/{rest}")).contains(&topic);
            prop_assert!(listed, "{topic}");
            prop_assert!(!everything.may_retain(&topic));
        }
    }

    #[test]
    fn the_reader_never_reads_outside_steward_and_never_writes((filter, topic) in filter_and_topic()) {
        let matches = topic_matches_filter(&topic, parse_shared_subscription(&filter).0);
        if matches && Access::Reader.may_subscribe(&filter) {
            prop_assert_eq!(topic.split('/').next(), Some("steward"));
        }
        prop_assert!(!Access::Reader.may_publish(&topic) && !Access::Reader.may_retain(&topic));
    }

    #[test]
    fn nothing_panics(text in any::<String>()) {
        for access in [Access::Server, Access::Reader, member(&Role::ALL, true)] {
            access.may_publish(&text);
            access.may_retain(&text);
            access.may_leave_will(&text, true);
            access.may_subscribe(&text);
        }
    }
}
