//! Schools in order, filtered and searched.

use anyhow::Result;
use futures::future::try_join_all;
use serde_json::json;

use crate::home::{District, texts};

#[tokio::test]
async fn schools_are_listed_by_name_whatever_their_case_and_backwards_on_demand() -> Result<()> {
    let district = District::new().await?;
    for name in ["washington", "Lincoln", "adams", "Jefferson"] {
        district.school(name).await?;
    }
    let forwards = ["adams", "Jefferson", "Lincoln", "washington"];
    assert_eq!(district.names("").await?, forwards);
    assert_eq!(district.names("?sort=name").await?, forwards);
    let backwards: Vec<_> = forwards.into_iter().rev().collect();
    assert_eq!(district.names("?sort=-name").await?, backwards);
    Ok(())
}

#[tokio::test]
async fn schools_are_filtered_by_status() -> Result<()> {
    let district = District::new().await?;
    for name in ["Adams", "Jefferson", "Lincoln"] {
        let school = district.school(name).await?;
        if name == "Jefferson" {
            district.registrar.delete(&school.path).await?.expect(204);
        }
    }
    assert_eq!(district.names("?status=Active").await?, ["Adams", "Lincoln"]);
    assert_eq!(district.names("?status=Active&sort=-name").await?, ["Lincoln", "Adams"]);
    assert_eq!(district.names("?status=Archived").await?, ["Jefferson"]);
    assert_eq!(district.names("?status=Archived&q=adams").await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn schools_are_found_by_the_beginning_of_their_name() -> Result<()> {
    let district = District::new().await?;
    for name in ["École Zola", "Ecole", "ÉCOLE Hugo", "Lincoln", "Lincoln_%", "100% School"] {
        district.school(name).await?;
    }
    for (q, found) in [
        ("éco", &["ÉCOLE Hugo", "École Zola"][..]),
        ("E\u{301}COLE%20h", &["ÉCOLE Hugo"]),
        ("eco", &["Ecole"]),
        ("LINC", &["Lincoln", "Lincoln_%"]),
        ("%20Ｌｉｎｃ", &["Lincoln", "Lincoln_%"]),
        ("lincoln_", &["Lincoln_%"]),
        ("100%25", &["100% School"]),
        ("inc", &[]),
    ] {
        assert_eq!(district.names(&format!("?q={q}")).await?, found, "{q}");
        let backwards: Vec<_> = found.iter().rev().copied().collect();
        assert_eq!(district.names(&format!("?sort=-name&q={q}")).await?, backwards, "{q}");
    }
    Ok(())
}

#[tokio::test]
async fn schools_are_found_by_a_whole_external_id_of_any_source() -> Result<()> {
    let district = District::new().await?;
    let with = |name, refs| json!({"name": name, "externalRefs": refs});
    let both = json!([{"source": "sis", "value": "Zebra"}, {"source": "erp", "value": "Zebra"}]);
    district.create(with("Adams", both)).await?;
    district.create(with("Lincoln", json!([{"source": "hr", "value": "Zebra"}]))).await?;
    district.school("Zebra School").await?;
    assert_eq!(district.names("?q=Zebra").await?, ["Adams", "Lincoln", "Zebra School"]);
    assert_eq!(district.names("?q=zebra").await?, ["Zebra School"]);
    assert_eq!(district.names("?q=Zebr").await?, ["Zebra School"]);
    assert_eq!(district.names("?q=Zebra&sort=-name").await?, ["Zebra School", "Lincoln", "Adams"]);
    Ok(())
}

#[tokio::test]
async fn a_search_goes_on_over_pages() -> Result<()> {
    let district = District::new().await?;
    for n in 0..7 {
        district.school(&format!("Zebra {n}")).await?;
        district.create(json!({"name": format!("Other {n}"), "externalRefs": [{"source": format!("s{n}"), "value": "Zebra"}]})).await?;
    }
    for sort in ["name", "-name"] {
        let (mut names, mut token) = (Vec::new(), String::new());
        loop {
            let path = format!("/schools?q=Zebra&pageSize=3&sort={sort}{token}");
            let page = district.registrar.get(&path).await?.expect(200);
            names.extend(texts(&page["items"], "name"));
            let Some(next) = page["nextToken"].as_str() else { break };
            token = format!("&nextToken={next}");
        }
        assert_eq!(names.len(), 14);
        assert!(
            if sort == "name" { names.is_sorted() } else { names.iter().rev().is_sorted() },
            "{names:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_token_goes_on_only_with_the_list_that_gave_it() -> Result<()> {
    let district = District::new().await?;
    for name in ["Adams", "Jefferson", "Lincoln"] {
        district.school(name).await?;
    }
    let page = district.registrar.get("/schools?pageSize=2&q=").await?.expect(200);
    assert_eq!(texts(&page["items"], "name"), ["Adams", "Jefferson"]);
    let token = page["nextToken"].as_str().unwrap();
    assert_eq!(district.names(&format!("?pageSize=1&q=&nextToken={token}")).await?, ["Lincoln"]);
    for other in ["", "q=a", "q=&sort=-name", "q=&status=Active"] {
        let path = format!("/schools?{other}&nextToken={token}");
        district.registrar.get(&path).await?.problem(400, "malformed");
    }
    let elsewhere = district.server.district("Shelbyville").await?;
    let foreign = district.server.as_role(kernel::Role::Registrar, elsewhere)?;
    foreign.get(&format!("/schools?q=&nextToken={token}")).await?.problem(400, "malformed");
    let mut forged = token.to_owned();
    forged.replace_range(0..1, if token.starts_with('A') { "B" } else { "A" });
    district
        .registrar
        .get(&format!("/schools?q=&nextToken={forged}"))
        .await?
        .problem(400, "malformed");
    Ok(())
}

#[tokio::test]
async fn a_page_holds_fifty_schools_unless_more_or_fewer_are_asked() -> Result<()> {
    let district = District::new().await?;
    let create = |n| district.registrar.post("/schools", json!({"name": format!("School {n}")}));
    try_join_all((0..51).map(|n| create(n).into_future())).await?;
    assert_eq!(district.names("").await?.len(), 50);
    assert_eq!(district.names("?pageSize=500").await?.len(), 51);
    let whole = district.registrar.get("/schools?pageSize=51").await?.expect(200);
    assert_eq!(whole.get("nextToken"), None);
    Ok(())
}
