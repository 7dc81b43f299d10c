//! Who may publish, subscribe and leave a will, and where: pure rules, compared level by level, never by string prefix.
//!
//! The same rules are written for other brokers in `deploy/brokers`; `docs/brokers.md` says which of them each keeps.

use kernel::{
    Role, TenantId,
    permission::{FeedRead, Permission as _},
};
use mqtt5::validation::{
    is_valid_subscription_filter, is_valid_topic_name, parse_shared_subscription,
};

/// The first level of every topic of the platform.
const ROOT: &str = "steward";

/// A topic below `steward/{tenant}/` on which an account other than the server may publish.
struct Inbound {
    /// The levels after the tenant, exactly.
    topic: &'static str,
    /// Roles that may publish there.
    roles: &'static [Role],
    /// Whether any machine account of the tenant may.
    services: bool,
}

/// All of them. What arrives acts with its sender's permissions and no more (or waits for a person): this table only
/// keeps everybody else from reaching the server's inbox.
const INBOUND: [Inbound; 2] = [
    Inbound {
        topic: "risk/v1/RiskListUpdated",
        roles: &[Role::Counselor, Role::DistrictAdmin],
        services: true,
    },
    Inbound { topic: "instance/v1/command", roles: &[Role::Operator], services: false },
];

/// Roles of people who may read a tenant's topics: those who may read its feed, which carries the same events.
const READERS: &[Role] = FeedRead::ROW.roles;

/// What a signed-in account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// The server's own account: everything.
    Server,
    /// The owner of the data folder, looking: reads `steward/#`, every tenant's, and writes nothing.
    Reader,
    /// A token's or a device's account.
    Member(Member),
}

/// An account of one or more tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The tenants it belongs to. The nil tenant (the platform) is nobody's.
    pub tenants: Vec<TenantId>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Whether it is a machine account (scope `service`) or a device.
    pub service: bool,
    /// Whether topics outside `steward/` are open to it.
    pub outside: Outside,
}

/// What accounts may do on topics outside `steward/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// Every signed-in account may publish and subscribe there.
    #[default]
    Open,
    /// Only the server may.
    Closed,
}

impl Access {
    /// Whether the account may publish on `topic`.
    pub fn may_publish(&self, topic: &str) -> bool {
        is_valid_topic_name(topic)
            && match (self, Place::of(topic)) {
                (Self::Server, _) => true,
                (Self::Reader, _) | (Self::Member(_), Place::System | Place::Anywhere) => false,
                (Self::Member(member), Place::Outside) => member.outside == Outside::Open,
                (Self::Member(member), Place::Tenant { tenant, rest }) => {
                    member.belongs_to(tenant) && INBOUND.iter().any(|row| row.admits(member, rest))
                }
            }
    }

    /// Whether the broker may keep the account's message on `topic` for later subscribers. Retained messages below
    /// `steward/` are the server's alone: nobody else can make a false state outlive its connection.
    pub fn may_retain(&self, topic: &str) -> bool {
        self.may_publish(topic)
            && (*self == Self::Server || matches!(Place::of(topic), Place::Outside))
    }

    /// Whether the account may leave a will on `topic`: a will is a publish that happens later.
    pub fn may_leave_will(&self, topic: &str, retain: bool) -> bool {
        if retain { self.may_retain(topic) } else { self.may_publish(topic) }
    }

    /// Whether the account may read every topic that `filter` (a plain or a shared subscription) can ever match.
    pub fn may_subscribe(&self, filter: &str) -> bool {
        if !is_valid_subscription_filter(filter) {
            return false;
        }
        let (filter, _group) = parse_shared_subscription(filter);
        match (self, Place::of(filter)) {
            (Self::Server, _) | (Self::Reader, Place::Tenant { .. }) => true,
            (Self::Reader, _) | (Self::Member(_), Place::System | Place::Anywhere) => false,
            (Self::Member(member), Place::Outside) => member.outside == Outside::Open,
            (Self::Member(member), Place::Tenant { tenant, .. }) => {
                member.reads() && member.belongs_to(tenant)
            }
        }
    }
}

impl Member {
    fn reads(&self) -> bool {
        self.service || self.roles.iter().any(|role| READERS.contains(role))
    }

    /// Whether `level` is, byte for byte, one of the account's tenants as the server writes them in topics: a wildcard
    /// or another spelling of the same id is not.
    fn belongs_to(&self, level: &str) -> bool {
        let mut text = uuid::Uuid::encode_buffer();
        self.tenants.iter().filter(|tenant| **tenant != TenantId::NIL).any(|tenant| {
            let text: &str = tenant.0.hyphenated().encode_lower(&mut text);
            text == level
        })
    }
}

impl Inbound {
    fn admits(&self, member: &Member, rest: &str) -> bool {
        rest == self.topic
            && (self.services && member.service
                || member.roles.iter().any(|role| self.roles.contains(role)))
    }
}

/// Where a topic, or everything a filter matches, lies.
enum Place<'a> {
    /// `$…`: the broker's own topics.
    System,
    /// A filter whose first level is a wildcard: it reaches below `steward/` as well.
    Anywhere,
    /// Below `steward/`: the level of the tenant (empty when there is none) and the levels after it.
    Tenant { tenant: &'a str, rest: &'a str },
    /// Everywhere else. An empty first level (`/steward/…`) or another case (`Steward/…`) is another topic.
    Outside,
}

impl<'a> Place<'a> {
    fn of(topic: &'a str) -> Self {
        let (first, below) = topic.split_once('/').unwrap_or((topic, ""));
        match first {
            ROOT => {
                let (tenant, rest) = below.split_once('/').unwrap_or((below, ""));
                Self::Tenant { tenant, rest }
            }
            "+" | "#" => Self::Anywhere,
            _ if first.starts_with('$') => Self::System,
            _ => Self::Outside,
        }
    }
}
