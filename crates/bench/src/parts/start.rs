//! From the start of the process to the first request served; memory at rest; the size of the binary.

use std::{
    os::unix::process::CommandExt as _,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use nix::unistd::{User, chown, geteuid};

use crate::{
    machine,
    postgres::Programs,
    report::{self, Row},
    server::Server,
};

/// After this an idle server has done what a start leaves to do.
const IDLE: Duration = Duration::from_secs(5);
/// How the server makes its cluster.
const INITDB: &[&str] = &[
    "--username=postgres",
    "--auth=peer",
    "--encoding=UTF8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
];

pub(crate) async fn measure(steward: &Path, programs: &Programs, folder: &Path) -> Result<()> {
    report::part("Start");
    let (bare_first, bare_again) = bare(programs, &folder.join("bare"))?;
    let first = Server::start(steward, &folder.join("start")).await?;
    let ready_first = first.ready;
    tokio::time::sleep(IDLE).await;
    let memory = machine::resident_mb(first.pid())?;
    first.stop().await?;
    let again = Server::start(steward, &folder.join("start")).await?;
    let ready_again = again.ready;
    again.stop().await?;
    let times = [
        (
            "ready on an empty folder (baseline: initdb, postgres)",
            ready_first,
            bare_first,
            "< 15 s",
        ),
        ("ready on an initialised folder (baseline: postgres)", ready_again, bare_again, "< 3 s"),
    ];
    for (figure, ready, bare, aim) in times {
        report::row(&Row {
            figure,
            steward: format!("{:.2} s", ready.as_secs_f64()),
            baseline: format!("{:.2} s", bare.as_secs_f64()),
            ratio: Some(ready.as_secs_f64() / bare.as_secs_f64()),
            aim,
        });
    }
    sizes(steward, memory)
}

fn sizes(steward: &Path, memory: f64) -> Result<()> {
    report::row(&Row {
        figure: "resident memory of `steward`, idle for 5 s",
        steward: format!("{memory:.1} MB"),
        baseline: String::new(),
        ratio: None,
        aim: "< 60 MB",
    });
    let bytes = u32::try_from(steward.metadata()?.len())?;
    report::row(&Row {
        figure: "size of the binary",
        steward: format!("{:.1} MB", f64::from(bytes) / 1e6),
        baseline: String::new(),
        ratio: None,
        aim: "< 60 MB",
    });
    Ok(())
}

/// PostgreSQL alone: making a cluster and starting it, then starting it again.
fn bare(programs: &Programs, folder: &Path) -> Result<(Duration, Duration)> {
    std::fs::create_dir(folder)?;
    let user = User::from_name("postgres")?.filter(|_| geteuid().is_root());
    if let Some(user) = &user {
        chown(folder, Some(user.uid), Some(user.gid))?;
    }
    let data = folder.join("data");
    let run = |program: &str, arguments: &[&str]| -> Result<()> {
        let mut command = Command::new(programs.path(program));
        command.current_dir(folder).arg("-D").arg(&data).args(arguments);
        if let Some(user) = &user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        // Not the output: the server that pg_ctl leaves behind would hold it open.
        let log = std::fs::File::create(folder.join("..").join("bare.log"))?;
        let status = command.stdout(log.try_clone()?).stderr(log).status();
        ensure!(status.context("cannot run it")?.success(), "{program} failed");
        Ok(())
    };
    let socket = format!("-c listen_addresses= -c unix_socket_directories={}", folder.display());
    let start = ["-w", "-o", &socket, "start"];
    let began = Instant::now();
    run("initdb", INITDB)?;
    run("pg_ctl", &start)?;
    let first = began.elapsed();
    run("pg_ctl", &["-w", "stop"])?;
    let began = Instant::now();
    run("pg_ctl", &start)?;
    let again = began.elapsed();
    run("pg_ctl", &["-w", "stop"])?;
    Ok((first, again))
}
