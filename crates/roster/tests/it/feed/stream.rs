//! Server-sent events: what is there, then what comes.

use std::time::Duration;

use anyhow::{Context, Result};
use kernel::Role;
use testkit::Person;
use tokio::time::timeout;

use crate::home::District;

/// A stream as a browser's `EventSource` reads it.
struct Stream {
    answer: reqwest::Response,
    unread: String,
}

impl Stream {
    async fn open(district: &District, last: Option<&str>) -> Result<Self> {
        let auditor = Person::with(Role::Auditor, &[district.tenant]);
        let token = district.server.issuer.token(&auditor, district.server.now())?;
        let url =
            format!("{}/api/v1/tenants/{}/feed/roster", district.server.url(), district.tenant);
        let mut request = reqwest::Client::new()
            .get(url)
            .bearer_auth(token)
            .header("accept", "text/event-stream")
            .header("x-tenant-id", district.tenant.to_string());
        if let Some(id) = last {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await?.error_for_status()?;
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Ok(Self { answer, unread: String::new() })
    }

    /// The id and type of the next event; heartbeats are passed over.
    async fn next(&mut self) -> Result<(String, String)> {
        loop {
            let Some((event, _)) = self.unread.split_once("\n\n") else {
                let chunk = timeout(Duration::from_secs(20), self.answer.chunk()).await??;
                self.unread.push_str(std::str::from_utf8(&chunk.context("the stream ended")?)?);
                continue;
            };
            let read = event.len() + 2;
            let field =
                |name| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
            let found =
                field("id:").zip(field("data:")).map(|(id, data)| (id.to_owned(), data.to_owned()));
            self.unread.drain(..read);
            if let Some((id, data)) = found {
                let event: serde_json::Value = serde_json::from_str(&data)?;
                assert_eq!(event["sequence"].as_str().unwrap().parse::<i64>()?, id.parse::<i64>()?);
                return Ok((id, event["type"].as_str().unwrap().to_owned()));
            }
        }
    }

    async fn assert_next(&mut self, id: &str, name: &str) -> Result<()> {
        let expected = (id.to_owned(), format!("lms.roster.v1.{name}"));
        assert_eq!(self.next().await?, expected);
        Ok(())
    }
}

#[tokio::test]
async fn a_stream_begins_with_what_was_and_goes_on_with_what_comes() -> Result<()> {
    let district = District::new().await?;
    let mut stream = Stream::open(&district, None).await?;
    stream.assert_next("1", "TenantProvisioned").await?;
    let school = district.school("Lincoln").await?;
    stream.assert_next("2", "SchoolCreated").await?;
    district.registrar.delete(&school.path).await?.expect(204);
    stream.assert_next("3", "SchoolArchived").await
}

#[tokio::test]
async fn a_stream_resumes_after_the_last_event_that_was_seen() -> Result<()> {
    let district = District::new().await?;
    for n in 0..3 {
        district.school(&format!("School {n}")).await?;
    }
    district.feed(4).await?;
    let mut first = Stream::open(&district, None).await?;
    first.assert_next("1", "TenantProvisioned").await?;
    first.assert_next("2", "SchoolCreated").await?;
    drop(first);
    let mut second = Stream::open(&district, Some("2")).await?;
    second.assert_next("3", "SchoolCreated").await?;
    second.assert_next("4", "SchoolCreated").await?;
    district.school("School 3").await?;
    second.assert_next("5", "SchoolCreated").await
}

#[tokio::test]
async fn a_stream_ends_when_its_tenant_is_suspended() -> Result<()> {
    let district = District::new().await?;
    let mut stream = Stream::open(&district, None).await?;
    stream.assert_next("1", "TenantProvisioned").await?;
    district.turn("suspend").await?.expect(200);
    let end = stream.next().await;
    assert!(end.is_err_and(|error| error.to_string().contains("the stream ended")));
    Ok(())
}
