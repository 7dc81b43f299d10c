//! All artifacts of one event, as the agents see them.

use std::collections::BTreeMap;

use super::{Artifact, Content, Kind, Reference};
use crate::approval::Approval;

/// All artifacts of one event: the newest revision of each kind, the older ones, and the approvals asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dossier {
    artifacts: BTreeMap<Kind, Artifact>,
    history: Vec<Artifact>,
    /// What people were asked.
    pub approvals: Vec<Approval>,
}

/// A reference that points at nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{from}: /references points at {kind} `{id}` revision {revision}, which is not there", kind = .to.kind, id = .to.id, revision = .to.revision)]
pub struct BrokenReference {
    /// Who points.
    pub from: Kind,
    /// Where to.
    pub to: Reference,
}

impl Dossier {
    /// The newest revision.
    pub fn find(&self, kind: Kind) -> Option<&Artifact> {
        self.artifacts.get(&kind)
    }

    /// A certain revision, the newest or one of the past.
    pub fn at(&self, kind: Kind, revision: u32) -> Option<&Artifact> {
        let known = |artifact: &&Artifact| {
            (artifact.header.kind, artifact.header.revision) == (kind, revision)
        };
        self.find(kind).filter(known).or_else(|| self.history.iter().find(known))
    }

    /// The content of the newest revision.
    pub fn get<T: Content>(&self) -> Option<&T> {
        self.find(T::KIND).and_then(|artifact| T::of(&artifact.body))
    }

    /// Adds a revision; the one before it becomes history.
    pub fn put(&mut self, artifact: Artifact) {
        if let Some(before) = self.artifacts.insert(artifact.header.kind, artifact) {
            self.put_history(before);
        }
    }

    /// Adds a revision of the past.
    pub fn put_history(&mut self, artifact: Artifact) {
        let place = |known: &Artifact| (known.header.kind, known.header.revision);
        let at = self.history.partition_point(|known| place(known) <= place(&artifact));
        self.history.insert(at, artifact);
    }

    /// Takes the newest revision out.
    pub fn remove(&mut self, kind: Kind) -> Option<Artifact> {
        self.artifacts.remove(&kind)
    }

    /// The newest revisions, in the order of the lifecycle.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        self.artifacts.values()
    }

    /// Older revisions, by kind, the oldest first.
    pub fn history(&self) -> &[Artifact] {
        &self.history
    }

    /// References that point at nothing.
    pub fn broken_references(&self) -> Vec<BrokenReference> {
        let known: std::collections::BTreeSet<Reference> =
            self.artifacts.values().chain(&self.history).map(Artifact::reference).collect();
        let all = self.artifacts.values().flat_map(|artifact| {
            artifact.header.references.iter().map(|to| (artifact.header.kind, to))
        });
        all.filter(|(_, to)| !known.contains(to))
            .map(|(from, to)| BrokenReference { from, to: to.clone() })
            .collect()
    }
}
