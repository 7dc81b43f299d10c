//! The real binary: started, used, killed, stopped.

use anyhow::Result;
use kernel::{Role, TenantId};
use serde_json::json;
use testkit::{Client, Events, Process};

use crate::process::folder;

/// No arguments.
const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_killed_server_starts_again_and_has_everything() -> Result<()> {
    let folder = folder();
    let server = Process::start(folder.path(), NOTHING).await?;
    let district = district(&server).await?;
    let registrar = client(&server, Role::Registrar, Some(district))?;
    let created = registrar.post("/schools", json!({"name": "Cedar High"})).await?.expect(201);
    server.kill();

    let server = Process::start(folder.path(), NOTHING).await?;
    let registrar = client(&server, Role::Registrar, Some(district))?;
    let path = format!("/schools/{}", created["schoolId"].as_str().unwrap());
    assert_eq!(registrar.get(&path).await?.expect(200), created);
    let filter = format!("steward/{district}/#");
    let mut events = Events::subscribe(folder.path(), &server.run().mqtt, &filter).await?;
    registrar.post("/schools", json!({"name": "Cedar Middle"})).await?.expect(201);
    events.wait_for("SchoolCreated").await?;
    assert!(server.stop().await?.success());
    Ok(())
}

/// A new district.
pub(crate) async fn district(server: &Process) -> Result<TenantId> {
    let body = json!({"name": "Cedar Valley", "region": "default"});
    let platform = client(server, Role::PlatformAdmin, None)?;
    let tenant = platform.post("/api/v1/tenants", body).await?.expect(201);
    Ok(tenant["tenantId"].as_str().unwrap().parse()?)
}

fn client(server: &Process, role: Role, tenant: Option<TenantId>) -> Result<Client> {
    let client = Client::new(&server.run().http)?.with_token(server.token(role, tenant)?);
    Ok(match tenant {
        Some(tenant) => client.in_tenant(tenant),
        None => client,
    })
}
