//! A request reads few rows, however many schools there are: PostgreSQL itself counts them.

use anyhow::Result;
use kernel::Role;
use serde_json::json;

use crate::home::District;

/// As many as the largest districts of a country have together.
const SCHOOLS: i32 = 50_000;
/// More than the five executions after which PostgreSQL may fall back to a plan that does not know the values.
const CALLS: i64 = 8;
/// Rows of a page, the one behind it, and what finds the external ids.
const PAGE: i64 = 60;

impl District {
    /// Plants the schools `School 000001`, …, each with its number as external id; every thousandth is archived.
    async fn plant(&self) -> Result<()> {
        let admin = &self.server.database.admin;
        for sql in [
            "insert into roster.school select $1, md5(n::text)::uuid, 'School ' || lpad(n::text, 6, '0'), 'school ' || lpad(n::text, 6, '0'),
               case when n % 1000 = 0 then 'Archived' else 'Active' end, 'UTC',
               jsonb_build_array(jsonb_build_object('source', 'sis', 'value', n::text)), 1, now(), now() from generate_series(1, $2) n",
            "insert into roster.external_id select $1, 'sis', 'school', n::text, md5(n::text)::uuid from generate_series(1, $2) n",
        ] {
            sqlx::query(sql).bind(self.tenant.0).bind(SCHOOLS).execute(admin).await?;
        }
        sqlx::raw_sql("analyze roster.school; analyze roster.external_id").execute(admin).await?;
        Ok(())
    }

    /// Rows and index entries that requests have read in the roster's tables. The server's connections are ended first,
    /// because a connection counts for itself until it ends; the server makes new ones.
    async fn rows_read(&self) -> Result<i64> {
        let admin = &self.server.database.admin;
        sqlx::query("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and application_name = 'steward_app'")
            .execute(admin)
            .await?;
        self.count(
            "select ((select sum(seq_tup_read) from pg_stat_all_tables where schemaname = 'roster')
                   + (select sum(idx_tup_read) from pg_stat_all_indexes where schemaname = 'roster'))::bigint",
        )
        .await
    }

    /// Rows read by one call, on average of [`CALLS`].
    pub(crate) async fn rows_of(&self, call: impl AsyncFn() -> Result<()>) -> Result<i64> {
        let before = self.rows_read().await?;
        for _ in 0..CALLS {
            call().await?;
        }
        Ok((self.rows_read().await? - before) / CALLS)
    }
}

#[tokio::test]
async fn requests_read_few_rows_of_fifty_thousand_schools() -> Result<()> {
    let district = District::new().await?;
    district.plant().await?;
    let some = district.school("Lincoln").await?;
    let mut slow = Vec::new();
    let mut note = |what: &str, rows: i64, most: i64| {
        if rows > most {
            slow.push(format!("{what}: {rows} rows instead of {most}"));
        }
    };

    for (query, most) in [
        ("", PAGE),
        ("?sort=-name", PAGE),
        ("?status=Archived", PAGE),
        ("?status=Archived&sort=-name", PAGE),
        ("?q=school%20049", PAGE),
        ("?q=school%20049&sort=-name&status=Active", PAGE),
        ("?q=zzz", 2),
        ("?q=49000", 6),
    ] {
        let list = async || district.names(query).await.map(drop);
        note(query, district.rows_of(list).await?, most);
    }

    let page = district.registrar.get("/schools?pageSize=500&q=school%2004").await?.expect(200);
    let token = page["nextToken"].as_str().unwrap();
    let deep = format!("?q=school%2004&nextToken={token}");
    let list = async || district.names(&deep).await.map(drop);
    note("a later page", district.rows_of(list).await?, PAGE);

    let read = async || {
        district.registrar.get(&some.path).await?.expect(200);
        Ok(())
    };
    note("read", district.rows_of(read).await?, 2);

    let twin = async || {
        let body = json!({"name": "School 012345"});
        district.registrar.post("/schools", body).await?.problem(409, "conflict");
        Ok(())
    };
    note("a twin", district.rows_of(twin).await?, 6);

    district.employ(Role::SchoolAdmin, &[&some]).await?;
    let head = district.person(Role::SchoolAdmin)?;
    for query in ["", "?sort=-name", "?status=Active", "?q=lin", "?q=1"] {
        let own = async || {
            head.get(&format!("/schools{query}")).await?.expect(200);
            Ok(())
        };
        note(&format!("own {query}"), district.rows_of(own).await?, 8);
    }
    assert!(slow.is_empty(), "{slow:#?}");
    Ok(())
}
