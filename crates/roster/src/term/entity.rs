//! What a term is: its rules, without database or transport.

use jiff::{Timestamp, civil::Date};
use kernel::{
    answer::Version,
    audit::Audited,
    http::body::{Change, given},
    problem::{FieldError, checked},
    text,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::external::{self, ExternalRef, Refs};

/// Most characters of a term's title.
const TITLE_MAX: usize = 200;
/// The years in which school years may end: beyond them it is a typing error.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2999;

kernel::id! {
    /// A term.
    TermId
}

kernel::word! {
    /// What part of a school year a term is (`OneRoster`'s types of academic sessions).
    TermType {
        /// All of it.
        SchoolYear "schoolYear",
        /// Half of it.
        Semester "semester",
        /// A part of it.
        Term "term",
        /// A part that ends with grades.
        GradingPeriod "gradingPeriod",
    }
}

/// A term: a period of days in which classes are taught.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Term {
    /// Its id.
    pub term_id: TermId,
    /// Its title as people write it.
    pub title: String,
    /// What titles are sorted by.
    #[serde(skip)]
    pub title_key: String,
    /// What part of a school year it is.
    pub r#type: TermType,
    /// Its first day.
    #[sqlx(try_from = "jiff_sqlx::Date")]
    #[schema(value_type = String, format = Date)]
    pub start_date: Date,
    /// Its last day.
    #[sqlx(try_from = "jiff_sqlx::Date")]
    #[schema(value_type = String, format = Date)]
    pub end_date: Date,
    /// The term that it is a part of.
    pub parent_id: Option<TermId>,
    /// The year in which its school year ends.
    pub school_year: i32,
    /// Its ids in other systems.
    #[sqlx(json)]
    pub external_refs: Vec<ExternalRef>,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When it was created.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A new term, as asked for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTerm {
    /// Its title.
    #[schema(min_length = 1, max_length = 200, examples("Fall 2026"))]
    pub title: String,
    /// What part of a school year it is.
    pub r#type: TermType,
    /// Its first day, YYYY-MM-DD.
    #[schema(format = Date)]
    pub start_date: String,
    /// Its last day, YYYY-MM-DD.
    #[schema(format = Date)]
    pub end_date: String,
    /// The term that it is a part of.
    pub parent_id: Option<TermId>,
    /// The year in which its school year ends.
    #[schema(minimum = 1900, maximum = 2999)]
    pub school_year: i32,
    /// Its ids in other systems.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
}

/// What is to change of a term (JSON Merge Patch): what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchTerm {
    /// Its new title.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 200, required = false)]
    pub title: Option<String>,
    /// What part of a school year it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = TermType, required = false)]
    pub r#type: Option<TermType>,
    /// Its first day, YYYY-MM-DD.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, format = Date, required = false)]
    pub start_date: Option<String>,
    /// Its last day, YYYY-MM-DD.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, format = Date, required = false)]
    pub end_date: Option<String>,
    /// The term that it is a part of; null for none.
    #[serde(default)]
    #[schema(value_type = Option<TermId>, required = false)]
    pub parent_id: Change<TermId>,
    /// The year in which its school year ends.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = i32, minimum = 1900, maximum = 2999, required = false)]
    pub school_year: Option<i32>,
    /// All its ids in other systems.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ExternalRef>, max_items = 20, required = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

impl CreateTerm {
    /// The term in its first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self, term_id: TermId, now: Timestamp) -> Result<Term, Vec<FieldError>> {
        let mut errors = Vec::new();
        let title = text::field(&self.title, TITLE_MAX, "/title", &mut errors).unwrap_or_default();
        let start_date = text::date(&self.start_date, "/startDate", &mut errors);
        let end_date = text::date(&self.end_date, "/endDate", &mut errors);
        let term = Term {
            term_id,
            title_key: text::key(&title),
            title,
            r#type: self.r#type,
            start_date: start_date.unwrap_or_default(),
            end_date: end_date.unwrap_or(Date::MAX),
            parent_id: self.parent_id,
            school_year: self.school_year,
            external_refs: external::parse(self.external_refs, &mut errors),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        term.rules(&mut errors);
        checked(term, errors)
    }
}

impl Term {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchTerm,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(title) = patch.title {
            after.title = text::field(&title, TITLE_MAX, "/title", &mut errors).unwrap_or_default();
            after.title_key = text::key(&after.title);
        }
        if let Some(start) = patch.start_date {
            after.start_date =
                text::date(&start, "/startDate", &mut errors).unwrap_or(after.start_date);
        }
        if let Some(end) = patch.end_date {
            after.end_date = text::date(&end, "/endDate", &mut errors).unwrap_or(Date::MAX);
        }
        if let Some(refs) = patch.external_refs {
            after.external_refs = external::parse(refs, &mut errors);
        }
        after.r#type = patch.r#type.unwrap_or(after.r#type);
        after.parent_id = patch.parent_id.of(after.parent_id, Some);
        after.school_year = patch.school_year.unwrap_or(after.school_year);
        after.rules(&mut errors);
        let after = checked(after, errors)?;
        let next = Self { version: self.version + 1, updated_at: now, ..after.clone() };
        Ok((after != *self).then_some(next))
    }

    fn rules(&self, errors: &mut Vec<FieldError>) {
        if self.end_date < self.start_date {
            let message = "A term does not end before it starts.";
            errors.push(FieldError::new("/endDate", "before_start", message));
        }
        if !YEARS.contains(&self.school_year) {
            let message = format!("{} to {}.", YEARS.start(), YEARS.end());
            errors.push(FieldError::new("/schoolYear", "out_of_range", message));
        }
        if self.parent_id == Some(self.term_id) {
            let message = "A term is no part of itself.";
            errors.push(FieldError::new("/parentId", "cycle", message));
        }
    }

    /// Its external ids, to be saved.
    pub(crate) fn refs(&self) -> Refs<'_> {
        Refs { id: self.term_id.0, version: self.version, refs: &self.external_refs }
    }
}

impl Audited for Term {
    const ENTITY: &'static str = "roster.term";

    fn id(&self) -> Uuid {
        self.term_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "title": self.title,
            "type": self.r#type,
            "startDate": self.start_date,
            "endDate": self.end_date,
            "parentId": self.parent_id,
            "schoolYear": self.school_year,
            "externalRefs": self.external_refs,
            "version": self.version,
        })
    }
}
