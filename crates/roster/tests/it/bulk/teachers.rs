//! Rows of teachers.

use anyhow::Result;
use serde_json::json;

use super::{results, run, summary};
use crate::home::{District, event_names};

#[tokio::test]
async fn rows_of_teachers_create_and_change_them() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let head = "externalId,givenName,familyName,email,staffType,schoolIds\n";
    let job = run(
        &district,
        "teachers",
        &format!("{head}T-1,Grace,Hopper,g@example.org,counselor,{}\nT-2,A,B,no,,\n", school.id),
    )
    .await?;
    assert_eq!(job["summary"], summary(1, 0, 0, 1, 0));
    assert_eq!(results(&district, &job).await?[1].1, "no_email");
    let page = district.registrar.get("/teachers?q=T-1").await?.expect(200);
    let grace = &page["items"][0];
    assert_eq!(
        (&grace["staffType"], &grace["schoolIds"]),
        (&json!(["teacher", "counselor"]), &json!([school.id]))
    );
    let job = run(&district, "teachers", "externalId,email\nT-1,\n").await?;
    assert_eq!(job["summary"], summary(0, 1, 0, 0, 0));
    let page = district.registrar.get("/teachers?q=T-1").await?.expect(200);
    assert_eq!(
        (&page["items"][0]["email"], &page["items"][0]["givenName"]),
        (&json!(null), &json!("Grace"))
    );
    let names = event_names(&district.feed(6).await?);
    assert_eq!(
        names[2..],
        ["TeacherCreated", "BulkJobCompleted", "TeacherUpdated", "BulkJobCompleted"]
    );
    Ok(())
}

#[tokio::test]
async fn somebody_on_the_staff_begins_to_teach() -> Result<()> {
    let district = District::new().await?;
    let refs = json!([{"source": "sis", "value": "H-1"}]);
    let body =
        json!({"staffType": ["admin"], "givenName": "A", "familyName": "B", "externalRefs": refs});
    district.registrar.post("/staff", body).await?.expect(201);
    let job = run(&district, "teachers", "externalId,givenName\nH-1,A\n").await?;
    assert_eq!(job["summary"], summary(0, 1, 0, 0, 0));
    let page = district.registrar.get("/teachers?q=H-1").await?.expect(200);
    assert_eq!(page["items"][0]["staffType"], json!(["teacher", "admin"]));
    Ok(())
}
