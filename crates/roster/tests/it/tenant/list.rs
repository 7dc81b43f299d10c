//! Tenants page by page.

use anyhow::Result;
use serde_json::Value;
use testkit::Server;

use crate::home::{texts, turn};

#[tokio::test]
async fn tenants_are_listed_by_name_page_by_page() -> Result<()> {
    let server = Server::start().await?;
    for name in ["ogdenville", "Álamo", "Shelbyville", "Brockway", "North Haverbrook"] {
        server.district(name).await?;
    }
    let platform = server.as_platform()?;
    let (mut names, mut query) = (Vec::new(), "?pageSize=2".to_owned());
    loop {
        let page = platform.get(&format!("/api/v1/tenants{query}")).await?.expect(200);
        names.extend(texts(&page["items"], "name"));
        let Value::String(token) = &page["nextToken"] else { break };
        query = format!("?pageSize=2&nextToken={token}");
    }
    assert_eq!(names, ["Brockway", "North Haverbrook", "ogdenville", "Shelbyville", "Álamo"]);
    Ok(())
}

#[tokio::test]
async fn a_list_of_tenants_is_filtered_by_status_and_its_token_is_bound_to_the_filter() -> Result<()>
{
    let server = Server::start().await?;
    let platform = server.as_platform()?;
    for name in ["Brockway", "Ogdenville", "Shelbyville"] {
        let tenant = server.district(name).await?;
        turn(&server, tenant, "suspend").await?.expect(200);
    }
    server.district("Springfield").await?;
    let suspended = "/api/v1/tenants?status=Suspended&pageSize=2";
    let page = platform.get(suspended).await?.expect(200);
    assert_eq!(texts(&page["items"], "name"), ["Brockway", "Ogdenville"]);
    let token = page["nextToken"].as_str().unwrap();
    let next = platform.get(&format!("{suspended}&nextToken={token}")).await?.expect(200);
    assert_eq!(texts(&next["items"], "name"), ["Shelbyville"]);
    let other = format!("/api/v1/tenants?status=Active&nextToken={token}");
    platform.get(&other).await?.problem(400, "malformed");
    Ok(())
}

#[tokio::test]
async fn a_query_that_the_list_does_not_know_is_refused() -> Result<()> {
    let server = Server::start().await?;
    let platform = server.as_platform()?;
    for query in ["status=active", "pageSize=0", "pageSize=501", "pageSize=x", "q=a", "nextToken=x"]
    {
        let path = format!("/api/v1/tenants?{query}");
        platform.get(&path).await?.problem(400, "malformed");
    }
    Ok(())
}
