//! Rooms: their names are unique in their school while they are used.

use anyhow::Result;
use futures::future::try_join_all;
use kernel::Role;
use serde_json::{Value, json};

use crate::home::{District, School, path_of, texts};

fn room(school: &School, name: &str) -> Value {
    json!({"schoolId": school.id, "name": name})
}

#[tokio::test]
async fn a_name_is_taken_in_its_school_and_free_in_others_and_after_archiving() -> Result<()> {
    let district = District::new().await?;
    let (adams, lincoln) = (district.school("Adams").await?, district.school("Lincoln").await?);
    let first = district.registrar.post("/rooms", room(&adams, "Room 1")).await?.expect(201);
    let answer = district.registrar.post("/rooms", room(&adams, "ROOM 1 ")).await?;
    let problem = answer.problem(409, "conflict");
    assert_eq!(problem["conflictId"], first["roomId"]);
    district.registrar.get(problem["conflict"].as_str().unwrap()).await?.expect(200);
    district.registrar.post("/rooms", room(&lincoln, "Room 1")).await?.expect(201);

    let second = district.registrar.post("/rooms", room(&adams, "Room 2")).await?.expect(201);
    let patch = json!({"name": "room 1"});
    let path = path_of(&second, "rooms");
    let refused = district.registrar.patch(&path, "\"1\"", &patch).await?;
    assert_eq!(refused.problem(409, "conflict")["conflictId"], first["roomId"]);
    district.registrar.delete(&path_of(&first, "rooms")).await?.expect(204);
    district.registrar.delete(&path_of(&first, "rooms")).await?.expect(204);
    district.registrar.patch(&path, "\"1\"", &patch).await?.expect(200);
    let gone = district.registrar.patch(&path_of(&first, "rooms"), "\"2\"", &patch).await?;
    gone.problem(409, "conflict");
    let names = [
        "TenantProvisioned",
        "SchoolCreated",
        "SchoolCreated",
        "RoomCreated",
        "RoomCreated",
        "RoomCreated",
        "RoomArchived",
        "RoomUpdated",
    ];
    assert_eq!(district.announced().await?, names);
    Ok(())
}

#[tokio::test]
async fn of_twenty_at_once_of_one_name_exactly_one_wins() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    let create = || district.registrar.post("/rooms", room(&school, "Gym")).into_future();
    let answers = try_join_all((0..20).map(|_| create())).await?;
    let won: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(won.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(answer.problem(409, "conflict")["conflictId"], won[0].json()["roomId"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_room_needs_an_active_school_and_room_for_somebody() -> Result<()> {
    let district = District::new().await?;
    let school = district.school("Adams").await?;
    for capacity in [0, -1, 50_001] {
        let mut body = room(&school, "1");
        body["capacity"] = json!(capacity);
        let problem = district.registrar.post("/rooms", body).await?.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "/capacity");
    }
    let nowhere = json!({"schoolId": district.tenant, "name": "1"});
    let problem = district.registrar.post("/rooms", nowhere).await?.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["pointer"], "/schoolId");
    let kept = district.registrar.post("/rooms", room(&school, "Gym")).await?.expect(201);
    let path = path_of(&kept, "rooms");
    let unknown = json!({"capacity": null});
    district.registrar.patch(&path, "\"1\"", json!({"capacity": 30})).await?.expect(200);
    let unknown = district.registrar.patch(&path, "\"2\"", unknown).await?.expect(200);
    assert_eq!(unknown["capacity"], Value::Null);
    district.registrar.delete(&school.path).await?.expect(204);
    district.registrar.post("/rooms", room(&school, "1")).await?.problem(409, "conflict");
    Ok(())
}

#[tokio::test]
async fn a_school_admin_keeps_the_rooms_of_their_own_schools() -> Result<()> {
    let district = District::new().await?;
    let (adams, lincoln) = (district.school("Adams").await?, district.school("Lincoln").await?);
    district.employ(Role::SchoolAdmin, &[&adams]).await?;
    let head = district.person(Role::SchoolAdmin)?;
    let foreign = district.registrar.post("/rooms", room(&lincoln, "Gym")).await?.expect(201);
    let own = head.post("/rooms", room(&adams, "Gym")).await?.expect(201);
    head.post("/rooms", room(&lincoln, "Hall")).await?.problem(422, "invalid");
    head.get(&path_of(&foreign, "rooms")).await?.problem(404, "not-found");
    head.delete(&path_of(&foreign, "rooms")).await?.problem(404, "not-found");
    let page = head.get("/rooms").await?.expect(200);
    assert_eq!(texts(&page["items"], "roomId"), [own["roomId"].as_str().unwrap()]);
    let page = head.get(&format!("/rooms?schoolId={}", lincoln.id)).await?.expect(200);
    assert_eq!(page["items"], json!([]));
    Ok(())
}
