//! What the roster refuses, and how it says so.

use kernel::{
    TenantId,
    problem::{FieldError, Problem, kinds},
};
use uuid::Uuid;

use crate::school::SchoolId;

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
    /// Another active school has the name.
    #[error("school name taken")]
    SchoolNameTaken(TenantId, SchoolId),
    /// Another entity has the external id.
    #[error("external id taken")]
    ExternalIdTaken(TenantId, SchoolId),
    /// The school is archived and does not change any more.
    #[error("school archived")]
    SchoolArchived,
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
            Error::SchoolNameTaken(tenant, school) => {
                in_the_way("Another active school has this name.", school.0, school.path(tenant))
            }
            Error::ExternalIdTaken(tenant, school) => in_the_way(
                "Another school has one of these external ids.",
                school.0,
                school.path(tenant),
            ),
            Error::SchoolArchived => {
                Self::new(&kinds::CONFLICT, "The school is archived and does not change any more.")
            }
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
