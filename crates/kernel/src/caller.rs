//! Who asks: the person, service or system behind a request, as its token proves.

use serde::{Deserialize, Serialize};

use crate::TenantId;

/// The roles a token may carry. What each may do is the permission table's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Runs the platform: provisions, suspends and deactivates tenants.
    PlatformAdmin,
    /// Answers for one district.
    DistrictAdmin,
    /// Answers for the schools named in their staff record.
    SchoolAdmin,
    /// Keeps the roster.
    Registrar,
    /// Teaches classes.
    Teacher,
    /// Runs intervention sessions.
    Interventionist,
    /// Decides on evidence and speaks to caregivers.
    Counselor,
    /// Plans events.
    EventPlanner,
    /// Approves budgets and contracts.
    BudgetApprover,
    /// Operates database instances.
    Operator,
    /// Executes commands on the host of one database instance, as its registered account; nothing else.
    InstanceExecutor,
    /// Reads, and never writes.
    Auditor,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 12] = [
        Self::PlatformAdmin,
        Self::DistrictAdmin,
        Self::SchoolAdmin,
        Self::Registrar,
        Self::Teacher,
        Self::Interventionist,
        Self::Counselor,
        Self::EventPlanner,
        Self::BudgetApprover,
        Self::Operator,
        Self::InstanceExecutor,
        Self::Auditor,
    ];

    /// The name in tokens and documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "PlatformAdmin",
            Self::DistrictAdmin => "DistrictAdmin",
            Self::SchoolAdmin => "SchoolAdmin",
            Self::Registrar => "Registrar",
            Self::Teacher => "Teacher",
            Self::Interventionist => "Interventionist",
            Self::Counselor => "Counselor",
            Self::EventPlanner => "EventPlanner",
            Self::BudgetApprover => "BudgetApprover",
            Self::Operator => "Operator",
            Self::InstanceExecutor => "InstanceExecutor",
            Self::Auditor => "Auditor",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|r| r.name() == text)
            .ok_or_else(|| format!("unknown role {text:?}; one of {}", all()))
    }
}

/// What kind of actor an audit record names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person who signed in.
    Person,
    /// A machine account (scope `service`).
    Service,
    /// The server itself: jobs, reactions, deadlines.
    System,
}

/// Who asks, proven by a token, or the server itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's issuer; `steward` for the server itself.
    pub issuer: String,
    /// The token's subject, unique for the issuer.
    pub subject: String,
    /// Person, service or system.
    pub kind: ActorKind,
    /// The tenants that the token names.
    pub tenants: Vec<TenantId>,
    /// The roles that the token names; unknown names are left out.
    pub roles: Vec<Role>,
}

impl Caller {
    /// The server itself, acting under `name` (for instance `retention`).
    pub fn system(name: &str) -> Self {
        Self {
            issuer: "steward".to_owned(),
            subject: name.to_owned(),
            kind: ActorKind::System,
            tenants: Vec::new(),
            roles: Vec::new(),
        }
    }

    /// The text by which idempotency keys, rate limits and audit records name this caller.
    pub fn actor(&self) -> String {
        format!("{}#{}", self.issuer, self.subject)
    }

    /// Whether the token carries `role`.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
