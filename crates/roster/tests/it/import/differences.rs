//! What packages get wrong and what they leave out: what happens to the roster.

use anyhow::Result;
use serde_json::json;

use super::{
    Importing, Package, counts,
    package::{CLASSES, COURSES, ENROLLMENTS, ORGS, SESSIONS, USERS},
};

async fn small() -> Result<Importing> {
    let story = Importing::new().await?;
    let job = story.import(Package::small().zip()).await?;
    assert_eq!(job["summary"]["students"]["created"], 1, "{job}");
    Ok(story)
}

#[tokio::test]
async fn what_a_bulk_file_leaves_out_ends_with_what_hangs_on_it() -> Result<()> {
    let story = small().await?;
    let row = "u1,,,true,s1,student,ada,,Ada,Byron,,,,,,g1,07,\n";
    let package = Package::small().with("users", row, "").with(
        "enrollments",
        "e1,,,c1,s1,u1,student,,,\n",
        "",
    );
    let job = story.import(package.zip()).await?;
    assert_eq!((counts(&job, "students")[2], counts(&job, "enrollments")[2]), (1, 1), "{job}");
    let student = story.registrar.get("/students?q=u1").await?.expect(200);
    assert_eq!(student["items"][0]["status"], "Deactivated", "ended, not deleted");
    // They come back: the same student, a new enrolment after the old one.
    let job = story.import(Package::small().zip()).await?;
    assert_eq!((counts(&job, "students")[1], counts(&job, "enrollments")[0]), (1, 1), "{job}");
    let again = story.registrar.get("/students?q=u1").await?.expect(200);
    assert_eq!(again["items"][0]["studentId"], student["items"][0]["studentId"]);
    assert_eq!(again["items"][0]["status"], "Active");
    let job = story.import(Package::small().zip()).await?;
    assert_eq!(counts(&job, "enrollments"), [0, 0, 0, 1, 0], "{job}");
    Ok(())
}

#[tokio::test]
async fn an_absent_file_says_nothing() -> Result<()> {
    let story = small().await?;
    let before = story.events().await?;
    let job = story.import(Package::small().only(&["orgs"]).zip()).await?;
    assert_eq!(counts(&job, "students"), [0; 5]);
    assert_eq!(story.events().await?, before);
    Ok(())
}

#[tokio::test]
async fn a_row_that_is_wrong_is_not_gone() -> Result<()> {
    let story = small().await?;
    // A word that nobody knows once made a thousand students disappear elsewhere.
    let package = Package::small().with("users", "s1,student,ada", "s1,studnet,ada");
    let job = story.import(package.zip()).await?;
    assert_eq!(counts(&job, "students"), [0, 0, 0, 0, 1], "{job}");
    assert_eq!(story.faults(&job).await?, ["users.csv:2:role unknown_word"]);
    let active = "select count(*) from roster.student s join roster.enrollment e using (tenant_id, student_id)
                  where s.status = 'Active' and e.status = 'Active'";
    assert_eq!(story.count(active).await?, 1);
    // Excel has eaten the zero: refused, never repaired.
    let job = story.import(Package::small().with("users", "g1,07,", "g1,7,").zip()).await?;
    assert_eq!(story.faults(&job).await?, ["users.csv:2:grades unknown_grade"]);
    Ok(())
}

#[tokio::test]
async fn orphans_and_twins_are_told_with_their_places() -> Result<()> {
    let story = small().await?;
    let more = "e3,,,c9,s1,u1,student,,,\ne4,,,c1,s9,u1,student,,,\ne5,,,c1,s1,u9,student,,,\ne6,,,c1,s1,p1,student,,,\ne1,,,c2,s1,u1,student,,,\ne7,,,c1,s1,u1,student,,2026-09-01,\ne8,,,c1,s1,p1,teacher,false,,\n";
    let rows =
        format!("{ENROLLMENTS}e1,,,c1,s1,u1,student,,,\ne2,,,c1,s1,p1,teacher,true,,\n{more}");
    let classes = format!(
        "{CLASSES}c1,,,Algebra 1,,k,,scheduled,,s1,t,,,\nc2,,,Algebra 1,,k9,,scheduled,,s1,t,,,\nc3,,,B,,k,,scheduled,,s1,t9,,,\nc4,,,B,,k,,scheduled,,d,t,,,\n"
    );
    let orgs = format!(
        "{ORGS}d,,,District,district,,\ns1,,,Oak,school,,d\na,,,A,department,,b\nb,,,B,department,,a\n"
    );
    let package = Package::small()
        .of("enrollments", "bulk", rows)
        .of("classes", "bulk", classes)
        .of("orgs", "bulk", orgs);
    let job = story.import(package.zip()).await?;
    assert_eq!(
        story.faults(&job).await?,
        [
            "orgs.csv:4:parentSourcedId cycle",
            "orgs.csv:5:parentSourcedId cycle",
            "classes.csv:3:courseSourcedId unknown",
            "classes.csv:4:termSourcedIds unknown",
            "classes.csv:5:schoolSourcedId unknown",
            "enrollments.csv:4:classSourcedId unknown",
            "enrollments.csv:5:schoolSourcedId other_school",
            "enrollments.csv:6:userSourcedId unknown",
            "enrollments.csv:7:userSourcedId not_a_student",
            "enrollments.csv:8:sourcedId duplicate",
            "enrollments.csv:9:beginDate overlaps",
            "enrollments.csv:10:userSourcedId duplicate",
        ],
        "{job}"
    );
    assert_eq!(counts(&job, "enrollments"), [0, 0, 0, 1, 6], "{job}");
    Ok(())
}

#[tokio::test]
async fn a_delta_tells_changes_alone() -> Result<()> {
    let story = small().await?;
    let at = "2026-09-01T00:00:00Z";
    let users = format!(
        "{USERS}u2,active,{at},true,s1,student,bob,,Bob,Stone,,,,,,,08,\np1,tobedeleted,{at},true,s1,teacher,joe,,Joe,Doe,,,,,,,,\n"
    );
    let rows = format!(
        "{ENROLLMENTS}e3,active,{at},c2,s1,u2,student,,,\ne1,tobedeleted,{at},c1,s1,u1,student,,,\n"
    );
    let package = Package::small().only(&["users", "enrollments"]).of("users", "delta", users).of(
        "enrollments",
        "delta",
        rows,
    );
    let job = story.import(package.zip()).await?;
    assert_eq!(counts(&job, "students"), [1, 0, 0, 0, 0], "{job}");
    assert_eq!(counts(&job, "teachers"), [0, 0, 1, 0, 0]);
    assert_eq!(counts(&job, "assignments")[2], 1, "the teacher's class goes with them");
    assert_eq!(counts(&job, "enrollments"), [1, 0, 1, 0, 0]);
    Ok(())
}

#[tokio::test]
async fn ids_are_told_apart_by_case_and_by_kind() -> Result<()> {
    let story = Importing::new().await?;
    // One id in four files, and two that differ in case.
    let package = Package::small()
        .of("orgs", "bulk", format!("{ORGS}1,,,Oak,school,,\nA,,,Elm,school,,\na,,,Ash,school,,\n"))
        .of(
            "academicSessions",
            "bulk",
            format!("{SESSIONS}1,,,Fall,term,2026-08-17,2026-12-18,,2027\n"),
        )
        .of("courses", "bulk", format!("{COURSES}1,,,,Algebra,,,1,,\n"))
        .of("classes", "bulk", format!("{CLASSES}1,,,Algebra,,1,,scheduled,,1,1,,,\n"))
        .of("users", "bulk", format!("{USERS}1,,,true,1,student,ada,,Ada,Byron,,,,,,,,\n"))
        .of("enrollments", "bulk", format!("{ENROLLMENTS}1,,,1,1,1,student,,,\n"));
    let job = story.import(package.zip()).await?;
    assert_eq!(story.faults(&job).await?, Vec::<String>::new());
    for (kind, created) in
        [("schools", 3), ("terms", 1), ("classes", 1), ("students", 1), ("enrollments", 1)]
    {
        assert_eq!(counts(&job, kind), [created, 0, 0, 0, 0], "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn one_user_may_be_several_things() -> Result<()> {
    let story = small().await?;
    // A teacher of the school who is the mother of a student, as 1.2 says it; a head who teaches a class.
    let users = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns\n\
        u1,,,true,ada,,Ada,Byron,,,,,,p1,07,,,,,,,\np1,,,true,joe,,Joe,Doe,,,joe@example.org,,,,,,,,,,,\nh1,,,true,ida,,Ida,Head,,,,,,,,,,,,,,\n";
    let roles = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId\n\
        1,,,u1,primary,student,,,s1,\n2,,,p1,primary,teacher,,,s1,\n3,,,p1,secondary,parent,,,d,\n4,,,h1,primary,principal,,,s1,\n";
    let mut package = Package::small().with("enrollments", "p1,teacher,true", "h1,teacher,true");
    package.version = "1.2";
    let mut package = package.of("users", "bulk", users.to_owned());
    package.files.push(("roles", "bulk", roles.to_owned()));
    let job = story.import(package.zip()).await?;
    assert_eq!(story.faults(&job).await?, Vec::<String>::new());
    assert_eq!(counts(&job, "guardians"), [1, 0, 1, 0, 0], "one comes, one goes: {job}");
    let head = story.registrar.get("/staff?q=h1").await?.expect(200);
    assert_eq!(head["items"][0]["staffType"], json!(["teacher", "admin"]));
    assert_eq!(counts(&job, "assignments"), [1, 0, 1, 0, 0], "{job}");
    Ok(())
}

#[tokio::test]
async fn enrolments_with_new_ids_each_night_stay_the_same() -> Result<()> {
    let story = small().await?;
    let before = story.events().await?;
    let package = Package::small().with("enrollments", "e1,", "night-1,").with(
        "enrollments",
        "e2,",
        "night-2,",
    );
    let job = story.import(package.zip()).await?;
    assert_eq!(counts(&job, "enrollments"), [0, 0, 0, 1, 0], "{job}");
    assert_eq!(counts(&job, "assignments"), [0, 0, 0, 1, 0], "{job}");
    assert_eq!(story.events().await?, before);
    assert_eq!(story.count("select count(*) from roster.source_row").await?, 2);
    Ok(())
}

#[tokio::test]
async fn who_left_and_came_back_is_in_the_class_twice() -> Result<()> {
    let story = Importing::new().await?;
    let twice =
        "e1,,,c1,s1,u1,student,,2026-08-17,2026-08-28\ne1b,,,c1,s1,u1,student,,2026-09-14,\n";
    let package = Package::small().with("enrollments", "e1,,,c1,s1,u1,student,,,\n", twice);
    let job = story.import(package.zip()).await?;
    assert_eq!(counts(&job, "enrollments"), [2, 0, 0, 0, 0], "{job}");
    assert_eq!(counts(&story.import(package.zip()).await?, "enrollments"), [0, 0, 0, 2, 0]);
    Ok(())
}

#[tokio::test]
async fn what_spreadsheets_add_does_not_matter() -> Result<()> {
    let story = Importing::new().await?;
    let package = Package::small();
    let files = package.files.iter().map(|(name, _, content)| {
        let crlf = content.replace('\n', "\r\n");
        (format!("export/{}.CSV", name.to_uppercase()), format!("\u{feff}{crlf}\r\n"))
    });
    let said: Vec<_> =
        package.files.iter().map(|(name, mode, _)| format!("file.{name},{mode}\r\n")).collect();
    let said = said.concat();
    let manifest = format!("\u{feff}propertyName,value\r\noneroster.version,1.1\r\n{said}");
    let mut all = vec![
        ("export/manifest.csv".to_owned(), manifest),
        ("__MACOSX/._orgs.csv".to_owned(), "x".to_owned()),
    ];
    all.extend(files);
    let job = story.import(super::package::zip(&all)).await?;
    assert_eq!(story.faults(&job).await?, Vec::<String>::new());
    assert_eq!(counts(&job, "enrollments"), [1, 0, 0, 0, 0], "{job}");
    Ok(())
}

#[tokio::test]
async fn a_school_made_by_hand_stands_in_the_way_of_its_name() -> Result<()> {
    let story = Importing::new().await?;
    let by_hand = story.registrar.post("/schools", json!({"name": "OAK"})).await?;
    let job = story.import(Package::small().only(&["orgs"]).zip()).await?;
    assert_eq!(story.faults(&job).await?, ["orgs.csv:3:name name_taken"]);
    let path = format!("/schools/{}", by_hand.expect(201)["schoolId"].as_str().unwrap());
    let refs = json!({"externalRefs": [{"source": "sis", "value": "s1"}]});
    story.registrar.patch(&path, "\"1\"", refs).await?.expect(200);
    let job = story.import(Package::small().only(&["orgs"]).zip()).await?;
    assert_eq!(
        counts(&job, "schools"),
        [0, 1, 0, 0, 0],
        "its name is now as the source writes it: {job}"
    );
    Ok(())
}
