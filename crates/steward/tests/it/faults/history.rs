//! What writers did and what was acknowledged to them.

use std::time::Duration;

use kernel::TenantId;
use testkit::Answer;
use uuid::Uuid;

/// What a writer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Create,
    Rename,
    Archive,
}

impl Action {
    /// The status of success.
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::Create => 201,
            Self::Rename => 200,
            Self::Archive => 204,
        }
    }

    /// What is announced.
    pub(super) const fn event(self) -> &'static str {
        match self {
            Self::Create => "lms.roster.v1.SchoolCreated",
            Self::Rename => "lms.roster.v1.SchoolUpdated",
            Self::Archive => "lms.roster.v1.SchoolArchived",
        }
    }

    /// What is audited.
    pub(super) const fn audited(self) -> &'static str {
        match self {
            Self::Create => "roster.school.create",
            Self::Rename => "roster.school.update",
            Self::Archive => "roster.school.archive",
        }
    }
}

/// One operation; however often it is sent, key and bytes are the same.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) action: Action,
    pub(super) key: String,
    /// The school; none before it is created.
    pub(super) school: Option<School>,
    /// The name it shall have.
    pub(super) name: String,
}

/// A school as its writer knows it.
#[derive(Clone, Debug)]
pub(super) struct School {
    pub(super) id: Uuid,
    pub(super) etag: String,
}

/// An operation that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Acknowledged {
    pub(super) tenant: TenantId,
    pub(super) operation: Operation,
    pub(super) school: Uuid,
    pub(super) answer: Answer,
}

/// One try of an operation.
#[derive(Clone, Debug)]
pub(super) struct Try {
    /// What was answered; none when nothing was.
    pub(super) answer: Option<Answer>,
    pub(super) took: Duration,
}

/// Everything one writer did, in its order.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) acknowledged: Vec<Acknowledged>,
    pub(super) tries: Vec<Try>,
}
