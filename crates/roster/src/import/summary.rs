//! What an import does, counted: for each kind, in the district and in each school; and when a person must look first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{oneroster::File, school::SchoolId};

/// So many things of a kind may end without a question, however few there are.
const ENDS_FREELY: u64 = 10;
/// Of a hundred, so many may end without a question.
const ENDS_PERCENT: u64 = 10;
/// Most reasons that a question names: what is said beyond them is the same in other words.
const REASONS_MAX: usize = 12;

kernel::word! {
    /// A kind of things that imports and exports tell apart.
    Kind {
        /// Schools.
        Schools "schools",
        /// Terms. They never end: classes of past years refer to them.
        Terms "terms",
        /// Classes.
        Classes "classes",
        /// Students.
        Students "students",
        /// Staff, teachers among them.
        Teachers "teachers",
        /// Guardians, once for each of their students.
        Guardians "guardians",
        /// Students in classes.
        Enrollments "enrollments",
        /// Teachers of classes.
        Assignments "assignments",
    }
}

/// What becomes of the things of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Counts {
    /// New ones.
    pub created: u64,
    /// Those that change, or come back.
    pub updated: u64,
    /// Those that end: deactivated, archived, withdrawn or removed, never deleted.
    pub ended: u64,
    /// Those that are as the package says.
    pub unchanged: u64,
    /// Rows that cannot be followed. What they are about stays as it is.
    pub failed: u64,
}

/// What happens to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Created,
    Updated,
    Ended,
    Unchanged,
    Failed,
}

impl Counts {
    fn add(&mut self, fate: Fate) {
        let count = match fate {
            Fate::Created => &mut self.created,
            Fate::Updated => &mut self.updated,
            Fate::Ended => &mut self.ended,
            Fate::Unchanged => &mut self.unchanged,
            Fate::Failed => &mut self.failed,
        };
        *count += 1;
    }

    /// Those that are there before.
    const fn before(self) -> u64 {
        self.updated + self.ended + self.unchanged
    }

    /// Whether so many of them end that a person must look first.
    const fn ends_many(self) -> bool {
        self.ended > ENDS_FREELY && self.ended * 100 > self.before() * ENDS_PERCENT
    }
}

/// Counts of every kind.
pub type ByKind = BTreeMap<Kind, Counts>;

/// A school's part of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfSchool {
    /// The school; absent when it is only to be created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school_id: Option<SchoolId>,
    /// Its name.
    pub name: String,
    /// What becomes of what belongs to it. Whoever belongs to several schools counts in each.
    #[serde(flatten)]
    pub counts: ByKind,
}

/// What an import does, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// In the whole district.
    #[serde(flatten)]
    pub counts: ByKind,
    /// In each school, by name.
    pub by_school: Vec<OfSchool>,
    /// Whether it was only a trial.
    pub dry_run: bool,
    /// Why a person must approve it before anything changes; nothing when nobody must.
    pub held_because: Vec<String>,
}

impl Summary {
    /// Whether anything changes.
    pub(super) fn changes(&self) -> bool {
        self.counts.values().any(|c| c.created + c.updated + c.ended > 0)
    }

    /// How many rows cannot be followed.
    pub(super) fn failed(&self) -> u64 {
        self.counts.values().map(|c| c.failed).sum()
    }

    /// Decides whether a person must look first, and why.
    pub(super) fn hold(&mut self, empty: &[File], moved: &[String]) {
        let file = |file: &File| {
            format!("{}.csv is empty: everything that it held before would end.", file.name())
        };
        let mut reasons: Vec<_> = empty.iter().map(file).collect();
        reasons.extend(Self::many("the district", &self.counts));
        for school in &self.by_school {
            reasons.extend(Self::many(&school.name, &school.counts));
        }
        let further = reasons.len().saturating_sub(REASONS_MAX);
        reasons.truncate(REASONS_MAX);
        if further > 0 {
            reasons.push(format!("{further} more schools lose as much."));
        }
        if !reasons.is_empty() {
            reasons.extend_from_slice(moved);
        }
        self.held_because = reasons;
    }

    fn many(place: &str, counts: &ByKind) -> Vec<String> {
        let many = counts.iter().filter(|(_, counts)| counts.ends_many());
        let said = |(kind, counts): (&Kind, &Counts)| {
            let (ended, before) = (counts.ended, counts.before());
            format!("{ended} of {before} {} of {place} would end.", kind.name())
        };
        many.map(said).collect()
    }
}

/// Counts while a plan is made.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: ByKind,
    schools: BTreeMap<SchoolId, ByKind>,
}

impl Tally {
    pub(super) fn new() -> Self {
        let none = || Kind::ALL.iter().map(|kind| (*kind, Counts::default())).collect();
        Self { counts: none(), schools: BTreeMap::new() }
    }

    /// Counts a thing in the district and in its schools.
    pub(super) fn add(&mut self, kind: Kind, fate: Fate, schools: &[SchoolId]) {
        self.counts.entry(kind).or_default().add(fate);
        for school in schools {
            self.schools.entry(*school).or_default().entry(kind).or_default().add(fate);
        }
    }

    /// The summary; `name` tells a school's name and whether there is one already.
    pub(super) fn summary(
        self,
        dry_run: bool,
        name: impl Fn(SchoolId) -> (String, bool),
    ) -> Summary {
        let of_school = |(id, counts)| {
            let (name, is_there) = name(id);
            OfSchool { school_id: is_there.then_some(id), name, counts }
        };
        let mut by_school: Vec<_> = self.schools.into_iter().map(of_school).collect();
        by_school.sort_by(|a, b| a.name.cmp(&b.name));
        Summary { counts: self.counts, by_school, dry_run, held_because: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(ended: u64, before: u64) -> Counts {
        Counts { ended, unchanged: before - ended, ..Counts::default() }
    }

    #[test]
    fn more_than_ten_and_more_than_ten_percent_is_many() {
        let many = [(11, 109), (11, 11), (101, 1_000)];
        let few = [(10, 10), (11, 110), (100, 1_000), (0, 0)];
        assert!(many.iter().all(|(ended, before)| counts(*ended, *before).ends_many()));
        assert!(!few.iter().any(|(ended, before)| counts(*ended, *before).ends_many()));
    }

    #[test]
    fn one_school_is_enough_and_an_empty_file_is() {
        let school = OfSchool {
            school_id: None,
            name: "Oak".to_owned(),
            counts: [(Kind::Students, counts(20, 100))].into(),
        };
        let mut summary = Summary {
            counts: [(Kind::Students, counts(20, 1_000))].into(),
            by_school: vec![school],
            ..Summary::default()
        };
        summary.hold(&[], &[]);
        assert_eq!(summary.held_because, ["20 of 100 students of Oak would end."]);
        let mut nothing = Summary::default();
        nothing.hold(&[], &["only said beside another reason".to_owned()]);
        assert_eq!(nothing.held_because, Vec::<String>::new());
        nothing.hold(&[File::Users], &[]);
        assert!(nothing.held_because.iter().any(|why| why.starts_with("users.csv is empty")));
    }
}
