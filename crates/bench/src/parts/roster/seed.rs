//! Districts put straight into the database.

use anyhow::Result;

use crate::parts::Bench;

/// Fills districts (ids, with commas between) with so many enrolments each, and everything around them.
pub(super) async fn fill(bench: &Bench, tenants: &str, enrollments: u64) -> Result<()> {
    let seed = include_str!("../../sql/roster/seed.sql");
    let n = enrollments.to_string();
    bench.database.script(seed, &[("tenants", tenants), ("n", &n)]).await.map(drop)
}

/// Makes small districts.
pub(super) async fn small(bench: &Bench, count: u32, enrollments: u64) -> Result<()> {
    let made = include_str!("../../sql/roster/tenants.sql");
    let tenants = bench.database.script(made, &[("count", &count.to_string())]).await?;
    fill(bench, &tenants, enrollments).await
}
