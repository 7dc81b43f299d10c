//! Keys: the right master key opens a database, data keys come and go with transactions, and fields stay in their place.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use jiff::SignedDuration;
use kernel::{
    Clock, TenantId,
    keys::{Absent, DataKeys, KeyError, MasterKey, Place, rotate, tenants, unlock},
};
use proptest::prelude::*;
use sqlx::{ConnectOptions, PgConnection};
use testkit::{Database, database::Login};
use uuid::Uuid;

use crate::home::Home;

const TENANT: TenantId = TenantId(Uuid::from_u128(1));

fn place() -> Place {
    let row = Uuid::from_u128(7);
    Place { tenant: TENANT, table: "roster.student", column: "birth_date", row }
}

fn master(seed: u8) -> MasterKey {
    MasterKey::from_bytes([seed; 32])
}

async fn system(db: &Database) -> PgConnection {
    db.options(Login::System).connect().await.unwrap()
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_database_opens_with_the_key_it_was_made_with_and_no_other() {
    let db = Database::clone_template().await.unwrap();
    let mut conn = system(&db).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");

    let refused = unlock(&mut conn, &path, Absent::Refuse).await.unwrap_err();
    assert!(matches!(refused, KeyError::Missing(_)), "{refused}");
    let made = unlock(&mut conn, &path, Absent::Create).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let again = unlock(&mut conn, &path, Absent::Refuse).await.unwrap();
    assert_eq!(made.derive("x"), again.derive("x"));

    let other = folder.path().join("other.key");
    write(&other, &"ab".repeat(32), 0o600);
    let refused = unlock(&mut conn, &other, Absent::Create).await.unwrap_err();
    assert!(matches!(refused, KeyError::Wrong(_)), "{refused}");
    fs::remove_file(&path).unwrap();
    let refused = unlock(&mut conn, &path, Absent::Create).await.unwrap_err();
    assert!(refused.to_string().contains("--secret-key-file") && !path.exists(), "{refused}");
}

#[tokio::test]
async fn two_first_nodes_with_different_keys_do_not_both_start() {
    let db = Database::clone_template().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("1.key"), folder.path().join("2.key"));
    let (mut first, mut second) = (system(&db).await, system(&db).await);
    let (first, second) = tokio::join!(
        unlock(&mut first, &one, Absent::Create),
        unlock(&mut second, &two, Absent::Create)
    );
    assert_eq!([first.is_ok(), second.is_ok()].iter().filter(|ok| **ok).count(), 1);
}

#[test]
fn a_key_file_holds_32_bytes_that_nobody_else_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let open = || MasterKey::open(&path, Absent::Refuse);
    let bytes = [0xab_u8; 32];
    let hex = "AB".repeat(32);
    for good in [
        hex.as_str(),
        "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n",
        "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s",
    ] {
        write(&path, good, 0o600);
        assert_eq!(open().unwrap().derive("x"), MasterKey::from_bytes(bytes).derive("x"), "{good}");
    }
    for bad in ["", "short", &"zz".repeat(32), &"ab".repeat(31), &"ab".repeat(10_000)] {
        write(&path, bad, 0o600);
        assert!(matches!(open(), Err(KeyError::Unreadable(_))), "{bad}");
    }
    for mode in [0o644, 0o640, 0o604] {
        write(&path, &hex, mode);
        let refused = open().unwrap_err();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
    }
    assert_eq!(format!("{:?}", master(1)), "MasterKey(hidden)");
    assert_ne!(master(1).derive("a"), master(1).derive("b"));
}

#[tokio::test]
async fn fields_come_back_across_nodes_rotation_and_only_from_their_place() {
    let home = Home::new().await;
    let (here, there) = (DataKeys::new(&master(1)), DataKeys::new(&master(1)));
    let mut tx = home.tenant(TENANT).await;
    let old = here.seal(&mut tx, place(), b"2014-05-06").await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = home.tenant(TENANT).await;
    assert_eq!(there.open(&mut tx, place(), &old).await.unwrap().as_slice(), b"2014-05-06");
    assert_eq!(there.current(&mut tx, TENANT).await.unwrap().version(), 1);
    assert_eq!(DataKeys::new(&master(1)).rotate(&mut tx, TENANT).await.unwrap(), 2);
    tx.commit().await.unwrap();

    let mut tx = home.tenant(TENANT).await;
    let late = DataKeys::new(&master(1));
    let new = late.seal(&mut tx, place(), b"2014-05-07").await.unwrap();
    assert_eq!(late.current(&mut tx, TENANT).await.unwrap().version(), 2);
    assert_eq!(there.open(&mut tx, place(), &new).await.unwrap().as_slice(), b"2014-05-07");
    assert_eq!(late.open(&mut tx, place(), &old).await.unwrap().as_slice(), b"2014-05-06");

    let stranger = DataKeys::new(&master(2));
    assert!(matches!(stranger.open(&mut tx, place(), &old).await, Err(KeyError::Broken)));
    let elsewhere = Place { tenant: TenantId(Uuid::from_u128(2)), ..place() };
    let refused = there.open(&mut tx, elsewhere, &old).await;
    assert!(matches!(refused, Err(KeyError::UnknownVersion { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_key_made_in_a_transaction_that_is_rolled_back_is_never_used_again() {
    let home = Home::new().await;
    let keys = DataKeys::new(&master(1));
    let mut tx = home.tenant(TENANT).await;
    keys.seal(&mut tx, place(), b"lost").await.unwrap();
    keys.seal(&mut tx, place(), b"lost").await.unwrap();
    tx.rollback().await.unwrap();

    let mut tx = home.tenant(TENANT).await;
    let sealed = keys.seal(&mut tx, place(), b"kept").await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = home.tenant(TENANT).await;
    let opened = DataKeys::new(&master(1)).open(&mut tx, place(), &sealed).await.unwrap();
    assert_eq!(opened.as_slice(), b"kept");
}

#[tokio::test]
async fn a_hundred_first_uses_at_once_make_one_key() {
    let home = Home::new().await;
    let keys = std::sync::Arc::new(DataKeys::new(&master(1)));
    let uses = (0..100).map(|_| async {
        let mut tx = home.tenant(TENANT).await;
        let sealed = keys.seal(&mut tx, place(), b"x").await.unwrap();
        tx.commit().await.unwrap();
        sealed
    });
    let all = futures::future::join_all(uses).await;
    assert_eq!(home.count("select count(*) from kernel.data_key").await, 1);
    let mut tx = home.tenant(TENANT).await;
    let fresh = DataKeys::new(&master(1));
    for sealed in all {
        assert_eq!(fresh.open(&mut tx, place(), &sealed).await.unwrap().as_slice(), b"x");
    }
}

#[tokio::test]
async fn a_moved_or_altered_ciphertext_is_refused() {
    let home = Home::new().await;
    let mut tx = home.tenant(TENANT).await;
    let key = DataKeys::new(&master(1)).current(&mut tx, TENANT).await.unwrap();
    assert_eq!(format!("{key:?}"), format!("DataKey(version 1 of {TENANT}, hidden)"));
    let sealed = key.seal(place(), b"2014-05-06").unwrap();
    assert_ne!(sealed, key.seal(place(), b"2014-05-06").unwrap(), "equal values look different");
    for moved in [
        Place { row: Uuid::from_u128(8), ..place() },
        Place { column: "birth_dat", ..place() },
        Place { table: "roster.studentb", column: "irth_date", ..place() },
        Place { tenant: TenantId(Uuid::from_u128(2)), ..place() },
    ] {
        assert!(matches!(key.open(moved, &sealed), Err(KeyError::Broken)), "{moved:?}");
    }
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            assert!(key.open(place(), &altered).is_err(), "byte {at}, bit {bit}");
        }
        assert!(key.open(place(), &sealed[..at]).is_err(), "cut at {at}");
    }
    let runner = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) };
    proptest!(runner, |(plain: Vec<u8>, row: u128, other: u128)| {
        let at = Place { row: Uuid::from_u128(row), ..place() };
        let sealed = key.seal(at, &plain).unwrap();
        let opened = key.open(at, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), plain.as_slice());
        let moved = Place { row: Uuid::from_u128(other), ..place() };
        prop_assert!(row == other || key.open(moved, &sealed).is_err());
    });
}

#[tokio::test]
async fn a_rotation_is_audited_once_and_a_repeated_one_does_nothing() {
    let home = Home::new().await;
    let clock = Clock::system();
    let district = home.district(3).await;
    home.set_status(district, "Suspended").await;
    let kernel = home.kernel(&clock);
    let hour = SignedDuration::from_hours(1);
    for (made, version) in [(true, 1), (false, 1)] {
        let rotated = rotate(&kernel, district, hour).await.unwrap();
        assert_eq!((rotated.made, rotated.version), (made, version));
    }
    let both = tokio::join!(
        rotate(&kernel, district, SignedDuration::ZERO),
        rotate(&kernel, district, SignedDuration::ZERO)
    );
    let mut versions = [both.0.unwrap().version, both.1.unwrap().version];
    versions.sort_unstable();
    assert_eq!(versions, [2, 3], "one at a time");
    let audited = "select count(*) from kernel.audit where entity = 'platform.key'";
    assert_eq!(home.count(audited).await, 3);
    assert_eq!(tenants(&kernel.system).await.unwrap(), [district]);
    let unknown = rotate(&kernel, TENANT, hour).await.unwrap_err();
    assert_eq!(unknown.kind.slug, "not-found");
}
