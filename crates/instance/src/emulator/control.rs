//! The control process of an emulated instance: it starts the others, plays the log, and stops everything in order.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{SigSet, Signal, kill},
    unistd::Pid,
};

use super::{
    Allocation, Fault, Home, Settings,
    home::{Phase, State},
    messages::Messages,
    process::{self, Kind, Process, Registered},
    script::{self, START, STOP},
};
use crate::{
    clock,
    cpf::{Cpf, check},
    license_key::LicenseKey,
    memory::Demand,
};

/// What `iris start` reads from this process: the start is over.
pub(super) const READY: &str = "ready";
/// How often the control process looks after its children and at orders.
const BEAT: Duration = Duration::from_millis(10);

/// A child that ends when the control process ends: it reads a pipe that only the control process holds open.
struct Daemon {
    name: &'static str,
    child: Child,
    alive: Option<ChildStdin>,
}

struct Control<'a> {
    home: &'a Home,
    settings: Settings,
    daemons: Vec<Daemon>,
}

/// Starts the instance, runs it until it is stopped, and answers whether it ever ran.
pub(super) fn run(home: &Home) -> io::Result<bool> {
    let Some(lock) = home.control_lock()? else {
        return Err(io::Error::other("the control process of this instance runs already"));
    };
    // Blocked, so that an order during the start waits until it is over.
    let mut orders = SigSet::empty();
    orders.add(Signal::SIGTERM);
    orders.thread_block()?;
    nix::unistd::setsid()?;
    let mut control = Control { home, settings: home.settings()?, daemons: Vec::new() };
    let registered = Registered::new(home, Process::system("CONTROL"))?;
    let started = control.start()?;
    if started {
        tell_ready();
        control.watch(orders)?;
    }
    drop((registered, lock));
    Ok(started)
}

/// Whoever started the instance may have gone by now.
fn tell_ready() {
    let mut out = io::stdout().lock();
    writeln!(out, "{READY}").and_then(|()| out.flush()).unwrap_or_default();
}

impl Control<'_> {
    fn has(&self, fault: Fault) -> bool {
        self.settings.faults.contains(&fault)
    }

    fn slowed(&self, time: Duration, fault: Fault) -> Duration {
        if self.has(fault) { time * 10 } else { time }
    }

    fn set(&self, phase: Phase) -> io::Result<()> {
        let since = clock::ctime(&clock::local());
        let State { alerts, hung, .. } = self.home.state();
        let control = std::process::id().cast_signed();
        self.home.set_state(&State { phase, control, since, alerts, hung })
    }

    fn start(&mut self) -> io::Result<bool> {
        let (home, settings) = (self.home, self.settings.clone());
        let since = clock::ctime(&clock::local());
        let control = std::process::id().cast_signed();
        home.set_state(&State { phase: Phase::Starting, control, since, alerts: 0, hung: false })?;
        fs::write(home.mgr().join("iris.ids"), "localhost\n")?;
        while self.has(Fault::HangOnStart) {
            std::thread::park();
        }
        let time = self.slowed(START, Fault::SlowStart);
        let script = (include_str!("start.txt"), time);
        let started =
            script::play(home, &settings, script, &mut |what, messages| self.act(what, messages))?;
        if !started {
            self.end_daemons();
            self.set(Phase::Down)?;
            fs::remove_file(home.mgr().join("iris.ids"))?;
            return Ok(false);
        }
        fs::write(home.mgr().join("iris.shid"), std::process::id().to_string())?;
        fs::copy(home.cpf(), home.mgr().join("_LastGood_.cpf"))?;
        self.remove_clean_mark()?;
        self.set(Phase::Running)?;
        if self.has(Fault::FatalAfterStart) {
            let text = "Write Daemon: Control Daemon has exited - freezing system";
            Messages::of(home, std::process::id()).write(3, "Generic.Event", text)?;
        }
        Ok(true)
    }

    /// While the mark is missing, the next start knows that this run did not end in order.
    fn remove_clean_mark(&self) -> io::Result<()> {
        match fs::remove_file(self.home.emulated("clean")) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// What the start's script leaves to the code; false gives the start up.
    fn act(&mut self, what: &str, messages: &Messages) -> io::Result<bool> {
        match what {
            "memory" => self.memory(messages),
            "daemons" => self.start_daemons(),
            "abnormal" => self.tell_abnormal(messages),
            "cpf" => self.check_cpf(messages),
            "changed" => self.tell_changed(messages),
            "licence" => self.licence(messages),
            "superserver" => self.superserver(messages),
            "connected" => self.licence_connected(messages),
            other => {
                Err(io::Error::other(format!("the script names @{other}, which nobody knows")))
            }
        }
    }

    fn memory(&self, messages: &Messages) -> io::Result<bool> {
        let Ok(cpf) = Cpf::parse(fs::read(self.home.cpf())?) else { return Ok(true) };
        let pages = fs::read_to_string(self.home.kernel_root().join("proc/sys/vm/nr_hugepages"))?;
        let ram = self.settings.ram_mb;
        let got =
            Allocation::of(Demand::of(&cpf, ram), ram, pages.trim().parse().unwrap_or_default());
        for (severity, text) in &got.entries {
            messages.write(*severity, "Generic.Event", text)?;
        }
        if got.allocated.is_none() {
            messages.write(
                3,
                "Utility.Event",
                "Error: Startup stopped because shared memory could not be allocated",
            )?;
        }
        Ok(got.allocated.is_some())
    }

    fn tell_abnormal(&self, messages: &Messages) -> io::Result<bool> {
        let (clean, ran) = (self.home.emulated("clean"), self.home.mgr().join("iris.shid"));
        if ran.exists() && !clean.exists() {
            let text = "Previous system shutdown was abnormal, system forced down or crashed";
            messages.write(2, "Utility.Event", text)?;
        }
        Ok(true)
    }

    fn check_cpf(&self, messages: &Messages) -> io::Result<bool> {
        let path = self.home.cpf();
        let faults = match Cpf::parse(fs::read(&path)?) {
            Ok(cpf) => check::faults(&cpf).into_iter().map(|fault| fault.text).collect(),
            Err(error) => vec![error.to_string()],
        };
        for text in &faults {
            messages.write(3, "Utility.Event", text)?;
        }
        if !faults.is_empty() {
            let shown = path.display();
            let text = format!(
                "Error: Parsing CPF file {shown} - Shutting down the system : $zu(56,2)=$Id: emulated#1 $ {} 0",
                faults.len()
            );
            messages.write(3, "Utility.Event", &text)?;
        }
        Ok(faults.is_empty())
    }

    fn tell_changed(&self, messages: &Messages) -> io::Result<bool> {
        if !self.home.cpf_is_remembered() {
            let shown = self.home.cpf().display().to_string();
            let text = format!("Configuration file {shown} is not the same as when last shut down");
            messages.write(1, "Utility.Event", &text)?;
        }
        Ok(true)
    }

    fn licence(&self, messages: &Messages) -> io::Result<bool> {
        match key(self.home) {
            Some(_) => messages.write(0, "Utility.Event", "LMF Info:  Activating Core Capacity license key")?,
            None => messages.write(
                2,
                "Utility.Event",
                "LMF Error: No valid license key. No valid local file found and LicenseID not defined.",
            )?,
        }
        Ok(true)
    }

    fn licence_connected(&self, messages: &Messages) -> io::Result<bool> {
        if let Some(cores) = key(self.home).and_then(|key| key.cores) {
            messages.write(
                0,
                "Utility.Event",
                "LMF Info:  Connected to license server 127.0.0.1,4002",
            )?;
            messages.write(
                0,
                "Utility.Event",
                &format!("LMF Info:  Licensed for {cores} cores."),
            )?;
        }
        Ok(true)
    }

    fn start_daemons(&mut self) -> io::Result<bool> {
        for name in ["WRTDMN", "JRNDMN"] {
            let (child, alive) = self.spawn(name, Stdio::null())?;
            self.daemons.push(Daemon { name, child, alive });
        }
        Ok(true)
    }

    fn spawn(&self, name: &str, out: Stdio) -> io::Result<(Child, Option<ChildStdin>)> {
        let mut child = Command::new(self.home.irisdb())
            .arg(format!("-s{}", self.home.mgr().display()))
            .arg(name)
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()?;
        let alive = child.stdin.take();
        Ok((child, alive))
    }

    fn superserver(&mut self, messages: &Messages) -> io::Result<bool> {
        let port = self.home.port();
        messages.write(0, "Utility.Event", &format!("Starting superserver on port {port}"))?;
        if self.has(Fault::NoSuperserver) {
            return Ok(true);
        }
        let (mut child, alive) = self.spawn("SUPERSERVER", Stdio::piped())?;
        let mut said = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut said)?;
        }
        if said.trim() == READY {
            self.daemons.push(Daemon { name: "SUPERSERVER", child, alive });
        } else {
            messages.write(
                2,
                "Utility.Event",
                &format!("Superserver failed to listen on port {port}"),
            )?;
            child.wait()?;
        }
        Ok(true)
    }

    /// Runs until the order to stop.
    fn watch(&mut self, orders: SigSet) -> io::Result<()> {
        if self.has(Fault::CrashAfterStart) {
            kill(Pid::this(), Signal::SIGKILL)?;
        }
        let messages = Messages::of(self.home, std::process::id());
        let stop = std::thread::spawn(move || orders.wait());
        while !stop.is_finished() {
            self.look_after(&messages)?;
            std::thread::sleep(BEAT);
        }
        self.stop()
    }

    /// Without its daemons an instance writes nothing any more.
    fn look_after(&mut self, messages: &Messages) -> io::Result<()> {
        let mut died = Vec::new();
        self.daemons.retain_mut(|daemon| {
            let ended = matches!(daemon.child.try_wait(), Ok(Some(_)) | Err(_));
            if ended {
                died.push((daemon.name, daemon.child.id()));
            }
            !ended
        });
        for (name, pid) in died {
            messages.write(
                3,
                "Generic.Event",
                &format!("Daemon {name} (pid {pid}) died. Freezing system"),
            )?;
            let state = State { hung: true, ..self.home.state() };
            self.home.set_state(&state)?;
        }
        Ok(())
    }

    fn stop(&mut self) -> io::Result<()> {
        self.settings = self.home.settings()?; // faults may have been switched since
        self.set(Phase::Stopping)?;
        while self.has(Fault::HangOnStop) {
            std::thread::park();
        }
        let (home, settings) = (self.home, self.settings.clone());
        let script = (include_str!("stop.txt"), self.slowed(STOP, Fault::SlowStop));
        script::play(home, &settings, script, &mut |what, _| {
            match what {
                "users" => end_users(home)?,
                _ => self.end_daemons(),
            }
            Ok(true)
        })?;
        home.remember_cpf()?;
        fs::write(home.emulated("clean"), "")?;
        fs::remove_file(home.mgr().join("iris.ids"))?;
        self.set(Phase::Down)
    }

    fn end_daemons(&mut self) {
        for Daemon { mut child, alive, .. } in self.daemons.drain(..) {
            drop(alive);
            child.wait().map(drop).unwrap_or_default();
        }
    }
}

fn key(home: &Home) -> Option<LicenseKey> {
    LicenseKey::parse(&fs::read_to_string(home.mgr().join("iris.key")).ok()?).ok()
}

/// Users are told to leave, and do.
pub(super) fn end_users(home: &Home) -> io::Result<()> {
    for user in process::all(home)?.iter().filter(|process| process.kind != Kind::System) {
        // It may have left by itself.
        kill(Pid::from_raw(user.pid.cast_signed()), Signal::SIGTERM).unwrap_or_default();
    }
    Ok(())
}
