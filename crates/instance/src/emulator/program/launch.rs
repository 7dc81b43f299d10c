//! `iris start`, `stop`, `restart`, `force` and `session`.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    process::{Command, ExitCode, Stdio},
    thread::sleep,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Home, say, tell};
use crate::emulator::{
    Fault,
    control::READY,
    home::Phase,
    messages::Messages,
    process::{self, Kind},
};

const LOOK_AGAIN: Duration = Duration::from_millis(5);

pub(super) fn start(home: &Home) -> io::Result<ExitCode> {
    let settings = home.settings()?;
    if home.is_up()? {
        tell(&format!("{} is already running", settings.name));
        return Ok(ExitCode::FAILURE);
    }
    say(&format!("Starting {}\nUsing 'iris.cpf' configuration file\n", settings.name))?;
    if settings.faults.contains(&Fault::RefuseStart) {
        return aborted();
    }
    say("Starting Control Process\n")?;
    let mut control = Command::new(home.irisdb())
        .arg(format!("-s{}", home.mgr().display()))
        .arg("CONTROL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut said = String::new();
    if let Some(out) = control.stdout.take() {
        BufReader::new(out).read_line(&mut said)?;
    }
    if said.trim() != READY {
        control.wait()?;
        return aborted();
    }
    let alerts = home.state().alerts;
    if alerts > 0 {
        say(&format!("{alerts} alert(s) during startup. See messages.log for details.\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn aborted() -> io::Result<ExitCode> {
    say("Startup aborted.\nSee messages.log for more information\n")?;
    Ok(ExitCode::FAILURE)
}

pub(super) fn stop(home: &Home) -> io::Result<ExitCode> {
    let settings = home.settings()?;
    if !home.is_up()? {
        tell(&format!("{} is not running", settings.name));
        return Ok(ExitCode::FAILURE);
    }
    if settings.faults.contains(&Fault::RefuseStop) {
        tell("Shutdown refused: a user shutdown routine does not allow it");
        return Ok(ExitCode::FAILURE);
    }
    say(&format!("Shutting down {}\n", settings.name))?;
    let state = home.state();
    if state.phase != Phase::Stopping {
        kill(Pid::from_raw(state.control), Signal::SIGTERM)?;
    }
    while home.is_up()? {
        sleep(LOOK_AGAIN);
    }
    say(&format!("{} is down\n", settings.name))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restart(home: &Home) -> io::Result<ExitCode> {
    let stopped = stop(home)?;
    if stopped == ExitCode::SUCCESS { start(home) } else { Ok(stopped) }
}

/// Kills every process of the instance; what that costs is told at the next start.
pub(super) fn force(home: &Home) -> io::Result<ExitCode> {
    let all = process::all(home)?;
    let (system, users): (Vec<_>, Vec<_>) = all.iter().partition(|on| on.kind == Kind::System);
    for process in &all {
        kill(Pid::from_raw(process.pid.cast_signed()), Signal::SIGKILL).unwrap_or_default();
    }
    while home.is_up()? || all.iter().any(|process| process::is_alive(process.pid)) {
        sleep(LOOK_AGAIN);
    }
    let (system, users) = (system.len(), users.len());
    let text = format!("irisforce killed {system} system and {users} user processes.");
    Messages::of(home, std::process::id()).write(0, "Generic.Event", &text)?;
    match fs::remove_file(home.mgr().join("iris.ids")) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    say(&format!("{text}\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// A terminal: a process of the instance on this program's standard input and output.
pub(super) fn session(home: &Home, options: &[&str]) -> io::Result<ExitCode> {
    if home.state().phase != Phase::Running || !home.is_up()? {
        tell("Sign-on inhibited: the instance does not run");
        return Ok(ExitCode::FAILURE);
    }
    let named = options.iter().position(|option| *option == "-U");
    let namespace = named.and_then(|at| options.get(at + 1)).unwrap_or(&"USER");
    let ended = Command::new(home.irisdb())
        .arg(format!("-s{}", home.mgr().display()))
        .args(["-U", namespace])
        .status()?;
    Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
