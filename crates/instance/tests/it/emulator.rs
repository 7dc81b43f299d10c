//! The emulated instance from outside: what the product's users and tools would see.

use std::fs;

use instance::{
    emulator::{Fault, Settings},
    log::{Header, Severity},
};

use crate::emulated::{Emulated, text, wait_until};

fn has_fatal(log: &str, what: &str) -> bool {
    log.lines().filter_map(|line| Header::parse(line.as_bytes()).ok()).any(|header| {
        header.severity == Severity::Fatal && String::from_utf8_lossy(header.text).contains(what)
    })
}

#[test]
fn it_starts_lists_itself_and_stops() {
    let iris = Emulated::down();
    assert!(iris.status().starts_with("down, last used "));
    let started = text(&iris.iris(&["start", "IRIS", "quietly"]));
    assert!(
        started.starts_with(
            "Starting IRIS\nUsing 'iris.cpf' configuration file\nStarting Control Process\n"
        ),
        "{started}"
    );
    assert!(iris.status().starts_with("running, since "));
    let fields = text(&iris.iris(&["qlist", "IRIS"]));
    assert_eq!(
        (fields.split('^').count(), fields.split('^').nth(5)),
        (14, Some(iris.port.to_string().as_str()))
    );
    let block = text(&iris.iris(&["list"]));
    assert!(
        block.contains("Configuration 'IRIS'") && block.contains("SuperServer port = "),
        "{block}"
    );
    assert!(iris.iris(&["stop", "IRIS", "quietly"]).status.success());
    assert!(iris.status().starts_with("down, last used "));
    let log = iris.log();
    let order =
        ["Starting superserver on port", "Enabling logons", "shutting down", "Shutdown complete"];
    let places: Vec<_> = order.iter().map(|what| log.find(what).expect(what)).collect();
    assert!(places.is_sorted());
    assert!(!iris.home.mgr().join("iris.ids").exists());
}

#[test]
fn every_entry_of_its_log_keeps_the_grammar() {
    let iris = Emulated::running();
    iris.iris(&["stop", "IRIS", "quietly"]);
    let log = iris.log();
    for line in log.lines().filter(|line| Header::begins(line.as_bytes())) {
        Header::parse(line.as_bytes()).expect(line);
    }
    assert!(log.lines().filter(|line| Header::begins(line.as_bytes())).count() > 70);
}

#[test]
fn a_wrong_cpf_stops_the_start_with_the_products_messages() {
    for (from, to, message) in [
        (
            "memlock=0\n",
            "memlock=0\nmemlock=0\n",
            "Duplicate line detected, LINE:'memlock=0' at line ",
        ),
        (
            "memlock=0\n",
            "memlok=0\n",
            "The following parameters are missing from section [config]: 'memlock'",
        ),
        ("memlock=0\n", "memlok=0\n", "Invalid parameter name 'memlok', LINE:'memlok=0' at line "),
    ] {
        let iris = Emulated::down();
        iris.edit_by_hand(from, to);
        let started = iris.iris(&["start", "IRIS", "quietly"]);
        assert_eq!(started.status.code(), Some(1));
        assert!(
            text(&started).ends_with("Startup aborted.\nSee messages.log for more information\n")
        );
        assert!(has_fatal(&iris.log(), message), "{message}");
        assert!(has_fatal(&iris.log(), "Error: Parsing CPF file "));
        assert!(iris.status().starts_with("down"));
    }
}

#[test]
fn memory_is_reckoned_as_the_product_does() {
    let iris =
        Emulated::with(&Settings { time_scale: 200.0, ram_mb: 36_000, ..Settings::default() });
    iris.edit_by_hand("globals=0,0,256,0,0,0", "globals=0,0,32000,0,0,0");
    iris.edit_by_hand("routines=80", "routines=512");
    iris.iris(&["start", "IRIS", "quietly"]);
    let log = iris.log();
    for what in [
        ") 1 [Generic.Event] Insufficient privileges to allocate Huge Pages; non-root instance requires CAP_IPC_LOCK",
        ") 2 [Generic.Event] Failed to allocate 35982MB shared memory using Huge Pages.  Startup will retry with standard pages.",
        ") 2 [Generic.Event] Failed to allocate 35982MB shared memory: 32000MB global buffers, 512MB routine buffers.\n",
        // Both cut by an eighth, which is a warning.
        ") 1 [Generic.Event] Allocated 31617MB shared memory\n",
        "28000MB global buffers, 448MB routine buffers, 64MB journal buffers, 2107MB buffer descriptors, 960MB heap,",
    ] {
        assert!(log.contains(what), "{what}: {log}");
    }
}

#[test]
fn huge_pages_are_taken_whole_or_not_at_all() {
    let iris = Emulated::down();
    fs::write(iris.kernel("vm.nr_hugepages"), "1000\n").expect("written");
    iris.iris(&["start", "IRIS", "quietly"]);
    assert!(iris.log().contains("shared memory using Huge Pages\n"), "{}", iris.log());
    iris.iris(&["stop", "IRIS", "quietly"]);
    fs::write(iris.kernel("vm.nr_hugepages"), "10\n").expect("written");
    iris.edit_by_hand("memlock=0", "memlock=64");
    assert!(!iris.iris(&["start", "IRIS", "quietly"]).status.success());
    assert!(has_fatal(&iris.log(), "shared memory could not be allocated"));
}

#[test]
fn sessions_have_transactions_and_licence_units() {
    let iris = Emulated::running();
    let mut sessions: Vec<_> = (0..8).map(|_| iris.connect()).collect();
    assert_eq!(sessions[0].say("TSTART"), "TSTART\n");
    assert_eq!(sessions[0].say("TCOMMIT"), "TEND\n");
    let extra = (0..2).map(|_| iris.connect()).collect::<Vec<_>>();
    wait_until("the refusal is told", || {
        iris.log()
            .contains("2 [Generic.Event] License limit exceeded 1 times since instance start.")
    });
    drop(extra);
    sessions.pop().expect("one").leave();
}

#[test]
fn severe_entries_reach_the_alerts_once_for_a_process() {
    let iris = Emulated::with(&Settings { time_scale: 200.0, ram_mb: 2048, ..Settings::default() });
    iris.edit_by_hand("globals=0,0,256,0,0,0", "globals=0,0,4096,0,0,0");
    iris.iris(&["start", "IRIS", "quietly"]);
    let severe = iris.log().lines().filter(|line| line.contains(") 2 [")).count();
    let alerts = fs::read_to_string(iris.home.mgr().join("alerts.log")).expect("alerts");
    assert!(severe > 2 && alerts.lines().count() == 1, "{severe}: {alerts}");
    assert!(
        text(&iris.iris(&["qlist"])).contains("^alert^")
            || text(&iris.iris(&["qlist"])).contains("^warn^")
    );
}

#[test]
fn a_full_log_is_renamed_by_its_day() {
    let iris = Emulated::down();
    iris.edit_by_hand("MaxConsoleLogSize=5", "MaxConsoleLogSize=1");
    fs::write(iris.home.mgr().join("messages.log"), "x\n".repeat(600_000)).expect("written");
    iris.iris(&["start", "IRIS", "quietly"]);
    let old = fs::read_dir(iris.home.mgr()).expect("a folder").flatten();
    let old: Vec<_> = old
        .filter(|file| file.file_name().to_string_lossy().starts_with("messages.old_20"))
        .collect();
    assert_eq!(old.len(), 1);
    assert!(iris.log().contains("Enabling logons"));
}

#[test]
fn a_daemon_that_dies_freezes_it_and_force_ends_it() {
    let iris = Emulated::running();
    let write = text(&iris.iris(&["session", "IRIS", "-U", "%SYS"]));
    assert_eq!(write, "");
    let pid = fs::read_dir(iris.home.mgr().join("emulated/process"))
        .expect("a folder")
        .flatten()
        .find_map(|file| {
            let process = fs::read_to_string(file.path()).ok()?;
            process.contains("\"WRTDMN\"").then(|| file.file_name().to_string_lossy().into_owned())
        });
    let pid: i32 = pid.expect("a write daemon").parse().expect("a pid");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL)
        .expect("killed");
    wait_until("it freezes", || text(&iris.iris(&["qlist"])).contains("^hung^"));
    assert!(has_fatal(&iris.log(), &format!("Daemon WRTDMN (pid {pid}) died. Freezing system")));
    assert!(text(&iris.iris(&["force", "IRIS"])).starts_with("irisforce killed "));
    iris.iris(&["start", "IRIS", "quietly"]);
    assert!(iris.log().contains(
        "2 [Utility.Event] Previous system shutdown was abnormal, system forced down or crashed"
    ));
}

#[test]
fn faults_are_switched_on_and_off() {
    let iris = Emulated::down();
    iris.fault(&[Fault::RefuseStart]);
    assert!(text(&iris.iris(&["start", "IRIS"])).contains("Startup aborted."));
    iris.fault(&[Fault::CrashAfterStart]);
    iris.iris(&["start", "IRIS"]);
    wait_until("it crashes", || iris.status().starts_with("crashed, last used "));
    iris.fault(&[Fault::RefuseStop]);
    assert!(iris.iris(&["start", "IRIS"]).status.success());
    assert!(!iris.iris(&["stop", "IRIS"]).status.success());
    assert!(iris.status().starts_with("running"));
}

#[test]
fn a_merge_file_replaces_what_it_names_and_keeps_the_rest() {
    let iris = Emulated::running();
    let (before, file) = (iris.cpf(), iris.dir().join("merge.cpf"));
    fs::write(&file, "[config]\nglobals=0,0,300,0,0,0\n").expect("written");
    let merged = iris.iris(&["merge", "IRIS", &file.to_string_lossy()]);
    assert!(merged.status.success(), "{}", text(&merged));
    assert_eq!(iris.cpf(), before.replacen("0,0,256,0,0,0", "0,0,300,0,0,0", 1));
    fs::write(&file, "[Actions]\nCreateDatabase:Name=X\n").expect("written");
    assert!(!iris.iris(&["merge", "IRIS", &file.to_string_lossy()]).status.success());
    assert!(iris.log().contains("1 [Utility.Event] ERROR #503: Error executing [Actions] section"));
}
