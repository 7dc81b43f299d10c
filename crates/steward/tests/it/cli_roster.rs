//! The registrar's commands beside a running server.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use kernel::Role;
use roster::{
    oneroster::Version,
    seed::{District, Shape},
};
use serde_json::{Value, json};
use testkit::{Client, Process, process::binary};

/// Runs `steward roster` on a server's folder.
fn command(folder: &Path, arguments: &[&str]) -> Output {
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
    let nobody = command(folder, &["export"]);
    expect(&nobody, 6);
    let process = Process::start(folder, &[] as &[&str]).await.unwrap();
    let token = process.token(Role::PlatformAdmin, None).unwrap();
    let platform = Client::new(&process.run().http).unwrap().with_token(token);
    let district = json!({"name": "Springfield", "region": "default"});
    platform.post("/api/v1/tenants", district).await.unwrap().expect(201);

    let out = expect(&command(folder, &["seed", "--students", "80", "--year", "2026"]), 0);
    assert_eq!(line(&out, "students"), ["students", "80", "0", "0", "0", "0"], "{out}");
    let (whole, half) = (folder.join("whole.zip"), folder.join("half.zip"));
    let (whole, half) = (whole.to_str().unwrap(), half.to_str().unwrap());
    expect(&command(folder, &["export", "--output", whole]), 0);
    let out = expect(&command(folder, &["import", whole, "--json"]), 0);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["job"]["summary"]["enrollments"]["unchanged"], 640, "{told}");

    expect(&command(folder, &["seed", "--students", "40", "--year", "2026", "--output", half]), 0);
    let out = expect(&command(folder, &["import", half, "--dry-run"]), 0);
    assert!(
        out.contains("only a trial: nothing was changed") && out.contains("Ended at "),
        "{out}"
    );
    let approved = command(folder, &["import", half, "--approve"]);
    let out = expect(&approved, 0);
    assert_eq!(line(&out, "students")[3], "40", "{out}");
    assert!(text(&approved.stderr).contains("40 of 80 students of the district would end."));
    // Its classes are others than those of the half: their ends have to be approved again.
    let out = expect(&command(folder, &["import", whole, "--approve"]), 0);
    assert_eq!(
        line(&out, "students"),
        ["students", "0", "80", "0", "0", "0"],
        "they come back: {out}"
    );
    let out = expect(&command(folder, &["import", half]), 5);
    assert!(out.contains("Held, because:"), "{out}");
    let again = command(folder, &["import", half]);
    expect(&again, 5);
    assert!(text(&again.stderr).contains("held until somebody decides"), "{}", text(&again.stderr));
    let no_zip =
        command(folder, &["import", folder.join("run.json").to_str().unwrap(), "--source", "hr"]);
    expect(&no_zip, 2);
    assert!(text(&no_zip.stderr).contains("not a zip"), "{}", text(&no_zip.stderr));
    assert!(process.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_says_whether_it_was_denied_or_done_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let process = Process::start(folder, &[] as &[&str]).await.unwrap();
    let token = process.token(Role::PlatformAdmin, None).unwrap();
    let platform = Client::new(&process.run().http).unwrap().with_token(token);
    let district = json!({"name": "Springfield", "region": "default"});
    let district = platform.post("/api/v1/tenants", district).await.unwrap().expect(201);
    let tenant = district["tenantId"].as_str().unwrap();

    let package = folder.join("sis.zip");
    std::fs::write(&package, with_an_unknown_grade()).unwrap();
    let package = package.to_str().unwrap();
    let out = expect(&command(folder, &["import", package]), 7);
    assert!(out.contains("users.csv:") && out.contains("unknown_grade"), "{out}");

    let teacher = process.token(Role::Teacher, Some(tenant.parse().unwrap())).unwrap();
    for (token, said) in [(teacher.as_str(), "needs one of these roles"), ("no-token", "(401)")] {
        std::fs::write(folder.join("token"), token).unwrap();
        let denied = from_afar(&process.run().http, &folder.join("token"), tenant);
        expect(&denied, 4);
        assert!(text(&denied.stderr).contains(said), "{}", text(&denied.stderr));
    }
    assert!(process.stop().await.unwrap().success());
}

/// A small district, one of whose students is in a grade that there is not.
fn with_an_unknown_grade() -> Vec<u8> {
    let mut district = District::of(Shape::of(12));
    let student = district.users.iter_mut().find(|(_, user)| !user.grades.is_empty());
    student.unwrap().1.grades = vec!["99".to_owned()];
    district.package(Version::V1p2).unwrap()
}

/// Runs `steward roster export` as one who knows the server's address alone.
fn from_afar(url: &str, token: &Path, tenant: &str) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.args(["roster", "export", "--url", url, "--tenant", tenant, "--token-file"]).arg(token);
    command.stdin(Stdio::null()).output().unwrap()
}
