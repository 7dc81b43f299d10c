//! A restart: nobody is thrown out, nothing is forced, and it is over only when the instance is well.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use instance::{
    command::{
        ToolName,
        result::{Compensation, Overall, Status},
    },
    emulator::Fault,
    exec::Deadline,
    orchestrate::{Journal, Said},
    tool::{Instance, On, qlist, who_is_on},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::emulated::{
    Emulated, Session, cpf_command, id, license_command, wait_until, with_restart,
};

/// A terminal: `iris session`, which answers with its process.
struct Terminal {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pid: u32,
}

impl Terminal {
    fn open(iris: &Emulated) -> Self {
        let mut child = Command::new(iris.home.iris())
            .args(["session", "IRIS", "-U", "USER"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a session");
        let (input, output) =
            (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut terminal = Self { child, input, output: BufReader::new(output), pid: 0 };
        terminal.pid = terminal.say("write $JOB").trim().parse().expect("a pid");
        terminal
    }

    fn say(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").expect("it listens");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("it answers");
        answer
    }

    fn leave(mut self) {
        writeln!(self.input, "halt").expect("it listens");
        self.child.wait().expect("it ends");
    }
}

fn on(iris: &Emulated) -> Vec<On> {
    let instance = iris.instance();
    let limit = || Deadline::within(Duration::from_secs(10));
    let listed = qlist(instance.iris(), limit()).expect("listed").remove(0);
    who_is_on(&instance, &listed, limit()).expect("told")
}

fn restart(number: u32) -> Value {
    let mut command = with_restart(license_command(number, "validate_key"));
    command["recommended_action"] = "restart".into();
    command
}

/// Whether the journal of a command says that a step has begun.
fn has_begun(instance: &Instance, command: &str, step: ToolName) -> bool {
    let records = Journal::read(instance, command).expect("readable").unwrap_or_default();
    records.iter().any(|record| matches!(record.said, Said::Begun { tool, .. } if tool == step))
}

#[test]
fn a_background_job_counts_as_somebody() {
    let iris = Emulated::running();
    let mut terminal = Terminal::open(&iris);
    let job: u32 = terminal.say("job ^Nightly").trim().parse().expect("a pid");
    terminal.leave();
    let on = on(&iris);
    assert_eq!(
        on.iter().map(|on| (on.pid, on.routine.as_str())).collect::<Vec<_>>(),
        [(job, "^Nightly")]
    );
}

#[test]
fn it_waits_for_who_is_on_and_then_restarts() {
    let iris = Emulated::running();
    let (mut session, before) = (iris.connect(), iris.status());
    session.say("tstart");
    let instance = iris.instance();
    let leaving = std::thread::spawn(move || {
        wait_until("the restart begins", || has_begun(&instance, &id(1), ToolName::IrisRestart));
        // Longer than its first look for users takes, and than the second in which `since` is told.
        std::thread::sleep(Duration::from_millis(1100));
        session.leave();
    });
    let (code, trace) = iris.orchestrate(&restart(1), &["--yes"]);
    leaving.join().expect("left");
    assert_eq!((code, trace.overall_status), (0, Overall::Success), "{trace:?}");
    let notices = &trace.steps_executed[1].notices;
    assert_eq!(notices.last().map(String::as_str), Some("everybody left"), "{notices:?}");
    assert_ne!(iris.status(), before);
    assert!(!iris.log().contains("irisforce"));
}

#[test]
fn it_gives_up_with_their_names_when_somebody_stays() {
    let iris = Emulated::running();
    let (mut session, before) = (iris.connect(), iris.status());
    session.say("tstart");
    let (code, trace) = iris.orchestrate(&restart(1), &["--yes", "--user-wait", "1"]);
    let step = &trace.steps_executed[1];
    let message = step.error_message.as_deref().expect("an error");
    assert_eq!((code, step.status, iris.status()), (4, Status::Failure, before));
    assert!(
        message.contains("UnknownUser") && message.contains("1 with an open transaction"),
        "{message}"
    );
    assert!(step.requires_user_action.is_some());
    assert!(session.say("tcommit").starts_with("TEND"));
}

#[test]
fn a_stop_that_fails_or_hangs_means_no_start_and_no_force() {
    for (fault, said) in [
        (Fault::RefuseStop, "Shutdown refused"),
        (Fault::HangOnStop, "was killed with its process group"),
    ] {
        let iris = Emulated::running();
        iris.fault(&[fault]);
        let starts = iris.log().matches("Starting superserver").count();
        let began = Instant::now();
        let (code, trace) = iris.orchestrate(&restart(1), &["--yes", "--shutdown-wait", "1"]);
        let message = trace.steps_executed[1].error_message.clone().expect("an error");
        assert!(
            code == 4 && message.contains(said) && message.contains("nothing was started"),
            "{message}"
        );
        assert!(began.elapsed() < Duration::from_secs(4));
        assert_eq!(iris.log().matches("Starting superserver").count(), starts);
        assert!(!iris.log().contains("irisforce"));
    }
}

#[test]
fn an_instance_that_is_not_well_after_its_start_is_a_failure() {
    for (fault, said) in [
        (Fault::NoSuperserver, "does not answer"),
        (Fault::FatalAfterStart, "a fatal entry since the start"),
        (Fault::RefuseStart, "Startup aborted."),
        (Fault::CrashAfterStart, "crashed"),
        (Fault::HangOnStart, "was killed with its process group"),
    ] {
        let iris = Emulated::running();
        iris.fault(&[fault]);
        let (code, trace) = iris.orchestrate(&restart(1), &["--yes", "--startup-wait", "1"]);
        let step = &trace.steps_executed[1];
        let message = step.error_message.as_deref().expect("an error");
        assert!(code == 4 && message.contains(said), "{fault:?}: {message}");
        assert!(step.details.as_ref().expect("details")["last_good_cpf"].is_string());
    }
}

#[test]
fn a_failed_start_takes_the_configuration_back_and_starts_with_the_former_one() {
    let iris = Emulated::running();
    let before = iris.cpf();
    // More than the machine has, and no second try with less: the product gives the start up.
    iris.iris(&["stop", "IRIS", "quietly"]);
    iris.edit_by_hand("memlock=0", "memlock=128");
    iris.iris(&["start", "IRIS", "quietly"]);
    let command = with_restart(cpf_command(1, "config", "globals", 99_999));
    let (code, trace) = iris.orchestrate(&command, &["--yes"]);
    assert_eq!((code, trace.compensation), (4, Compensation::Complete), "{trace:?}");
    assert!(
        !trace.steps_executed[0].rolled_back.is_empty()
            && !trace.steps_executed[1].rolled_back.is_empty()
    );
    assert_eq!(iris.cpf(), before.replace("memlock=0", "memlock=128"));
    assert!(iris.status().starts_with("running"));
}

#[test]
fn a_cpf_that_would_stop_the_start_stops_the_restart_before_the_stop() {
    let iris = Emulated::running();
    iris.edit_by_hand("memlock=0\n", "memlock=0\nmemlock=0\n");
    let (code, trace) = iris.orchestrate(&restart(1), &["--yes"]);
    let message = trace.steps_executed[1].error_message.clone().expect("an error");
    assert!(code == 4 && message.contains("Duplicate line detected"), "{message}");
    assert!(iris.status().starts_with("running"));
}

#[test]
fn a_limit_is_kept_within_five_percent_and_the_process_tree_is_gone() {
    let iris = Emulated::running();
    iris.fault(&[Fault::HangOnStop]);
    let limit = Duration::from_secs(2);
    let began = Instant::now();
    let ended =
        instance::exec::run(&iris.home.iris(), &["stop", "IRIS"], "", Deadline::within(limit));
    let took = began.elapsed();
    assert!(ended.is_err() && took >= limit && took < limit.mul_f64(1.05), "{took:?}");
    let left = || {
        let all = Command::new("ps").args(["-eo", "args"]).output().expect("ps");
        String::from_utf8_lossy(&all.stdout).lines().any(|line| {
            line.contains(&*iris.home.iris().to_string_lossy()) && line.ends_with("stop IRIS")
        })
    };
    wait_until("nothing of it is left", || !left());
}

/// Long, and it measures nothing but itself when it runs alone.
mod heavy {
    use super::*;

    /// What to say: a transaction begins, or ends in this way.
    fn turn(open: &mut bool, end: &'static str) -> &'static str {
        *open = !*open;
        if *open { "tstart" } else { end }
    }

    #[test]
    fn everybody_is_found_in_a_thousand_random_patterns() {
        let (iris, mut random) = (Emulated::running(), StdRng::seed_from_u64(11));
        let instance = iris.instance();
        let (mut sessions, mut terminals): (Vec<(Session, bool)>, Vec<(Terminal, bool)>) =
            (Vec::new(), Vec::new());
        let listed = qlist(instance.iris(), Deadline::within(Duration::from_secs(10)))
            .expect("listed")
            .remove(0);
        let mut found = 0;
        for round in 0..1000 {
            match random.random_range(0..6) {
                0 if sessions.len() < 5 => sessions.push((iris.connect(), false)),
                1 if terminals.len() < 3 => terminals.push((Terminal::open(&iris), false)),
                2 if !sessions.is_empty() => {
                    sessions.swap_remove(random.random_range(0..sessions.len())).0.leave()
                }
                3 if !terminals.is_empty() => {
                    terminals.swap_remove(random.random_range(0..terminals.len())).0.leave()
                }
                4 => {
                    if let Some((session, open)) = sessions.first_mut() {
                        session.say(turn(open, "tcommit"));
                    }
                }
                _ => {
                    if let Some((terminal, open)) = terminals.first_mut() {
                        terminal.say(turn(open, "trollback"));
                    }
                }
            }
            let on = who_is_on(&instance, &listed, Deadline::within(Duration::from_secs(10)))
                .expect("told");
            let open = sessions.iter().filter(|(_, open)| *open).count()
                + terminals.iter().filter(|(_, open)| *open).count();
            let pids: BTreeSet<u32> = on.iter().map(|on| on.pid).collect();
            assert_eq!(on.len(), sessions.len() + terminals.len(), "round {round}: {on:?}");
            assert_eq!(
                on.iter().filter(|on| on.in_transaction).count(),
                open,
                "round {round}: {on:?}"
            );
            assert!(
                terminals.iter().all(|(terminal, _)| pids.contains(&terminal.pid)),
                "round {round}: {on:?}"
            );
            found += 1;
        }
        assert_eq!(found, 1000);
    }
}
