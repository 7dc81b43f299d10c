//! The registrar's commands beside a running server.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use kernel::Role;
use serde_json::{Value, json};
use testkit::{Client, Process, process::binary};

/// Runs `steward roster` on a server's folder.
fn roster(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.arg("roster").args(arguments).arg("--data-dir").arg(folder);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn expect(output: &Output, code: i32) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    out
}

/// A line of the table without its spaces between.
fn line(out: &str, kind: &str) -> Vec<String> {
    let line = out.lines().find(|line| line.starts_with(kind)).unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_seeds_imports_approves_and_exports() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let nobody = roster(folder, &["export"]);
    expect(&nobody, 6);
    let process = Process::start(folder, &[] as &[&str]).await.unwrap();
    let token = process.token(Role::PlatformAdmin, None).unwrap();
    let platform = Client::new(&process.run().http).unwrap().with_token(token);
    let district = json!({"name": "Springfield", "region": "default"});
    platform.post("/api/v1/tenants", district).await.unwrap().expect(201);

    let out = expect(&roster(folder, &["seed", "--students", "80", "--year", "2026"]), 0);
    assert_eq!(line(&out, "students"), ["students", "80", "0", "0", "0", "0"], "{out}");
    let (whole, half) = (folder.join("whole.zip"), folder.join("half.zip"));
    let (whole, half) = (whole.to_str().unwrap(), half.to_str().unwrap());
    expect(&roster(folder, &["export", "--output", whole]), 0);
    let out = expect(&roster(folder, &["import", whole, "--json"]), 0);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["job"]["summary"]["enrollments"]["unchanged"], 640, "{told}");

    expect(&roster(folder, &["seed", "--students", "40", "--year", "2026", "--output", half]), 0);
    let out = expect(&roster(folder, &["import", half, "--dry-run"]), 0);
    assert!(
        out.contains("only a trial: nothing was changed") && out.contains("Ended at "),
        "{out}"
    );
    let approved = roster(folder, &["import", half, "--approve"]);
    let out = expect(&approved, 0);
    assert_eq!(line(&out, "students")[3], "40", "{out}");
    assert!(text(&approved.stderr).contains("40 of 80 students of the district would end."));
    // Its classes are others than those of the half: their ends have to be approved again.
    let out = expect(&roster(folder, &["import", whole, "--approve"]), 0);
    assert_eq!(
        line(&out, "students"),
        ["students", "0", "80", "0", "0", "0"],
        "they come back: {out}"
    );
    let out = expect(&roster(folder, &["import", half]), 5);
    assert!(out.contains("Held, because:"), "{out}");
    let again = roster(folder, &["import", half]);
    expect(&again, 5);
    assert!(text(&again.stderr).contains("held until somebody decides"), "{}", text(&again.stderr));
    let no_zip =
        roster(folder, &["import", folder.join("run.json").to_str().unwrap(), "--source", "hr"]);
    expect(&no_zip, 2);
    assert!(text(&no_zip.stderr).contains("not a zip"), "{}", text(&no_zip.stderr));
    assert!(process.stop().await.unwrap().success());
}
