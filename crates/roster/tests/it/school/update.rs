//! A school changes, and nobody's change is lost.

use anyhow::Result;
use futures::future::try_join;
use serde_json::json;

use crate::home::District;

#[tokio::test]
async fn a_patch_changes_what_it_names_and_counts_up_the_version() -> Result<()> {
    let district = District::new().await?;
    let mut events = district.server.events(district.tenant).await?;
    let refs = json!([{"source": "sis", "value": "1"}]);
    let school = district.create(json!({"name": "Lincoln", "externalRefs": refs})).await?;
    district.server.clock.advance(jiff::SignedDuration::from_mins(1));
    let answer = district
        .registrar
        .patch(&school.path, &school.etag, json!({"name": "Lincoln High"}))
        .await?;
    let after = answer.expect(200);
    assert_eq!((&after["name"], &after["externalRefs"]), (&json!("Lincoln High"), &refs));
    assert_eq!((&after["version"], answer.etag()), (&json!(2), "\"2\""));
    assert_eq!(after["createdAt"], "2026-09-01T08:00:00Z");
    assert_eq!(after["updatedAt"], "2026-09-01T08:01:00Z");
    assert_eq!(district.registrar.get(&school.path).await?.expect(200), after);
    assert_eq!(events.wait_for("SchoolUpdated").await?["data"]["version"], 2);
    Ok(())
}

#[tokio::test]
async fn a_patch_that_changes_nothing_is_not_announced() -> Result<()> {
    let district = District::new().await?;
    let (a, b) = (json!({"source": "a", "value": "1"}), json!({"source": "b", "value": "2"}));
    let school = district.create(json!({"name": "Lincoln", "externalRefs": [a, b]})).await?;
    for patch in [
        json!({}),
        json!({"name": " Lincoln"}),
        json!({"timezone": "UTC", "externalRefs": [b, a, b]}),
    ] {
        let answer = district.registrar.patch(&school.path, "\"1\"", &patch).await?;
        assert_eq!(
            (answer.expect(200)["version"].clone(), answer.etag()),
            (json!(1), "\"1\""),
            "{patch}"
        );
    }
    assert_eq!(district.announced().await?, ["TenantProvisioned", "SchoolCreated"]);
    let records = district.audit(&format!("?entity=roster.school&entityId={}", school.id)).await?;
    assert_eq!(records.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_patch_needs_the_version_that_it_was_made_against() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    let patch =
        |etag| district.registrar.patch(&school.path, etag, json!({"name": "Lincoln High"}));
    patch("\"1\"").without("if-match").await?.problem(428, "precondition-required");
    for stale in ["\"0\"", "\"2\"", "W/\"1\"", "1", "\"x\"", ""] {
        patch(stale).await?.problem(412, "precondition-failed");
    }
    patch("\"1\"").await?.expect(200);
    patch("\"1\"").await?.problem(412, "precondition-failed");
    Ok(())
}

#[tokio::test]
async fn of_two_people_who_save_at_once_one_must_look_again() -> Result<()> {
    let district = District::new().await?;
    for round in 0..10 {
        let school = district.school(&format!("School {round}")).await?;
        let save =
            |zone| district.registrar.patch(&school.path, &school.etag, json!({"timezone": zone}));
        let (one, other) =
            try_join(save("America/Chicago").into_future(), save("Europe/Berlin").into_future())
                .await?;
        let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
        lost.problem(412, "precondition-failed");
        assert_eq!(district.registrar.get(&school.path).await?.expect(200), won.expect(200));
    }
    Ok(())
}

#[tokio::test]
async fn an_archived_school_does_not_change_any_more() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    district.registrar.delete(&school.path).await?.expect(204);
    let patch =
        |etag| district.registrar.patch(&school.path, etag, json!({"name": "Lincoln High"}));
    patch("\"1\"").await?.problem(412, "precondition-failed");
    patch("\"2\"").await?.problem(409, "conflict");
    assert_eq!(district.names("").await?, ["Lincoln"]);
    Ok(())
}

#[tokio::test]
async fn a_patch_is_checked_like_a_new_school() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Lincoln").await?;
    for patch in [
        json!({"name": null}),
        json!({"status": "Archived"}),
        json!({"externalRefs": null}),
        json!([]),
    ] {
        district.registrar.patch(&school.path, "\"1\"", patch).await?.problem(400, "malformed");
    }
    for patch in [
        json!({"name": ""}),
        json!({"timezone": "Springfield"}),
        json!({"externalRefs": [{"source": "", "value": ""}]}),
    ] {
        district.registrar.patch(&school.path, "\"1\"", patch).await?.problem(422, "invalid");
    }
    let merge = district.registrar.patch(&school.path, "\"1\"", json!({"name": "Lincoln High"}));
    merge.header("content-type", "application/merge-patch+json").await?.expect(200);
    Ok(())
}

#[tokio::test]
async fn a_patch_takes_neither_a_name_nor_an_external_id_from_another() -> Result<()> {
    let district = District::new().await?;
    let refs = json!([{"source": "sis", "value": "1"}]);
    let lincoln = district.create(json!({"name": "Lincoln", "externalRefs": refs})).await?;
    let other = district.school("Washington").await?;
    for patch in [json!({"name": "lincoln"}), json!({"externalRefs": refs})] {
        let problem = district
            .registrar
            .patch(&other.path, &other.etag, patch)
            .await?
            .problem(409, "conflict");
        assert_eq!(problem["conflictId"], json!(lincoln.id));
    }
    // What tells two schools of one name apart cannot be taken away either.
    let twin = json!({"name": "Lincoln", "externalRefs": [{"source": "sis", "value": "2"}]});
    let twin = district.create(twin).await?;
    let nothing = district.registrar.patch(&twin.path, &twin.etag, json!({"externalRefs": []}));
    assert_eq!(nothing.await?.problem(409, "conflict")["conflictId"], json!(lincoln.id));
    Ok(())
}

#[tokio::test]
async fn an_external_id_that_was_given_up_is_free_again() -> Result<()> {
    let district = District::new().await?;
    let refs = json!([{"source": "sis", "value": "1"}]);
    let first = district.create(json!({"name": "Lincoln", "externalRefs": refs})).await?;
    district
        .registrar
        .patch(&first.path, &first.etag, json!({"externalRefs": []}))
        .await?
        .expect(200);
    district.create(json!({"name": "Washington", "externalRefs": refs})).await?;
    assert_eq!(district.names("?q=1").await?, ["Washington"]);
    Ok(())
}
