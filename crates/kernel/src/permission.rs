//! Who may do what: one table, one row an operation. Rendered into `docs/permissions.md`; an operation without a row
//! does not start, and a permission is checked before anything is read.

use crate::{Caller, Role, rate::RateClass};

/// What a permission's operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One tenant, which the token must name.
    Tenant,
    /// The platform: tenants themselves.
    Platform,
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    /// Name in OpenAPI and audit, for instance `roster.school.create`.
    pub name: &'static str,
    /// Tenant or platform.
    pub scope: Scope,
    /// Roles that may do it anywhere in the tenant (or platform).
    pub roles: &'static [Role],
    /// Roles that may do it only for what is their own: their schools, classes, sessions.
    pub own: &'static [Role],
    /// Its rate limit.
    pub limit: RateClass,
    /// What it allows.
    pub about: &'static str,
}

/// The rows whose operation takes `dryRun`.
const WITH_DRY_RUN: [&str; 1] = ["roster.import.write"];

/// The rows of the executors' protocol. What is sent there a second time is known by its own id, so that it needs no
/// idempotency key, and the tenant is the one in the path: an executor sends a token and nothing else of ours.
const OF_EXECUTORS: [&str; 3] =
    ["instance.pending.read", "instance.result.write", "instance.message.write"];

/// How far a permission reaches for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The whole tenant.
    Everything,
    /// Only what is the caller's own: the query itself is narrowed.
    Own,
}

impl Row {
    /// Whether it only reads, whatever the method: such a request needs no idempotency key.
    pub fn reads(&self) -> bool {
        self.name.rsplit('.').next() == Some("read")
    }

    /// Whether its operation can be tried: with `?dryRun=true` it changes nothing, and needs no idempotency key.
    pub fn has_dry_run(&self) -> bool {
        WITH_DRY_RUN.contains(&self.name)
    }

    /// Whether it is of the executors' protocol: no idempotency key, and no `X-Tenant-Id` beside the path.
    pub fn is_of_executors(&self) -> bool {
        OF_EXECUTORS.contains(&self.name)
    }

    /// How far it reaches for `caller`; `None` when it does not.
    pub fn reach(&self, caller: &Caller) -> Option<Reach> {
        let any = |roles: &[Role]| roles.iter().any(|role| caller.has(*role));
        if any(self.roles) {
            return Some(Reach::Everything);
        }
        any(self.own).then_some(Reach::Own)
    }
}

/// A permission as a type, so that `Cx<P>` proves it.
pub trait Permission: Send + Sync + 'static {
    /// Its row.
    const ROW: &'static Row;
}

macro_rules! permissions {
    ($($(#[doc = $about:literal])* $name:ident $text:literal $scope:ident $limit:ident [$($role:ident)*] own [$($own:ident)*];)*) => {
        $(
            $(#[doc = $about])*
            #[derive(Debug)]
            pub struct $name;
            impl Permission for $name {
                const ROW: &'static Row = &Row {
                    name: $text, scope: Scope::$scope, roles: &[$(Role::$role),*], own: &[$(Role::$own),*],
                    limit: RateClass::$limit, about: concat!($($about),*),
                };
            }
        )*
        /// The whole table.
        pub static TABLE: &[&Row] = &[$($name::ROW),*];
    };
}

permissions! {
    /// Provision a tenant.
    TenantProvision "roster.tenant.provision" Platform General [PlatformAdmin] own [];
    /// Read tenants.
    TenantRead "roster.tenant.read" Platform General [PlatformAdmin] own [];
    /// Suspend, reactivate or deactivate a tenant.
    TenantLifecycle "roster.tenant.lifecycle" Platform General [PlatformAdmin] own [];
    /// Create a school.
    SchoolCreate "roster.school.create" Tenant Create [DistrictAdmin Registrar] own [];
    /// Read schools.
    SchoolRead "roster.school.read" Tenant General [DistrictAdmin Registrar Auditor] own [SchoolAdmin Teacher Interventionist Counselor];
    /// Change a school.
    SchoolUpdate "roster.school.update" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Archive a school.
    SchoolArchive "roster.school.archive" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Read terms.
    TermRead "roster.term.read" Tenant General [DistrictAdmin Registrar Auditor SchoolAdmin Teacher Interventionist Counselor] own [];
    /// Create and change terms.
    TermWrite "roster.term.write" Tenant General [DistrictAdmin Registrar] own [];
    /// Read rooms.
    RoomRead "roster.room.read" Tenant General [DistrictAdmin Registrar Auditor] own [SchoolAdmin Teacher Interventionist Counselor];
    /// Create, change and archive rooms.
    RoomWrite "roster.room.write" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Create a class.
    ClassCreate "roster.class.create" Tenant Create [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Read classes and who is in them.
    ClassRead "roster.class.read" Tenant General [DistrictAdmin Registrar Auditor] own [SchoolAdmin Teacher Interventionist Counselor];
    /// Change and archive classes, and say who teaches them.
    ClassWrite "roster.class.write" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Create a student.
    StudentCreate "roster.student.create" Tenant Create [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Read students.
    StudentRead "roster.student.read" Tenant General [DistrictAdmin Registrar Auditor] own [SchoolAdmin Teacher Interventionist Counselor];
    /// Change, deactivate and reactivate students.
    StudentWrite "roster.student.write" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Read guardians and how to reach them.
    GuardianRead "roster.guardian.read" Tenant General [DistrictAdmin Registrar] own [Counselor];
    /// Create, change and remove guardians.
    GuardianWrite "roster.guardian.write" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Read a student's whole record, for the right of access.
    RecordRead "roster.record.read" Tenant General [DistrictAdmin Registrar] own [];
    /// Set and release legal holds, and scrub students.
    RetentionWrite "roster.retention.write" Tenant General [DistrictAdmin] own [];
    /// Export schools, classes, students, teachers and enrolments.
    ExportRead "roster.export.read" Tenant General [DistrictAdmin Registrar] own [];
    /// Read staff, teachers among them.
    StaffRead "roster.staff.read" Tenant General [DistrictAdmin Registrar Auditor] own [SchoolAdmin Teacher Interventionist Counselor];
    /// Create, change and deactivate staff, teachers among them.
    StaffWrite "roster.staff.write" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Enrol a student in a class.
    EnrollmentCreate "roster.enrollment.create" Tenant Create [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Read enrolments.
    EnrollmentRead "roster.enrollment.read" Tenant General [DistrictAdmin Registrar Auditor] own [SchoolAdmin Teacher Interventionist Counselor];
    /// End enrolments.
    EnrollmentWrite "roster.enrollment.write" Tenant General [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Create and change students by a file.
    StudentBulk "roster.student.bulk" Tenant Create [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Create and change teachers by a file.
    StaffBulk "roster.staff.bulk" Tenant Create [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Enrol students in classes by a file.
    EnrollmentBulk "roster.enrollment.bulk" Tenant Create [DistrictAdmin Registrar] own [SchoolAdmin];
    /// Read bulk jobs and what became of their rows.
    BulkRead "roster.bulk.read" Tenant General [DistrictAdmin Registrar Auditor] own [SchoolAdmin];
    /// Import OneRoster packages.
    ImportWrite "roster.import.write" Tenant General [DistrictAdmin Registrar] own [];
    /// Read registered instances.
    InstanceRead "instance.instance.read" Tenant General [Operator PlatformAdmin Auditor] own [];
    /// Register instances, and change which account executes their commands.
    InstanceWrite "instance.instance.write" Tenant General [Operator] own [];
    /// Read remediation commands and their traces.
    RemedyRead "instance.command.read" Tenant General [Operator PlatformAdmin Auditor] own [];
    /// Send remediation commands, and take them back.
    RemedySend "instance.command.send" Tenant General [Operator] own [];
    /// Read the log messages of instances.
    MessageRead "instance.message.read" Tenant General [Operator Auditor] own [];
    /// Take the pending commands of the instance whose executor one is.
    PendingRead "instance.pending.read" Tenant General [InstanceExecutor] own [];
    /// Report what became of a command, as its instance's executor.
    ResultWrite "instance.result.write" Tenant General [InstanceExecutor] own [];
    /// Send log messages, as their instance's executor.
    MessageWrite "instance.message.write" Tenant General [InstanceExecutor] own [];
    /// Read the catch-up feed of events.
    FeedRead "platform.feed.read" Tenant General [Auditor DistrictAdmin PlatformAdmin] own [];
    /// Read the audit trail.
    AuditRead "platform.audit.read" Tenant General [Auditor DistrictAdmin PlatformAdmin] own [];
    /// Read approvals that one may decide or asked for.
    ApprovalRead "platform.approval.read" Tenant General [DistrictAdmin SchoolAdmin Registrar Counselor EventPlanner BudgetApprover Operator Auditor PlatformAdmin] own [];
    /// Decide an approval whose level asks one's role.
    ApprovalDecide "platform.approval.decide" Tenant General [DistrictAdmin SchoolAdmin Counselor EventPlanner BudgetApprover Operator PlatformAdmin] own [];
    /// See how far a tenant's events are published and which the broker refused.
    OutboxRead "platform.outbox.read" Tenant General [PlatformAdmin] own [];
}

/// The row of an operation's name.
pub fn row(name: &str) -> Option<&'static Row> {
    TABLE.iter().copied().find(|row| row.name == name)
}

/// The table as the Markdown page `docs/permissions.md`.
pub fn markdown() -> String {
    let head = "# Permissions\n\nGenerated from `crates/kernel/src/permission.rs` by `steward openapi --write .`.\n\n\
        *Own* means: only what is the caller's own (the schools of their staff record); the query itself is narrowed.\n\n\
        | permission | allows | scope | roles | own only | rate limit |\n|---|---|---|---|---|---|\n"
        .to_owned();
    let names = |roles: &[Role]| roles.iter().map(|r| r.name()).collect::<Vec<_>>().join(", ");
    let line = |row: &&Row| {
        let cells = [
            format!("`{}`", row.name),
            row.about.trim().to_owned(),
            format!("{:?}", row.scope).to_lowercase(),
            names(row.roles),
            names(row.own),
            format!("{:?}", row.limit).to_lowercase(),
        ];
        format!("| {} |\n", cells.join(" | "))
    };
    head + &TABLE.iter().map(line).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn with(roles: &[Role]) -> Caller {
        Caller { roles: roles.to_vec(), ..Caller::system("test") }
    }

    #[test]
    fn the_wider_of_two_roles_decides() {
        let row = SchoolRead::ROW;
        assert_eq!(row.reach(&with(&[Role::Auditor])), Some(Reach::Everything));
        assert_eq!(row.reach(&with(&[Role::Teacher])), Some(Reach::Own));
        assert_eq!(row.reach(&with(&[Role::Teacher, Role::Auditor])), Some(Reach::Everything));
        assert_eq!(row.reach(&with(&[Role::Operator])), None);
        assert_eq!(row.reach(&with(&[])), None);
    }

    #[test]
    fn every_row_has_a_name_of_its_own_and_somebody_who_may() {
        let names: HashSet<_> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for row in TABLE {
            assert!(!row.roles.is_empty() && !row.about.trim().is_empty(), "{}", row.name);
            assert!(!row.own.iter().any(|role| row.roles.contains(role)), "{}: twice", row.name);
            assert!(std::ptr::eq(super::row(row.name).unwrap(), *row));
        }
        assert!(row("roster.school.destroy").is_none());
    }

    #[test]
    fn an_auditor_only_reads_and_only_the_platform_does_what_is_the_platforms() {
        for row in TABLE {
            assert!(row.reads() || !row.roles.contains(&Role::Auditor), "{}", row.name);
            let platform = row.scope == Scope::Platform;
            assert!(!platform || row.roles == [Role::PlatformAdmin], "{}", row.name);
        }
    }
}
