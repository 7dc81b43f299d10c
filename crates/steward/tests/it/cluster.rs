//! The private cluster and the data folder, as root and as a plain user, well and badly treated.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use steward::cluster::{Cluster, Settings};
use steward::datadir::{self, DataDir, Run};
use tempfile::TempDir;

use crate::process::{
    As, Server, cluster_program, command, eventually, everybody, folder, home, is_root, mode,
};

/// What the product promises for an empty folder, and for one that was used before.
const COLD: Duration = Duration::from_secs(15);
const WARM: Duration = Duration::from_secs(3);

#[test]
fn starts_and_stops_as_root_and_as_a_plain_user() {
    let base = folder();
    for who in everybody() {
        let dir = home(&base, who);
        let began = Instant::now();
        start(&base, &dir, who).unwrap().stop();
        let cold = began.elapsed();
        let began = Instant::now();
        let server = start(&base, &dir, who).unwrap();
        let warm = began.elapsed();
        eprintln!("{who:?}: cold start and stop {cold:?}, warm start {warm:?}");
        assert!(cold < COLD && warm < WARM, "{who:?}: {cold:?} {warm:?}");
        let postmaster = postmaster(&dir);
        assert_ne!(
            Path::new(&format!("/proc/{postmaster}")).metadata().unwrap().uid(),
            0,
            "PostgreSQL runs as root"
        );
        server.stop();
        assert!(!alive(postmaster), "PostgreSQL outlived its server");
    }
}

#[test]
fn a_second_server_on_the_folder_is_refused_with_the_pid_of_the_first() {
    let base = folder();
    let dir = home(&base, As::Us);
    let first = start(&base, &dir, As::Us).unwrap();
    let refusal = start(&base, &dir, As::Us).err().unwrap();
    assert!(refusal.contains(&format!("(pid {})", first.pid())), "{refusal}");
    first.stop();
}

#[test]
fn nothing_that_a_killed_server_leaves_hinders_the_next() {
    let base = folder();
    for who in everybody() {
        let dir = home(&base, who);
        for _ in 0..3 {
            start(&base, &dir, who).unwrap().kill();
        }
        start(&base, &dir, who).unwrap().stop();
    }
}

#[test]
fn postgres_ends_with_a_killed_server() {
    let base = folder();
    let dir = home(&base, As::Us);
    let server = start(&base, &dir, As::Us).unwrap();
    let postmaster = postmaster(&dir);
    server.kill();
    eventually("PostgreSQL has ended", || !alive(postmaster));
}

#[test]
fn a_killed_postgres_comes_back() {
    let base = folder();
    let dir = home(&base, As::Us);
    let server = start(&base, &dir, As::Us).unwrap();
    let first = postmaster(&dir);
    kill(Pid::from_raw(first), Signal::SIGKILL).unwrap();
    eventually("another PostgreSQL is ready", || {
        let text = fs::read_to_string(dir.join("postgres/data/postmaster.pid")).unwrap_or_default();
        text.contains("ready") && !text.starts_with(&first.to_string())
    });
    server.stop();
}

#[test]
fn a_leftover_pid_that_another_program_has_now_does_not_hinder() {
    let base = folder();
    // As a plain user: PostgreSQL fears only numbers of its own user's programs.
    let who = everybody().pop().unwrap();
    let dir = home(&base, who);
    start(&base, &dir, who).unwrap().stop();
    let mut sleep = command(who, Path::new("sleep")).arg("600").spawn().unwrap();
    let left = format!("{}\n{}\n1\n5432\n", sleep.id(), dir.join("postgres/data").display());
    for file in ["data/postmaster.pid", "run/.s.PGSQL.5432.lock"] {
        fs::write(dir.join("postgres").join(file), &left).unwrap();
    }
    let server = start(&base, &dir, who);
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    server.unwrap().stop();
}

#[tokio::test]
async fn only_the_user_of_the_server_may_connect_and_not_as_anybody() {
    let base = folder();
    let dir = home(&base, As::Us);
    let held = DataDir::open(&dir).unwrap();
    let cluster = Cluster::start(held.path(), Settings::default()).await.unwrap();
    kernel::migrate::bootstrap(&cluster.admin()).await.unwrap();
    let pool = PgPoolOptions::new().connect_with(cluster.server()).await.unwrap();
    let durable: String = sqlx::query_scalar(
        "select current_setting('fsync') || current_setting('synchronous_commit')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(durable, "onon");
    let tcp: String = sqlx::query_scalar("select current_setting('listen_addresses')")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(tcp, "");
    pool.close().await;
    let stranger: PgConnectOptions = cluster.server().username("steward_owner");
    assert!(
        PgPoolOptions::new().connect_with(stranger).await.is_err(),
        "peer authentication let another role in"
    );
    assert_eq!(held.path().join("postgres/run").metadata().unwrap().mode() & 0o777, 0o700);
    cluster.stop().await;
}

#[tokio::test]
async fn run_json_is_there_while_the_server_runs_and_does_not_mislead_afterwards() {
    let base = folder();
    let dir = home(&base, As::Us);
    let held = DataDir::open(&dir).unwrap();
    assert_eq!(datadir::running(&dir).unwrap(), None, "not ready yet");
    let text = |name: &str| format!("{name}://127.0.0.1:1");
    let run = Run {
        pid: std::process::id(),
        http: text("http"),
        mqtt: text("mqtt"),
        mqtt_local: None,
        database: text("postgres"),
    };
    held.announce(&run).unwrap();
    assert_eq!(datadir::running(&dir).unwrap(), Some(run));
    assert_eq!(dir.join("run.json").metadata().unwrap().mode() & 0o777, 0o600);
    let left = fs::read(dir.join("run.json")).unwrap();
    drop(held);
    assert!(!dir.join("run.json").exists());
    fs::write(dir.join("run.json"), left).unwrap(); // as after kill -9
    assert_eq!(datadir::running(&dir).unwrap(), None);
    drop(DataDir::open(&dir).unwrap());
    assert!(!dir.join("run.json").exists());
}

#[test]
fn secrets_are_for_their_owner_only() {
    use datadir::secret;
    let base = folder();
    let path = base.path().join("some.key");
    secret::create(&path, b"hush\n").unwrap();
    assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
    let read = secret::read(&path).unwrap();
    assert_eq!((read.expose(), format!("{read:?}").as_str()), ("hush", "********"));
    let again = secret::create(&path, b"other").unwrap_err().to_string();
    assert!(again.contains("exists"), "{again}");
    assert_eq!(fs::read(&path).unwrap(), b"hush\n", "a secret was overwritten");
    mode(&path, 0o644);
    let refusal = secret::read(&path).unwrap_err().to_string();
    assert!(refusal.contains("chmod 600"), "{refusal}");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let base = folder();
    let file = base.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&base, &file, As::Us, "is not a folder");
    let who = if is_root() { As::Nobody } else { As::Us };
    let dir = home(&base, who);
    mode(&dir, 0o500);
    refused(&base, &dir, who, "cannot be written");
    refused(&base, &dir.join("new"), who, "cannot be written");
    mode(&dir, 0o700);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 0, "a refusal left something behind");
}

#[test]
fn a_folder_of_another_user_is_refused() {
    let base = folder();
    if is_root() {
        let dir = home(&base, As::Nobody);
        refused(&base, &dir, As::Us, "belongs to the user nobody");
        let dir = home(&base, As::Us);
        refused(&base, &dir, As::Nobody, "belongs to the user root");
    } else {
        refused(&base, Path::new("/usr"), As::Us, "belongs to the user root");
    }
}

#[test]
fn data_of_another_major_version_is_refused_untouched() {
    let base = folder();
    let dir = home(&base, As::Us);
    start(&base, &dir, As::Us).unwrap().stop();
    let version = dir.join("postgres/data/PG_VERSION");
    fs::write(&version, "9\n").unwrap();
    let refusal = start(&base, &dir, As::Us).err().unwrap();
    assert!(refusal.contains("made by PostgreSQL 9, but this machine has 1"), "{refusal}");
    assert_eq!(fs::read_to_string(&version).unwrap(), "9\n");
    fs::remove_file(&version).unwrap();
    refused(&base, &dir, As::Us, "PG_VERSION is missing");
}

#[test]
fn a_damaged_cluster_is_refused_with_what_postgres_says() {
    let base = folder();
    let dir = home(&base, As::Us);
    start(&base, &dir, As::Us).unwrap().stop();
    fs::write(dir.join("postgres/data/global/pg_control"), "torn").unwrap();
    let refusal = start(&base, &dir, As::Us).err().unwrap();
    assert!(
        refusal.contains("PostgreSQL did not start") && refusal.contains("pg_control"),
        "{refusal}"
    );
    assert!(
        !refusal.contains("ready to accept connections"),
        "the log of an earlier start: {refusal}"
    );
}

#[test]
fn old_and_missing_programs_are_refused_with_what_to_install() {
    let base = folder();
    let dir = home(&base, As::Us);
    let programs = base.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let with = |programs: &Path| {
        let mut command = command(As::Us, &cluster_program(&base));
        command.arg(&dir).arg(programs);
        Server::start(command).err().unwrap()
    };
    let missing = with(&programs);
    assert!(missing.contains("postgresql") && missing.contains("--database-url"), "{missing}");
    for program in ["initdb", "postgres"] {
        fs::write(programs.join(program), "#!/bin/sh\necho 'postgres (PostgreSQL) 16.9'\n")
            .unwrap();
        mode(&programs.join(program), 0o755);
    }
    let old = with(&programs);
    assert!(old.contains("16.9") && old.contains("install 16.10"), "{old}");
    assert!(!dir.join("postgres").exists(), "a refusal made something");
}

#[test]
fn a_long_path_puts_the_socket_elsewhere_and_too_long_a_one_is_refused() {
    let base = folder();
    let dir = home(&base, As::Us).join("x".repeat(100));
    let server = start(&base, &dir, As::Us).unwrap();
    assert!(server.url.contains("host=/tmp/steward-"), "{}", server.url);
    let socket = server.url.split("host=").nth(1).unwrap().to_owned();
    server.stop();
    fs::remove_dir_all(&socket).unwrap();
    let elsewhere = base.path().join("y".repeat(100));
    fs::create_dir(&elsewhere).unwrap();
    let mut command = command(As::Us, &cluster_program(&base));
    command.arg(&dir).arg("").arg(&elsewhere);
    let refusal = Server::start(command).err().unwrap();
    assert!(refusal.contains("may have 10") && refusal.contains("shorter --data-dir"), "{refusal}");
    // Somebody else was there first.
    symlink(base.path(), &socket).unwrap();
    refused(&base, &dir, As::Us, "no folder that only PostgreSQL may enter");
    fs::remove_file(&socket).unwrap();
}

#[test]
fn a_closed_folder_on_the_way_is_named() {
    if !is_root() {
        eprintln!("only root runs PostgreSQL as another user: nothing to see as a plain user");
        return;
    }
    let base = folder();
    let closed = base.path().join("closed");
    fs::create_dir(&closed).unwrap();
    mode(&closed, 0o700);
    let refusal = start(&base, &closed.join("data"), As::Us).err().unwrap();
    assert!(refusal.contains(&format!("cannot pass {}", closed.display())), "{refusal}");
}

#[test]
fn a_full_disk_is_refused_and_half_a_cluster_is_not_left() {
    if !is_root() {
        eprintln!(
            "only root can make a small disk: the check itself also runs in the unit of `full`"
        );
        return;
    }
    let base = folder();
    for (size, said) in [("8m", "32 MiB needed"), ("64m", "free at least 128 MiB")] {
        let disk = Disk::new(&base, size);
        refused(&base, disk.0.as_path(), As::Us, said);
        assert!(!disk.0.join("postgres/data").exists());
    }
    let disk = Disk::new(&base, "8m");
    assert!(
        Command::new("mount").args(["-o", "remount,ro"]).arg(&disk.0).status().unwrap().success()
    );
    refused(&base, disk.0.as_path(), As::Us, "");
}

/// A small file system in memory.
struct Disk(std::path::PathBuf);

impl Disk {
    fn new(base: &TempDir, size: &str) -> Self {
        let path = base.path().join("disk");
        fs::create_dir_all(&path).unwrap();
        let options = format!("size={size},mode=755");
        assert!(
            Command::new("mount")
                .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        Self(path)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg(&self.0).status().unwrap().success());
    }
}

fn start(base: &TempDir, dir: &Path, who: As) -> Result<Server, String> {
    let mut command = command(who, &cluster_program(base));
    command.arg(dir);
    Server::start(command)
}

fn refused(base: &TempDir, dir: &Path, who: As, said: &str) {
    let refusal = start(base, dir, who).err().unwrap();
    assert!(refusal.contains(said), "expected {said:?} in: {refusal}");
}

fn postmaster(dir: &Path) -> i32 {
    let text = fs::read_to_string(dir.join("postgres/data/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

/// Neither gone nor waiting for its parent to notice.
fn alive(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}
