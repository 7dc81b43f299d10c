//! Which entities the rows of a chunk are about, and which row was the first about one.

use std::collections::{HashMap, HashSet};

use kernel::{problem::FieldError, rows::Only, text, tx::Tx};
use uuid::Uuid;

use super::{BulkJob, store, tally::Refusal};
use crate::{
    Error,
    external::{self, ExternalRef, Kind, VALUE_MAX},
    school::{self, SchoolId},
};

/// How a row names an entity: by our id, else by the source's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'a> {
    pub(super) id: Option<Uuid>,
    pub(super) value: Option<&'a str>,
}

/// The entities of one kind that rows name.
#[derive(Debug, Default)]
pub(super) struct Keys {
    by_value: HashMap<String, Uuid>,
    ids: Vec<Uuid>,
    firsts: HashMap<Uuid, i32>,
    new: HashMap<String, i32>,
}

impl Keys {
    /// Looks all of them up at once.
    pub(super) async fn find(
        tx: &mut Tx,
        job: &BulkJob,
        kind: Kind,
        names: &[Name<'_>],
    ) -> Result<Self, Error> {
        let values: Vec<&str> =
            names.iter().filter_map(|name| name.value).filter(is_line).collect();
        let by_value = match &job.source {
            Some(source) => external::entities(tx, kind, source, &values).await?,
            None => HashMap::new(),
        };
        let given = names.iter().filter_map(|name| name.id);
        let ids: HashSet<Uuid> = given.chain(by_value.values().copied()).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let firsts = store::rows_of(tx, job.job_id, &ids).await?.into_iter().collect();
        Ok(Self { by_value, ids, firsts, new: HashMap::new() })
    }

    /// All ids that are named, known or not.
    pub(super) fn ids(&self) -> Vec<Uuid> {
        self.ids.clone()
    }

    /// The id that a row names.
    pub(super) fn id(&self, name: Name<'_>) -> Option<Uuid> {
        name.id.or_else(|| self.by_value.get(name.value?).copied())
    }

    /// Refuses a row when an earlier one is about the same.
    pub(super) fn is_first(&self, name: Name<'_>) -> Result<(), Refusal> {
        let id = self.id(name);
        let by_id = id.and_then(|id| self.firsts.get(&id));
        let by_value = || name.value.and_then(|value| self.new.get(value));
        match by_id.or_else(by_value) {
            Some(first) => Err(Refusal::Duplicate(id, *first)),
            None => Ok(()),
        }
    }

    /// Row `n` is the first about this entity.
    pub(super) fn note(&mut self, n: i32, id: Uuid, value: Option<&str>) {
        self.firsts.insert(id, n);
        self.new.extend(value.map(|value| (value.to_owned(), n)));
    }
}

/// Whether a text can be an external id at all: what is none is refused with its row and never looked up.
fn is_line(value: &&str) -> bool {
    text::field(value, VALUE_MAX, "", &mut Vec::new()).as_deref() == Some(*value)
}

/// The external id that a row gives its entity.
pub(super) fn reference(
    job: &BulkJob,
    value: Option<&str>,
) -> Result<Option<ExternalRef>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let mut errors = Vec::new();
    let value = text::field(value, VALUE_MAX, "/externalId", &mut errors);
    match (value, &job.source) {
        (Some(value), Some(source)) => Ok(Some(ExternalRef { source: source.clone(), value })),
        (Some(_), None) => Err(FieldError::new(
            "/externalId",
            "no_source",
            "Name the system that the external ids are from, as in ?source=sis.",
        )
        .into()),
        (None, _) => Err(errors.into()),
    }
}

/// The schools that rows name, as far as the job reaches.
#[derive(Debug, Default)]
pub(super) struct Schools {
    known: HashSet<SchoolId>,
    by_value: HashMap<String, Uuid>,
    narrowed: bool,
}

impl Schools {
    /// Looks all of them up at once.
    pub(super) async fn find(
        tx: &mut Tx,
        job: &BulkJob,
        ids: impl Iterator<Item = SchoolId>,
        values: impl Iterator<Item = &str>,
    ) -> Result<Self, Error> {
        let values: Vec<&str> = values.filter(is_line).collect();
        let by_value = match &job.source {
            Some(source) if !values.is_empty() => {
                external::entities(tx, Kind::School, source, &values).await?
            }
            _ => HashMap::new(),
        };
        let ids: HashSet<Uuid> = ids.map(|id| id.0).chain(by_value.values().copied()).collect();
        let narrowed = !job.school_ids.is_empty();
        if ids.is_empty() {
            return Ok(Self { narrowed, ..Self::default() });
        }
        let mut only = vec![Only::Ids("school_id = any(?)", ids.into_iter().collect())];
        if narrowed {
            let within = job.school_ids.iter().map(|id| id.0).collect();
            only.push(Only::Ids("school_id = any(?)", within));
        }
        let known = school::known(tx, &only).await?;
        Ok(Self { known, by_value, narrowed })
    }

    /// The schools of a row, by our ids and the source's together; `None` when it says nothing of them.
    pub(super) fn named(
        &self,
        ids: Option<Vec<SchoolId>>,
        values: Option<Vec<String>>,
    ) -> Result<Option<Vec<SchoolId>>, Refusal> {
        if ids.is_none() && values.is_none() {
            return Ok(None);
        }
        let mut all = ids.unwrap_or_default();
        for value in values.unwrap_or_default() {
            let school = self.by_value.get(&value);
            let school = school.ok_or_else(|| Refusal::unknown("schoolExternalIds", "school"))?;
            all.push(SchoolId(*school));
        }
        Ok(Some(all))
    }

    /// What differs between these sets are schools within reach, and who is new where only schools are reached has one.
    pub(super) fn may_change(
        &self,
        before: Option<&[SchoolId]>,
        after: &[SchoolId],
    ) -> Result<(), Refusal> {
        let homeless = self.narrowed && before.is_none() && after.is_empty();
        let before = before.unwrap_or_default();
        let gone = before.iter().filter(|id| !after.contains(id));
        let come = after.iter().filter(|id| !before.contains(id));
        if homeless || !gone.chain(come).all(|id| self.known.contains(id)) {
            return Err(Refusal::unknown("schoolIds", "school"));
        }
        Ok(())
    }
}
