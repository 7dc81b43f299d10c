//! The configuration: three sources, their order, their mistakes, and what is shown of them.

use std::fs;
use std::path::Path;

use clap::{Args, Command};
use kernel::Clock;
use kernel::migrate::{KERNEL, Level, bootstrap, run};
use steward::cli::{config as show, doctor};
use steward::cluster::{Cluster, Settings as ClusterSettings};
use steward::config::{self, Config, Environment, Error, File, Secret, Settings};

use crate::process::{folder, mode};

#[test]
fn a_flag_beats_the_environment_beats_the_file_beats_the_default() {
    let file = "listen = '127.0.0.1:3'\nmqtt-listen = '127.0.0.1:3'\nfeed-days = 3\n";
    let env = [("STEWARD_LISTEN", "127.0.0.1:2"), ("STEWARD_MQTT_LISTEN", "127.0.0.1:2")];
    let config = load(&["--listen=127.0.0.1:1"], env, file).unwrap();
    let ports = (config.settings.listen.port(), config.settings.mqtt_listen.port());
    assert_eq!((ports, config.settings.feed_days, config.settings.db_connections), ((1, 2), 3, 16));
    let origin = |name| config.origin(name).to_string();
    assert_eq!(
        ["listen", "mqtt-listen", "feed-days", "db-connections"].map(origin),
        ["command line", "STEWARD_MQTT_LISTEN", "steward.toml:3", "default"]
    );
}

#[test]
fn lists_truths_and_numbers_can_be_written_in_every_source() {
    let from_file = "region = ['east=5', 'west=6']\ndemo = true\nrate-per-minute = 7\n";
    let from_env = [
        ("STEWARD_REGION", "east=5,west=6"),
        ("STEWARD_DEMO", "true"),
        ("STEWARD_RATE_PER_MINUTE", "7"),
    ];
    let from_flags = ["--region=east=5", "--region=west=6", "--demo", "--rate-per-minute=7"];
    for config in [
        load(&[], [], from_file).unwrap(),
        load(&[], from_env, "").unwrap(),
        load(&from_flags, [], "").unwrap(),
    ] {
        let regions: Vec<_> =
            config.settings.region.iter().map(|r| (r.name.as_str(), r.max_tenants)).collect();
        assert_eq!(regions, [("east", 5), ("west", 6)]);
        assert!(config.settings.demo && config.settings.rate_per_minute == 7);
    }
}

#[test]
fn a_mistake_is_told_with_its_place_and_without_the_value() {
    for (file, said) in [
        ("\n\nlisen = 'x'", "steward.toml:3: there is no setting lisen, did you mean listen?"),
        ("zzz = 1", "steward.toml:1: there is no setting zzz; `steward config` lists all"),
        ("listen = 'planted'", "listen (steward.toml:1): invalid socket address syntax"),
        ("feed-days = 0", "feed-days (steward.toml:1): 0 is not in 1..=3650"),
        (
            "claim-names = 'planted'",
            "claim-names (steward.toml:1): must be one of generic, entra, keycloak, auth0",
        ),
        ("region = 'planted'", "write it as NAME=TENANTS"),
        ("\n[listen]\nplanted = 1", "steward.toml:2: a setting is a text"),
        ("listen = 'a'\nlisten = 'planted'", "steward.toml:2: duplicate key"),
        ("database-url = 'mysql://planted'", "write it as postgres://"),
    ] {
        let error = load(&[], [], file).unwrap_err().to_string();
        assert!(
            error.contains(said) && !error.contains("planted"),
            "expected {said:?} in: {error}"
        );
    }
    let error = load(&[], [("STEWARD_LISTEN", "planted")], "").unwrap_err().to_string();
    assert_eq!(error, "listen (STEWARD_LISTEN): invalid socket address syntax");
    assert_eq!(
        load(&[], [("STEWARD_LISTEN", "")], "").unwrap().settings.listen.port(),
        8080,
        "empty is unset"
    );
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    for (flags, said) in [
        (vec!["--listen=0.0.0.0:80"], "--insecure"),
        (vec!["--mqtt-listen=0.0.0.0:80"], "--insecure"),
        (vec!["--listen=0.0.0.0:80", "--insecure", "--demo"], "listen on 127.0.0.1"),
        (vec!["--oidc-issuer=https://id.example"], "oidc-audience"),
        (vec!["--jwks-file=keys.json"], "oidc-issuer"),
        (vec!["--mqtt-user=me"], "mqtt-url"),
    ] {
        let error = load(&flags, [], "").unwrap_err();
        assert!(matches!(error, Error::Disagree(why) if why.contains(said)), "{flags:?}: {error}");
    }
    load(&["--mqtt-listen=0.0.0.0:80", "--mqtt-url=mqtts://broker"], [], "").unwrap();
    load(&["--listen=0.0.0.0:80", "--insecure"], [], "").unwrap();
}

#[test]
fn a_database_url_comes_from_a_private_file_and_the_stronger_source_wins() {
    let base = folder();
    let path = base.path().join("url");
    fs::write(&path, "postgres://a:hush@db/steward\n").unwrap();
    let file = format!("database-url-file = '{}'", path.display());
    mode(&path, 0o644);
    let refusal = load(&[], [], &file).unwrap_err().to_string();
    assert!(refusal.contains("chmod 600"), "{refusal}");
    mode(&path, 0o600);
    let url = |config: Config| config.database_url.unwrap().expose().to_owned();
    assert_eq!(url(load(&[], [], &file).unwrap()), "postgres://a:hush@db/steward");
    assert_eq!(
        url(load(&["--database-url=postgres://b@db/steward"], [], &file).unwrap()),
        "postgres://b@db/steward"
    );
    let weaker = "database-url = 'postgres://b@db/steward'";
    let env = [("STEWARD_DATABASE_URL_FILE", path.to_str().unwrap())];
    assert_eq!(url(load(&[], env, weaker).unwrap()), "postgres://a:hush@db/steward");
    let both = load(&[], [], &format!("{file}\n{weaker}")).unwrap_err().to_string();
    assert!(both.contains("leave one out"), "{both}");
    fs::write(&path, "hush").unwrap();
    let error = load(&[], [], &file).unwrap_err().to_string();
    assert!(error.contains("write it as postgres://") && !error.contains("hush"), "{error}");
}

#[test]
fn credentials_of_the_broker_come_out_of_its_url_or_beside_it() {
    let mqtt = |flags: &[&str]| load(flags, [], "").unwrap().mqtt.unwrap();
    let broker = mqtt(&["--mqtt-url=mqtts://us%40er:p%2Bw@broker:8883"]);
    let parts =
        (broker.url.as_str(), broker.user.as_deref(), broker.password.as_ref().map(Secret::expose));
    assert_eq!(parts, ("mqtts://broker:8883", Some("us@er"), Some("p+w")));
    assert_eq!(mqtt(&["--mqtt-url=mqtts://broker", "--mqtt-user=me"]).user.as_deref(), Some("me"));
}

#[test]
fn what_is_shown_hides_passwords() {
    let flags = [
        "--database-url=postgres://a:hush@db/steward",
        "--mqtt-url=mqtt://b:hush@broker",
        "--data-dir=/data",
    ];
    let env = [("STEWARD_MIGRATE_DATABASE_URL", "postgres://db/steward?user=a&password=hush")];
    let config = load(&flags, env, "feed-days = 9").unwrap();
    let (text, json) =
        (show::render(&config, false).unwrap(), show::render(&config, true).unwrap());
    assert!(
        !text.contains("hush") && !json.contains("hush") && !format!("{config:?}").contains("hush"),
        "{text}{config:?}"
    );
    for line in [
        "feed-days = \"9\"",
        "# steward.toml:1",
        "postgres://a:********@db/steward",
        "# jwks-url is not set",
    ] {
        assert!(text.contains(line), "expected {line:?} in:\n{text}");
    }
    let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        shown[0],
        serde_json::json!({"name": "data-dir", "value": "/data", "origin": "command line"})
    );
    // The text is itself a settings file.
    File::parse(Path::new("steward.toml"), &text).unwrap();
}

#[test]
fn the_file_is_found_in_the_data_folder_or_where_it_is_said_to_be() {
    let base = folder();
    let dir = base.path().display().to_string();
    let find = |flags: &[&str], env: &Environment| File::find(&matches(flags), env);
    let data_dir = format!("--data-dir={dir}");
    assert!(find(&[&data_dir], &Environment::default()).unwrap().is_none());
    fs::write(base.path().join("steward.toml"), "listen = '127.0.0.1:7'").unwrap();
    let env = Environment::of([("STEWARD_DATA_DIR", dir.as_str())]);
    let found = find(&[], &env).unwrap();
    assert_eq!(
        config::load(&matches(&[]), &env, found.as_ref()).unwrap().settings.listen.port(),
        7
    );
    fs::write(base.path().join("steward.toml"), "\ndata-dir = '/elsewhere'").unwrap();
    let error = find(&[&data_dir], &Environment::default()).unwrap_err().to_string();
    assert!(
        error.contains("steward.toml:2: data-dir cannot be set in the data folder's own file"),
        "{error}"
    );
    let named = format!("--config={dir}/steward.toml");
    let file = find(&[&named], &Environment::default()).unwrap();
    let config = config::load(&matches(&[]), &Environment::default(), file.as_ref()).unwrap();
    assert_eq!(config.data_dir, Path::new("/elsewhere"));
    assert!(matches!(find(&["--config=/nowhere.toml"], &env), Err(Error::Read { .. })));
}

#[test]
fn docs_configuration_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    #[expect(clippy::disallowed_methods, reason = "how a person asks the test to write the file")]
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, config::docs()).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == config::docs(),
        "run: UPDATE_DOCS=1 cargo nextest run -p steward configuration"
    );
}

#[tokio::test]
async fn doctor_is_red_for_what_is_broken_and_green_when_it_is_repaired() {
    let contexts: &[(&'static str, &'static sqlx::migrate::Migrator)] = &[("kernel", &KERNEL)];
    let base = folder();
    let nothing = load(&[&format!("--data-dir={}", base.path().display())], [], "").unwrap();
    let findings = doctor::examine(&nothing, contexts, &Clock::system()).await;
    assert_eq!(doctor::worst(&findings), Level::Yellow, "{findings:?}");

    let cluster = Cluster::start(base.path(), ClusterSettings::default()).await.unwrap();
    bootstrap(&cluster.admin()).await.unwrap();
    let url = format!("--database-url={}", cluster.url());
    let dir = format!("--data-dir={}", base.path().display());
    let config = load(&[&url, &dir], [], "").unwrap();
    let findings = doctor::examine(&config, contexts, &Clock::system()).await;
    let red: Vec<_> =
        findings.iter().filter(|f| f.level == Level::Red).map(|f| f.subject).collect();
    assert_eq!(red, ["migrations"], "{findings:?}");

    run(&cluster.admin(), contexts).await.unwrap();
    let findings = doctor::examine(&config, contexts, &Clock::system()).await;
    assert_eq!(doctor::worst(&findings), Level::Green, "{findings:?}");
    let table = doctor::table(&findings, false);
    assert!(table.contains("green   policies"), "{table}");
    let json: serde_json::Value = serde_json::from_str(&doctor::json(&findings)).unwrap();
    assert_eq!(json["level"], "green");

    let late = Clock::fixed(jiff::Timestamp::UNIX_EPOCH);
    let findings = doctor::examine(&config, contexts, &late).await;
    assert!(findings.iter().any(|f| f.subject == "clock" && f.level == Level::Red), "{findings:?}");
    let config = load(&[&url, &dir, "--mqtt-url=mqtt://127.0.0.1:1"], [], "").unwrap();
    let findings = doctor::examine(&config, contexts, &Clock::system()).await;
    assert!(
        findings.iter().any(|f| f.subject == "broker" && f.level == Level::Red),
        "{findings:?}"
    );
    cluster.stop().await;
    let findings = doctor::examine(&config, contexts, &Clock::system()).await;
    assert!(
        findings.iter().any(|f| f.subject == "database" && f.level == Level::Red),
        "{findings:?}"
    );
}

#[test]
fn plain_listeners_stay_on_this_machine_and_certificates_have_keys() {
    let refused = |flags: &[&str]| load(flags, [], "").err().map(|error| error.to_string());
    for (flags, said) in [
        (&["--listen=0.0.0.0:0"][..], "give --tls-cert and --tls-key"),
        (&["--mqtt-listen=0.0.0.0:0"], "give --mqtt-tls-cert and --mqtt-tls-key"),
        (&["--tls-cert=c"], "tls-cert and tls-key go together"),
        (&["--mqtt-tls-key=k"], "mqtt-tls-cert and mqtt-tls-key go together"),
        (
            &["--mqtt-url=mqtts://broker", "--mqtt-tls-cert=c", "--mqtt-tls-key=k"],
            "mqtt-tls-cert is for the embedded broker",
        ),
    ] {
        let told = refused(flags).unwrap();
        assert!(told.contains(said), "{told}");
    }
    for flags in [
        &["--listen=0.0.0.0:0", "--tls-cert=c", "--tls-key=k"][..],
        &["--mqtt-listen=0.0.0.0:0", "--mqtt-tls-cert=c", "--mqtt-tls-key=k"],
        &["--listen=0.0.0.0:0", "--mqtt-listen=0.0.0.0:0", "--insecure"],
    ] {
        assert_eq!(refused(flags), None, "{flags:?}");
    }
}

fn matches(flags: &[&str]) -> clap::ArgMatches {
    let command = Settings::augment_args(Command::new("steward").no_binary_name(true));
    command.try_get_matches_from(flags).unwrap()
}

pub(crate) fn load<const N: usize>(
    flags: &[&str],
    env: [(&str, &str); N],
    file: &str,
) -> Result<Config, Error> {
    let file = File::parse(Path::new("steward.toml"), file)?;
    let environment = Environment::of(env.into_iter().chain([("HOME", "/home/somebody")]));
    config::load(&matches(flags), &environment, Some(&file))
}
