//! Page tokens: what was sealed comes back, and nothing else does.

use kernel::{
    TenantId,
    cursor::{BadCursor, CursorKey, Page},
    keys::MasterKey,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ByName(String, Uuid);

#[derive(Serialize)]
struct Filter {
    status: Option<&'static str>,
}

const ROUTE: &str = "roster.school.list";
const ACTIVE: Filter = Filter { status: Some("Active") };
const TENANT: TenantId = TenantId(Uuid::from_u128(1));

fn key(seed: u8) -> CursorKey {
    CursorKey::from(&MasterKey::from_bytes([seed; 32]))
}

fn last() -> ByName {
    ByName("grundschule \"am see\" 漢".to_owned(), Uuid::from_u128(7))
}

fn open(key: &CursorKey, token: &str) -> Result<ByName, BadCursor> {
    key.open(TENANT, ROUTE, &ACTIVE, token)
}

#[test]
fn a_token_is_good_for_its_own_list_only_and_all_others_are_refused_alike() {
    let token = key(1).seal(TENANT, ROUTE, &ACTIVE, &last());
    assert_eq!(open(&key(1), &token), Ok(last()));
    assert!(
        token.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'),
        "it goes into an address as it is"
    );

    let other = TenantId(Uuid::from_u128(2));
    assert_eq!(key(1).open::<ByName>(other, ROUTE, &ACTIVE, &token), Err(BadCursor));
    assert_eq!(key(1).open::<ByName>(TENANT, "roster.school.lis", &ACTIVE, &token), Err(BadCursor));
    assert_eq!(
        key(1).open::<ByName>(TENANT, ROUTE, &Filter { status: None }, &token),
        Err(BadCursor)
    );
    assert_eq!(open(&key(2), &token), Err(BadCursor));
    assert_eq!(key(1).open::<Uuid>(TENANT, ROUTE, &ACTIVE, &token), Err(BadCursor));
    let mut cut = token.clone();
    while cut.pop().is_some() {
        assert_eq!(open(&key(1), &cut), Err(BadCursor));
    }
    for odd in ["", "=", "%00", &"A".repeat(10_000_000), &format!("{token}A"), &format!("{token}=")]
    {
        assert_eq!(open(&key(1), odd), Err(BadCursor));
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    let token = key(1).seal(TENANT, ROUTE, &ACTIVE, &last());
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut altered = token.clone().into_bytes();
            altered[at] ^= 1 << bit;
            assert_eq!(
                open(&key(1), std::str::from_utf8(&altered).unwrap()),
                Err(BadCursor),
                "byte {at}, bit {bit}"
            );
        }
    }
}

proptest! {
    #[test]
    fn what_was_sealed_comes_back(name in ".{0,200}", id: u128, tenant: u128, route in ".{0,40}", filter in ".{0,40}") {
        let (tenant, last) = (TenantId(Uuid::from_u128(tenant)), ByName(name, Uuid::from_u128(id)));
        let token = key(1).seal(tenant, &route, &filter, &last);
        prop_assert!(token.len() <= kernel::cursor::MAX_TOKEN_CHARS);
        prop_assert_eq!(key(1).open::<ByName>(tenant, &route, &filter, &token), Ok(last));
    }

    #[test]
    fn what_was_made_up_is_refused(token in "[A-Za-z0-9_-]{0,200}") {
        prop_assert_eq!(open(&key(1), &token), Err(BadCursor));
    }
}

#[test]
fn a_page_has_a_token_when_there_is_more_and_none_on_the_last() {
    let page = |rows: &[u8], size| {
        serde_json::to_string(&Page::cut(rows.to_vec(), size, |last| format!("after {last}")))
            .unwrap()
    };
    assert_eq!(page(&[1, 2, 3], 2), r#"{"items":[1,2],"nextToken":"after 2"}"#);
    assert_eq!(page(&[1, 2], 2), r#"{"items":[1,2]}"#);
    assert_eq!(page(&[], 2), r#"{"items":[]}"#);
}
