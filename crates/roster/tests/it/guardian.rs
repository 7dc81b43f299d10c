//! Guardians: who may see how to reach them, and that each look at it is on record.

use anyhow::Result;
use kernel::Role;
use serde_json::{Value, json};

use crate::home::{District, School, texts};

const NAME: &str = "Annabella Planted";
const EMAIL: &str = "planted@example.org";
const PHONE: &str = "+1 555 0177";

pub(crate) fn annabella() -> Value {
    json!({"name": NAME, "relation": "parent", "email": EMAIL, "phone": PHONE, "preferredChannel": "Email",
        "optOut": ["SMS"], "language": "es", "externalRefs": [{"source": "sis", "value": "G-1"}]})
}

/// The path of a new student of a school.
async fn student(district: &District, school: &School) -> Result<String> {
    let body = json!({"givenName": "Ada", "familyName": "Lovelace", "schoolIds": [school.id]});
    let made = district.registrar.post("/students", body).await?.expect(201);
    Ok(format!("/students/{}", made["studentId"].as_str().unwrap()))
}

fn at(guardians: &str, guardian: &Value) -> String {
    format!("{guardians}/{}", guardian["guardianId"].as_str().unwrap())
}

#[tokio::test]
async fn contact_data_is_sealed_shown_to_readers_alone_and_each_look_is_on_record() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let guardians = format!("{}/guardians", student(&district, &school).await?);
    let made = district.registrar.post(&guardians, annabella()).await?;
    assert!(!made.text().contains("lanted"), "a change answers with contact data");
    let path = at(&guardians, &made.expect(201));
    assert!(made.header("location").ends_with(&path));
    assert_eq!(district.audit("?entity=roster.guardian").await?.len(), 1);

    let shown = district.registrar.get(&path).await?.expect(200);
    assert_eq!(
        (&shown["name"], &shown["email"], &shown["phone"]),
        (&json!(NAME), &json!(EMAIL), &json!(PHONE))
    );
    let page = district.registrar.get(&guardians).await?.expect(200);
    assert_eq!(page["items"], json!([shown]));
    let records = district.audit("?entity=roster.guardian").await?;
    let actions = texts(&Value::from(records.clone()), "action");
    assert_eq!(actions, ["roster.guardian.read", "roster.guardian.read", "roster.guardian.create"]);
    assert_eq!(records[0]["after"], json!({"disclosed": ["name", "email", "phone"]}));
    assert!(!Value::from(records).to_string().contains("lanted"));
    let plain = "select count(*) from roster.guardian g, kernel.idempotency i
      where position('lanted' in g::text || i::text) > 0 or position(convert_to('lanted', 'UTF8') in g.name || g.email || i.body) > 0";
    assert_eq!(district.count(plain).await?, 0);
    Ok(())
}

#[tokio::test]
async fn counselors_read_school_administrators_write_and_both_stay_in_their_schools() -> Result<()>
{
    let district = District::new().await?;
    let (own, other) = (district.school("Own").await?, district.school("Other").await?);
    for role in [Role::Counselor, Role::SchoolAdmin] {
        district.employ(role, &[&own]).await?;
    }
    let (counselor, admin) =
        (district.person(Role::Counselor)?, district.person(Role::SchoolAdmin)?);
    let guardians = format!("{}/guardians", student(&district, &own).await?);
    let beyond = format!("{}/guardians", student(&district, &other).await?);
    let made = admin.post(&guardians, annabella()).await?;
    assert!(!made.text().contains(EMAIL));
    let path = at(&guardians, &made.expect(201));
    counselor.get(&path).await?.expect(200);
    counselor.get(&beyond).await?.problem(404, "not-found");
    admin.post(&beyond, annabella()).await?.problem(404, "not-found");
    admin.get(&path).await?.problem(403, "forbidden");
    counselor.delete(&path).await?.problem(403, "forbidden");
    district.person(Role::Teacher)?.get(&path).await?.problem(403, "forbidden");
    let refused = "select count(*) from kernel.audit where action = 'roster.guardian.read' and outcome = 'succeeded'";
    assert_eq!(district.count(refused).await?, 1);
    Ok(())
}

#[tokio::test]
async fn one_person_is_a_guardian_of_each_student_apart() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let (first, second) = (student(&district, &school).await?, student(&district, &school).await?);
    let (first, second) = (format!("{first}/guardians"), format!("{second}/guardians"));
    let ada = district.registrar.post(&first, annabella()).await?.expect(201);
    let bob = district.registrar.post(&second, annabella()).await?.expect(201);
    let twice = district.registrar.post(&first, annabella()).await?.problem(409, "conflict");
    assert_eq!(twice["conflictId"], ada["guardianId"]);
    district.registrar.delete(&at(&first, &ada)).await?.expect(204);
    assert_eq!(district.registrar.get(&first).await?.expect(200)["items"], json!([]));
    district.registrar.get(&at(&second, &bob)).await?.expect(200);
    district.registrar.get(&at(&second, &ada)).await?.problem(404, "not-found");
    Ok(())
}

#[tokio::test]
async fn who_leaves_and_comes_back_has_still_opted_out() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let guardians = format!("{}/guardians", student(&district, &school).await?);
    let made = district.registrar.post(&guardians, annabella()).await?.expect(201);
    let path = at(&guardians, &made);
    for _ in 0..2 {
        district.registrar.delete(&path).await?.expect(204);
    }
    let patch = json!({"language": "en"});
    district.registrar.patch(&path, "\"2\"", &patch).await?.problem(409, "conflict");
    let gone =
        district.registrar.get(&format!("{guardians}?status=Deactivated")).await?.expect(200);
    assert_eq!(gone["items"][0]["status"], "Deactivated");
    let back = format!("{path}/reactivate");
    assert_eq!(district.registrar.post(&back, ()).await?.expect(200)["version"], 3);
    district.registrar.patch(&path, "\"3\"", &patch).await?.expect(200);
    let shown = district.registrar.get(&path).await?.expect(200);
    assert_eq!((&shown["optOut"], &shown["language"]), (&json!(["SMS"]), &json!("en")));
    let names = district.announced().await?;
    assert_eq!(names.iter().filter(|name| *name == "GuardianChanged").count(), 4, "{names:?}");
    Ok(())
}

#[tokio::test]
async fn guardians_that_cannot_be_are_refused_each_with_its_place() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let guardians = format!("{}/guardians", student(&district, &school).await?);
    for (field, value, pointer, code) in [
        ("name", json!("x".repeat(201)), "/name", "too_long"),
        ("email", json!("no"), "/email", "no_email"),
        ("phone", json!("call me"), "/phone", "no_phone"),
        ("language", json!("Spanish!"), "/language", "no_language"),
        ("email", Value::Null, "/preferredChannel", "unreachable"),
        ("preferredChannel", json!("SMS"), "/preferredChannel", "opted_out"),
    ] {
        let mut body = annabella();
        body[field] = value;
        let problem = district.registrar.post(&guardians, &body).await?.problem(422, "invalid");
        let error = &problem["errors"][0];
        assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{field}");
    }
    for n in 0..20 {
        let body = json!({"name": format!("Guardian {n}"), "relation": "other"});
        district.registrar.post(&guardians, body).await?.expect(201);
    }
    district.registrar.post(&guardians, annabella()).await?.problem(409, "conflict");
    let page = district.registrar.get(&format!("{guardians}?pageSize=15")).await?.expect(200);
    let token = page["nextToken"].as_str().unwrap();
    let rest =
        district.registrar.get(&format!("{guardians}?pageSize=15&nextToken={token}")).await?;
    assert_eq!(rest.expect(200)["items"].as_array().unwrap().len(), 5);
    Ok(())
}
