//! Students, staff and enrolments: who is where, and what follows when somebody leaves.

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::home::{District, School, event_names, id_of, path_of, texts};

fn ada(school: &School) -> Value {
    json!({"givenName": "Ada", "familyName": "Lovelace", "birthDate": "2015-12-10", "grade": "05", "schoolIds": [school.id],
        "externalRefs": [{"source": "sis", "value": "N-1"}]})
}

async fn enrol(district: &District, student: Uuid, class: Uuid) -> Result<Value> {
    let body = json!({"studentId": student, "classId": class, "effectiveStart": "2026-09-01"});
    Ok(district.registrar.post("/enrollments", body).await?.expect(201))
}

async fn person(district: &District, path: &str, school: &School) -> Result<Value> {
    let body = json!({"givenName": "Grace", "familyName": "Hopper", "schoolIds": [school.id]});
    Ok(district.registrar.post(path, body).await?.expect(201))
}

#[tokio::test]
async fn a_student_is_found_by_either_name_and_their_birth_date_is_sealed() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let made = district.registrar.post("/students", ada(&school)).await?;
    let student = made.expect(201);
    assert_eq!(district.registrar.get(made.header("location")).await?.expect(200), student);
    assert_eq!(student["birthDate"], "2015-12-10");
    for q in ["ada", "LOVE", "ada%20lovelace", "lovelace%20a", "N-1"] {
        let page = district.registrar.get(&format!("/students?q={q}")).await?.expect(200);
        assert_eq!(texts(&page["items"], "studentId").len(), 1, "{q}");
        assert_eq!(page["items"][0]["birthDate"], "2015-12-10");
    }
    let plain =
        "select count(*) from roster.student where position('2015-12-10' in student::text) > 0
                 or position(convert_to('2015-12-10', 'UTF8') in birth_date) > 0";
    assert_eq!(district.count(plain).await?, 0);
    let path = path_of(&student, "students");
    let changed =
        district.registrar.patch(&path, "\"1\"", json!({"birthDate": null, "grade": "06"})).await?;
    assert_eq!(changed.expect(200)["birthDate"], Value::Null);
    let records = Value::from(district.audit("").await?).to_string();
    for word in ["Lovelace", "2015", "N-1"] {
        assert!(!records.contains(word), "the audit trail shows {word}");
    }
    Ok(())
}

#[tokio::test]
async fn students_and_staff_that_cannot_be_are_refused_each_with_its_place() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    for (field, value, pointer, code) in [
        ("birthDate", json!("2015-02-31"), "/birthDate", "no_date"),
        ("birthDate", json!("2099-01-01"), "/birthDate", "out_of_range"),
        ("grade", json!("7"), "/grade", "unknown_grade"),
        ("givenName", json!(" "), "/givenName", "empty"),
        ("familyName", json!("x".repeat(101)), "/familyName", "too_long"),
        ("schoolIds", json!([district.tenant]), "/schoolIds", "unknown"),
    ] {
        let mut body = ada(&school);
        body[field] = value;
        let problem = district.registrar.post("/students", &body).await?.problem(422, "invalid");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{field}");
    }
    let staff = json!({"givenName": "G", "familyName": "H", "staffType": [], "email": "no"});
    let problem = district.registrar.post("/staff", staff).await?.problem(422, "invalid");
    assert_eq!(texts(&problem["errors"], "code"), ["empty", "no_email"]);
    Ok(())
}

#[tokio::test]
async fn a_deactivated_student_leaves_eight_classes_in_one_step_and_enters_none() -> Result<()> {
    let district = District::new().await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    let made = district.registrar.post("/students", ada(&school)).await?.expect(201);
    let student = id_of(&made, "studentId");
    let mut class = Uuid::nil();
    for n in 0..8 {
        class = district.class(&school, &format!("Class {n}"), &[term]).await?;
        enrol(&district, student, class).await?;
    }
    let path = format!("{}/deactivate", path_of(&made, "students"));
    let gone = district.registrar.post(&path, json!({"reason": "Moved"})).await?.expect(200);
    assert_eq!((&gone["status"], &gone["reason"]), (&json!("Deactivated"), &json!("Moved")));
    district.registrar.post(&path, json!({"reason": "Again"})).await?.expect(200);
    let events = district.feed(28).await?;
    let names = event_names(&events[events.len() - 9..]);
    assert_eq!(names[0], "StudentDeactivated");
    assert!(names[1..].iter().all(|name| name == "EnrollmentRemoved"), "{names:?}");
    let one = "select count(distinct recorded_at) from kernel.audit where action = 'roster.student.deactivate'";
    assert_eq!(district.count(one).await?, 1);
    let body = json!({"studentId": student, "classId": class});
    district.registrar.post("/enrollments", &body).await?.problem(409, "conflict");
    let back = format!("{}/reactivate", path_of(&made, "students"));
    district.registrar.post(&back, json!({})).await?.expect(200);
    assert_eq!(
        district.count("select count(*) from roster.enrollment where status = 'Active'").await?,
        0
    );
    district.registrar.post("/enrollments", body).await?.expect(201);
    Ok(())
}

#[tokio::test]
async fn enrolling_twice_answers_the_same_and_periods_never_overlap() -> Result<()> {
    let district = District::new().await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    let student = id_of(&person(&district, "/students", &school).await?, "studentId");
    let class = district.class(&school, "Algebra", &[term]).await?;
    let first = enrol(&district, student, class).await?;
    assert_eq!(enrol(&district, student, class).await?, first);
    let later = json!({"studentId": student, "classId": class, "effectiveStart": "2026-09-15"});
    let problem = district.registrar.post("/enrollments", &later).await?.problem(409, "conflict");
    assert_eq!(problem["conflictId"], first["enrollmentId"]);

    let path = format!("{}/withdraw", path_of(&first, "enrollments"));
    let early = json!({"effectiveDate": "2026-08-31", "reason": "Moved"});
    district.registrar.post(&path, early).await?.problem(422, "invalid");
    let leave = json!({"effectiveDate": "2026-09-15", "reason": "Moved"});
    let left = district.registrar.post(&path, &leave).await?.expect(200);
    assert_eq!(
        (&left["status"], &left["effectiveEnd"]),
        (&json!("Withdrawn"), &json!("2026-09-15"))
    );
    assert_eq!(district.registrar.post(&path, leave).await?.expect(200), left);
    district.registrar.post("/enrollments", later).await?.expect(201);
    for (on, students) in [("2026-09-14", 1), ("2026-09-15", 1), ("2026-08-31", 0)] {
        let path = format!("/classes/{class}/members?on={on}");
        let members = district.registrar.get(&path).await?.expect(200);
        assert_eq!(members["students"].as_array().unwrap().len(), students, "{on}");
    }
    district
        .registrar
        .get(&format!("/classes/{class}/members?on=x"))
        .await?
        .problem(400, "malformed");
    Ok(())
}

#[tokio::test]
async fn a_class_a_school_and_a_teacher_take_with_them_what_hangs_on_them() -> Result<()> {
    let district = District::new().await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    let student = id_of(&person(&district, "/students", &school).await?, "studentId");
    let teacher = person(&district, "/teachers", &school).await?;
    assert_eq!(teacher["staffType"], json!(["teacher"]));
    let class = district.class(&school, "Algebra", &[term]).await?;
    enrol(&district, student, class).await?;
    let assign = json!({"teacherId": teacher["staffId"], "role": "Lead"});
    let path = format!("/classes/{class}/teachers");
    district.registrar.post(&path, &assign).await?.expect(200);
    district.registrar.post(&path, &assign).await?.expect(200);
    let problem = district.registrar.delete(&school.path).await?.problem(409, "conflict");
    assert_eq!(problem["conflictId"], json!(class));
    let cascade = format!("{}?cascade=true", school.path);
    district.registrar.delete(&cascade).await?.expect(204);
    let names = district.announced().await?;
    let end =
        ["SchoolArchived", "ClassArchived", "EnrollmentRemoved", "TeacherUnassignedFromClass"];
    assert!(names.ends_with(&end.map(str::to_owned)), "{names:?}");
    Ok(())
}

#[tokio::test]
async fn a_teacher_reaches_the_classes_that_they_teach_and_who_is_in_them() -> Result<()> {
    let district = District::new().await?;
    let (school, term) = (district.school("Adams").await?, district.term("Fall").await?);
    let (own, other) = (
        district.class(&school, "Own", &[term]).await?,
        district.class(&school, "Other", &[term]).await?,
    );
    let mut students = Vec::new();
    for class in [own, other] {
        let student = id_of(&person(&district, "/students", &school).await?, "studentId");
        enrol(&district, student, class).await?;
        students.push(student);
    }
    let identity = json!({"issuer": testkit::issuer::ISSUER, "subject": "Teacher@story"});
    let body = json!({"givenName": "Grace", "familyName": "Hopper", "schoolIds": [school.id], "identity": identity});
    let teacher = district.registrar.post("/teachers", &body).await?.expect(201);
    let taken = district.registrar.post(
        "/staff",
        json!({"givenName": "A", "familyName": "B", "staffType": ["other"], "identity": identity}),
    );
    assert_eq!(taken.await?.problem(409, "conflict")["conflictId"], teacher["staffId"]);
    let assign = json!({"teacherId": teacher["staffId"], "role": "Lead"});
    district.registrar.post(&format!("/classes/{own}/teachers"), assign).await?.expect(200);

    let grace = district.person(Role::Teacher)?;
    let page = grace.get("/classes").await?.expect(200);
    assert_eq!(texts(&page["items"], "name"), ["Own"]);
    let page = grace.get("/students").await?.expect(200);
    assert_eq!(texts(&page["items"], "studentId"), [students[0].to_string()]);
    grace.get(&format!("/classes/{own}/members")).await?.expect(200);
    grace.get(&format!("/classes/{other}/members")).await?.problem(404, "not-found");
    let ids = json!({"ids": [students[1], students[0], students[1]]});
    let found = grace.post("/lookup/students", &ids).without("idempotency-key").await?.expect(200);
    assert_eq!(texts(&found["items"], "studentId"), [students[0].to_string()]);
    assert_eq!(found["missing"], json!([students[1], students[1]]));
    let both = district.registrar.post("/lookup/students", ids).await?.expect(200);
    assert_eq!(both["items"].as_array().unwrap().len(), 3);

    let path = format!("/teachers/{}/deactivate", teacher["staffId"].as_str().unwrap());
    district.registrar.post(&path, json!({"reason": "Retired"})).await?.expect(200);
    assert_eq!(grace.get("/classes").await?.expect(200)["items"], json!([]));
    Ok(())
}
