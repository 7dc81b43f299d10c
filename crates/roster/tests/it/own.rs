//! School roles: what the caller's staff record names is theirs, the rest does not exist for them.

use anyhow::Result;
use kernel::Role;
use serde_json::json;
use testkit::{Client, Person};

use crate::home::{District, School, texts};

const OWN: [Role; 4] = [Role::SchoolAdmin, Role::Teacher, Role::Interventionist, Role::Counselor];

async fn sees(client: &Client, query: &str) -> Result<Vec<String>> {
    Ok(texts(&client.get(&format!("/schools{query}")).await?.expect(200)["items"], "name"))
}

async fn three(district: &District) -> Result<[School; 3]> {
    Ok([
        district.school("Adams").await?,
        district.school("Lincoln").await?,
        district.school("Zola").await?,
    ])
}

#[tokio::test]
async fn school_roles_see_the_schools_of_their_staff_record_only() -> Result<()> {
    let district = District::new().await?;
    let [adams, lincoln, zola] = three(&district).await?;
    for role in OWN {
        district.employ(role, &[&adams, &zola]).await?;
        let person = district.person(role)?;
        assert_eq!(sees(&person, "").await?, ["Adams", "Zola"], "{role:?}");
        assert_eq!(sees(&person, "?sort=-name").await?, ["Zola", "Adams"]);
        assert_eq!(sees(&person, "?q=l").await?, Vec::<String>::new());
        person.get(&zola.path).await?.expect(200);
        person.get(&lincoln.path).await?.problem(404, "not-found");
    }
    Ok(())
}

#[tokio::test]
async fn without_a_staff_record_there_is_nothing_to_see() -> Result<()> {
    let district = District::new().await?;
    let [adams, ..] = three(&district).await?;
    for role in OWN {
        let stranger = district.person(role)?;
        assert_eq!(sees(&stranger, "").await?, Vec::<String>::new(), "{role:?}");
        stranger.get(&adams.path).await?.problem(404, "not-found");
    }
    Ok(())
}

#[tokio::test]
async fn a_school_admin_changes_and_archives_their_own_schools_only() -> Result<()> {
    let district = District::new().await?;
    let [adams, lincoln, _] = three(&district).await?;
    district.employ(Role::SchoolAdmin, &[&adams]).await?;
    let head = district.person(Role::SchoolAdmin)?;
    head.patch(&lincoln.path, &lincoln.etag, json!({"name": "Mine"}))
        .await?
        .problem(404, "not-found");
    head.delete(&lincoln.path).await?.problem(404, "not-found");
    head.patch(&adams.path, &adams.etag, json!({"name": "Adams High"})).await?.expect(200);
    head.delete(&adams.path).await?.expect(204);
    head.post("/schools", json!({"name": "Mine"})).await?.problem(403, "forbidden");
    assert_eq!(district.names("?status=Active").await?, ["Lincoln", "Zola"]);
    Ok(())
}

#[tokio::test]
async fn who_may_only_look_changes_nothing() -> Result<()> {
    let district = District::new().await?;
    let [adams, ..] = three(&district).await?;
    for role in [Role::Teacher, Role::Interventionist, Role::Counselor, Role::Auditor] {
        district.employ(role, &[&adams]).await?;
        let person = district.person(role)?;
        person
            .patch(&adams.path, &adams.etag, json!({"name": "Mine"}))
            .await?
            .problem(403, "forbidden");
        person.delete(&adams.path).await?.problem(403, "forbidden");
        person.post("/schools", json!({"name": "Mine"})).await?.problem(403, "forbidden");
    }
    for role in [Role::EventPlanner, Role::BudgetApprover, Role::Operator] {
        district.person(role)?.get("/schools").await?.problem(403, "forbidden");
    }
    Ok(())
}

#[tokio::test]
async fn two_roles_reach_as_far_as_the_wider_one_for_each_operation() -> Result<()> {
    let district = District::new().await?;
    let [adams, lincoln, _] = three(&district).await?;
    district.employ(Role::SchoolAdmin, &[&adams]).await?;
    let person = Person {
        roles: vec![Role::SchoolAdmin, Role::Auditor],
        ..Person::with(Role::SchoolAdmin, &[district.tenant])
    };
    let person = district.server.as_person(&person)?.in_tenant(district.tenant);
    assert_eq!(sees(&person, "").await?, ["Adams", "Lincoln", "Zola"]);
    person.delete(&lincoln.path).await?.problem(404, "not-found");
    person.delete(&adams.path).await?.expect(204);
    Ok(())
}

#[tokio::test]
async fn the_same_subject_of_another_issuer_is_somebody_else() -> Result<()> {
    let district = District::new().await?;
    let [adams, ..] = three(&district).await?;
    district.employ(Role::SchoolAdmin, &[&adams]).await?;
    let admin = &district.server.database.admin;
    sqlx::query("update roster.staff set issuer = 'https://other.test'").execute(admin).await?;
    assert_eq!(sees(&district.person(Role::SchoolAdmin)?, "").await?, Vec::<String>::new());
    Ok(())
}
