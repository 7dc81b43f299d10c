//! The parts this program plays when it is called as `iris` or `irisdb`.

mod launch;
mod list;
mod merge;

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{
    Home, control,
    process::{Kind, Process, Registered},
    session::{self, Opened},
    superserver,
};

const HELP: &str = "\
iris list [instance]                what is installed here and whether it runs
iris qlist [instance]               the same for programs: fields between ^
iris start INSTANCE [quietly]       start it
iris stop INSTANCE [restart] [quietly]
iris restart INSTANCE [quietly]     stop it and start it again
iris force INSTANCE [quietly]       kill it: a last resort, the next start recovers
iris merge INSTANCE MERGE [TARGET]  put the values of a merge file into the CPF
iris session INSTANCE [-U NAMESPACE]
";

/// Plays a part when the program was called by one of its names; otherwise nothing.
pub fn play(mut arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let called = PathBuf::from(arguments.next()?);
    let part = called.file_name()?.to_str()?;
    if !matches!(part, "iris" | "irisdb") {
        return None;
    }
    let rest: Vec<String> =
        arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let played = if part == "iris" { iris(&called, &rest) } else { irisdb(&rest) };
    Some(played.unwrap_or_else(|e| {
        tell(&format!("{part}: {e}"));
        ExitCode::FAILURE
    }))
}

fn iris(called: &Path, arguments: &[&str]) -> io::Result<ExitCode> {
    let home = installed(called)?;
    match arguments {
        ["list", which @ ..] => list::list(&home, which.first().copied()),
        ["qlist", which @ ..] => list::qlist(&home, which.first().copied()),
        ["help"] | [] => say(HELP).map(|()| ExitCode::SUCCESS),
        [command, name, options @ ..] => {
            let settings = home.settings()?;
            if !name.eq_ignore_ascii_case(&settings.name) {
                return Err(io::Error::other(format!("there is no instance {name} here")));
            }
            instance(&home, command, options)
        }
        [command] => Err(io::Error::other(format!("{command} needs the name of an instance"))),
    }
}

fn instance(home: &Home, command: &str, options: &[&str]) -> io::Result<ExitCode> {
    match command {
        "start" => launch::start(home),
        "stop" | "stopnoshut" if options.contains(&"restart") => launch::restart(home),
        "stop" | "stopnoshut" => launch::stop(home),
        "restart" => launch::restart(home),
        "force" => launch::force(home),
        "merge" => merge::merge(home, options),
        "session" | "terminal" | "console" => launch::session(home, options),
        other => Err(io::Error::other(format!("there is no command {other}: see iris help"))),
    }
}

/// The instance to whose `bin` the called link belongs.
fn installed(called: &Path) -> io::Result<Home> {
    let bare = called.parent().is_none_or(|parent| parent.as_os_str().is_empty());
    let link = if bare { on_path(called) } else { Some(called.to_owned()) };
    let bin = link.as_deref().and_then(Path::parent).map(fs::canonicalize).transpose()?;
    match bin.as_deref().and_then(Path::parent) {
        Some(dir) => Home::at(dir),
        None => Err(io::Error::other(
            "cannot tell which instance's command this is: call it by its path",
        )),
    }
}

#[expect(clippy::disallowed_methods, reason = "a command called without a path was found on PATH")]
fn on_path(name: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|candidate| candidate.exists())
}

fn irisdb(arguments: &[&str]) -> io::Result<ExitCode> {
    let unknown = || io::Error::other("irisdb is started by iris");
    let [mgr, role @ ..] = arguments else { return Err(unknown()) };
    let mgr = mgr.strip_prefix("-s").map(Path::new).ok_or_else(unknown)?;
    let home = Home::at(mgr.parent().ok_or_else(unknown)?)?;
    match role {
        ["CONTROL"] => {
            let ran = control::run(&home)?;
            return Ok(if ran { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        ["SUPERSERVER"] => {
            let registered = Registered::new(&home, Process::system("%SYS.SERVER"))?;
            superserver::run(&home)?;
            drop(registered);
        }
        ["-cj", "%SYS.SERVICE", client] => {
            session::run(&home, opened(Kind::Superserver, "USER", "%SYS.SERVICE", client))?;
        }
        ["-cj", "JOB", routine] => session::run(&home, opened(Kind::Job, "USER", routine, ""))?,
        ["-U", namespace] => session::run(&home, opened(Kind::Terminal, namespace, "shell", ""))?,
        [name] => {
            let registered = Registered::new(&home, Process::system(name))?;
            // Until the control process is gone, which holds the other end.
            io::Read::read_to_end(&mut io::stdin().lock(), &mut Vec::new())?;
            drop(registered);
        }
        _ => return Err(unknown()),
    }
    Ok(ExitCode::SUCCESS)
}

fn opened(kind: Kind, namespace: &str, routine: &str, client: &str) -> Opened {
    Opened {
        kind,
        namespace: namespace.to_owned(),
        routine: routine.to_owned(),
        client: client.to_owned(),
    }
}

fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn tell(text: &str) {
    // Nobody reads it: then nobody needs it.
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}
