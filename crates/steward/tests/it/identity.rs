//! The developer identity, and what may be asked of it on the command line.

use std::{net::SocketAddr, os::unix::fs::PermissionsExt};

use jiff::SignedDuration;
use kernel::{
    ActorKind, Clock, Role, TenantId,
    token::{Rejected, Verifier},
};

use clap::Parser;
use steward::{
    cli::token::TokenArgs,
    identity::{Error, Grant, Identity, Refused, ensure, open, permitted},
};

fn grant(scopes: &[&str]) -> Grant {
    Grant {
        subject: "developer".to_owned(),
        roles: vec![Role::DistrictAdmin],
        tenants: vec![TenantId(uuid::Uuid::from_u128(7))],
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
    }
}

fn verifier(identity: &Identity, clock: &Clock) -> Verifier {
    Verifier::new(identity.trust(), clock.clone()).unwrap()
}

#[tokio::test]
async fn a_folders_tokens_are_good_for_its_own_server_until_they_expire() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (identity, stranger) = (ensure(ours.path()).unwrap(), ensure(theirs.path()).unwrap());
    let clock = Clock::fixed("2026-03-02T12:00:00Z".parse().unwrap());
    let hour = SignedDuration::from_hours(1);
    let token = identity.sign(&grant(&["service"]), clock.now(), hour).unwrap();

    let caller = verifier(&identity, &clock).verify(&token).await.unwrap().caller;
    assert_eq!((caller.kind, caller.subject.as_str()), (ActorKind::Service, "developer"));
    assert_eq!((caller.roles, caller.tenants), (grant(&[]).roles, grant(&[]).tenants));
    assert_eq!(verifier(&stranger, &clock).verify(&token).await.unwrap_err(), Rejected::UnknownKey);

    clock.advance(SignedDuration::from_hours(2));
    assert_eq!(verifier(&identity, &clock).verify(&token).await.unwrap_err(), Rejected::Expired);
}

#[tokio::test]
async fn the_identity_outlives_the_server_and_a_lost_public_file() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(open(folder.path()), Err(Error::Missing(_))));
    let first = ensure(folder.path()).unwrap().issuer();
    std::fs::write(folder.path().join("identity/jwks.json"), "spoilt").unwrap();
    let again = ensure(folder.path()).unwrap();
    assert_eq!(again.issuer(), first);

    let clock = Clock::system();
    let token = open(folder.path())
        .unwrap()
        .sign(&grant(&[]), clock.now(), SignedDuration::from_mins(1))
        .unwrap();
    assert_eq!(
        verifier(&again, &clock).verify(&token).await.unwrap().caller.kind,
        ActorKind::Person
    );

    let private = folder.path().join("identity/private.pem");
    assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&private, PermissionsExt::from_mode(0o644)).unwrap();
    assert!(open(folder.path()).unwrap_err().to_string().contains("chmod 600"));
    std::fs::set_permissions(&private, PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(&private, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----")
        .unwrap();
    assert!(matches!(open(folder.path()), Err(Error::NotAKey(_))));
}

#[test]
fn developer_tokens_are_for_loopback_without_an_issuer() {
    let listen = |text: &str| text.parse::<SocketAddr>().unwrap();
    for safe in ["127.0.0.1:8080", "127.3.2.1:0", "[::1]:8080", "[::ffff:127.0.0.1]:1"] {
        assert_eq!(permitted(None, listen(safe)), Ok(()));
        assert!(matches!(
            permitted(Some("https://id.example"), listen(safe)),
            Err(Refused::IssuerConfigured(_))
        ));
    }
    for open in ["0.0.0.0:8080", "192.168.0.4:80", "[::]:8080", "[fe80::1]:1"] {
        assert_eq!(permitted(None, listen(open)), Err(Refused::NotLoopback(listen(open))));
    }
}

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    token: TokenArgs,
}

fn parse(line: &str) -> Result<TokenArgs, clap::Error> {
    Command::try_parse_from(line.split(' ')).map(|command| command.token)
}

#[test]
fn arguments_are_read_and_bad_ones_say_what_would_be_good() {
    let args =
        parse("token --data-dir d --role Registrar --role Auditor --ttl 15m --scope service")
            .unwrap();
    assert_eq!(
        (args.roles, args.ttl),
        (vec![Role::Registrar, Role::Auditor], SignedDuration::from_mins(15))
    );
    assert_eq!((args.subject.as_str(), args.json), ("developer", false));
    for (line, says) in [
        ("token --data-dir d", "--role"),
        ("token --role Auditor", "--data-dir"),
        ("token --data-dir d --role Janitor", "PlatformAdmin"),
        ("token --data-dir d --role Auditor --ttl 25h", "1s to 24h"),
        ("token --data-dir d --role Auditor --ttl=-1h", "1s to 24h"),
        ("token --data-dir d --role Auditor --ttl soon", "15m"),
        ("token --data-dir d --role Auditor --tenant x", "--tenant"),
    ] {
        let error = parse(line).unwrap_err();
        assert!(error.to_string().contains(says), "{line}: {error}");
    }
    let help = parse("token --help").unwrap_err();
    assert_eq!(help.kind(), clap::error::ErrorKind::DisplayHelp);
    assert!(help.to_string().starts_with("Examples:"), "{help}");
}
