//! What is a command: the parser and the schema refuse and accept the same.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use instance::command::{Command, ToolName};
use jsonschema::Validator;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::emulated::{
    Emulated, cpf_command, id, kernel_command, license_command, text, with_restart,
};

pub(super) fn schema(name: &str) -> Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("../../contracts/instance/{name}.schema.json"));
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(path).expect("a schema")).expect("JSON");
    jsonschema::validator_for(&schema).expect("a valid schema")
}

/// Any valid command.
fn valid(random: &mut StdRng) -> Value {
    let names = ["globals", "jrnbufs", "%JDBC Server", "Global_%SYS(\"a=b\")", "memlock"];
    let sections = ["config", "Startup", "Map.USER", "SQL"];
    let number = random.random::<u64>() >> random.random_range(0..64);
    let mut command = match random.random_range(0..4) {
        0 => cpf_command(
            0,
            sections.choose(random).expect("one"),
            names.choose(random).expect("one"),
            number,
        ),
        1 => cpf_command(0, "config", "console", ""),
        2 => kernel_command(0, "kernel.sem", format!("{number} 1 2\t3")),
        _ => license_command(
            0,
            ["check_expiry", "validate_key", "report_usage"].choose(random).expect("one"),
        ),
    };
    command["command_id"] =
        format!("{:08x}-58d4-4c0a-9b60-3A4b6d3f2a10", random.random::<u32>()).into();
    command["severity"] = random.random_range(0..4).into();
    command["recommended_action"] = "é".repeat(random.random_range(1..=200)).into();
    if random.random() {
        command = with_restart(command);
    }
    if random.random() {
        command["timeout_seconds"] = random.random_range(10..=300).into();
        command["dry_run"] = random.random::<bool>().into();
    }
    if random.random() {
        command["instance"] = ["IRIS", "ens-2", "A_1"].choose(random).copied().into();
        command["reply_to"] = ["https://a.example/x", "file:///tmp/r", "mqtts://b:8883/t"]
            .choose(random)
            .copied()
            .into();
    } else {
        command["instance"] = Value::Null;
        command["reply_to"] = Value::Null;
    }
    command
}

/// Something that is wrong, and where it is told. The last are beyond what a schema can say.
const MUTATIONS: &[(&str, fn(&mut Value))] = &[
    ("/command_id", |c| c["command_id"] = "4f6c1f0e".into()),
    ("/command_id", |c| c["command_id"] = 7.into()),
    ("/command_id", |c| drop(c.as_object_mut().expect("one").remove("command_id"))),
    ("/error_type", |c| c["error_type"] = "network".into()),
    ("/severity", |c| c["severity"] = 4.into()),
    ("/severity", |c| c["severity"] = json!(1.5)),
    ("/severity", |c| c["severity"] = "2".into()),
    ("/recommended_action", |c| c["recommended_action"] = "".into()),
    ("/recommended_action", |c| c["recommended_action"] = "x".repeat(201).into()),
    ("/parameters", |c| c["parameters"] = json!({})),
    ("/parameters", |c| c["parameters"] = json!([])),
    ("/parameters", |c| c["parameters"]["surplus"] = 1.into()),
    ("/parameters", |c| {
        c["parameters"] = json!({ "action": "check_expiry", "kernel_param": "a.b", "new_value": 1 })
    }),
    ("/parameters/action", |c| c["parameters"] = json!({ "action": "renew" })),
    ("/parameters/new_value", |c| {
        c["parameters"] = json!({ "kernel_param": "vm.swappiness", "new_value": -1 })
    }),
    ("/parameters/new_value", |c| {
        c["parameters"] = json!({ "kernel_param": "vm.swappiness", "new_value": "5;reboot" })
    }),
    ("/parameters/new_value", |c| {
        c["parameters"] =
            json!({ "kernel_param": "kernel.shmmax", "new_value": "18446744073709551616" })
    }),
    ("/parameters/kernel_param", |c| {
        c["parameters"] = json!({ "kernel_param": "../etc/passwd", "new_value": 1 })
    }),
    ("/parameters/new_value", |c| {
        c["parameters"] =
            json!({ "cpf_section": "SQL", "parameter": "RTPC", "new_value": "1\n[x]" })
    }),
    ("/parameters/new_value", |c| {
        c["parameters"] = json!({ "cpf_section": "SQL", "parameter": "RTPC", "new_value": true })
    }),
    ("/parameters/cpf_section", |c| {
        c["parameters"] = json!({ "cpf_section": "a]", "parameter": "RTPC", "new_value": 1 })
    }),
    ("/requires_restart", |c| c["requires_restart"] = "yes".into()),
    ("/execution_order", |c| c["execution_order"] = json!("iris_config")),
    ("/execution_order", |c| c["execution_order"] = json!(["iris_config", "iris_config"])),
    ("/execution_order", |c| c["execution_order"] = json!(["rm"])),
    ("/execution_order", |c| c["execution_order"] = json!(["iris_config", "os_config"])),
    ("/dry_run", |c| c["dry_run"] = 1.into()),
    ("/timeout_seconds", |c| c["timeout_seconds"] = 9.into()),
    ("/timeout_seconds", |c| c["timeout_seconds"] = 301.into()),
    ("/instance", |c| c["instance"] = "../x".into()),
    ("/reply_to", |c| c["reply_to"] = "ftp://x".into()),
    ("/dryrun", |c| c["dryrun"] = true.into()),
    ("/a~1b~0c", |c| c["a/b~c"] = 1.into()),
    ("/requires_restart", |c| {
        if c["requires_restart"] == false {
            *c = with_restart(c.clone());
        }
        c["execution_order"] =
            c["execution_order"].as_array().expect("a list").iter().take(2).cloned().collect();
        c["requires_restart"] = false.into();
    }),
    ("/error_type", |c| {
        c["error_type"] =
            if c["error_type"] == "license" { "config".into() } else { "license".into() }
    }),
];

#[test]
fn ten_thousand_valid_commands_are_all_accepted() {
    let (schema, mut random) = (schema("command"), StdRng::seed_from_u64(2));
    for _ in 0..10_000 {
        let command = valid(&mut random);
        if let Err(refusal) = Command::parse(command.to_string().as_bytes()) {
            panic!("{refusal}\n{command}");
        }
        assert!(schema.is_valid(&command), "{command}");
    }
}

#[test]
fn ten_thousand_malformed_commands_are_all_refused_where_they_are_wrong() {
    let (schema, mut random) = (schema("command"), StdRng::seed_from_u64(3));
    for round in 0..10_000 {
        let mut command = valid(&mut random);
        let (pointer, mutate) = MUTATIONS[round % MUTATIONS.len()];
        mutate(&mut command);
        let refusal =
            Command::parse(command.to_string().as_bytes()).expect_err(&command.to_string());
        assert!(
            refusal.0.iter().any(|violation| violation.pointer.starts_with(pointer)),
            "{pointer}: {refusal}"
        );
        assert!(!schema.is_valid(&command), "{pointer}: {command}");
    }
}

/// Every file below a folder with its bytes.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("read").path());
    let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let own = files.into_iter().map(|path| (path.clone(), fs::read(path).expect("a file")));
    own.chain(dirs.iter().flat_map(|dir| self::files(dir))).collect()
}

#[test]
fn whatever_is_malformed_executes_nothing() {
    let (iris, mut random) = (Emulated::down(), StdRng::seed_from_u64(4));
    let before = files(iris.dir());
    for (pointer, mutate) in MUTATIONS {
        let mut command = valid(&mut random);
        mutate(&mut command);
        let arguments = ["--yes", "--command-file", "-"];
        let output = iris.cli_with("orchestrate", &arguments, &command.to_string());
        let told = text(&output);
        assert!(output.status.code() == Some(2) && told.contains(pointer), "{pointer}: {told}");
        assert!(files(iris.dir()) == before, "{command} changed something");
    }
}

#[test]
fn every_violation_is_named_not_only_the_first() {
    let refusal = Command::parse(br#"{"severity": 9, "parameters": {"action": 1}, "x": 0}"#)
        .expect_err("refused");
    let told: Vec<_> =
        refusal.0.iter().map(|violation| (violation.pointer.as_str(), violation.code)).collect();
    for expected in [
        ("/x", "unknown"),
        ("/command_id", "required"),
        ("/error_type", "required"),
        ("/severity", "range"),
        ("/recommended_action", "required"),
        ("/parameters/action", "type"),
        ("/requires_restart", "required"),
        ("/execution_order", "required"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
}

#[test]
fn what_a_schema_cannot_say_is_refused_too() {
    let bounds = |min: u64, value: u64, max: u64| {
        let mut command = kernel_command(1, "vm.swappiness", value);
        command["parameters"]["min_value"] = min.into();
        command["parameters"]["max_value"] = max.into();
        Command::parse(command.to_string().as_bytes())
    };
    assert!(bounds(1, 5, 10).is_ok());
    assert!(bounds(6, 5, 10).is_err() && bounds(1, 11, 10).is_err() && bounds(10, 5, 1).is_err());
    let twice = format!("{{\"command_id\": \"{0}\", \"command_id\": \"{0}\"}}", id(1));
    let refusal = Command::parse(twice.as_bytes()).expect_err("twice");
    assert!(refusal.to_string().contains("stands twice"), "{refusal}");
    for broken in ["", "{", "[]", "null", "{}x", "\u{0}", &"[".repeat(10_000), &" ".repeat(70_000)]
    {
        assert!(Command::parse(broken.as_bytes()).is_err());
    }
}

#[test]
fn numbers_above_what_a_float_holds_stay_exact() {
    for value in [json!(18_446_744_073_692_774_399_u64), json!("18446744073692774399")] {
        let command = kernel_command(1, "kernel.shmmax", value);
        let command = Command::parse(command.to_string().as_bytes()).expect("valid");
        assert!(format!("{:?}", command.parameters).contains("18446744073692774399"));
    }
}

#[test]
fn a_question_about_the_licence_runs_first() {
    let command = with_restart(license_command(1, "check_expiry"));
    let command = Command::parse(command.to_string().as_bytes()).expect("valid");
    assert_eq!(command.tools(), [ToolName::License, ToolName::IrisRestart]);
}
