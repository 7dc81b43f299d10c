//! An emulated instance in a folder of its own, and the `instance` program run on it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use instance::{
    command::result::Trace,
    emulator::{self, Fault, Home, Settings},
    tool::Instance,
};
use serde_json::{Value, json};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_instance");
/// Everything that is waited for takes far less.
const PATIENCE: Duration = Duration::from_secs(20);

/// Killed and removed with this value.
pub(crate) struct Emulated {
    folder: tempfile::TempDir,
    pub(crate) home: Home,
    pub(crate) port: u16,
}

impl Emulated {
    /// Made, not started; it runs 200 times faster than the product.
    pub(crate) fn down() -> Self {
        Self::with(&Settings { time_scale: 200.0, ..Settings::default() })
    }

    pub(crate) fn with(settings: &Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let home = emulator::create(folder.path(), port, settings, Path::new(PROGRAM))
            .expect("an instance");
        Self { folder, home, port }
    }

    pub(crate) fn running() -> Self {
        let emulated = Self::down();
        let started = emulated.iris(&["start", "IRIS", "quietly"]);
        assert!(started.status.success(), "{}", text(&started));
        emulated
    }

    pub(crate) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn iris(&self, arguments: &[&str]) -> Output {
        Command::new(self.home.iris()).args(arguments).output().expect("iris runs")
    }

    pub(crate) fn status(&self) -> String {
        let listed = text(&self.iris(&["qlist"]));
        listed.split('^').nth(3).expect("a status").to_owned()
    }

    pub(crate) fn fault(&self, faults: &[Fault]) {
        let settings = self.home.settings().expect("settings");
        self.home.save(&Settings { faults: faults.to_vec(), ..settings }).expect("saved");
    }

    pub(crate) fn cpf(&self) -> String {
        fs::read_to_string(self.home.cpf()).expect("a CPF")
    }

    pub(crate) fn edit_by_hand(&self, from: &str, to: &str) {
        let changed = self.cpf().replacen(from, to, 1);
        fs::write(self.home.cpf(), changed).expect("written");
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.mgr().join("messages.log")).expect("a log")
    }

    pub(crate) fn kernel(&self, name: &str) -> PathBuf {
        self.home.kernel_root().join("proc/sys").join(name.replace('.', "/"))
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance::find(self.dir(), None, &self.home.kernel_root(), None).expect("found")
    }

    /// A subcommand of `instance` on this instance.
    pub(crate) fn cli(&self, subcommand: &str, arguments: &[&str]) -> Output {
        self.cli_with(subcommand, arguments, "")
    }

    pub(crate) fn cli_with(&self, subcommand: &str, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(PROGRAM)
            .arg(subcommand)
            .arg("--dir")
            .arg(self.dir())
            .arg("--os-root")
            .arg(self.home.kernel_root())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("instance runs");
        // A command that is refused early does not read its input.
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).unwrap_or_default();
        child.wait_with_output().expect("it ends")
    }

    pub(crate) fn orchestrate(&self, command: &Value, arguments: &[&str]) -> (i32, Trace) {
        let output = self.cli_with(
            "orchestrate",
            &[&["--command-file", "-"], arguments].concat(),
            &command.to_string(),
        );
        let trace = serde_json::from_slice(&output.stdout);
        (
            output.status.code().expect("a code"),
            trace.unwrap_or_else(|e| panic!("{e}: {}", text(&output))),
        )
    }

    pub(crate) fn connect(&self) -> Session {
        let stream =
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("the superserver answers");
        let mut session = Session { lines: BufReader::new(stream) };
        session.read();
        session
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        self.iris(&["force", "IRIS"]);
    }
}

/// A connection to the superserver that has signed on.
pub(crate) struct Session {
    lines: BufReader<TcpStream>,
}

impl Session {
    fn read(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("it answers");
        line
    }

    pub(crate) fn say(&mut self, line: &str) -> String {
        self.lines.get_mut().write_all(format!("{line}\n").as_bytes()).expect("it listens");
        self.read()
    }

    /// Leaves, and waits until the process behind it is gone.
    pub(crate) fn leave(mut self) {
        self.lines.get_mut().write_all(b"halt\n").expect("it listens");
        assert_eq!(self.read(), "");
    }
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat())
        .into_owned()
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The id of the nth command of a test.
pub(crate) fn id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

pub(crate) fn cpf_command(
    number: u32,
    section: &str,
    parameter: &str,
    value: impl Into<Value>,
) -> Value {
    json!({
        "command_id": id(number), "error_type": "config", "severity": 2, "recommended_action": "change it",
        "parameters": { "cpf_section": section, "parameter": parameter, "new_value": value.into() },
        "requires_restart": false, "execution_order": ["iris_config"],
    })
}

pub(crate) fn kernel_command(number: u32, name: &str, value: impl Into<Value>) -> Value {
    json!({
        "command_id": id(number), "error_type": "resource", "severity": 2, "recommended_action": "set it",
        "parameters": { "kernel_param": name, "new_value": value.into() },
        "requires_restart": false, "execution_order": ["os_config"],
    })
}

pub(crate) fn license_command(number: u32, action: &str) -> Value {
    json!({
        "command_id": id(number), "error_type": "license", "severity": 1, "recommended_action": "look",
        "parameters": { "action": action }, "requires_restart": false, "execution_order": [],
    })
}

/// The same command with a restart at its end.
pub(crate) fn with_restart(mut command: Value) -> Value {
    command["requires_restart"] = true.into();
    let order = command["execution_order"].as_array_mut().expect("a list");
    order.push("iris_restart".into());
    command
}
