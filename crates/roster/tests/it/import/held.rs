//! Much that would end waits for a person.

use anyhow::Result;
use kernel::Role;
use roster::{
    oneroster::{Enrollment, User, Version},
    seed::{District, Shape},
};
use serde_json::Value;

use super::{Importing, Package, counts, decide, export, import, package, send, settled};

const STUDENTS: u32 = 100;

/// A district, and the same without a part of its users and what they are in.
fn districts(without: impl Fn(&str, &User) -> bool) -> (District, District) {
    let whole = District::of(Shape::of(STUDENTS));
    let mut part = whole.clone();
    part.users.retain(|(id, user)| !without(id, user));
    let there = |id: &String| part.users.iter().any(|(user, _)| user == id);
    part.enrollments.retain(|(_, row): &(String, Enrollment)| there(&row.user));
    part.demographics.retain(|(id, _)| there(id));
    (whole, part)
}

/// Every third user.
fn third(id: &str, _: &User) -> bool {
    id.bytes().map(u32::from).sum::<u32>() % 10 < 3
}

async fn held(story: &Importing) -> Result<(Value, District)> {
    let (whole, part) = districts(third);
    story.import(whole.package(Version::V1p1)?).await?;
    let before = story.events().await?;
    let job = story.import(part.package(Version::V1p1)?).await?;
    assert_eq!(job["status"], "Held", "{job}");
    let asked =
        story.count("select count(*) from kernel.approval where status = 'Pending'").await?;
    assert_eq!((asked, story.events().await?), (1, before), "nothing of the roster ended");
    Ok((job, part))
}

#[tokio::test]
async fn without_a_third_of_its_users_a_package_is_held_until_it_is_approved() -> Result<()> {
    let story = Importing::new().await?;
    let (job, _) = held(&story).await?;
    let ended = counts(&job, "students")[2];
    assert!(ended > 10, "{job}");
    let why = job["summary"]["heldBecause"].to_string();
    assert!(
        why.contains(&format!("{ended} of {STUDENTS} students of the district would end.")),
        "{why}"
    );
    assert_eq!(
        story.count("select count(*) from roster.student where status <> 'Active'").await?,
        0
    );

    let admin = story.another(Role::DistrictAdmin)?;
    let shown = admin
        .get(&format!(
            "/api/approvals/{}",
            job["summary"]["approval"]["approvalId"].as_str().unwrap()
        ))
        .await?
        .expect(200);
    assert!(shown["consequences"].to_string().contains("students are deactivated."), "{shown}");
    decide(&admin, &job, "Approved").await?.expect(200);
    let path = format!("/bulk/jobs/{}", job["jobId"].as_str().unwrap());
    let done = settled(&story.registrar, &path, &["Completed", "Failed"]).await?;
    assert_eq!(done["status"], "Completed", "{done}");
    let gone = "select count(*) from roster.student where status = 'Deactivated'";
    assert_eq!(u64::try_from(story.count(gone).await?)?, ended);
    let left = "select count(*) from roster.enrollment e join roster.student s using (tenant_id, student_id)
                where e.status = 'Active' and s.status = 'Deactivated'";
    assert_eq!(story.count(left).await?, 0, "their enrolments end with them");
    Ok(())
}

#[tokio::test]
async fn who_rejects_changes_nothing_and_another_import_may_follow() -> Result<()> {
    let story = Importing::new().await?;
    let (job, part) = held(&story).await?;
    let second = send(&story.registrar, "source=sis", part.package(Version::V1p1)?).await?;
    let conflict = second.problem(409, "conflict");
    assert_eq!(conflict["conflictId"], job["jobId"], "{conflict}");
    // Another source, and a trial, may.
    import(
        &story.registrar,
        "source=hr",
        Package::small().only(&["orgs"]).with("orgs", "Oak", "Elm").zip(),
    )
    .await?;
    let trial =
        import(&story.registrar, "source=sis&dryRun=true", part.package(Version::V1p1)?).await?;
    assert_eq!(
        (trial["status"].as_str(), trial["summary"]["dryRun"].as_bool()),
        (Some("Completed"), Some(true))
    );

    let asker = story.server.as_role(Role::Registrar, story.tenant)?;
    decide(&asker, &job, "Approved").await?.problem(403, "forbidden");
    decide(&story.another(Role::DistrictAdmin)?, &job, "Rejected").await?.expect(200);
    let path = format!("/bulk/jobs/{}", job["jobId"].as_str().unwrap());
    let done = settled(&story.registrar, &path, &["Completed", "Failed"]).await?;
    assert_eq!(done["status"], "Failed", "{done}");
    assert_eq!(
        story.count("select count(*) from roster.student where status <> 'Active'").await?,
        0
    );
    let whole = District::of(Shape::of(STUDENTS)).package(Version::V1p1)?;
    assert_eq!(story.import(whole).await?["status"], "Completed");
    Ok(())
}

#[tokio::test]
async fn a_trial_tells_the_difference_and_changes_nothing() -> Result<()> {
    let story = Importing::new().await?;
    let package = Package::small().zip();
    let before = story.events().await?;
    let trial = import(&story.registrar, "source=sis&dryRun=true", package.clone()).await?;
    assert_eq!(counts(&trial, "students"), [1, 0, 0, 0, 0]);
    let school = &trial["summary"]["bySchool"][0];
    assert_eq!(
        (school["name"].as_str(), school["classes"]["created"].as_u64()),
        (Some("Oak"), Some(2))
    );
    assert_eq!(school["schoolId"], Value::Null, "there is none yet");
    assert_eq!(story.events().await?, before);
    assert_eq!(story.count("select count(*) from roster.student").await?, 0);
    assert_eq!(counts(&story.import(package).await?, "students"), [1, 0, 0, 0, 0]);
    Ok(())
}

#[tokio::test]
async fn one_school_that_loses_much_and_an_empty_file_are_held() -> Result<()> {
    let story = Importing::new().await?;
    let whole = District::of(Shape::of(150));
    story.import(whole.package(Version::V1p1)?).await?;
    let teaches = |id: &str, _: &User| id.starts_with("teacher-");
    let mut without = whole.clone();
    without.enrollments.retain(|(_, row)| row.school != "school-001");
    let job =
        import(&story.registrar, "source=sis&dryRun=true", without.package(Version::V1p1)?).await?;
    assert!(
        job["summary"]["heldBecause"]
            .to_string()
            .contains("enrollments of Lincoln Elementary School"),
        "{job}"
    );
    assert!(whole.users.iter().any(|(id, user)| teaches(id, user)));

    let empty = Package::small().only(&["enrollments"]).of(
        "enrollments",
        "bulk",
        package::ENROLLMENTS.to_owned(),
    );
    let job = story.import(empty.zip()).await?;
    assert_eq!(job["status"], "Held", "{job}");
    assert!(
        job["summary"]["heldBecause"][0].as_str().unwrap().starts_with("enrollments.csv is empty"),
        "{job}"
    );
    Ok(())
}

#[tokio::test]
async fn new_ids_for_everybody_are_recognised() -> Result<()> {
    let story = Importing::new().await?;
    let mut district = District::of(Shape::of(60));
    story.import(district.package(Version::V1p1)?).await?;
    for (id, _) in district.users.iter_mut().filter(|(id, _)| id.starts_with("student-")) {
        id.insert_str(0, "new-");
    }
    district.demographics.iter_mut().for_each(|(id, _)| id.insert_str(0, "new-"));
    for (_, row) in
        district.enrollments.iter_mut().filter(|(_, row)| row.user.starts_with("student-"))
    {
        row.user.insert_str(0, "new-");
    }
    let job = story.import(district.package(Version::V1p1)?).await?;
    assert_eq!(job["status"], "Held", "{job}");
    assert!(
        job["summary"]["heldBecause"]
            .to_string()
            .contains("the source seems to have given new ids"),
        "{job}"
    );
    assert!(!export(&story.registrar, "source=sis").await?.is_empty());
    Ok(())
}
