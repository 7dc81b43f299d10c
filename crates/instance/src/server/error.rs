//! What this context refuses, and how it says so.

use kernel::{
    problem::{FieldError, Problem, kinds},
    tx::Tx,
};
use uuid::Uuid;

use crate::{
    command::{Refusal, Violation},
    server::{registry::InstanceId, remedy::CommandId},
};

/// What a command of this context refuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such entity in this tenant, or not the caller's.
    #[error("missing")]
    Missing,
    /// Values that break a rule.
    #[error("invalid")]
    Invalid(Vec<FieldError>),
    /// The remediation command breaks rules.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Another entity stands in the way: what is said, its id and its path.
    #[error("taken: {0}")]
    Taken(String, Uuid, String),
    /// The state of things forbids it; the text says which.
    #[error("conflict: {0}")]
    Conflict(String),
    /// Refused by the kernel.
    #[error("refused")]
    Kernel(Box<Problem>),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// One refused field.
    pub fn field(pointer: &str, code: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(pointer, code, message)])
    }

    /// An instance stands in the way.
    pub(crate) fn instance(tx: &Tx, said: &str, id: InstanceId) -> Self {
        Self::Taken(said.to_owned(), id.0, crate::server::registry::path(tx.tenant(), id))
    }

    /// A command stands in the way.
    pub(crate) fn command(tx: &Tx, said: &str, id: CommandId) -> Self {
        Self::Taken(said.to_owned(), id.0, crate::server::remedy::path(tx.tenant(), id))
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Kernel(Box::new(problem))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Missing => Self::missing(),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Refused(refusal) => refused(refusal),
            Error::Taken(said, id, link) => Self::new(&kinds::CONFLICT, said).conflicting(id, link),
            Error::Conflict(said) => Self::new(&kinds::CONFLICT, said),
            Error::Kernel(problem) => *problem,
            Error::Database(error) => error.into(),
        }
    }
}

/// What has not the shape of a command cannot be read; what has it breaks rules.
fn refused(Refusal(violations): Refusal) -> Problem {
    let shape = |v: &Violation| {
        matches!(v.code, "syntax" | "type" | "unknown" | "required") || v.pointer == "/parameters"
    };
    let readable = !violations.iter().any(shape);
    let field = |v: Violation| FieldError::new(v.pointer, v.code, v.message);
    let errors: Vec<_> = violations.into_iter().map(field).collect();
    if readable {
        return Problem::invalid(errors);
    }
    let said = "The body is not the JSON that this operation describes.";
    Problem::new(&kinds::MALFORMED, said).with_errors(errors)
}
