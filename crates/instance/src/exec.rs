//! Runs a program for a limited time, without a shell, and leaves nothing of it behind when the time is over.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// What is kept of a program's output; `iris` writes a few lines.
const OUTPUT_BYTES_MAX: u64 = 1024 * 1024;
/// Between two looks at a running program: short, because a limit of 1 s is kept within 5 %.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// A daemon that the program left may hold its output open: it is not waited for.
const OUTPUT_PATIENCE: Duration = Duration::from_millis(500);

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    /// Its status.
    pub status: ExitStatus,
    /// What it wrote to standard output and error, bytes that are no UTF-8 replaced.
    pub output: String,
}

/// Why a program did not end well.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// It cannot be started.
    #[error("cannot run {program}: {cause}")]
    Start {
        /// Which.
        program: String,
        /// Why.
        cause: io::Error,
    },
    /// It was ended, with everything it had started in its process group.
    #[error("{program} did not end within {limit:.1?} and was killed with its process group")]
    Late {
        /// Which.
        program: String,
        /// The time it had.
        limit: Duration,
    },
}

/// Until when something may last.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    began: Instant,
    limit: Duration,
}

impl Deadline {
    /// From now on.
    pub fn within(limit: Duration) -> Self {
        Self { began: Instant::now(), limit }
    }

    /// The earlier of this and a new one.
    #[must_use]
    pub fn sooner(self, limit: Duration) -> Self {
        Self::within(limit.min(self.left()))
    }

    /// What is left; zero when it is over.
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.began.elapsed())
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// The whole time.
    pub fn limit(&self) -> Duration {
        self.limit
    }
}

/// Runs `program` with `input` on its standard input.
///
/// # Errors
/// When it cannot be started or does not end in time. How it ended is not judged: exit codes of `iris` are not documented.
pub fn run<A: AsRef<OsStr>>(
    program: &Path,
    arguments: &[A],
    input: &str,
    deadline: Deadline,
) -> Result<Ended, Failed> {
    let shown = program.display().to_string();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|cause| Failed::Start { program: shown.clone(), cause })?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read its input may close it.
        stdin.write_all(input.as_bytes()).unwrap_or_default();
    }
    let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
    match wait(&mut child, deadline) {
        Some(status) => Ok(Ended { status, output: format!("{}{}", told(&out), told(&err)) }),
        None => Err(Failed::Late { program: shown, limit: deadline.limit() }),
    }
}

fn wait(child: &mut Child, deadline: Deadline) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if !deadline.is_over() => thread::sleep(LOOK_AGAIN.min(deadline.left())),
            _ => break,
        }
    }
    end(child);
    None
}

/// Kills the whole process group, and waits until the program itself is gone.
fn end(child: &mut Child) {
    // Whatever is gone already need not be killed.
    killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL).unwrap_or_default();
    child.wait().map(drop).unwrap_or_default();
}

fn read(from: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            // What came before an error is worth keeping.
            from.take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes).map(drop).unwrap_or_default();
        }
        sender.send(bytes)
    });
    receiver
}

fn told(from: &Receiver<Vec<u8>>) -> String {
    String::from_utf8_lossy(&from.recv_timeout(OUTPUT_PATIENCE).unwrap_or_default()).into_owned()
}
