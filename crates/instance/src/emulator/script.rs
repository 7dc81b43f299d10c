//! Plays a script into the log, in the product's time.

use std::{io, time::Duration};

use super::{
    Home, Settings,
    entries::{Step, steps},
    messages::Messages,
};
use crate::clock;

/// From banner to logons: the median of 61 real starts.
pub(super) const START: Duration = Duration::from_millis(3700);
/// From the order to the end: the median of 48 real stops; the longest took 247 s.
pub(super) const STOP: Duration = Duration::from_millis(1400);

/// Daemons without a process of their own get a pid near that of the control process, as the product's have.
fn offset(role: &str) -> u32 {
    match role {
        "write" => 33,
        "garbage" => 34,
        "journal" => 35,
        "expansion" => 36,
        "clean" => 41,
        "monitor" => 43,
        _ => 0,
    }
}

/// Runs a script; `act` does what it names with `@`, and may end it by answering false.
pub(super) fn play(
    home: &Home,
    settings: &Settings,
    script: (&'static str, Duration),
    act: &mut dyn FnMut(&str, &Messages) -> io::Result<bool>,
) -> io::Result<bool> {
    let (control, slots) = (std::process::id(), slots(home, settings));
    let messages = Messages::of(home, control);
    let steps = steps(script.0, &slots);
    let each = script.1 / u32::try_from(steps.len().max(1)).unwrap_or(1);
    for step in steps {
        settings.pause(each);
        match step {
            Step::Say { role, severity, category, text } => {
                messages.from(control + offset(role)).write(severity, category, &text)?;
            }
            Step::Do(what) if act(what, &messages)? => {}
            Step::Do(_) => return Ok(false),
        }
    }
    Ok(true)
}

type Filled = [(&'static str, String); 10];

fn slots(home: &Home, settings: &Settings) -> Filled {
    let now = clock::local();
    let shown = |path: &std::path::Path| path.display().to_string();
    let host =
        std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned());
    [
        ("{dir}", shown(home.dir())),
        ("{cpf}", shown(&home.cpf())),
        ("{name}", settings.name.clone()),
        ("{host}", host.unwrap_or_else(|_| "localhost".to_owned())),
        ("{user}", user()),
        ("{port}", home.port().to_string()),
        ("{date}", now.strftime("%m/%d/%Y").to_string()),
        ("{time}", now.strftime("%H:%M:%S%.3f").to_string()),
        ("{ctime}", clock::ctime(&now)),
        ("{journal}", now.strftime("%Y%m%d.001").to_string()),
    ]
}

/// Who runs this process.
pub(super) fn user() -> String {
    let uid = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}
