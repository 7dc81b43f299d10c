//! Kernel parameters, on the emulated kernel and, without changing anything, on this machine's.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use instance::{
    command::{
        Command,
        result::{Overall, Status},
    },
    exec::Deadline,
    tool::{Instance, Rules, Scene, tool},
};
use serde_json::json;

use crate::emulated::{Emulated, cpf_command, kernel_command};

fn read(iris: &Emulated, name: &str) -> String {
    fs::read_to_string(iris.kernel(name)).expect("a parameter").trim().to_owned()
}

fn drop_in(iris: &Emulated) -> Option<String> {
    fs::read_to_string(iris.home.kernel_root().join("etc/sysctl.d/90-iris.conf")).ok()
}

#[test]
fn a_value_is_in_force_persisted_and_taken_back() {
    let iris = Emulated::down();
    let (code, trace) = iris.orchestrate(&kernel_command(1, "vm.swappiness", 5), &[]);
    assert_eq!((code, read(&iris, "vm.swappiness").as_str()), (0, "5"), "{trace:?}");
    assert!(drop_in(&iris).expect("a file").ends_with("vm.swappiness = 5\n"));
    assert_eq!(trace.steps_executed[0].changes_applied.len(), 2);
    let again = iris.orchestrate(&kernel_command(2, "vm.swappiness", 5), &[]).1;
    assert!(again.steps_executed[0].changes_applied.is_empty());
    assert!(iris.cli("rollback", &[&crate::emulated::id(1)]).status.success());
    assert_eq!((read(&iris, "vm.swappiness").as_str(), drop_in(&iris)), ("60", None));
}

#[test]
fn vectors_and_numbers_above_two_to_the_63_pass_unchanged() {
    let iris = Emulated::down();
    assert_eq!(
        iris.orchestrate(&kernel_command(1, "kernel.sem", "32000 1024000000 600 33000"), &[]).0,
        0
    );
    assert_eq!(read(&iris, "kernel.sem"), "32000 1024000000 600 33000");
    assert_eq!(
        iris.orchestrate(&kernel_command(2, "kernel.shmmax", "18446744073709551615"), &[]).0,
        0
    );
    assert_eq!(read(&iris, "kernel.shmmax"), "18446744073709551615");
    assert_eq!(iris.orchestrate(&kernel_command(3, "kernel.sem", 5), &[]).0, 3);
}

#[test]
fn a_dangerous_reduction_waits_for_a_person() {
    let iris = Emulated::down();
    let command = kernel_command(1, "kernel.shmmax", 1_u64 << 40);
    let (code, trace) = iris.orchestrate(&command, &[]);
    assert_eq!((code, trace.overall_status), (5, Overall::Held));
    assert!(trace.requires_user_action.expect("a question").contains("kernel.shmmax is reduced"));
    assert_eq!(read(&iris, "kernel.shmmax"), "18446744073692774399");
    assert!(iris.cli("approve", &[&crate::emulated::id(1)]).status.success());
    assert_eq!(read(&iris, "kernel.shmmax"), (1_u64 << 40).to_string());
    assert_eq!(iris.orchestrate(&kernel_command(2, "kernel.shmmax", 1_u64 << 39), &["--yes"]).0, 0);
}

#[test]
fn what_the_instance_needs_is_not_taken_from_it() {
    let iris = Emulated::down();
    for (name, value, said) in [
        ("kernel.shmmax", 1_000_000, "less than the instance needs"),
        ("vm.nr_hugepages", 10, "would use none of them: at least"),
        ("vm.nr_hugepages", 8000, "leave less than 25 %"),
        ("kernel.msgmni", 2, "at least 3"),
        ("vm.swappiness", 201, "not between 0 and 200"),
        ("vm.nosuch", 1, "this kernel has no parameter"),
    ] {
        let (code, trace) = iris.orchestrate(&kernel_command(value + 7, name, value), &["--yes"]);
        let message = trace.steps_executed[0].error_message.clone().expect("an error");
        assert!(code == 3 && message.contains(said), "{message}");
    }
    assert_eq!(drop_in(&iris), None);
}

#[test]
fn a_configuration_that_outgrows_the_huge_pages_is_told() {
    let iris = Emulated::down();
    assert_eq!(iris.orchestrate(&kernel_command(1, "vm.nr_hugepages", 1000), &[]).0, 0);
    let (_, trace) = iris.orchestrate(&cpf_command(2, "config", "globals", 4096), &[]);
    let notices = trace.steps_executed[0].notices.join("\n");
    assert!(
        notices.contains("it will use none of them: set vm.nr_hugepages to at least "),
        "{notices}"
    );
}

#[test]
fn without_privilege_it_says_who_may_and_how() {
    let iris = Emulated::down();
    let dir = iris.home.kernel_root().join("etc/sysctl.d");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o555)).expect("set");
    let instance = iris.instance();
    let command = kernel_command(1, "vm.swappiness", 5).to_string();
    let command = Command::parse(command.as_bytes()).expect("valid");
    let scene = Scene { instance: &instance, command: &command, rules: Rules::default() };
    let os_config = tool(command.tools()[0]);
    let planned = os_config.plan(&scene, Deadline::within(std::time::Duration::from_secs(5)));
    // The superuser may write everywhere: then there is nothing to explain.
    if nix::unistd::geteuid().is_root() {
        assert!(planned.is_ok());
        return;
    }
    let failed = planned.expect_err("refused");
    assert!(failed.message.contains("need root or CAP_SYS_ADMIN"), "{failed}");
    assert!(failed.requires_user_action.expect("how").contains("sysctl -w vm.swappiness=\"5\""));
}

#[test]
fn a_link_in_place_of_a_parameter_or_a_directory_is_not_followed() {
    let iris = Emulated::down();
    let outside = iris.dir().join("outside");
    fs::write(&outside, "60\n").expect("written");
    fs::remove_file(iris.kernel("vm.swappiness")).expect("removed");
    std::os::unix::fs::symlink(&outside, iris.kernel("vm.swappiness")).expect("linked");
    let (code, trace) = iris.orchestrate(&kernel_command(1, "vm.swappiness", 5), &["--yes"]);
    assert!(
        code == 3
            && trace.steps_executed[0]
                .error_message
                .as_deref()
                .expect("told")
                .contains("symbolic link")
    );
    assert_eq!(fs::read_to_string(&outside).expect("text"), "60\n");
}

#[test]
fn this_machines_own_kernel_is_read_and_nothing_is_written() {
    let iris = Emulated::down();
    let instance = Instance::find(iris.dir(), None, Path::new("/"), None).expect("found");
    let before = fs::read_to_string("/proc/sys/vm/swappiness").expect("a kernel");
    let command = json!(kernel_command(1, "vm.swappiness", 1)).to_string();
    let command = Command::parse(command.as_bytes()).expect("valid");
    let log = instance::orchestrate::Log::open(&instance).expect("a log");
    let rules = Rules::default();
    let run = instance::orchestrate::Run {
        instance: &instance,
        rules,
        dry_run: true,
        log: &log,
        die_at: None,
    };
    let trace = instance::orchestrate::run(&run, &command, &|_| None).expect("a trace");
    let step = &trace.steps_executed[0];
    if step.status == Status::Success {
        let change = step.changes_applied.get("vm.swappiness").expect("predicted");
        assert_eq!(change.old.as_deref(), Some(before.trim()));
    } else {
        assert!(
            step.requires_user_action.as_deref().expect("how").contains("sysctl -w"),
            "{step:?}"
        );
    }
    assert_eq!(fs::read_to_string("/proc/sys/vm/swappiness").expect("a kernel"), before);
}
