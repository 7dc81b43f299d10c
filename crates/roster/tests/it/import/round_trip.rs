//! What goes in comes out, and in again, without a change.

use anyhow::Result;
use kernel::Role;
use roster::{
    oneroster::Version,
    seed::{District, Shape},
};

use super::{Importing, Package, counts, export, import};

/// A district that is not large.
const STUDENTS: u32 = 130;

#[tokio::test]
async fn a_package_becomes_a_roster() -> Result<()> {
    let story = Importing::new().await?;
    let job = story.import(Package::small().zip()).await?;
    assert_eq!(job["status"], "Completed", "{job}");
    for (kind, created) in [
        ("schools", 1),
        ("terms", 2),
        ("classes", 2),
        ("students", 1),
        ("teachers", 1),
        ("guardians", 1),
        ("enrollments", 1),
        ("assignments", 1),
    ] {
        assert_eq!(counts(&job, kind), [created, 0, 0, 0, 0], "{kind}");
    }
    let students = story.registrar.get("/students?q=u1").await?.expect(200);
    let ada = &students["items"][0];
    assert_eq!((ada["givenName"].as_str(), ada["grade"].as_str()), (Some("Ada"), Some("07")));
    let path = format!("/students/{}/guardians", ada["studentId"].as_str().unwrap());
    let guardians = story.registrar.get(&path).await?.expect(200);
    assert_eq!(guardians["items"][0]["name"], "Anne Byron");
    assert_eq!(guardians["items"][0]["relation"], "parent");
    let classes = story.registrar.get("/classes?q=c1").await?.expect(200);
    let class = &classes["items"][0];
    assert_eq!(class["course"]["code"], "ALG");
    let path = format!("/classes/{}/members", class["classId"].as_str().unwrap());
    let members = story.registrar.get(&path).await?.expect(200);
    assert_eq!(members["students"][0]["effectiveStart"], "2026-08-17", "the term's first day");
    assert_eq!(members["students"][0]["effectiveEnd"], "2026-12-19", "the first day behind it");
    assert_eq!(members["teachers"][0]["role"], "Lead");
    Ok(())
}

#[tokio::test]
async fn the_same_package_again_changes_nothing_and_announces_nothing() -> Result<()> {
    let story = Importing::new().await?;
    let package = District::of(Shape::of(STUDENTS)).package(Version::V1p2)?;
    let job = story.import(package.clone()).await?;
    assert_eq!(job["status"], "Completed", "{job}");
    assert_eq!(counts(&job, "students")[0], u64::from(STUDENTS));
    assert_eq!(counts(&job, "enrollments"), [8 * u64::from(STUDENTS), 0, 0, 0, 0]);
    let before = story.events().await?;
    let again = story.import(package).await?;
    assert_eq!(again["status"], "Completed", "{again}");
    for kind in [
        "schools",
        "terms",
        "classes",
        "students",
        "teachers",
        "guardians",
        "enrollments",
        "assignments",
    ] {
        let [created, updated, ended, unchanged, failed] = counts(&again, kind);
        assert_eq!([created, updated, ended, failed], [0; 4], "{kind}");
        assert_eq!(unchanged, counts(&job, kind)[0], "{kind}");
    }
    assert_eq!(story.events().await?, before);
    Ok(())
}

#[tokio::test]
async fn an_export_imported_elsewhere_is_exported_again_byte_by_byte() -> Result<()> {
    let story = Importing::new().await?;
    let admin = &story.registrar;
    story.import(District::of(Shape::of(STUDENTS)).package(Version::V1p1)?).await?;
    // What was made by hand has no id in the source and goes by ours.
    let school = admin
        .post("/schools", serde_json::json!({"name": "By hand", "timezone": "Europe/Oslo"}))
        .await?
        .expect(201);
    let person = serde_json::json!({"givenName": "Cher", "familyName": "By Hand", "schoolIds": [school["schoolId"]]});
    let student = admin.post("/students", person.clone()).await?.expect(201);
    let guardian = serde_json::json!({"name": "Prince", "relation": "other"});
    admin
        .post(&format!("/students/{}/guardians", student["studentId"].as_str().unwrap()), guardian)
        .await?
        .expect(201);
    let mut counselor = person;
    counselor["staffType"] = serde_json::json!(["counselor", "interventionist"]);
    admin.post("/staff", counselor).await?.expect(201);

    let elsewhere = story.server.district("Shelbyville").await?;
    let there = story.server.as_role(Role::Registrar, elsewhere)?;
    for version in ["1.1", "1.2"] {
        let query = format!("source=sis&version={version}");
        let package = export(admin, &query).await?;
        let before = story.events().await?;
        let again = story.import(package.clone()).await?;
        assert_eq!(again["summary"]["enrollments"]["failed"], 0, "{again}");
        assert_eq!(story.events().await?, before, "{version} into itself: {again}");
        let job = import(&there, "source=sis", package.clone()).await?;
        assert_eq!(job["status"], "Completed", "{job}");
        assert!(export(&there, &query).await? == package, "{version}: other bytes");
    }
    Ok(())
}

#[tokio::test]
async fn both_versions_of_the_same_data_make_the_same_roster() -> Result<()> {
    let story = Importing::new().await?;
    let elsewhere = story.server.district("Shelbyville").await?;
    let there = story.server.as_role(Role::Registrar, elsewhere)?;
    let district = District::of(Shape::of(60));
    story.import(district.package(Version::V1p1)?).await?;
    // Equal ids in two tenants, and nobody is in anybody's way.
    let job = import(&there, "source=sis", district.package(Version::V1p2)?).await?;
    assert_eq!(counts(&job, "students"), [60, 0, 0, 0, 0]);
    assert!(export(&story.registrar, "source=sis").await? == export(&there, "source=sis").await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_students_are_imported_exported_and_imported_again() -> Result<()> {
    let story = Importing::new().await?;
    let district = District::of(Shape::of(5_000));
    let job = story.import(district.package(Version::V1p2)?).await?;
    assert_eq!(job["status"], "Completed", "{job}");
    assert_eq!(counts(&job, "students"), [5_000, 0, 0, 0, 0]);
    assert_eq!(counts(&job, "enrollments"), [40_000, 0, 0, 0, 0]);
    assert_eq!(counts(&job, "schools"), [12, 0, 0, 0, 0]);
    let before = story.events().await?;
    let again = story.import(export(&story.registrar, "source=sis").await?).await?;
    assert_eq!(again["status"], "Completed", "{again}");
    assert_eq!(counts(&again, "enrollments"), [0, 0, 0, 40_000, 0]);
    assert_eq!(story.events().await?, before);
    Ok(())
}
