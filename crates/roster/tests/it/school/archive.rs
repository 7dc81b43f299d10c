//! A school ends; nothing of it is deleted.

use anyhow::Result;
use serde_json::json;

use crate::home::District;

#[tokio::test]
async fn an_archived_school_stays_readable_and_frees_its_name() -> Result<()> {
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    let old = district.school("Lincoln").await?;
    let answer = district.registrar.delete(&old.path).await?;
    answer.expect(204);
    assert!(answer.body.is_empty());
    let event = events.wait_for("SchoolArchived").await?;
    assert_eq!(
        (&event["data"]["status"], &event["data"]["version"]),
        (&json!("Archived"), &json!(2))
    );
    let read = district.registrar.get(&old.path).await?;
    assert_eq!((read.expect(200)["status"].clone(), read.etag()), (json!("Archived"), "\"2\""));

    let new = district.school("Lincoln").await?;
    assert_ne!(new.id, old.id);
    assert_eq!(district.names("?status=Archived").await?, ["Lincoln"]);
    assert_eq!(district.names("").await?, ["Lincoln", "Lincoln"]);
    Ok(())
}

#[tokio::test]
async fn archiving_twice_changes_nothing_the_second_time() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    for _ in 0..2 {
        district.registrar.delete(&school.path).await?.expect(204);
    }
    let expected = ["TenantProvisioned", "SchoolCreated", "SchoolArchived"];
    assert_eq!(district.announced().await?, expected);
    assert_eq!(district.registrar.get(&school.path).await?.expect(200)["version"], 2);
    Ok(())
}
