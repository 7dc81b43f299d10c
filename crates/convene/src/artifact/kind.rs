//! The catalogue of artifact kinds, in one table: name, prefix of ids, version of the schema, phase, body.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AgentTrace, BudgetBaseline, BudgetDecision, ChangeLog, CommunicationsPlan, ContingencyPlan,
    CostModel, DecisionLog, EventBrief, LogisticsPlan, Postmortem, Requirements, ResourceRoster,
    RiskRegister, RunBook, Schedule, StakeholderMap, TaskRegister, Timeline, VendorContracts,
    VenueAvailability, VenueCriteria, VenueLeads, VenueNegotiationNotes, VenueScorecard,
    VenueShortlist,
};
use crate::lifecycle::Phase;

/// Makes the enum of kinds and the enum of bodies from one table, so that no kind can be forgotten in either.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $prefix:literal, $version:literal, $phase:ident;)+) => {
        /// What an artifact is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind { $($(#[$doc])* $name,)+ }

        impl Kind {
            /// Every kind, in the order of the lifecycle.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name in files, paths and the envelope.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// How ids of this kind begin.
            pub const fn prefix(self) -> &'static str {
                match self { $(Self::$name => $prefix,)+ }
            }

            /// The version of its schema that is written.
            pub const fn schema_version(self) -> &'static str {
                match self { $(Self::$name => $version,)+ }
            }

            /// The phase in which it is made.
            pub const fn phase(self) -> Phase {
                match self { $(Self::$name => Phase::$phase,)+ }
            }

            pub(super) fn body_schema(self) -> schemars::Schema {
                match self { $(Self::$name => schemars::schema_for!($name),)+ }
            }

            pub(super) fn parse_body(self, value: serde_json::Value) -> Result<Body, serde_json::Error> {
                match self { $(Self::$name => serde_json::from_value(value).map(Body::$name),)+ }
            }
        }

        /// The content of an artifact.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Body { $($(#[$doc])* $name($name),)+ }

        impl Body {
            /// What it is.
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$name(_) => Kind::$name,)+ }
            }
        }

        $(
            impl Content for $name {
                const KIND: Kind = Kind::$name;

                fn of(body: &Body) -> Option<&Self> {
                    if let Body::$name(content) = body { Some(content) } else { None }
                }

                fn of_mut(body: &mut Body) -> Option<&mut Self> {
                    if let Body::$name(content) = body { Some(content) } else { None }
                }

                fn into_body(self) -> Body {
                    Body::$name(self)
                }
            }
        )+
    };
}

/// A type that is the body of one kind.
pub trait Content: Sized {
    /// That kind.
    const KIND: Kind;
    /// The body as this type, when it is of this kind.
    fn of(body: &Body) -> Option<&Self>;
    /// The body as this type, to be changed.
    fn of_mut(body: &mut Body) -> Option<&mut Self>;
    /// As a body.
    fn into_body(self) -> Body;
}

kinds! {
    /// What is to be held, for whom, when and why.
    EventBrief, "event-brief", "evt", "1.1.0", Initiate;
    /// What the event must do and be.
    Requirements, "requirements", "req", "1.0.0", Initiate;
    /// Who has a say, and in what.
    StakeholderMap, "stakeholder-map", "stk", "1.0.0", Initiate;
    /// Phases, milestones and the critical path.
    Timeline, "timeline", "tl", "1.0.0", Plan;
    /// All work, with owners and dates.
    TaskRegister, "task-register", "tr", "1.0.0", Plan;
    /// What may go wrong and what is done about it.
    RiskRegister, "risk-register", "risk", "1.0.0", Plan;
    /// Who hears what, when and from whom; and who is asked when nobody answers.
    CommunicationsPlan, "communications-plan", "cm", "1.0.0", Plan;
    /// What a venue must offer.
    VenueCriteria, "venue-criteria", "vc", "1.0.0", Research;
    /// Venues that were found.
    VenueLeads, "venue-leads", "vl", "1.0.0", Research;
    /// Venues that meet the criteria.
    VenueShortlist, "venue-shortlist", "vs", "1.0.0", Research;
    /// How the shortlisted venues compare, and which one is proposed.
    VenueScorecard, "venue-scorecard", "vsc", "1.0.0", Research;
    /// When the venues are free, and what is held.
    VenueAvailability, "venue-availability", "va", "1.0.0", Research;
    /// What is to be negotiated with the venues.
    VenueNegotiationNotes, "venue-negotiation-notes", "vn", "1.0.0", Research;
    /// The total and how it is shared out.
    BudgetBaseline, "budget-baseline", "bud", "1.0.0", Budget;
    /// What everything costs, line by line.
    CostModel, "cost-model", "cost", "1.0.0", Budget;
    /// The budget that people are asked to approve.
    BudgetDecision, "budget-decision", "bdec", "1.0.0", Budget;
    /// How the event is run.
    LogisticsPlan, "logistics-plan", "lp", "1.1.0", Logistics;
    /// Which session is where and when.
    Schedule, "schedule", "sch", "1.1.0", Logistics;
    /// People, equipment and spaces, and what they are assigned to.
    ResourceRoster, "resource-roster", "rr", "1.0.0", Logistics;
    /// What is done when something goes wrong.
    ContingencyPlan, "contingency-plan", "cg", "1.1.0", Logistics;
    /// What is agreed with vendors. Confidential.
    VendorContracts, "vendor-contracts", "vk", "1.0.0", Logistics;
    /// What was changed, append-only.
    ChangeLog, "change-log", "change", "1.0.0", Initiate;
    /// What was decided and why, append-only.
    DecisionLog, "decision-log", "dec", "1.0.0", Initiate;
    /// Which agent ran when, on what.
    AgentTrace, "agent-trace", "trace", "1.0.0", Initiate;
    /// The event's days, minute by minute.
    RunBook, "run-book", "rb", "1.0.0", Confirm;
    /// How it went and what to learn from it.
    Postmortem, "postmortem", "pm", "1.0.0", Postmortem;
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// The id of the event's one artifact of this kind.
    pub fn id_in(self, event: &str) -> String {
        if self == Self::EventBrief {
            event.to_owned()
        } else {
            format!("{}-{event}", self.prefix())
        }
    }

    /// Whether its content is for few eyes: vendors' terms.
    pub const fn is_confidential(self) -> bool {
        matches!(self, Self::VendorContracts)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
