//! What a class is: its rules, without database or transport.

use jiff::Timestamp;
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

use crate::{
    Error, Status,
    external::{self, ExternalRef, Refs},
    school::SchoolId,
    term::TermId,
};

/// Most characters of a class's name, its course's title and its subject.
const NAME_MAX: usize = 200;
/// Most characters of a course's code.
const CODE_MAX: usize = 64;
/// Most terms of one class: every grading period of a year, and the terms around them.
const TERMS_MAX: usize = 20;

kernel::id! {
    /// A class.
    ClassId
}

/// What is taught in a class, as the catalogue of courses calls it.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow, utoipa::ToSchema,
)]
#[serde(deny_unknown_fields, default)]
pub struct Course {
    /// Its title.
    #[sqlx(rename = "course_title")]
    #[schema(max_length = 200, examples("Algebra 1"))]
    pub title: Option<String>,
    /// Its code.
    #[sqlx(rename = "course_code")]
    #[schema(max_length = 64, examples("MAT-101"))]
    pub code: Option<String>,
}

/// A class of a school: who is taught what together, in which terms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// Its id.
    pub class_id: ClassId,
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// Its name; several classes may have the same.
    pub name: String,
    /// What names are sorted by.
    #[serde(skip)]
    pub name_key: String,
    /// The terms in which it is taught, at least one.
    pub term_ids: Vec<TermId>,
    /// What is taught.
    #[sqlx(flatten)]
    pub course: Course,
    /// Its subject.
    pub subject: Option<String>,
    /// Whether it is in use.
    pub status: Status,
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

/// A new class, as asked for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateClass {
    /// The school that it belongs to.
    pub school_id: SchoolId,
    /// Its name; several classes may have the same.
    #[schema(min_length = 1, max_length = 200, examples("Algebra 1, period 3"))]
    pub name: String,
    /// The terms in which it is taught.
    #[schema(min_items = 1, max_items = 20)]
    pub term_ids: Vec<TermId>,
    /// What is taught.
    #[serde(default)]
    pub course: Course,
    /// Its subject.
    #[schema(max_length = 200)]
    pub subject: Option<String>,
    /// Its ids in other systems.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
}

/// What is to change of a class (JSON Merge Patch): what is left out stays. A class does not change its school.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchClass {
    /// Its new name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 200, required = false)]
    pub name: Option<String>,
    /// All terms in which it is taught.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<TermId>, min_items = 1, max_items = 20, required = false)]
    pub term_ids: Option<Vec<TermId>>,
    /// What is taught.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Course, required = false)]
    pub course: Option<Course>,
    /// Its subject; null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, required = false)]
    pub subject: Change<String>,
    /// All its ids in other systems.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ExternalRef>, max_items = 20, required = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

impl CreateClass {
    /// The class in its first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self, class_id: ClassId, now: Timestamp) -> Result<Class, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = text::field(&self.name, NAME_MAX, "/name", &mut errors).unwrap_or_default();
        let class = Class {
            class_id,
            school_id: self.school_id,
            name_key: text::key(&name),
            name,
            term_ids: terms(self.term_ids, &mut errors),
            course: course(self.course, &mut errors),
            subject: subject(self.subject, &mut errors),
            status: Status::Active,
            external_refs: external::parse(self.external_refs, &mut errors),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        checked(class, errors)
    }
}

impl Class {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchClass,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(name) = patch.name {
            after.name = text::field(&name, NAME_MAX, "/name", &mut errors).unwrap_or_default();
            after.name_key = text::key(&after.name);
        }
        if let Some(ids) = patch.term_ids {
            after.term_ids = terms(ids, &mut errors);
        }
        if let Some(asked) = patch.course {
            after.course = course(asked, &mut errors);
        }
        after.subject = patch.subject.of(after.subject, |new| subject(Some(new), &mut errors));
        if let Some(refs) = patch.external_refs {
            after.external_refs = external::parse(refs, &mut errors);
        }
        let after = checked(after, errors)?;
        Ok((after != *self).then(|| after.next(now)))
    }

    /// The next version, archived; `None` when it already is.
    pub fn archived(&self, now: Timestamp) -> Option<Self> {
        let active = self.status == Status::Active;
        active.then(|| Self { status: Status::Archived, ..self.clone() }.next(now))
    }

    /// The next version, in use again; `None` when it is.
    pub(crate) fn reopened(&self, now: Timestamp) -> Option<Self> {
        let archived = self.status == Status::Archived;
        archived.then(|| Self { status: Status::Active, ..self.clone() }.next(now))
    }

    /// Refuses what an archived class does not take any more.
    pub(crate) const fn is_active(&self) -> Result<(), Error> {
        match self.status {
            Status::Active => Ok(()),
            Status::Archived => Err(Error::Archived("class")),
        }
    }

    /// Its external ids, to be saved.
    pub(crate) fn refs(&self) -> Refs<'_> {
        Refs { id: self.class_id.0, version: self.version, refs: &self.external_refs }
    }

    fn next(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

impl Audited for Class {
    const ENTITY: &'static str = "roster.class";

    fn id(&self) -> Uuid {
        self.class_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "schoolId": self.school_id,
            "name": self.name,
            "termIds": self.term_ids,
            "course": self.course,
            "subject": self.subject,
            "status": self.status,
            "externalRefs": self.external_refs,
            "version": self.version,
        })
    }
}

/// One to [`TERMS_MAX`] terms, in the order of their ids; equal ones are one.
fn terms(mut ids: Vec<TermId>, errors: &mut Vec<FieldError>) -> Vec<TermId> {
    let (code, message) = match ids.len() {
        0 => ("empty", "A class is taught in at least one term.".to_owned()),
        n if n > TERMS_MAX => ("too_many", format!("At most {TERMS_MAX} terms.")),
        _ => {
            ids.sort_unstable();
            ids.dedup();
            return ids;
        }
    };
    errors.push(FieldError::new("/termIds", code, message));
    Vec::new()
}

fn course(asked: Course, errors: &mut Vec<FieldError>) -> Course {
    let title = asked.title.and_then(|t| text::field(&t, NAME_MAX, "/course/title", errors));
    let code = asked.code.and_then(|code| text::field(&code, CODE_MAX, "/course/code", errors));
    Course { title, code }
}

fn subject(asked: Option<String>, errors: &mut Vec<FieldError>) -> Option<String> {
    asked.and_then(|subject| text::field(&subject, NAME_MAX, "/subject", errors))
}
