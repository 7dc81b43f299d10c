//! What a guardian is: their rules, without database or transport.

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

use super::contact;
use crate::{
    Presence,
    external::{self, ExternalRef},
    person,
    student::StudentId,
};

/// Most characters of a guardian's name: it is one text, given and family name together.
const NAME_MAX: usize = 200;
/// What stands in place of a name that was scrubbed.
const SCRUBBED: &str = "Scrubbed";

kernel::id! {
    /// A guardian of one student.
    GuardianId
}

kernel::word! {
    /// What a guardian is to the student (the roles of `OneRoster`, and whatever else).
    Relation {
        /// A parent.
        Parent "parent",
        /// A guardian who is no parent.
        Guardian "guardian",
        /// A relative.
        Relative "relative",
        /// Somebody else.
        Other "other",
    }
}

kernel::word! {
    /// How a guardian is written to.
    Channel {
        /// By e-mail.
        Email "Email",
        /// By text message.
        Sms "SMS",
        /// By a letter.
        Letter "Letter",
    }
}

/// A guardian of one student. Not `Debug`: nothing about them is shown by accident.
#[derive(Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Guardian {
    /// Their id.
    pub guardian_id: GuardianId,
    /// The student.
    pub student_id: StudentId,
    /// Their name.
    #[sqlx(skip)]
    pub name: String,
    /// What they are to the student.
    pub relation: Relation,
    /// Their e-mail address.
    #[sqlx(skip)]
    pub email: Option<String>,
    /// Their telephone number, as it was given.
    #[sqlx(skip)]
    pub phone: Option<String>,
    /// How they like to be written to.
    pub preferred_channel: Option<Channel>,
    /// How they must not be written to.
    pub opt_out: Vec<Channel>,
    /// The language they read (BCP 47).
    pub language: Option<String>,
    /// Whether they still are a guardian.
    pub status: Presence,
    /// Their ids in other systems; each names one guardian of one student.
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

/// A guardian as changes answer them: without what only readers may see.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangedGuardian {
    /// Their id.
    pub guardian_id: GuardianId,
    /// The student.
    pub student_id: StudentId,
    /// What they are to the student.
    pub relation: Relation,
    /// Whether they still are a guardian.
    pub status: Presence,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When they last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// A new guardian, as asked for.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateGuardian {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What they are to the student.
    pub relation: Relation,
    /// Their e-mail address.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Their telephone number: digits, spaces and `+ - ( ) . /`.
    #[schema(max_length = 40, examples("+1 555 0100"))]
    pub phone: Option<String>,
    /// How they like to be written to; what it needs must be given, and they must not have opted out of it.
    pub preferred_channel: Option<Channel>,
    /// How they must not be written to.
    #[serde(default)]
    #[schema(max_items = 3)]
    pub opt_out: Vec<Channel>,
    /// The language they read (BCP 47).
    #[schema(max_length = 35, examples("es", "zh-Hans"))]
    pub language: Option<String>,
    /// Their ids in other systems.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
}

/// What is to change of a guardian (JSON Merge Patch): what is left out stays.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchGuardian {
    /// Their new name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 200, required = false)]
    pub name: Option<String>,
    /// What they are to the student.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Relation, required = false)]
    pub relation: Option<Relation>,
    /// Their e-mail address; null when nobody knows.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 254, required = false)]
    pub email: Change<String>,
    /// Their telephone number; null when nobody knows.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40, required = false)]
    pub phone: Change<String>,
    /// How they like to be written to; null when they did not say.
    #[serde(default)]
    #[schema(value_type = Option<Channel>, required = false)]
    pub preferred_channel: Change<Channel>,
    /// All ways in which they must not be written to.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<Channel>, max_items = 3, required = false)]
    pub opt_out: Option<Vec<Channel>>,
    /// The language they read (BCP 47); null when nobody knows.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 35, required = false)]
    pub language: Change<String>,
    /// All their ids in other systems.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ExternalRef>, max_items = 20, required = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

impl CreateGuardian {
    /// The guardian in their first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(
        self,
        student_id: StudentId,
        guardian_id: GuardianId,
        now: Timestamp,
    ) -> Result<Guardian, Vec<FieldError>> {
        let mut errors = Vec::new();
        let guardian = Guardian {
            guardian_id,
            student_id,
            name: name(&self.name, &mut errors),
            relation: self.relation,
            email: self.email.and_then(|new| person::email(&new, "/email", &mut errors)),
            phone: self.phone.and_then(|new| contact::phone(&new, &mut errors)),
            preferred_channel: self.preferred_channel,
            opt_out: contact::channels(self.opt_out),
            language: self.language.and_then(|new| contact::language(&new, &mut errors)),
            status: Presence::Active,
            external_refs: external::parse(self.external_refs, &mut errors),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        checked_guardian(guardian, errors)
    }
}

impl Guardian {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchGuardian,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(new) = patch.name {
            after.name = name(&new, &mut errors);
        }
        after.relation = patch.relation.unwrap_or(after.relation);
        let email = |new: String| person::email(&new, "/email", &mut errors);
        after.email = patch.email.of(after.email, email);
        after.phone = patch.phone.of(after.phone, |new| contact::phone(&new, &mut errors));
        after.preferred_channel = patch.preferred_channel.of(after.preferred_channel, Some);
        if let Some(channels) = patch.opt_out {
            after.opt_out = contact::channels(channels);
        }
        let language = |new: String| contact::language(&new, &mut errors);
        after.language = patch.language.of(after.language, language);
        if let Some(refs) = patch.external_refs {
            after.external_refs = external::parse(refs, &mut errors);
        }
        let after = checked_guardian(after, errors)?;
        Ok((after != *self).then(|| after.next(now)))
    }

    /// The next version, a guardian no more; `None` when they already are none. What they opted out of is kept: they may
    /// come back.
    pub fn removed(&self, now: Timestamp) -> Option<Self> {
        self.with(Presence::Deactivated, now)
    }

    /// The next version, a guardian again; `None` when they already are one.
    pub fn reactivated(&self, now: Timestamp) -> Option<Self> {
        self.with(Presence::Active, now)
    }

    fn with(&self, status: Presence, now: Timestamp) -> Option<Self> {
        (self.status != status).then(|| Self { status, ..self.clone() }.next(now))
    }

    /// The next version without anything personal: that there was a guardian is all that is left.
    #[must_use]
    pub fn without_personal_data(&self, now: Timestamp) -> Self {
        let scrubbed = Self {
            name: SCRUBBED.to_owned(),
            relation: Relation::Other,
            email: None,
            phone: None,
            preferred_channel: None,
            opt_out: Vec::new(),
            language: None,
            status: Presence::Deactivated,
            external_refs: Vec::new(),
            ..self.clone()
        };
        scrubbed.next(now)
    }

    fn next(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

impl From<&Guardian> for ChangedGuardian {
    fn from(guardian: &Guardian) -> Self {
        Self {
            guardian_id: guardian.guardian_id,
            student_id: guardian.student_id,
            relation: guardian.relation,
            status: guardian.status,
            version: guardian.version,
            updated_at: guardian.updated_at,
        }
    }
}

impl Audited for Guardian {
    const ENTITY: &'static str = "roster.guardian";

    fn id(&self) -> Uuid {
        self.guardian_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "studentId": self.student_id,
            "relation": self.relation,
            "preferredChannel": self.preferred_channel,
            "optOut": self.opt_out,
            "status": self.status,
            "version": self.version,
        })
    }
}

fn name(name: &str, errors: &mut Vec<FieldError>) -> String {
    text::field(name, NAME_MAX, "/name", errors).unwrap_or_default()
}

fn checked_guardian(
    guardian: Guardian,
    mut errors: Vec<FieldError>,
) -> Result<Guardian, Vec<FieldError>> {
    if errors.is_empty() {
        contact::is_reachable(&guardian, &mut errors);
    }
    checked(guardian, errors)
}
