//! Rows of enrolments.

use anyhow::Result;
use serde_json::{Value, json};

use super::{results, run, summary};
use crate::home::{District, event_names, id_of};

/// A school with a class, and two students of the source.
async fn ready(district: &District) -> Result<Value> {
    let school = district.school("Adams").await?;
    let term = district.term("Fall").await?;
    let refs = json!([{"source": "sis", "value": "C-1"}]);
    let class = json!({"schoolId": school.id, "name": "Algebra 1", "termIds": [term], "externalRefs": refs});
    let class = district.registrar.post("/classes", class).await?.expect(201);
    run(district, "students", "externalId,givenName,familyName\nN-1,A,B\nN-2,C,D\n").await?;
    Ok(class)
}

#[tokio::test]
async fn rows_enrol_students_once_and_say_what_stands_in_the_way() -> Result<()> {
    let district = District::new().await?;
    let class = ready(&district).await?;
    let file = format!(
        "studentExternalId,classExternalId,classId,effectiveStart,effectiveEnd\n\
         N-1,C-1,,2026-09-01,2026-10-01\nN-1,C-1,,2026-09-01,2026-10-01\nN-1,C-1,,2026-09-15,\nN-1,C-1,,2026-11-01,\n\
         N-2,,{},,\nN-3,C-1,,,\nN-2,C-9,,,\n,C-1,,,\nN-2,C-1,,2026-02-30,\n",
        id_of(&class, "classId")
    );
    let job = run(&district, "enrollments", &file).await?;
    assert_eq!(job["summary"], summary(3, 0, 0, 5, 1));
    let found = results(&district, &job).await?;
    let codes: Vec<_> = found.iter().map(|(_, code, _)| code.as_str()).collect();
    assert_eq!(
        codes,
        ["", "duplicate_row", "conflict", "", "", "unknown", "unknown", "empty", "no_date"]
    );
    assert_eq!(found[6].2, "classExternalId: There is no such class here.");
    let members =
        district.registrar.get(&format!("/classes/{}/members", id_of(&class, "classId"))).await?;
    assert!(members.expect(200).to_string().contains("\"N-2\"") || !members.text().is_empty());

    let again = file.replace("N-3", "N-4");
    assert_eq!(run(&district, "enrollments", &again).await?["summary"], summary(0, 0, 3, 5, 1));
    let names = event_names(&district.feed(12).await?);
    assert_eq!(names.iter().filter(|name| *name == "EnrollmentAdded").count(), 3);
    Ok(())
}

#[tokio::test]
async fn nobody_is_enrolled_who_left_and_no_class_takes_anybody_that_is_archived() -> Result<()> {
    let district = District::new().await?;
    let class = ready(&district).await?;
    let page = district.registrar.get("/students?q=N-1").await?.expect(200);
    let path = format!("/students/{}/deactivate", id_of(&page["items"][0], "studentId"));
    district.registrar.post(&path, json!({"reason": "Moved"})).await?.expect(200);
    let job =
        run(&district, "enrollments", "studentExternalId,classExternalId\nN-1,C-1\nN-2,C-1\n")
            .await?;
    assert_eq!(results(&district, &job).await?[0].2, "The student is deactivated.");
    district.registrar.delete(&format!("/classes/{}", id_of(&class, "classId"))).await?.expect(204);
    let job = run(&district, "enrollments", "studentExternalId,classExternalId\nN-2,C-1\n").await?;
    assert_eq!(
        results(&district, &job).await?[0].2,
        "The class is archived: it takes nothing new."
    );
    Ok(())
}
