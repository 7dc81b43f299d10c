//! Commands from their arrival to their trace: once, in order, wholly or not at all.

use std::{
    collections::BTreeMap,
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use instance::{
    command::result::{Change, Compensation, Overall, Status, Trace},
    emulator::Fault,
};
use serde_json::Value;

use crate::{
    command::schema,
    emulated::{
        Emulated, PROGRAM, cpf_command, id, kernel_command, license_command, text, with_restart,
    },
};

fn file(iris: &Emulated, command: &Value) -> String {
    let path = iris.dir().join("command.json");
    fs::write(&path, command.to_string()).expect("written");
    path.to_string_lossy().into_owned()
}

fn journals(iris: &Emulated) -> usize {
    let found = fs::read_dir(iris.home.mgr().join("remediation")).into_iter().flatten().flatten();
    found.filter(|file| file.file_name().to_string_lossy().starts_with("0000")).count()
}

#[test]
fn the_same_command_runs_once_and_answers_the_first_trace() {
    let iris = Emulated::down();
    let command = cpf_command(1, "config", "globals", 512);
    let (code, first) = iris.orchestrate(&command, &[]);
    let after = iris.cpf();
    assert_eq!((code, first.overall_status), (0, Overall::Success));
    assert_eq!(iris.orchestrate(&command, &[]), (0, first));
    assert_eq!(iris.cpf(), after);
    let other = iris.cli(
        "orchestrate",
        &["--command-file", &file(&iris, &cpf_command(1, "config", "globals", 1024))],
    );
    assert_eq!(other.status.code(), Some(2));
    assert!(text(&other).contains("was given before with another content"));
}

#[test]
fn what_is_refused_leaves_nothing_and_exits_with_two() {
    let iris = Emulated::down();
    let before = iris.cpf();
    let mut command = cpf_command(1, "config", "globals", 512);
    command["severity"] = 9.into();
    let refused = iris.cli("orchestrate", &["--command-file", &file(&iris, &command)]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused).contains("/severity range"), "{}", text(&refused));
    assert_eq!(iris.cpf(), before);
    let huge = iris.dir().join("huge.json");
    fs::File::create(&huge).and_then(|file| file.set_len(1 << 30)).expect("sparse");
    let began = Instant::now();
    let refused = iris.cli("orchestrate", &["--command-file", &huge.to_string_lossy()]);
    assert!(refused.status.code() == Some(2) && text(&refused).contains("too large"));
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn traces_and_results_keep_their_schemas() {
    let iris = Emulated::running();
    let (results, traces) = (schema("result"), schema("trace"));
    let commands = [
        (cpf_command(1, "config", "globals", 512), vec![]),
        (cpf_command(2, "config", "nosuch", 1), vec![]),
        (with_restart(cpf_command(3, "SQL", "LockTimeout", 20)), vec![]),
        (with_restart(cpf_command(4, "SQL", "LockTimeout", 30)), vec!["--dry-run"]),
        (kernel_command(5, "vm.swappiness", 5), vec![]),
        (license_command(6, "report_usage"), vec![]),
    ];
    for (command, arguments) in commands {
        let trace = serde_json::to_value(iris.orchestrate(&command, &arguments).1).expect("JSON");
        let errors: Vec<_> = traces.iter_errors(&trace).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{trace}");
        assert!(
            trace["steps_executed"]
                .as_array()
                .expect("a list")
                .iter()
                .all(|step| results.is_valid(step))
        );
    }
}

type Predicted =
    Vec<(Status, BTreeMap<String, Change>, Vec<String>, Option<String>, Option<String>)>;

fn told(trace: &Trace) -> Predicted {
    let steps = trace.steps_executed.iter().cloned();
    steps
        .map(|step| {
            (
                step.status,
                step.changes_applied,
                step.notices,
                step.error_message,
                step.requires_user_action,
            )
        })
        .collect()
}

#[test]
fn a_dry_run_changes_nothing_and_predicts_exactly_what_then_happens() {
    let iris = Emulated::running();
    let mut times = Vec::new();
    let commands = [
        cpf_command(1, "config", "globals", 512),
        cpf_command(2, "config", "globals", 512),
        with_restart(cpf_command(3, "Startup", "ErrorPurge", 60)),
        cpf_command(4, "SQL", "LockTimeout", 99_999),
        cpf_command(5, "nosuch", "x", 1),
        kernel_command(6, "vm.swappiness", 5),
        kernel_command(7, "vm.nr_hugepages", 3),
        license_command(8, "check_expiry"),
    ];
    for command in commands {
        let (cpf, journals_before) = (iris.cpf(), journals(&iris));
        for _ in 0..5 {
            let (_, dry) = iris.orchestrate(&command, &["--dry-run"]);
            times.push(dry.completion_time_ms);
            assert!(dry.dry_run && iris.cpf() == cpf && journals(&iris) == journals_before);
        }
        let (_, dry) = iris.orchestrate(&command, &["--dry-run"]);
        let (_, real) = iris.orchestrate(&command, &["--yes"]);
        assert_eq!(told(&dry), told(&real));
        assert_eq!(
            (dry.overall_status, dry.failed_at_step),
            (real.overall_status, real.failed_at_step)
        );
    }
    times.sort_unstable();
    assert!(times[times.len() * 95 / 100] < 200, "{times:?}");
}

#[test]
fn a_restart_is_held_until_somebody_approves_or_rejects_it() {
    let iris = Emulated::running();
    let command = |number| with_restart(cpf_command(number, "config", "globals", 300 + number));
    let (before, (code, trace)) = (iris.cpf(), iris.orchestrate(&command(1), &[]));
    assert_eq!((code, trace.overall_status, iris.cpf()), (5, Overall::Held, before));
    assert!(text(&iris.cli("status", &[])).contains("held"));
    let approved = iris.cli("approve", &[&id(1), "--reason", "agreed"]);
    assert!(
        approved.status.success() && iris.cpf().contains("0,0,301,0,0,0"),
        "{}",
        text(&approved)
    );
    assert_eq!(iris.cli("approve", &[&id(1)]).status.code(), Some(2));
    assert_eq!(iris.orchestrate(&command(2), &[]).0, 5);
    assert!(iris.cli("reject", &[&id(2)]).status.success());
    assert_eq!(iris.orchestrate(&command(2), &["--yes"]).1.overall_status, Overall::Failure);
    assert!(iris.cpf().contains("0,0,301,0,0,0"));
    let tree = text(&iris.cli("trace", &[&id(1)]));
    for what in [
        "received, trace ",
        "held: ",
        "approved by ",
        "agreed",
        "iris_config begins",
        "iris_restart done",
        "finished: success",
    ] {
        assert!(tree.contains(what), "{what} in {tree}");
    }
    assert!(text(&iris.cli("profile", &[])).contains("iris_restart"));
}

#[test]
fn a_change_that_needs_a_restart_says_so_and_can_be_rolled_back() {
    let iris = Emulated::running();
    let before = iris.cpf();
    let (_, trace) = iris.orchestrate(&cpf_command(1, "config", "globals", 512), &[]);
    assert!(trace.requires_user_action.expect("said").contains("takes effect at its next start"));
    assert!(iris.cli("rollback", &[&id(1)]).status.success());
    assert_eq!(iris.cpf(), before);
    assert_eq!(iris.cli("rollback", &[&id(1)]).status.code(), Some(2));
    assert_eq!(iris.cli("rollback", &[&id(9)]).status.code(), Some(2));
}

#[test]
fn a_failure_at_each_step_leaves_everything_as_it_was() {
    for (fault, steps) in
        [(Fault::RefuseStop, 2), (Fault::RefuseStart, 2), (Fault::NoSuperserver, 2)]
    {
        let iris = Emulated::running();
        let before = iris.cpf();
        iris.fault(&[fault]);
        let command = with_restart(cpf_command(1, "config", "globals", 512));
        let (code, trace) = iris.orchestrate(&command, &["--yes", "--startup-wait", "1"]);
        assert_eq!(
            (code, trace.overall_status, trace.steps_executed.len()),
            (4, Overall::Partial, steps)
        );
        assert_eq!(iris.cpf(), before, "{fault:?}");
        let expected =
            if fault == Fault::RefuseStop { Compensation::Complete } else { Compensation::Failed };
        assert_eq!(
            trace.compensation, expected,
            "{fault:?}: a fault that stays cannot be started away"
        );
    }
    let iris = Emulated::running();
    let (code, trace) =
        iris.orchestrate(&with_restart(cpf_command(1, "config", "nosuch", 1)), &["--yes"]);
    assert_eq!(
        (code, trace.overall_status, trace.compensation),
        (3, Overall::Failure, Compensation::None)
    );
}

#[test]
fn killed_at_every_boundary_the_next_run_finishes_or_undoes_it() {
    let iris = Emulated::running();
    let (mut died, mut outcomes) = (0, Vec::new());
    for boundary in 1.. {
        let before = iris.cpf();
        let command = with_restart(cpf_command(boundary, "config", "globals", 1000 + boundary));
        let at = boundary.to_string();
        let path = file(&iris, &command);
        let run = iris.cli("orchestrate", &["--command-file", &path, "--yes", "--die-at", &at]);
        if run.status.success() {
            break;
        }
        died += 1;
        // The next command of any kind looks after what was left.
        assert_eq!(iris.orchestrate(&license_command(1_000 + boundary, "validate_key"), &[]).0, 0);
        let changed = iris.cpf().contains(&format!("0,0,{},0,0,0", 1000 + boundary));
        assert!(changed || iris.cpf() == before, "boundary {boundary}");
        assert!(iris.status().starts_with("running"), "boundary {boundary}: {}", iris.status());
        let (_, trace) = iris.orchestrate(&command, &["--yes"]);
        outcomes.push((changed, trace.overall_status));
        if trace.overall_status == Overall::Success {
            assert!(iris.cpf().contains(&format!("0,0,{},0,0,0", 1000 + boundary)));
        } else {
            assert_eq!(
                (iris.cpf(), trace.compensation),
                (before, Compensation::Complete),
                "boundary {boundary}"
            );
        }
    }
    // Received, begun, done, begun, done, finished: before and after each.
    assert_eq!(died, 12, "{outcomes:?}");
    assert!(outcomes.iter().any(|(_, status)| *status != Overall::Success));
    assert!(outcomes.iter().any(|(changed, status)| *changed && *status == Overall::Success));
}

#[test]
fn commands_of_one_instance_run_one_after_the_other() {
    let iris = Emulated::running();
    let children: Vec<_> = (1..=6)
        .map(|number| {
            let path = iris.dir().join(format!("{number}.json"));
            fs::write(
                &path,
                with_restart(cpf_command(number, "config", "globals", 400 + number)).to_string(),
            )
            .expect("written");
            Command::new(PROGRAM)
                .args(["orchestrate", "--yes", "--dir"])
                .arg(iris.dir())
                .arg("--os-root")
                .arg(iris.home.kernel_root())
                .arg("--command-file")
                .arg(path)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("spawned")
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().expect("ended");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    }
    let log = fs::read_to_string(iris.home.mgr().join("remediation/log.jsonl")).expect("a log");
    let mut running = 0;
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        match line["what"].as_str().expect("a word") {
            "command received" => running += 1,
            "command finished" => running -= 1,
            _ => {}
        }
        assert!(running <= 1, "{log}");
    }
}

#[test]
fn secrets_are_in_no_log_trace_or_answer() {
    let iris = Emulated::running();
    let secret = "0123456789abcdef-planted";
    let (_, trace) = iris.orchestrate(&cpf_command(1, "Startup", "PasswordHash", secret), &[]);
    assert!(iris.cpf().contains(secret));
    let mut shown = serde_json::to_string(&trace).expect("JSON");
    shown += &text(&iris.cli("trace", &[&id(1)]));
    shown += &text(&iris.cli("status", &["--json"]));
    shown += &fs::read_to_string(iris.home.mgr().join("remediation/log.jsonl")).expect("a log");
    shown += &text(&iris.cli(
        "orchestrate",
        &["--command-file", &file(&iris, &license_command(2, "validate_key"))],
    ));
    assert!(!shown.contains(secret) && !shown.contains("EMULATED000"), "{shown}");
    assert!(shown.contains("***"));
}

#[test]
fn the_licence_is_looked_at_without_changing_anything() {
    let iris = Emulated::running();
    let (_, trace) = iris.orchestrate(&license_command(1, "check_expiry"), &[]);
    assert_eq!(trace.steps_executed[0].details.as_ref().expect("an answer")["state"], "ok");
    let session = iris.connect();
    let (_, trace) = iris.orchestrate(&license_command(2, "report_usage"), &[]);
    let usage = trace.steps_executed[0].details.clone().expect("an answer");
    assert_eq!(
        (&usage["units"], &usage["in_use"], &usage["cores"]),
        (&8.into(), &1.into(), &4.into())
    );
    session.leave();
    fs::write(iris.home.mgr().join("iris.key"), "[License]\nExpirationDate=13/45/2020\n")
        .expect("written");
    let (code, trace) = iris.orchestrate(&license_command(3, "validate_key"), &[]);
    let message = trace.steps_executed[0].error_message.clone().expect("an error");
    assert!(code == 3 && message.contains("AuthorizationKey is missing"), "{message}");
}

/// Long, and it measures nothing but itself when it runs alone.
mod heavy {
    use super::*;

    #[test]
    fn fifty_instances_are_repaired_at_once() {
        let all: Vec<Emulated> = (0..50).map(|_| Emulated::running()).collect();
        let repaired = |number: u32, iris: &Emulated| {
            let command = with_restart(cpf_command(number, "config", "globals", 300 + number));
            let (code, trace) = iris.orchestrate(&command, &["--yes"]);
            assert_eq!((code, trace.overall_status), (0, Overall::Success), "{trace:?}");
        };
        std::thread::scope(|scope| {
            for (number, iris) in (0..).zip(&all) {
                scope.spawn(move || repaired(number, iris));
            }
        });
        for (number, iris) in (300..).zip(&all) {
            assert!(iris.cpf().contains(&format!("globals=0,0,{number},0,0,0")), "{number}");
            assert!(iris.status().starts_with("running"), "{number}: {}", iris.status());
        }
    }
}
