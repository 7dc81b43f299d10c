//! The list of a school's students, which is derived: whatever happens, it shows who belongs there, by the name they have.

use anyhow::Result;
use kernel::Role;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::home::{District, School, id_of, path_of, texts};

/// Writers at the same time, and what each does.
const WRITERS: u64 = 8;
const ACTS: u32 = 40;

async fn student(district: &District, name: &str, school: &School) -> Result<Value> {
    let body = json!({"givenName": "Ada", "familyName": name, "schoolIds": [school.id]});
    Ok(district.registrar.post("/students", body).await?.expect(201))
}

async fn listed(district: &District, query: &str) -> Result<Vec<String>> {
    let page = district.registrar.get(&format!("/students?{query}")).await?.expect(200);
    Ok(texts(&page["items"], "familyName"))
}

#[tokio::test]
async fn a_school_lists_those_of_its_record_and_of_its_classes_by_name() -> Result<()> {
    let district = District::new().await?;
    let (adams, zola) = (district.school("Adams").await?, district.school("Zola").await?);
    let of_adams = format!("schoolId={}", adams.id);
    for name in ["Miller", "Adler"] {
        student(&district, name, &adams).await?;
    }
    let guest = student(&district, "Jones", &zola).await?;
    assert_eq!(listed(&district, &of_adams).await?, ["Adler", "Miller"]);
    let class = district.class(&adams, "Algebra", &[district.term("Fall").await?]).await?;
    let body = json!({"studentId": guest["studentId"], "classId": class});
    let enrolled = district.registrar.post("/enrollments", body).await?.expect(201);
    assert_eq!(listed(&district, &of_adams).await?, ["Adler", "Jones", "Miller"]);
    let path = path_of(&guest, "students");
    district.registrar.patch(&path, "\"1\"", json!({"familyName": "Zorn"})).await?.expect(200);
    assert_eq!(listed(&district, &of_adams).await?, ["Adler", "Miller", "Zorn"]);
    assert_eq!(listed(&district, &format!("{of_adams}&sort=-name&pageSize=1")).await?, ["Zorn"]);
    assert_eq!(listed(&district, &format!("{of_adams}&q=zo")).await?, ["Zorn"]);
    let withdraw = format!("{}/withdraw", path_of(&enrolled, "enrollments"));
    district.registrar.post(&withdraw, json!({"reason": "Moved"})).await?.expect(200);
    assert_eq!(listed(&district, &of_adams).await?, ["Adler", "Miller"]);
    Ok(())
}

#[tokio::test]
async fn a_head_of_one_school_pages_through_its_list() -> Result<()> {
    let district = District::new().await?;
    let (adams, zola) = (district.school("Adams").await?, district.school("Zola").await?);
    for (name, school) in [("Adler", &adams), ("Jones", &zola), ("Miller", &adams)] {
        student(&district, name, school).await?;
    }
    district.employ(Role::SchoolAdmin, &[&adams]).await?;
    let head = district.person(Role::SchoolAdmin)?;
    let first = head.get("/students?pageSize=1").await?.expect(200);
    assert_eq!(texts(&first["items"], "familyName"), ["Adler"]);
    let token = first["nextToken"].as_str().unwrap_or_default();
    let second = head.get(&format!("/students?pageSize=1&nextToken={token}")).await?.expect(200);
    assert_eq!(texts(&second["items"], "familyName"), ["Miller"]);
    let others = head.get(&format!("/students?schoolId={}", zola.id)).await?.expect(200);
    assert_eq!(texts(&others["items"], "familyName"), Vec::<String>::new());
    Ok(())
}

/// What one writer may do: enrol, withdraw, rename, move.
async fn act(
    district: &District,
    students: &[Uuid],
    places: &[(Uuid, Uuid)],
    rng: &mut StdRng,
) -> Result<()> {
    let client = &district.registrar;
    let student = students[rng.random_range(..students.len())];
    let (school, class) = places[rng.random_range(..places.len())];
    let path = format!("/students/{student}");
    let answer = match rng.random_range(0..4) {
        0 => client.post("/enrollments", json!({"studentId": student, "classId": class})).await?,
        1 => {
            let active = client
                .get(&format!("/enrollments?studentId={student}&status=Active"))
                .await?
                .expect(200);
            let Some(one) = active["items"].get(0) else { return Ok(()) };
            client
                .post(
                    &format!("{}/withdraw", path_of(one, "enrollments")),
                    json!({"reason": "Moved"}),
                )
                .await?
        }
        change => {
            let tag = client.get(&path).await?.etag().to_owned();
            let name = json!({"familyName": format!("Lee {}", rng.random_range(0..1000))});
            let patch = if change == 2 { name } else { json!({"schoolIds": [school]}) };
            client.patch(&path, &tag, patch).await?
        }
    };
    assert!(answer.status < 500, "{}", answer.text());
    Ok(())
}

#[tokio::test]
async fn the_lists_are_right_after_any_changes_at_the_same_time() -> Result<()> {
    let district = District::new().await?;
    let term = [district.term("Fall").await?];
    let mut places = Vec::new();
    for name in ["Adams", "Zola"] {
        let school = district.school(name).await?;
        places.push((school.id, district.class(&school, "Algebra", &term).await?));
        places.push((school.id, district.class(&school, "Biology", &term).await?));
        if name == "Zola" {
            continue;
        }
        student(&district, "Lee", &school).await?;
        student(&district, "Kim", &school).await?;
    }
    let page = district.registrar.get("/students").await?.expect(200);
    let students: Vec<Uuid> =
        page["items"].as_array().into_iter().flatten().map(|s| id_of(s, "studentId")).collect();
    let writers = (0..WRITERS).map(async |seed| {
        let mut rng = StdRng::seed_from_u64(seed);
        for _ in 0..ACTS {
            act(&district, &students, &places, &mut rng).await?;
        }
        Ok::<_, anyhow::Error>(())
    });
    futures::future::try_join_all(writers).await?;
    let wrong = "
        with right_now as (
          select tenant_id, o.school_id, s.name_key, student_id from roster.student s
          join (select tenant_id, student_id, school_id from roster.student_school
                union select tenant_id, student_id, school_id from roster.enrollment where status = 'Active') o
          using (tenant_id, student_id))
        select count(*) from (
          (select * from right_now except select tenant_id, school_id, listed_as, student_id from roster.school_student)
          union all
          (select tenant_id, school_id, listed_as, student_id from roster.school_student except select * from right_now)) wrong";
    assert_eq!(district.count(wrong).await?, 0);
    assert!(
        district.count("select count(*) from roster.enrollment").await? > 20,
        "too little happened"
    );
    Ok(())
}
