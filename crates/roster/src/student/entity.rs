//! What a student is: their rules, without database or transport.

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

use crate::{
    Presence,
    external::{self, ExternalRef, Refs},
    person,
    school::{self, SchoolId},
};

/// The grades that there are (CEDS, as `OneRoster` uses them).
const GRADES: [&str; 21] = [
    "IT", "PR", "PK", "TK", "KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11",
    "12", "13", "PS", "UG", "Other",
];
/// Nobody who goes to school was born before.
const BORN_AFTER: Date = Date::constant(1900, 1, 1);
/// What stands in place of a name that was scrubbed.
const SCRUBBED: &str = "Scrubbed";

kernel::id! {
    /// A student.
    StudentId
}

/// A student. Not `Debug`: nothing about them is shown by accident.
#[derive(Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Student {
    /// Their id.
    pub student_id: StudentId,
    /// Their given name.
    pub given_name: String,
    /// Their family name.
    pub family_name: String,
    /// What students are sorted and found by.
    #[serde(skip)]
    pub name_key: String,
    /// What students are found by.
    #[serde(skip)]
    pub given_key: String,
    /// Their day of birth.
    #[sqlx(skip)]
    #[schema(value_type = Option<String>, format = Date)]
    pub birth_date: Option<Date>,
    /// Their grade (CEDS code).
    pub grade: Option<String>,
    /// The schools that they go to.
    pub school_ids: Vec<SchoolId>,
    /// Whether they belong to the district.
    pub status: Presence,
    /// Why they were deactivated.
    pub reason: Option<String>,
    /// Why their personal data must not be scrubbed.
    pub legal_hold: Option<String>,
    /// Whether their personal data was scrubbed, which is final.
    pub scrubbed: bool,
    /// Their ids in other systems.
    #[sqlx(json)]
    pub external_refs: Vec<ExternalRef>,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When they were created.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When they last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A new student, as asked for.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateStudent {
    /// Their given name.
    #[schema(min_length = 1, max_length = 100)]
    pub given_name: String,
    /// Their family name.
    #[schema(min_length = 1, max_length = 100)]
    pub family_name: String,
    /// Their day of birth, YYYY-MM-DD.
    #[schema(format = Date)]
    pub birth_date: Option<String>,
    /// Their grade (CEDS code).
    #[schema(examples("KG", "07"))]
    pub grade: Option<String>,
    /// The schools that they go to.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub school_ids: Vec<SchoolId>,
    /// Their ids in other systems.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
}

/// What is to change of a student (JSON Merge Patch): what is left out stays.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchStudent {
    /// Their new given name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 100, required = false)]
    pub given_name: Option<String>,
    /// Their new family name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 100, required = false)]
    pub family_name: Option<String>,
    /// Their day of birth, YYYY-MM-DD; null when nobody knows.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, required = false)]
    pub birth_date: Change<String>,
    /// Their grade (CEDS code); null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    pub grade: Change<String>,
    /// All schools that they go to.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<SchoolId>, max_items = 20, required = false)]
    pub school_ids: Option<Vec<SchoolId>>,
    /// All their ids in other systems.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ExternalRef>, max_items = 20, required = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

impl CreateStudent {
    /// The student in their first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self, student_id: StudentId, now: Timestamp) -> Result<Student, Vec<FieldError>> {
        let mut errors = Vec::new();
        let given_name = person::name(&self.given_name, "/givenName", &mut errors);
        let family_name = person::name(&self.family_name, "/familyName", &mut errors);
        let (name_key, given_key) = person::keys(&given_name, &family_name);
        let student = Student {
            student_id,
            given_name,
            family_name,
            name_key,
            given_key,
            birth_date: birth_date(self.birth_date.as_deref(), now, &mut errors),
            grade: grade(self.grade, &mut errors),
            school_ids: school::ids(self.school_ids, &mut errors),
            status: Presence::Active,
            reason: None,
            legal_hold: None,
            scrubbed: false,
            external_refs: external::parse(self.external_refs, &mut errors),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        checked(student, errors)
    }
}

impl Student {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchStudent,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(name) = patch.given_name {
            after.given_name = person::name(&name, "/givenName", &mut errors);
        }
        if let Some(name) = patch.family_name {
            after.family_name = person::name(&name, "/familyName", &mut errors);
        }
        let born = |date: String| birth_date(Some(&date), now, &mut errors);
        after.birth_date = patch.birth_date.of(after.birth_date, born);
        after.grade = patch.grade.of(after.grade, |new| grade(Some(new), &mut errors));
        if let Some(ids) = patch.school_ids {
            after.school_ids = school::ids(ids, &mut errors);
        }
        if let Some(refs) = patch.external_refs {
            after.external_refs = external::parse(refs, &mut errors);
        }
        (after.name_key, after.given_key) = person::keys(&after.given_name, &after.family_name);
        let after = checked(after, errors)?;
        Ok((after != *self).then(|| after.next(now)))
    }

    /// The next version, deactivated; `None` when they already are.
    pub fn deactivated(&self, reason: Option<String>, now: Timestamp) -> Option<Self> {
        let active = self.status == Presence::Active;
        active.then(|| Self { status: Presence::Deactivated, reason, ..self.clone() }.next(now))
    }

    /// The next version, active again; `None` when they already are.
    pub fn reactivated(&self, now: Timestamp) -> Option<Self> {
        let gone = self.status == Presence::Deactivated;
        gone.then(|| Self { status: Presence::Active, reason: None, ..self.clone() }.next(now))
    }

    /// The next version with or without a legal hold; `None` when it changes nothing.
    pub fn held(&self, legal_hold: Option<String>, now: Timestamp) -> Option<Self> {
        let changed = self.legal_hold != legal_hold;
        changed.then(|| Self { legal_hold, ..self.clone() }.next(now))
    }

    /// The next version without anything personal: who they were cannot be told, how many there were can. `None` when
    /// they already are.
    pub fn without_personal_data(&self, now: Timestamp) -> Option<Self> {
        let (name_key, given_key) = person::keys(SCRUBBED, SCRUBBED);
        let scrubbed = Self {
            given_name: SCRUBBED.to_owned(),
            family_name: SCRUBBED.to_owned(),
            name_key,
            given_key,
            birth_date: None,
            reason: None,
            scrubbed: true,
            external_refs: Vec::new(),
            ..self.clone()
        };
        (!self.scrubbed).then(|| scrubbed.next(now))
    }

    /// Their external ids, to be saved.
    pub(crate) fn refs(&self) -> Refs<'_> {
        Refs { id: self.student_id.0, version: self.version, refs: &self.external_refs }
    }

    fn next(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

impl Audited for Student {
    const ENTITY: &'static str = "roster.student";

    fn id(&self) -> Uuid {
        self.student_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "schoolIds": self.school_ids,
            "status": self.status,
            "legalHold": self.legal_hold.is_some(),
            "scrubbed": self.scrubbed,
            "version": self.version,
        })
    }
}

fn birth_date(asked: Option<&str>, now: Timestamp, errors: &mut Vec<FieldError>) -> Option<Date> {
    let date = text::date(asked?, "/birthDate", errors)?;
    // A day later than here, it is already tomorrow.
    let tomorrow = now.to_zoned(jiff::tz::TimeZone::UTC).date().tomorrow().unwrap_or(Date::MAX);
    if (BORN_AFTER..=tomorrow).contains(&date) {
        return Some(date);
    }
    let message = format!("A day between {BORN_AFTER} and today.");
    errors.push(FieldError::new("/birthDate", "out_of_range", message));
    None
}

fn grade(asked: Option<String>, errors: &mut Vec<FieldError>) -> Option<String> {
    let grade = asked?;
    if GRADES.contains(&grade.as_str()) {
        return Some(grade);
    }
    let message = format!("One of: {}.", GRADES.join(", "));
    errors.push(FieldError::new("/grade", "unknown_grade", message));
    None
}
