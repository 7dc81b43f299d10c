//! The rows of the files, as far as the roster keeps what they say.

mod people;
mod places;

pub use people::{Demographics, Enrollment, EnrollmentRole, RoleOf, User, UserRole};
pub use places::{Class, ClassType, Course, Org, OrgType, Session, SessionType};

/// Whether a row still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does.
    Active,
    /// It ended (delta files).
    ToBeDeleted,
}
