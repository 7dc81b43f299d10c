//! Query parameters that are unknown, repeated, malformed or forged.

use super::ground::{Ground, place, refused};
use crate::matrix::operations::Operation;

/// The parameters that an operation declares in its query: name, and whether it is a text.
fn queries(operation: &Operation) -> Vec<(String, bool)> {
    let declared = operation.described["parameters"].as_array().unwrap().iter();
    let wanted = declared.filter(|parameter| parameter["in"] == "query");
    let named = wanted.map(|parameter| {
        let kind = &parameter["schema"]["type"];
        let is_text = kind == "string" || kind[0] == "string";
        (parameter["name"].as_str().unwrap().to_owned(), is_text)
    });
    named.collect()
}

fn with_query<'g>(ground: &'g Ground, name: &'g str) -> impl Iterator<Item = &'g Operation> {
    let has = move |o: &&Operation| queries(o).iter().any(|(declared, _)| declared == name);
    ground.stage.operations.iter().filter(has)
}

async fn ask(ground: &Ground, operation: &Operation, query: &str) -> testkit::Answer {
    let client = ground.permitted(operation);
    let path = operation.path(&ground.target);
    let further = if path.contains('?') { '&' } else { '?' };
    client.get(&format!("{path}{further}{query}")).await.unwrap()
}

#[tokio::test]
async fn page_sizes_out_of_range_are_refused() {
    let ground = Ground::lay().await;
    for operation in with_query(&ground, "pageSize") {
        for wrong in ["0", "501", "-1", "x", "", "1.5", "1e2", "99999999999999999999"] {
            let answer = ask(&ground, operation, &format!("pageSize={wrong}")).await;
            let problem = refused(&answer, 400, "malformed");
            assert_eq!(place(&problem), "?pageSize", "{}: {wrong:?}: {problem}", operation.id());
        }
        for good in ["1", "500"] {
            ask(&ground, operation, &format!("pageSize={good}")).await.expect(200);
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn unknown_and_repeated_parameters_are_refused() {
    let ground = Ground::lay().await;
    for operation in with_query(&ground, "pageSize") {
        for wrong in ["planted=1", "pagesize=1", "pageSize=1&pageSize=2", "%00=1"] {
            let problem = refused(&ask(&ground, operation, wrong).await, 400, "malformed");
            assert!(place(&problem).starts_with('?'), "{}: {problem}", operation.id());
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn a_nul_in_any_parameter_is_named() {
    let ground = Ground::lay().await;
    for operation in ground.stage.operations.iter().filter(|operation| !operation.writes()) {
        for (name, _) in queries(operation) {
            let answer = ask(&ground, operation, &format!("{name}=a%00b")).await;
            let problem = refused(&answer, 400, "malformed");
            assert_eq!(place(&problem), format!("?{name}"), "{}", operation.id());
        }
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn a_text_that_is_only_strange_finds_nothing() {
    let ground = Ground::lay().await;
    let long = "x".repeat(300);
    for q in ["%25", "%5C", "_", "%27%3B--", "%F4%8F%BF%BF", "%FF", "%EF%BF%BF", "\u{130}"] {
        let page = ask(&ground, school_list(&ground), &format!("q={q}")).await.expect(200);
        assert_eq!(page["items"], serde_json::json!([]), "{q}");
    }
    let problem =
        refused(&ask(&ground, school_list(&ground), &format!("q={long}")).await, 400, "malformed");
    assert_eq!(place(&problem), "?q");
    ground.unharmed().await;
}

fn school_list(ground: &Ground) -> &Operation {
    ground.stage.operations.iter().find(|operation| operation.id() == "listSchools").unwrap()
}

#[tokio::test]
async fn a_page_token_continues_only_its_own_list() {
    let mut ground = Ground::lay().await;
    for tenant in [ground.stage.own, ground.stage.other] {
        for _ in 0..3 {
            ground.stage.target(tenant).await;
        }
    }
    let guardians = format!("/students/{}/guardians", ground.target.student);
    let second = serde_json::json!({"name": "Anne", "relation": "parent"});
    ground.admin().post(&guardians, second).await.unwrap().expect(201);
    ground.settle().await;
    for operation in with_query(&ground, "nextToken") {
        let page = ask(&ground, operation, "pageSize=1").await.expect(200);
        let token = page["nextToken"].as_str().unwrap().to_owned();
        ask(&ground, operation, &format!("nextToken={token}")).await.expect(200);

        let mut altered = token.clone();
        altered.replace_range(..1, if token.starts_with('A') { "B" } else { "A" });
        let cut = token.get(..token.len() - 1).unwrap().to_owned();
        let long = "A".repeat(5000);
        let filter = match operation.id() {
            "listAudit" => "entity=roster.school",
            "listApprovals" => "status=Pending",
            "listBulkJobs" | "listCommands" => "status=Completed",
            "readBulkResults" => "status=Succeeded",
            _ if queries(operation).iter().any(|(name, _)| name == "sort") => "sort=-name",
            _ => "status=Active",
        };
        let other_list = format!("{filter}&nextToken={token}");
        let forged = ["", "x", "AAAA", "%00", "....", &altered, &cut, &long];
        let forged = forged.iter().map(|token| format!("nextToken={token}"));
        for query in forged.chain([other_list]) {
            let problem = refused(&ask(&ground, operation, &query).await, 400, "malformed");
            assert_eq!(place(&problem), "?nextToken", "{}: {query}", operation.id());
        }
    }
    let theirs = ground.stage.role(kernel::Role::DistrictAdmin, &[ground.stage.other]);
    let theirs = theirs.in_tenant(ground.stage.other);
    for list in ["/schools", "/audit"] {
        let page = theirs.get(&format!("{list}?pageSize=1")).await.unwrap().expect(200);
        let token = page["nextToken"].as_str().unwrap();
        let answer = ground.admin().get(&format!("{list}?nextToken={token}")).await.unwrap();
        assert_eq!(place(&refused(&answer, 400, "malformed")), "?nextToken");
    }
    ground.unharmed().await;
}

#[tokio::test]
async fn values_outside_of_a_parameters_type_are_named() {
    let ground = Ground::lay().await;
    let wrong = [
        ("listSchools", "status=Nope", "?status"),
        ("listSchools", "sort=size", "?sort"),
        ("listTenants", "status=active", "?status"),
        ("listAudit", "entityId=x", "?entityId"),
        ("readFeed", "after=x", "?after"),
        ("readFeed", "after=-1", "?after"),
        ("readFeed", "after=99999999999999999999", "?after"),
    ];
    for (id, query, named) in wrong {
        let operation = ground.stage.operations.iter().find(|o| o.id() == id).unwrap();
        let problem = refused(&ask(&ground, operation, query).await, 400, "malformed");
        assert_eq!(place(&problem), named, "{id}: {problem}");
    }
    ground.unharmed().await;
}
