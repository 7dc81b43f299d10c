//! What stands in the data folder and on the port before the start.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use kernel::Clock;
use steward::broker::{
    Accounts, Embedded, Error, Refusal, SignIn, add_device, list_devices, local_reader,
};
use tempfile::TempDir;

use super::desk::{Desk, HILL, accounts, any_port, everywhere};

fn open(dir: &TempDir) -> Result<Accounts, Error> {
    let nobody = SignIn::new(async |_| Err(Refusal::Denied("nobody".to_owned())));
    Accounts::open(dir.path(), nobody, Clock::system())
}

#[test]
fn secrets_are_random_private_and_never_shown() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    assert_eq!(local_reader(one.path()).unwrap().map(|c| c.user), None);
    let (a, b) = (open(&one).unwrap(), open(&two).unwrap());
    assert_ne!(a.server().password.expose(), b.server().password.expose());
    assert!(a.server().password.expose().len() >= 43, "256 bits");
    let mode = fs::metadata(one.path().join("broker.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!format!("{a:?}").contains(a.server().password.expose()));
}

#[test]
fn a_file_that_others_read_or_that_is_damaged_stops_the_start() {
    let dir = TempDir::new().unwrap();
    open(&dir).unwrap();
    let file = dir.path().join("broker.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = open(&dir).unwrap_err().to_string();
    assert!(exposed.contains("chmod 600"), "{exposed}");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "{ \"server\": ").unwrap();
    let damaged = open(&dir).unwrap_err().to_string();
    assert!(
        damaged.contains("broker.json is not valid") && damaged.contains("line 1"),
        "{damaged}"
    );
}

#[test]
fn devices_have_plain_names_and_no_stored_secret() {
    let dir = TempDir::new().unwrap();
    for name in ["", "a b", "a:b", "a/b", "ä", &"x".repeat(65)] {
        assert!(
            matches!(add_device(dir.path(), name, HILL, vec![]), Err(Error::Device(_))),
            "{name}"
        );
    }
    let gate = add_device(dir.path(), "gate-1", HILL, vec![]).unwrap();
    let stored = fs::read_to_string(dir.path().join("devices.json")).unwrap();
    assert!(stored.contains("gate-1") && !stored.contains(gate.password.expose()));
    assert_eq!(list_devices(dir.path()).unwrap().len(), 1);
}

#[test]
fn devices_added_at_once_are_all_kept() {
    let dir = TempDir::new().unwrap();
    std::thread::scope(|scope| {
        for n in 0..16 {
            let dir = dir.path();
            scope.spawn(move || add_device(dir, &format!("d{n}"), HILL, vec![]).unwrap());
        }
    });
    assert_eq!(list_devices(dir.path()).unwrap().len(), 16);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let desk = Desk::open().await;
    let dir = TempDir::new().unwrap();
    let accounts = accounts(dir.path(), &Clock::system());
    let taken = Embedded::start(dir.path(), desk.broker.address(), accounts).await.err().unwrap();
    assert!(matches!(taken, Error::PortTaken(_)), "{taken}");
    assert!(taken.to_string().contains("--mqtt-listen"), "{taken}");
}

#[tokio::test]
async fn plain_mqtt_leaves_loopback_only_when_told() {
    let dir = TempDir::new().unwrap();
    let accounts = accounts(dir.path(), &Clock::system());
    let open = everywhere().address;
    let refused = Embedded::start(dir.path(), open, Arc::clone(&accounts)).await.err().unwrap();
    assert!(matches!(refused, Error::NotLoopback(_)), "{refused}");
    Embedded::start(dir.path(), everywhere(), accounts).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_second_broker_on_the_same_files_is_refused() {
    let desk = Desk::open().await;
    let second = Embedded::start(desk.dir.path(), any_port(), Arc::clone(&desk.accounts)).await;
    let refused = second.err().unwrap();
    assert!(matches!(refused, Error::Broker(..)), "{refused}");
}

#[tokio::test]
async fn a_stopped_broker_frees_its_port() {
    let desk = Desk::open().await;
    let client = desk.service("sync", HILL).await;
    let address = desk.broker.address();
    desk.broker.stop().await.unwrap();
    client.closed().await;
    drop(std::net::TcpListener::bind(address).unwrap());
}
