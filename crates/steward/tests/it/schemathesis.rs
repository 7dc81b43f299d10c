//! The contract tried by a tool that nobody here wrote: Schemathesis makes requests from `contracts/openapi.json`, good ones,
//! bad ones and chains of them, and holds every answer against it.
//!
//! The seed is fixed, so that a failure comes back; `tests/schemathesis` says how much is tried and what is excused why.

use std::path::{Path, PathBuf};
use std::process::Output;

use kernel::{Role, TenantId};
use testkit::{Person, Server};
use tokio::process::Command;

/// Whoever may do most: their requests meet the rules behind the permission.
const ROLES: [Role; 7] = [
    Role::PlatformAdmin,
    Role::DistrictAdmin,
    Role::Registrar,
    Role::Counselor,
    Role::Operator,
    Role::InstanceExecutor,
    Role::Auditor,
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_contract_allows_is_answered_as_it_says() {
    let server = Server::start().await.unwrap();
    let tenant = server.district("Tried").await.unwrap();
    let spare = server.district("Suspended and deactivated").await.unwrap();
    let tried = try_contract(&server, tenant, spare).await;
    let said = String::from_utf8_lossy(&tried.stdout);
    let complaint = String::from_utf8_lossy(&tried.stderr);
    assert!(tried.status.success(), "{said}{complaint}");
    assert!(said.contains("Tested: "), "it tried nothing: {said}");
}

async fn try_contract(server: &Server, tenant: TenantId, spare: TenantId) -> Output {
    let whoever = Person::with(Role::DistrictAdmin, &[tenant, spare]);
    let person = Person { roles: ROLES.to_vec(), ..whoever };
    let token = server.issuer.token(&person, server.now()).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trial = here.join("tests/schemathesis");
    Command::new(python())
        .args(["-m", "schemathesis.cli", "--no-color", "--config-file"])
        .arg(trial.join("config.toml"))
        .arg("run")
        .arg(here.join("../../contracts/openapi.json"))
        .args(["--url", &server.url()])
        .current_dir(server.folder())
        .env("STEWARD_TRIAL_HOOKS", trial.join("excused.py"))
        .env("STEWARD_TRIAL_TOKEN", token)
        .env("STEWARD_TRIAL_TENANT", tenant.to_string())
        .env("STEWARD_TRIAL_SPARE", spare.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}

/// The interpreter that has Schemathesis.
#[expect(clippy::disallowed_methods, reason = "the test command names the interpreter")]
fn python() -> PathBuf {
    let named = std::env::var_os("STEWARD_TEST_PYTHON");
    PathBuf::from(named.expect(
        "no Python with Schemathesis: run this through bin/test, which installs it, or name an interpreter that has \
         crates/steward/tests/schemathesis/requirements.txt in STEWARD_TEST_PYTHON",
    ))
}
