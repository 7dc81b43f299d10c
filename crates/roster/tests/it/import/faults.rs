//! Packages that cannot be read are refused before anything is written.

use std::io::{Cursor, Write};

use anyhow::Result;
use kernel::Role;
use serde_json::json;
use zip::{ZipWriter, unstable::write::FileOptionsExt as _, write::SimpleFileOptions};

use super::{
    Importing, Package, export,
    package::{ORGS, USERS, zip},
    send, settled,
};

fn manifest(version: &str, files: &str) -> (String, String) {
    ("manifest.csv".to_owned(), format!("propertyName,value\noneroster.version,{version}\n{files}"))
}

fn with(version: &str, files: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut all = vec![manifest(version, files)];
    all.extend(more.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())));
    zip(&all)
}

/// A file of zeros that unpacks to more than an honest one.
fn bomb() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let (name, content) = manifest("1.1", "file.orgs,bulk\n");
    zip.start_file(name, SimpleFileOptions::default()).unwrap();
    zip.write_all(content.as_bytes()).unwrap();
    zip.start_file("orgs.csv", SimpleFileOptions::default()).unwrap();
    for _ in 0..64 {
        zip.write_all(&vec![0; 1 << 20]).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A package behind a password.
fn encrypted() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let locked = SimpleFileOptions::default().with_deprecated_encryption(b"secret").unwrap();
    for (name, content) in
        [manifest("1.1", "file.orgs,bulk\n"), ("orgs.csv".to_owned(), ORGS.to_owned())]
    {
        zip.start_file(name, locked).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn packages_made_to_hurt_are_problems_and_nothing_is_written() -> Result<()> {
    let story = Importing::new().await?;
    let orgs = "file.orgs,bulk\n";
    let cut: Vec<u8> = Package::small().zip().into_iter().take(400).collect();
    let cases = [
        ("no zip", b"sourcedId,name\n".to_vec(), "not a zip"),
        ("cut", cut, "not a zip"),
        ("encrypted", encrypted(), "is encrypted: send the zip without a password"),
        (
            "climbs",
            with("1.1", orgs, &[("orgs.csv", ORGS), ("../evil.csv", "x")]),
            "must not be absolute or hold `..`",
        ),
        (
            "nested",
            with("1.1", orgs, &[("orgs.csv", ORGS), ("more.zip", "PK")]),
            "a zip within the zip",
        ),
        (
            "two manifests",
            with("1.1", orgs, &[("orgs.csv", ORGS), ("a/manifest.csv", "x")]),
            "manifest.csv is in the zip twice",
        ),
        (
            "no manifest",
            zip(&[("orgs.csv".to_owned(), ORGS.to_owned())]),
            "manifest.csv is missing",
        ),
        ("no roles", with("1.2", "file.users,bulk\n", &[("users.csv", USERS)]), "needs roles.csv"),
        ("unannounced", with("1.1", "", &[("orgs.csv", ORGS)]), "says that it is absent"),
        (
            "short row",
            with("1.1", orgs, &[("orgs.csv", &format!("{ORGS}s1,,,Oak\n"))]),
            "orgs.csv, line 2: 4 cells",
        ),
    ];
    for (what, package, said) in cases {
        let answer = send(&story.registrar, "source=sis", package).await?;
        let problem = answer.problem(400, "malformed");
        assert!(problem["detail"].as_str().unwrap().contains(said), "{what}: {problem}");
    }
    send(&story.registrar, "source=sis", bomb()).await?.problem(413, "too-large");
    let jobs =
        "select (select count(*) from roster.bulk_job) + (select count(*) from roster.bulk_chunk)";
    assert_eq!(story.count(jobs).await?, 0);
    Ok(())
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() -> Result<()> {
    let story = Importing::new().await?;
    let package = Package::small().zip();
    send(&story.registrar, "", package.clone()).await?.problem(400, "malformed");
    send(&story.registrar, "source=%20", package.clone()).await?.problem(400, "malformed");
    send(&story.registrar, "source=sis&dryRun=perhaps", package.clone())
        .await?
        .problem(400, "malformed");
    let request = story
        .registrar
        .post("/imports/oneroster?source=sis", ())
        .header("content-type", "text/csv");
    request.bytes(package.clone()).await?.problem(415, "unsupported-media-type");
    let teacher = story.server.as_role(Role::Teacher, story.tenant)?;
    send(&teacher, "source=sis", package).await?.problem(403, "forbidden");
    teacher.get("/exports/oneroster?source=sis").await?.problem(403, "forbidden");
    story.registrar.get("/exports/oneroster").await?.problem(400, "malformed");
    story
        .registrar
        .get("/exports/oneroster?source=sis&version=2.0")
        .await?
        .problem(400, "malformed");
    Ok(())
}

/// A dry run changes nothing, so nothing has to be done only once.
#[tokio::test]
async fn only_a_dry_run_needs_no_key() -> Result<()> {
    let story = Importing::new().await?;
    let without_key = async |query: &str| {
        let path = format!("/imports/oneroster?source=sis{query}");
        let request = story.registrar.post(&path, ()).header("content-type", "application/zip");
        request.without("idempotency-key").bytes(Package::small().zip()).await
    };
    let trial = without_key("&dryRun=true").await?;
    trial.expect(202);
    settled(&story.registrar, trial.header("location"), &["Completed"]).await?;
    without_key("").await?.problem(400, "idempotency-key-missing");
    without_key("&dryRun=false").await?.problem(400, "idempotency-key-missing");
    without_key("&dryRun=true&dryRun=false").await?.problem(400, "malformed");
    assert_eq!(story.count("select count(*) from roster.student").await?, 0);
    let elsewhere = story
        .registrar
        .post("/schools?dryRun=true", json!({"name": "Oak", "timezone": "America/Chicago"}));
    elsewhere.without("idempotency-key").await?.problem(400, "idempotency-key-missing");
    Ok(())
}

#[tokio::test]
async fn an_export_is_a_disclosure_on_record_and_an_empty_district_exports() -> Result<()> {
    let story = Importing::new().await?;
    assert!(!export(&story.registrar, "source=sis").await?.is_empty());
    let shown = "select count(*) from kernel.audit where entity = 'roster.export' and record like '%oneroster%'";
    assert_eq!(story.count(shown).await?, 1);
    Ok(())
}
