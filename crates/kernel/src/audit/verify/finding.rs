//! What can be wrong with a chain.

use serde::Serialize;
use uuid::Uuid;

use crate::audit::seal::Head;

/// The first thing that is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its position in the chain, from 1; everything before is sound.
    pub position: i64,
    /// The record, where it is known.
    pub audit_id: Option<Uuid>,
    /// What is wrong.
    pub what: What,
}

/// What is wrong with a link or its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum What {
    /// The record, its link or their order was altered after sealing.
    RecordAltered,
    /// The columns beside the sealed text say something else than it.
    ColumnsAltered,
    /// The record is gone.
    RecordRemoved,
    /// The link is gone.
    LinkRemoved,
    /// A record that was not there when its time was sealed.
    RecordInserted,
    /// The chain ends before a head that was kept.
    EndRemoved,
    /// The chain is sound in itself, but not the one whose head was kept: it was made anew.
    ChainReplaced,
    /// The given head was not signed with this installation's key.
    HeadForged,
}

impl Finding {
    pub(super) fn forged(head: &Head) -> Self {
        Self { position: head.sealed.position, audit_id: None, what: What::HeadForged }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.what {
            What::RecordAltered => "the record, its link or their order was altered after sealing",
            What::ColumnsAltered => "the columns of the record were altered after sealing",
            What::RecordRemoved => "the record was removed",
            What::LinkRemoved => "the link was removed",
            What::RecordInserted => "a record was added afterwards, or its link was removed",
            What::EndRemoved => "the chain ends before the head that was kept",
            What::ChainReplaced => "the chain is not the one whose head was kept",
            What::HeadForged => "the given head was not signed with this key",
        };
        write!(f, "position {}", self.position)?;
        if let Some(audit_id) = self.audit_id {
            write!(f, ", record {audit_id}")?;
        }
        write!(f, ": {what}")
    }
}
