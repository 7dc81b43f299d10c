//! `iris list` and `iris qlist`.

use std::{fs, io, process::ExitCode};

use super::{Home, say};
use crate::{
    clock,
    emulator::{
        VERSION,
        home::{Phase, State},
    },
};

/// From so many severe entries since the start on, the health is "alert"; with fewer, "warn".
const ALERT_FROM: u32 = 5;

struct Shown {
    status: String,
    health: &'static str,
}

fn shown(home: &Home) -> io::Result<Shown> {
    let state = home.state();
    let has_ids = home.mgr().join("iris.ids").exists();
    let (status, health) = match (home.is_up()?, state.phase) {
        (true, Phase::Running) => (format!("running, since {}", state.since), health(&state)),
        (true, Phase::Stopping) => ("stopping".to_owned(), health(&state)),
        (true, Phase::Starting | Phase::Down) => ("starting".to_owned(), ""),
        (false, _) if has_ids => (format!("crashed, last used {}", last_used(home)?), ""),
        (false, _) => (format!("down, last used {}", last_used(home)?), ""),
    };
    Ok(Shown { status, health })
}

const fn health(state: &State) -> &'static str {
    match state.alerts {
        _ if state.hung => "hung",
        0 => "ok",
        1..ALERT_FROM => "warn",
        _ => "alert",
    }
}

fn last_used(home: &Home) -> io::Result<String> {
    let changed = fs::metadata(home.mgr().join("messages.log"))?.modified()?;
    let at = jiff::Timestamp::try_from(changed).map_err(io::Error::other)?;
    Ok(clock::ctime(&at.to_zoned(jiff::tz::TimeZone::system())))
}

fn is_asked(home: &Home, which: Option<&str>) -> io::Result<bool> {
    let name = home.settings()?.name;
    Ok(which.is_none_or(|which| which.eq_ignore_ascii_case(&name)))
}

/// Fields between `^`: name, directory, version, status, CPF, port, web port, gateway port, health, product, mirror member type,
/// mirror status, data directory, ports.
pub(super) fn qlist(home: &Home, which: Option<&str>) -> io::Result<ExitCode> {
    if !is_asked(home, which)? {
        return Ok(ExitCode::FAILURE);
    }
    let (name, dir, port) = (home.settings()?.name, home.dir().display(), home.port());
    let Shown { status, health } = shown(home)?;
    let web = web_port(home);
    say(&format!(
        "{name}^{dir}^{VERSION}^{status}^iris.cpf^{port}^{web}^0^{health}^IRIS^^^{dir}^{port}\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn list(home: &Home, which: Option<&str>) -> io::Result<ExitCode> {
    if !is_asked(home, which)? {
        return Ok(ExitCode::FAILURE);
    }
    let (name, dir, port) = (home.settings()?.name, home.dir().display(), home.port());
    let Shown { status, health } = shown(home)?;
    let web = web_port(home);
    let state =
        if health.is_empty() { String::new() } else { format!("\tstate:        {health}\n") };
    say(&format!(
        "\nConfiguration '{name}'   (default)\n\tdirectory:    {dir}\n\tversionid:    {VERSION}\n\tdatadir:      {dir}\n\t\
         conf file:    iris.cpf  (SuperServer port = {port}, WebServer = {web})\n\tstatus:       {status}\n{state}\t\
         product:      InterSystems IRIS\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn web_port(home: &Home) -> u64 {
    home.number("Startup", "WebServerPort").unwrap_or(80)
}
