//! What a context announces: plain structs with a name and a version, which never hold personal data.

use serde::Serialize;
use uuid::Uuid;

/// A domain event as its context publishes it. The payload is a contract: `contracts/events/<type>.schema.json`.
pub trait Event: Serialize {
    /// The context that owns it, for instance `roster`.
    const CONTEXT: &'static str;
    /// What its type starts with, for instance `lms.roster`.
    const PREFIX: &'static str;
    /// Its name, for instance `SchoolCreated`.
    const NAME: &'static str;
    /// Counted up when a consumer could break.
    const VERSION: u16;

    /// The entity it is about.
    fn subject(&self) -> Uuid;
}

/// The CloudEvents type, for instance `lms.roster.v1.SchoolCreated`.
pub fn type_of<E: Event>() -> String {
    format!("{}.v{}.{}", E::PREFIX, E::VERSION, E::NAME)
}

/// An event that waits for the end of its unit of work.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) context: &'static str,
    pub(crate) event_type: String,
    pub(crate) name: &'static str,
    pub(crate) version: u16,
    pub(crate) subject: Uuid,
    pub(crate) data: String,
}

impl Pending {
    pub(crate) fn of<E: Event>(event: &E) -> Result<Self, serde_json::Error> {
        Ok(Self {
            context: E::CONTEXT,
            event_type: type_of::<E>(),
            name: E::NAME,
            version: E::VERSION,
            subject: event.subject(),
            data: serde_json::to_string(event)?,
        })
    }
}
