//! The artifacts that agents and people share: typed, versioned, digested, and each pointing at what it rests on.

mod amount;
mod budget;
mod canonical;
mod dossier;
mod initiate;
mod kind;
mod logistics;
mod logs;
mod plan;
mod read;
mod report;
mod research;
mod schema;
mod upgrade;

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use amount::Amount;
pub use budget::*;
pub(crate) use canonical::hex;
pub use canonical::{canonical, digest_of};
pub use dossier::{BrokenReference, Dossier};
pub use initiate::*;
pub use kind::{Body, Content, Kind};
pub use logistics::*;
pub use logs::*;
pub use plan::*;
pub use read::{Unreadable, parse, read};
pub use report::*;
pub use research::*;
pub(crate) use schema::schema_of;
pub use schema::{faults, schema, validator};

/// Who made a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Author {
    /// One of the four agents.
    Agent(String),
    /// A person.
    Person(String),
}

impl fmt::Display for Author {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Agent(name) | Self::Person(name)) = self;
        out.write_str(name)
    }
}

/// An artifact in one revision, named by another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// What it is.
    pub kind: Kind,
    /// Which.
    pub id: String,
    /// In which revision.
    #[schemars(range(min = 1))]
    pub revision: u32,
}

/// What every artifact says about itself, before its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// What it is.
    pub kind: Kind,
    /// Its id: the same in every revision.
    pub id: String,
    /// The event that it belongs to.
    pub event_id: String,
    /// Counted from 1; a revision never changes.
    #[schemars(range(min = 1))]
    pub revision: u32,
    /// The version of the body's schema.
    pub schema_version: String,
    /// Who made this revision.
    pub author: Author,
    /// The run in which it was made.
    pub correlation_id: Uuid,
    /// When.
    pub created_at: Timestamp,
    /// What it rests on.
    pub references: Vec<Reference>,
    /// SHA-256 of everything else here, as canonical JSON.
    pub digest: String,
}

/// An artifact in one revision: immutable.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// What it says about itself.
    pub header: Header,
    /// What it says.
    pub body: Body,
}

impl Artifact {
    /// Seals a revision: from here on its digest tells whether it was touched.
    pub fn seal(mut header: Header, body: Body) -> Self {
        header.references.sort();
        header.digest.clear();
        let mut sealed = Self { header, body };
        sealed.header.digest = sealed.computed_digest();
        sealed
    }

    /// What the digest must be.
    pub fn computed_digest(&self) -> String {
        let mut value = self.value();
        if let Some(fields) = value.as_object_mut() {
            fields.remove("digest");
        }
        digest_of(&value)
    }

    /// As JSON for a file: indented, fields in the order of the schema, a line break at the end.
    pub fn text(&self) -> String {
        let text =
            serde_json::to_string_pretty(&Written { header: &self.header, body: &self.body });
        text.expect("artifacts hold nothing that JSON cannot") + "\n"
    }

    /// As a JSON value.
    pub fn value(&self) -> serde_json::Value {
        let value = serde_json::to_value(Written { header: &self.header, body: &self.body });
        value.expect("artifacts hold nothing that JSON cannot")
    }

    /// How others point at this revision.
    pub fn reference(&self) -> Reference {
        let Header { kind, id, revision, .. } = &self.header;
        Reference { kind: *kind, id: id.clone(), revision: *revision }
    }

    /// The same for logs.
    pub fn impacted(&self) -> Impacted {
        let Header { kind, id, revision, .. } = &self.header;
        Impacted { artifact_type: *kind, artifact_id: id.clone(), revision: *revision }
    }
}

#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    header: &'a Header,
    body: &'a Body,
}
