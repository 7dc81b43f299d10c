//! The audit trail cannot be changed without being found out.

use kernel::{
    Clock, Ids, TenantId,
    audit::{
        seal::{self, Head, SealKey, Sealer},
        verify::{What, verify},
    },
    lease::{self, Leases},
    relay::Wake,
};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tokio_util::sync::CancellationToken;

use crate::home::{Home, eventually, random, tenant};

/// A home with a sealer that runs when it is told to.
struct Archive {
    home: Home,
    sealer: Sealer,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Archive {
    async fn new() -> Self {
        let home = Home::new().await;
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::system();
        let sealer = Sealer {
            system: home.system.clone(),
            leases: Leases::new(random()),
            wake: Wake::new(),
            ids: Ids::random(clock.clone()),
            clock,
            key: SealKey::new([5; 32]),
            file: Some(folder.path().join("heads")),
        };
        let stop = CancellationToken::new();
        tokio::spawn(lease::hold(
            home.system.clone(),
            sealer.leases.clone(),
            Wake::new(),
            stop.clone(),
        ));
        eventually("leases are held", async || sealer.leases.slots().len() == 16).await;
        Self { home, sealer, stop, _folder: folder }
    }

    /// Commits `count` records.
    async fn record(&self, district: TenantId, count: usize) {
        let mut tx = self.home.tenant(district).await;
        for _ in 0..count {
            insert(&mut tx, district).await;
        }
        tx.commit().await.unwrap();
    }

    async fn seal(&self) {
        seal::seal_now(&self.sealer).await.unwrap();
    }

    fn heads(&self) -> Vec<Head> {
        let text = std::fs::read_to_string(self.sealer.file.as_ref().unwrap()).unwrap();
        Head::parse_lines(&text).unwrap()
    }

    /// What verification finds for the tenant: position and kind.
    async fn finding(&self, district: TenantId, heads: &[Head]) -> Option<(i64, What)> {
        let report =
            verify(&self.home.system, Some(district), heads, &self.sealer.key).await.unwrap();
        assert_eq!(report.is_intact(), report.tenants[0].finding.is_none());
        report.tenants[0].finding.map(|finding| (finding.position, finding.what))
    }

    /// Changes the trail as only the database's owner can, looks, and takes the change back.
    async fn tampered(
        &self,
        district: TenantId,
        heads: &[Head],
        statements: &[&str],
    ) -> Option<(i64, What)> {
        #[expect(clippy::disallowed_methods, reason = "a test that is not cancelled")]
        let mut admin = self.home.db.admin.acquire().await.unwrap();
        for table in ["audit", "audit_link"] {
            execute(&mut admin, &format!("create table kept_{table} as table kernel.{table}"))
                .await;
        }
        execute(&mut admin, "set session_replication_role = replica").await; // no triggers
        for statement in statements {
            let done = execute(&mut admin, &spelled_out(statement)).await;
            assert!(done > 0, "{statement} changed nothing");
        }
        let finding = self.finding(district, heads).await;
        for table in ["audit", "audit_link"] {
            for undo in [
                format!("truncate kernel.{table}"),
                format!("insert into kernel.{table} table kept_{table}"),
                format!("drop table kept_{table}"),
            ] {
                execute(&mut admin, &undo).await;
            }
        }
        execute(&mut admin, "set session_replication_role = origin").await;
        finding
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn execute(conn: &mut PgConnection, statement: &str) -> u64 {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(conn).await.unwrap().rows_affected()
}

/// `$third` and `$fourth` are the ids of these records of the chain.
fn spelled_out(statement: &str) -> String {
    let id =
        |position| format!("(select audit_id from kernel.audit_link where position = {position})");
    statement.replace("$third", &id(3)).replace("$fourth", &id(4))
}

/// Writes one record as a unit of work does.
async fn insert(conn: &mut PgConnection, district: TenantId) {
    let (audit_id, entity_id, correlation) = (random(), random(), random());
    let record = serde_json::json!({
        "auditId": audit_id, "tenantId": district, "action": "roster.school.create", "entity": "roster.school",
        "entityId": entity_id, "outcome": "succeeded", "actor": "issuer ann", "after": {"name": "Lincoln"},
        "correlationId": correlation,
    });
    sqlx::query(
        "insert into kernel.audit (tenant_id, audit_id, action, entity, entity_id, outcome, actor, correlation_id, record)
         values ($1, $2, 'roster.school.create', 'roster.school', $3, 'succeeded', 'issuer ann', $4, $5)",
    )
    .bind(district.0)
    .bind(audit_id)
    .bind(entity_id)
    .bind(correlation)
    .bind(record.to_string())
    .execute(conn)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_chained_their_heads_signed_announced_and_kept() {
    let archive = Archive::new().await;
    let (district, other) = (tenant(1), tenant(2));
    archive.record(district, 5).await;
    archive.record(other, 1).await;
    archive.seal().await;
    archive.record(district, 2).await;

    let report =
        verify(&archive.home.system, None, &archive.heads(), &archive.sealer.key).await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    let chain = report.tenants.iter().find(|chain| chain.tenant == district).unwrap();
    assert_eq!((chain.sealed, chain.unsealed), (5, 2));

    let announced = sqlx::query("select data::jsonb ->> 'position' as position from kernel.outbox where tenant_id = $1 and type = 'steward.platform.v1.AuditSealed'")
        .bind(district.0)
        .fetch_one(&archive.home.db.admin)
        .await
        .unwrap();
    assert_eq!(announced.get::<String, _>("position"), "5");

    archive.seal().await;
    assert_eq!(archive.finding(district, &archive.heads()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_committed_late_is_chained_late() {
    let archive = Archive::new().await;
    let district = tenant(3);
    let mut late = archive.home.tenant(district).await;
    insert(&mut late, district).await;
    archive.record(district, 1).await;
    archive.seal().await;
    late.commit().await.unwrap();
    archive.seal().await;
    let report =
        verify(&archive.home.system, Some(district), &archive.heads(), &archive.sealer.key)
            .await
            .unwrap();
    assert_eq!((report.tenants[0].sealed, report.tenants[0].finding), (2, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_rewrite_history_is_found_at_its_place() {
    let archive = Archive::new().await;
    let district = tenant(4);
    archive.record(district, 9).await;
    archive.seal().await;
    let heads = archive.heads();
    let cases: [(&[&'static str], What); 12] = [
        (
            &[
                "update kernel.audit set record = replace(record, 'Lincoln', 'Lincolm') where audit_id = $third",
            ],
            What::RecordAltered,
        ),
        (
            &["update kernel.audit set record = record || ' ' where audit_id = $third"],
            What::RecordAltered,
        ),
        (
            &["update kernel.audit set actor = 'issuer bob' where audit_id = $third"],
            What::ColumnsAltered,
        ),
        (
            &["update kernel.audit set entity_id = null where audit_id = $third"],
            What::ColumnsAltered,
        ),
        (
            &[
                "update kernel.audit_link set hash = set_byte(hash, 31, get_byte(hash, 31) # 1) where position = 3",
            ],
            What::RecordAltered,
        ),
        (
            &["update kernel.audit_link set audit_id = gen_random_uuid() where position = 3"],
            What::RecordRemoved,
        ),
        (&["update kernel.audit_link set position = 99 where position = 3"], What::LinkRemoved),
        (&["delete from kernel.audit where audit_id = $third"], What::RecordRemoved),
        (&["delete from kernel.audit_link where position = 3"], What::LinkRemoved),
        (
            &[
                "delete from kernel.audit where audit_id = $third",
                "delete from kernel.audit_link where position = 3",
            ],
            What::LinkRemoved,
        ),
        (
            &[
                "delete from kernel.audit where audit_id = $third",
                "delete from kernel.audit_link where position = 3",
                "update kernel.audit_link set position = position - 1 where position > 3",
            ],
            What::RecordAltered,
        ),
        (
            &[
                "update kernel.audit_link set position = -3 where position = 3",
                "update kernel.audit_link set position = 3 where position = 4",
                "update kernel.audit_link set position = 4 where position = -3",
            ],
            What::RecordAltered,
        ),
    ];
    for (statements, what) in cases {
        assert_eq!(
            archive.tampered(district, &heads, statements).await,
            Some((3, what)),
            "{statements:?}"
        );
    }
    assert_eq!(archive.finding(district, &heads).await, None, "all is as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_a_record_or_hash_can_be_flipped() {
    let archive = Archive::new().await;
    let district = tenant(8);
    archive.record(district, 5).await;
    archive.seal().await;
    for _ in 0..40 {
        let (position, at, hashed) =
            (rand::random_range(1..=5), rand::random_range(1..300), rand::random_range(0..32));
        let record = format!(
            "update kernel.audit set record = overlay(record placing
               case substr(record, {at}, 1) when 'x' then 'y' else 'x' end from {at} for 1)
              where audit_id = (select audit_id from kernel.audit_link where position = {position})"
        );
        assert_eq!(
            archive.tampered(district, &[], &[&record]).await,
            Some((position, What::RecordAltered)),
            "{record}"
        );
        let hash = format!(
            "update kernel.audit_link set hash = set_byte(hash, {hashed}, get_byte(hash, {hashed}) # 4) where position = {position}"
        );
        assert_eq!(
            archive.tampered(district, &[], &[&hash]).await,
            Some((position, What::RecordAltered)),
            "{hash}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_head_shows_a_cut_end_and_a_chain_made_anew() {
    let archive = Archive::new().await;
    let district = tenant(5);
    archive.record(district, 4).await;
    archive.seal().await;
    let heads = archive.heads();
    let cut: [&'static str; 2] = [
        "delete from kernel.audit where audit_id = $fourth",
        "delete from kernel.audit_link where position = 4",
    ];
    assert_eq!(archive.tampered(district, &[], &cut).await, None, "without a head nobody can tell");
    assert_eq!(archive.tampered(district, &heads, &cut).await, Some((4, What::EndRemoved)));

    let anew: [&'static str; 4] = [
        "update kernel.audit set record = replace(record, 'Lincoln', 'Lincolm') where audit_id = $fourth",
        "update kernel.audit_link l set hash = sha256((select hash from kernel.audit_link where position = 3) || sha256(convert_to(a.record, 'UTF8'))) from kernel.audit a where a.audit_id = l.audit_id and l.position = 4",
        "update kernel.audit set actor = actor",
        "update kernel.audit_link set position = position",
    ];
    assert_eq!(
        archive.tampered(district, &[], &anew).await,
        None,
        "without a head nobody can tell"
    );
    assert_eq!(archive.tampered(district, &heads, &anew).await, Some((4, What::ChainReplaced)));

    let mut forged = heads;
    forged[0].sealed.position = 3;
    assert_eq!(archive.finding(district, &forged).await, Some((3, What::HeadForged)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_slipped_in_with_an_old_date_is_found() {
    let archive = Archive::new().await;
    let district = tenant(6);
    archive.record(district, 2).await;
    archive.seal().await;
    sqlx::query("update kernel.lease set sealed_until = now() - interval '1 hour'")
        .execute(&archive.home.db.admin)
        .await
        .unwrap();
    let slipped: [&'static str; 1] = [
        "insert into kernel.audit select tenant_id, gen_random_uuid(), now() - interval '2 hours', action, entity, entity_id, outcome, actor, correlation_id, record from kernel.audit limit 1",
    ];
    assert_eq!(
        archive.tampered(district, &archive.heads(), &slipped).await,
        Some((3, What::RecordInserted))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_servers_roles_cannot_change_the_trail() {
    let archive = Archive::new().await;
    archive.record(tenant(7), 1).await;
    archive.seal().await;
    for pool in [&archive.home.app, &archive.home.system, &archive.home.db.admin] {
        for statement in [
            "update kernel.audit set record = ''",
            "delete from kernel.audit",
            "truncate kernel.audit",
            "update kernel.audit_link set hash = ''",
            "delete from kernel.audit_link",
        ] {
            let error = sqlx::query(statement).execute(pool).await.unwrap_err();
            let code = error
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .unwrap()
                .into_owned();
            assert_eq!(code, "42501", "{statement}: {error}");
        }
    }
}
