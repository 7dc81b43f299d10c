//! The right of access, legal holds and the scrub: what is shown, what must stay, and what is gone for good.

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};
use testkit::Client;

use crate::{
    guardian::annabella,
    home::{District, id_of, path_of, texts},
};

/// Words that only the personal data of [`scene`] has.
const PERSONAL: [&str; 9] = [
    "Lovelace",
    "2015-12-10",
    "N-77",
    "Annabella",
    "planted@example.org",
    "555 0177",
    "G-1",
    "bullied",
    "Ottawa",
];

struct Scene {
    district: District,
    admin: Client,
    /// What made the student.
    asked: Value,
    /// Their path.
    student: String,
}

/// A student with a guardian, who left a class and then the district, each with a reason.
async fn scene() -> Result<Scene> {
    let district = District::new().await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    let registrar = &district.registrar;
    let asked = json!({"givenName": "Ada", "familyName": "Lovelace", "birthDate": "2015-12-10", "grade": "05",
        "schoolIds": [school.id], "externalRefs": [{"source": "sis", "value": "N-77"}]});
    let made =
        registrar.post("/students", &asked).header("idempotency-key", "ada").await?.expect(201);
    let student = path_of(&made, "students");
    registrar.post(&format!("{student}/guardians"), annabella()).await?.expect(201);
    let class = district.class(&school, "Algebra", &[term]).await?;
    let enrol = json!({"studentId": id_of(&made, "studentId"), "classId": class, "effectiveStart": "2026-09-01"});
    let enrolled = registrar.post("/enrollments", enrol).await?.expect(201);
    let withdraw = format!("{}/withdraw", path_of(&enrolled, "enrollments"));
    registrar.post(&withdraw, json!({"reason": "Was bullied"})).await?.expect(200);
    let admin = district.person(Role::DistrictAdmin)?;
    Ok(Scene { district, admin, asked, student })
}

impl Scene {
    async fn leave(&self) -> Result<()> {
        let path = format!("{}/deactivate", self.student);
        self.district
            .registrar
            .post(&path, json!({"reason": "Moved to Ottawa"}))
            .await?
            .expect(200);
        Ok(())
    }
}

#[tokio::test]
async fn the_whole_record_shows_everything_and_that_it_was_shown() -> Result<()> {
    let scene = scene().await?;
    scene.leave().await?;
    let path = format!("{}/record", scene.student);
    let record = scene.admin.get(&path).await?.expect(200);
    for word in PERSONAL {
        assert!(record.to_string().contains(word), "{word}: {record}");
    }
    assert_eq!(record["classes"][0]["name"], "Algebra");
    let actions = texts(&record["changes"], "action");
    let expected = [
        "roster.student.deactivate",
        "roster.enrollment.withdraw",
        "roster.enrollment.create",
        "roster.guardian.create",
        "roster.student.create",
    ];
    assert_eq!(actions, expected);
    let again = texts(&scene.admin.get(&path).await?.expect(200)["changes"], "action");
    assert_eq!(again[..2], ["roster.record.read"; 2], "the student and their guardian were shown");
    scene.district.person(Role::Counselor)?.get(&path).await?.problem(403, "forbidden");
    Ok(())
}

#[tokio::test]
async fn a_legal_hold_blocks_the_scrub_until_it_is_released() -> Result<()> {
    let scene = scene().await?;
    let (hold, scrub) =
        (format!("{}/legal-hold", scene.student), format!("{}/scrub", scene.student));
    scene.admin.post(&scrub, ()).await?.problem(409, "conflict");
    scene.leave().await?;
    let held = scene.admin.post(&hold, json!({"reason": "Lawsuit 42"})).await?.expect(200);
    assert_eq!(held["legalHold"], "Lawsuit 42");
    let problem = scene.admin.post(&scrub, ()).await?.problem(409, "conflict");
    assert!(problem["detail"].as_str().unwrap().contains("release it first"));
    scene.district.registrar.post(&scrub, ()).await?.problem(403, "forbidden");
    for _ in 0..2 {
        scene.admin.delete(&hold).await?.expect(204);
    }
    scene.admin.post(&scrub, ()).await?.expect(200);
    scene.admin.post(&hold, json!({"reason": "Too late"})).await?.problem(409, "conflict");
    let actions =
        texts(&Value::from(scene.district.audit("?entity=roster.student").await?), "action");
    let expected = ["roster.student.scrub", "roster.student.release", "roster.student.hold"];
    assert_eq!(actions[..3], expected);
    Ok(())
}

#[tokio::test]
async fn after_a_scrub_nothing_personal_is_left_and_the_history_still_counts() -> Result<()> {
    let scene = scene().await?;
    scene.leave().await?;
    let scrub = format!("{}/scrub", scene.student);
    let left = scene.admin.post(&scrub, ()).await?.expect(200);
    assert_eq!(scene.admin.post(&scrub, ()).await?.expect(200), left);
    assert_eq!((&left["givenName"], &left["scrubbed"]), (&json!("Scrubbed"), &json!(true)));
    let record = scene.admin.get(&format!("{}/record", scene.student)).await?.expect(200);
    assert_eq!(record["enrollments"].as_array().unwrap().len(), 1);
    assert_eq!(record["guardians"][0]["status"], "Deactivated");
    for word in PERSONAL {
        assert!(!record.to_string().contains(word), "{word}: {record}");
    }
    let found = scene.admin.get("/students?q=N-77").await?.expect(200);
    assert_eq!(found["items"], json!([]));
    let ids = "select (select count(*) from roster.external_id where value = 'N-77') + (select count(*) from roster.guardian_ref)";
    assert_eq!(scene.district.count(ids).await?, 0);
    scene.admin.post(&format!("{}/reactivate", scene.student), ()).await?.problem(409, "conflict");
    scene
        .admin
        .post(&format!("{}/guardians", scene.student), annabella())
        .await?
        .problem(409, "conflict");
    let names = scene.district.announced().await?;
    let end = ["StudentScrubbed", "GuardianChanged"].map(str::to_owned);
    assert!(names.ends_with(&end), "{names:?}");
    Ok(())
}

#[tokio::test]
async fn a_stored_answer_is_forgotten_with_the_student_that_it_showed() -> Result<()> {
    let scene = scene().await?;
    let again = async || {
        scene
            .district
            .registrar
            .post("/students", &scene.asked)
            .header("idempotency-key", "ada")
            .await
    };
    let replayed = again().await?;
    assert_eq!(replayed.header("idempotency-replayed"), "true");
    assert_eq!(path_of(&replayed.expect(201), "students"), scene.student);
    scene.leave().await?;
    scene.admin.post(&format!("{}/scrub", scene.student), ()).await?.expect(200);
    again().await?.problem(410, "answer-forgotten");
    let students = "select count(*) from roster.student";
    assert_eq!(scene.district.count(students).await?, 1);
    Ok(())
}
