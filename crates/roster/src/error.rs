//! What the roster refuses, and how it says so.

use kernel::{
    TenantId,
    problem::{FieldError, Problem, kinds},
    tx::Tx,
};
use uuid::Uuid;

use crate::external::Kind;

/// Seconds after which a full region may have room again: an operator has to act, so an hour.
const REGION_RETRY_AFTER: u32 = 3600;

/// What a command of the roster refuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such entity in this tenant.
    #[error("missing")]
    Missing,
    /// Values that break a rule.
    #[error("invalid")]
    Invalid(Vec<FieldError>),
    /// Another entity stands in the way: what is said, its id and its path.
    #[error("taken: {0}")]
    Taken(String, Uuid, String),
    /// The state of things forbids it; the text says which.
    #[error("conflict: {0}")]
    Conflict(&'static str),
    /// What is named is archived and does not change any more.
    #[error("archived {0}")]
    Archived(&'static str),
    /// Another tenant has the name.
    #[error("tenant name taken")]
    TenantNameTaken(TenantId),
    /// The region holds as many tenants as it may.
    #[error("region full")]
    RegionFull(String),
    /// A deactivated tenant stays so.
    #[error("tenant deactivated")]
    TenantDeactivated,
    /// Refused by the kernel: a stale or missing precondition, a malformed body.
    #[error("refused")]
    Refused(Box<Problem>),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// An entity of `kind` stands in the way.
    pub fn taken(tx: &Tx, said: &str, kind: Kind, id: Uuid) -> Self {
        Self::Taken(said.to_owned(), id, kind.path(tx.tenant(), id))
    }

    /// An entity of `kind` has an external id that another is to have.
    pub fn external_id_taken(tx: &Tx, kind: Kind, id: Uuid) -> Self {
        let said = format!("Another {} has one of these external ids.", kind.name());
        Self::taken(tx, &said, kind, id)
    }

    /// A field names an entity that is not there, or not within reach.
    pub fn unknown(pointer: &str, what: &str) -> Self {
        let message = format!("There is no such {what} here.");
        Self::Invalid(vec![FieldError::new(pointer, "unknown", message)])
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing => Self::missing(),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Taken(said, id, link) => in_the_way(&said, id, link),
            Error::Conflict(said) => Self::new(&kinds::CONFLICT, said),
            Error::Archived(what) => Self::new(
                &kinds::CONFLICT,
                format!("The {what} is archived: it does not change and takes nothing new."),
            ),
            Error::TenantNameTaken(tenant) => in_the_way(
                "Another tenant has this name.",
                tenant.0,
                format!("/api/v1/tenants/{tenant}"),
            ),
            Error::RegionFull(region) => Self::new(
                &kinds::CAPACITY,
                format!("Region {region} holds as many tenants as it may."),
            )
            .retry_after(REGION_RETRY_AFTER),
            Error::TenantDeactivated => Self::new(
                &kinds::CONFLICT,
                "The tenant is deactivated, which is final. Provision a new one.",
            ),
            Error::Refused(problem) => *problem,
            Error::Database(error) => error.into(),
        }
    }
}

fn in_the_way(detail: &str, id: Uuid, link: String) -> Problem {
    Problem::new(&kinds::CONFLICT, detail).conflicting(id, link)
}
