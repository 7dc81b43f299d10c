//! Each operation with a tenant that is missing, foreign, contradictory or not served.

use kernel::permission::Scope;
use kernel::{Role, TenantId};

use super::operations::{Operation, Target};
use super::roles::{anonymous, may};
use super::stage::Stage;

/// The operations of a tenant, each with every role that may call it.
fn of_a_tenant(stage: &Stage) -> impl Iterator<Item = (&Operation, Role)> {
    let operations = stage.operations.iter().filter(|o| o.row.scope == Scope::Tenant);
    operations.flat_map(|o| Role::ALL.into_iter().map(move |r| (o, r)).filter(|(o, r)| may(o, *r)))
}

/// Platform administrators reach every tenant with what the table gives them.
fn is_everywhere(operation: &Operation, role: Role) -> bool {
    role == Role::PlatformAdmin && operation.row.roles.contains(&role)
}

#[tokio::test]
async fn a_token_of_another_tenant_is_refused() {
    let stage = Stage::set().await;
    let target = stage.target(stage.own).await;
    for (operation, role) in of_a_tenant(&stage).filter(|(o, r)| !is_everywhere(o, *r)) {
        let before = stage.recorded().await;
        // With the district's own id in the header, and with theirs, if the path says more.
        let headers = [stage.own, stage.other].into_iter();
        let headers: Vec<_> = headers.take(if operation.has("tenantId") { 2 } else { 1 }).collect();
        for tenants in [vec![stage.other], vec![]] {
            let stranger = stage.role(role, &tenants);
            for header in headers.iter().copied() {
                let client = stranger.clone().in_tenant(header);
                let answer = operation.request(&client, &target).await.unwrap();
                answer.problem(403, "tenant-forbidden");
            }
        }
        let refused = 2 * i64::try_from(headers.len()).unwrap();
        let recorded = (before.0 + refused, before.1);
        assert_eq!(stage.recorded().await, recorded, "{}", operation.id());
    }
}

#[tokio::test]
async fn what_another_tenant_has_is_missing() {
    let stage = Stage::set().await;
    let foreign = stage.target(stage.other).await;
    for (operation, role) in of_a_tenant(&stage).filter(|(o, _)| o.names_something()) {
        if operation.row.own.contains(&role) {
            // Even were the foreign school named in their staff record by mistake.
            let own = stage.target(stage.own).await;
            stage.give(role, &own).await;
        }
        let client = stage.caller(operation, role);
        let ask = async |target: Target| operation.request(&client, &target).await.unwrap();
        let there = ask(Target { tenant: stage.own, ..foreign }).await;
        let nowhere = ask(Target::nothing(stage.own)).await;
        let names = |answer: &testkit::Answer| {
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(names(&there), names(&nowhere), "{role:?}: {}", operation.id());
        let (there, nowhere) = (there.problem(404, "not-found"), nowhere.problem(404, "not-found"));
        assert_eq!(anonymous(there), anonymous(nowhere), "{role:?}: {}", operation.id());
    }
}

#[tokio::test]
async fn the_tenant_header_is_required_where_the_path_is_not_enough() {
    let stage = Stage::set().await;
    for operation in &stage.operations {
        for role in Role::ALL.into_iter().filter(|role| may(operation, *role)) {
            let target = stage.fresh(operation).await;
            let client = stage.role(role, &[stage.own]);
            let answer = operation.request(&client, &target).await.unwrap();
            if operation.row.scope == Scope::Platform || operation.row.is_of_executors() {
                answer.expect(operation.entry.success);
            } else {
                answer.problem(400, "tenant-header");
            }
        }
    }
}

#[tokio::test]
async fn header_and_path_must_agree() {
    let stage = Stage::set().await;
    let target = stage.target(stage.own).await;
    for operation in stage.operations.iter().filter(|o| o.has("tenantId")) {
        for role in Role::ALL.into_iter().filter(|role| may(operation, *role)) {
            let both = stage.role(role, &[stage.own, stage.other]);
            let answer = operation.request(&both.in_tenant(stage.other), &target).await.unwrap();
            answer.problem(403, "tenant-forbidden");
        }
    }
}

#[tokio::test]
async fn a_tenant_that_is_not_served_answers_platform_reads_alone() {
    for end in ["suspend", "deactivate"] {
        let stage = Stage::set().await;
        let target = stage.target(stage.own).await;
        let platform = stage.role(Role::PlatformAdmin, &[]);
        let path = format!("/api/v1/tenants/{}/{end}", stage.own);
        platform.post(&path, ()).await.unwrap().expect(200);
        for (operation, role) in of_a_tenant(&stage) {
            let before = stage.recorded().await;
            let client = stage.caller(operation, role);
            let answer = operation.request(&client, &target).await.unwrap();
            if is_everywhere(operation, role) && !operation.writes() {
                answer.expect(operation.entry.success);
            } else {
                answer.problem(403, "tenant-inactive");
                let once = (before.0 + 1, before.1);
                assert_eq!(stage.recorded().await, once, "{role:?}: {}", operation.id());
            }
        }
        let reads = stage.operations.iter().filter(|o| o.row.scope == Scope::Platform);
        for operation in reads.filter(|o| !o.writes()) {
            operation.request(&platform, &target).await.unwrap().expect(operation.entry.success);
        }
    }
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_like_a_foreign_one() {
    let stage = Stage::set().await;
    let nowhere: TenantId = "0198f3a0-0000-7000-8000-00000000dead".parse().unwrap();
    let target = Target::nothing(nowhere);
    for (operation, role) in of_a_tenant(&stage) {
        let client = stage.role(role, &[nowhere]).in_tenant(nowhere);
        operation.request(&client, &target).await.unwrap().problem(403, "tenant-forbidden");
    }
    let platform = stage.role(Role::PlatformAdmin, &[]);
    let of_one =
        stage.operations.iter().filter(|o| o.row.scope == Scope::Platform && o.has("tenantId"));
    for operation in of_one {
        operation.request(&platform, &target).await.unwrap().problem(404, "not-found");
    }
}
