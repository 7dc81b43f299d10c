//! A user's process: behind a connection, a terminal, or a background job.
//!
//! It understands a few lines of `ObjectScript`: what shows who is on, what opens and ends a transaction, and `halt`.

use std::{
    fs,
    io::{self, BufRead, Write},
    process::{Command, Stdio},
};

use super::{
    Home,
    messages::Messages,
    process::{self, Kind, Process, Registered},
    script,
};
use crate::license_key::LicenseKey;

/// What a process is started as.
pub(super) struct Opened {
    pub(super) kind: Kind,
    pub(super) namespace: String,
    pub(super) routine: String,
    pub(super) client: String,
}

/// Runs until the other side leaves.
pub(super) fn run(home: &Home, opened: Opened) -> io::Result<()> {
    let Opened { kind, namespace, routine, client } = opened;
    let user = if kind == Kind::Superserver { "UnknownUser".to_owned() } else { script::user() };
    let pid = std::process::id();
    let process = Process { pid, kind, user, namespace, routine, client, in_transaction: false };
    let mut registered = Registered::new(home, process)?;
    if kind != Kind::Job && !licensed(home)? {
        let count = home.count("license.refused")?;
        let text = format!("License limit exceeded {count} times since instance start.");
        Messages::of(home, pid).write(2, "Generic.Event", &text)?;
        return answer("<LICENSE LIMIT EXCEEDED>");
    }
    if kind == Kind::Job {
        // A job has no input; it works until the instance ends it, or dies.
        while process::is_alive(pid) {
            std::thread::park();
        }
    }
    if kind == Kind::Superserver {
        answer(&format!("{pid} {}", registered.process.namespace))?;
    }
    for line in io::stdin().lock().lines() {
        if !obey(home, &mut registered, line?.trim())? {
            break;
        }
    }
    Ok(())
}

/// Units are counted as sessions: the query of who is on takes one, too.
fn licensed(home: &Home) -> io::Result<bool> {
    let text = fs::read_to_string(home.mgr().join("iris.key")).unwrap_or_default();
    let units = LicenseKey::parse(&text).ok().and_then(|key| key.units);
    let Some(units) = units else { return Ok(true) };
    let on = process::all(home)?
        .iter()
        .filter(|on| !matches!(on.kind, Kind::System | Kind::Job))
        .count();
    Ok(on <= units as usize + EMERGENCY)
}

/// The manager's own session is let in when all units are taken, as an emergency sign-on is.
const EMERGENCY: usize = 1;

fn obey(home: &Home, registered: &mut Registered, line: &str) -> io::Result<bool> {
    let lower = line.to_ascii_lowercase();
    match lower.split_whitespace().next().unwrap_or_default() {
        "halt" | "h" => return Ok(false),
        "tstart" => transaction(registered, true)?,
        "tcommit" | "trollback" => transaction(registered, false)?,
        "job" => job(home, line)?,
        "write" | "w" if lower.contains("$job") => answer(&std::process::id().to_string())?,
        _ if line.contains("%SYS.ProcessQuery") => list(home)?,
        "" => {}
        _ => answer("<SYNTAX>")?,
    }
    Ok(true)
}

fn transaction(registered: &mut Registered, open: bool) -> io::Result<()> {
    registered.process.in_transaction = open;
    registered.save()?;
    answer(if open { "TSTART" } else { "TEND" })
}

fn job(home: &Home, line: &str) -> io::Result<()> {
    let routine = line.split_whitespace().nth(1).unwrap_or("^Job");
    let mut child = Command::new(home.irisdb())
        .arg(format!("-s{}", home.mgr().display()))
        .args(["-cj", "JOB", routine])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let pid = child.id();
    std::thread::spawn(move || child.wait());
    while process::all(home)?.iter().all(|process| process.pid != pid) && process::is_alive(pid) {
        std::thread::yield_now();
    }
    answer(&pid.to_string())
}

/// A row for each process, as the tool's query writes them.
fn list(home: &Home) -> io::Result<()> {
    for process in process::all(home)? {
        let Process { pid, user, namespace, routine, client, in_transaction, .. } = process;
        answer(&format!(
            "@{pid}^{user}^{namespace}^{routine}^{client}^{}",
            u8::from(in_transaction)
        ))?;
    }
    Ok(())
}

fn answer(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
