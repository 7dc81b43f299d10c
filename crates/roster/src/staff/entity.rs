//! What a member of the staff is: their rules, without database or transport.

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
    Presence,
    external::{self, ExternalRef, Refs},
    person,
    school::{self, SchoolId},
};

/// Most characters of a certification.
const CERTIFICATION_MAX: usize = 200;
/// Most characters of an issuer or a subject (`OpenID Connect Core`, section 2, allows a subject 255).
const IDENTITY_MAX: usize = 255;

kernel::id! {
    /// A member of the staff; of a teacher also called `teacherId`.
    StaffId
}

kernel::word! {
    /// What somebody does.
    StaffType {
        /// Teaches classes.
        Teacher "teacher",
        /// Runs interventions.
        Interventionist "interventionist",
        /// Counsels students and families.
        Counselor "counselor",
        /// Leads or administers.
        Admin "admin",
        /// Anything else.
        Other "other",
    }
}

/// Who a token must name for its bearer to be this person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The token's issuer.
    #[schema(min_length = 1, max_length = 255, examples("https://login.example.org"))]
    pub issuer: String,
    /// The token's subject.
    #[schema(min_length = 1, max_length = 255)]
    pub subject: String,
}

/// A member of the staff. Not `Debug`: nothing about them is shown by accident.
#[derive(Clone, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Staff {
    /// Their id.
    pub staff_id: StaffId,
    /// What they do, at least one.
    pub staff_type: Vec<StaffType>,
    /// Their given name.
    pub given_name: String,
    /// Their family name.
    pub family_name: String,
    /// What staff are sorted and found by.
    #[serde(skip)]
    pub name_key: String,
    /// What staff are found by.
    #[serde(skip)]
    pub given_key: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// What they are certified to do.
    pub certification: Option<String>,
    /// The schools where they work: those that their roles reach.
    pub school_ids: Vec<SchoolId>,
    /// Whose token makes them who they are.
    #[sqlx(json(nullable))]
    pub identity: Option<Identity>,
    /// Whether they belong to the district.
    pub status: Presence,
    /// Why they were deactivated.
    pub reason: Option<String>,
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

/// A new member of the staff, as asked for.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateStaff {
    /// What they do; of a new teacher `teacher` when left out.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub staff_type: Vec<StaffType>,
    /// Their given name.
    #[schema(min_length = 1, max_length = 100)]
    pub given_name: String,
    /// Their family name.
    #[schema(min_length = 1, max_length = 100)]
    pub family_name: String,
    /// Their e-mail address.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// What they are certified to do.
    #[schema(max_length = 200)]
    pub certification: Option<String>,
    /// The schools where they work.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub school_ids: Vec<SchoolId>,
    /// Whose token makes them who they are; unique in the tenant.
    pub identity: Option<Identity>,
    /// Their ids in other systems.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
}

/// What is to change of a member of the staff (JSON Merge Patch): what is left out stays.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchStaff {
    /// All that they do.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<StaffType>, min_items = 1, max_items = 5, required = false)]
    pub staff_type: Option<Vec<StaffType>>,
    /// Their new given name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 100, required = false)]
    pub given_name: Option<String>,
    /// Their new family name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 100, required = false)]
    pub family_name: Option<String>,
    /// Their e-mail address; null for none.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 254, required = false)]
    pub email: Change<String>,
    /// What they are certified to do; null for nothing.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, required = false)]
    pub certification: Change<String>,
    /// All schools where they work.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<SchoolId>, max_items = 20, required = false)]
    pub school_ids: Option<Vec<SchoolId>>,
    /// Whose token makes them who they are; null for nobody's.
    #[serde(default)]
    #[schema(value_type = Option<Identity>, required = false)]
    pub identity: Change<Identity>,
    /// All their ids in other systems.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ExternalRef>, max_items = 20, required = false)]
    pub external_refs: Option<Vec<ExternalRef>>,
}

impl CreateStaff {
    /// The member of the staff in their first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self, staff_id: StaffId, now: Timestamp) -> Result<Staff, Vec<FieldError>> {
        let mut errors = Vec::new();
        let staff_type = types(self.staff_type, &mut errors);
        let given_name = person::name(&self.given_name, "/givenName", &mut errors);
        let family_name = person::name(&self.family_name, "/familyName", &mut errors);
        let (name_key, given_key) = person::keys(&given_name, &family_name);
        let staff = Staff {
            staff_id,
            staff_type,
            given_name,
            family_name,
            name_key,
            given_key,
            email: self.email.and_then(|email| person::email(&email, "/email", &mut errors)),
            certification: self.certification.and_then(|text| certification(&text, &mut errors)),
            school_ids: school::ids(self.school_ids, &mut errors),
            identity: self.identity.and_then(|asked| identity(&asked, &mut errors)),
            status: Presence::Active,
            reason: None,
            external_refs: external::parse(self.external_refs, &mut errors),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        checked(staff, errors)
    }
}

impl Staff {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchStaff,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(asked) = patch.staff_type {
            after.staff_type = types(asked, &mut errors);
        }
        if let Some(name) = patch.given_name {
            after.given_name = person::name(&name, "/givenName", &mut errors);
        }
        if let Some(name) = patch.family_name {
            after.family_name = person::name(&name, "/familyName", &mut errors);
        }
        after.email = patch.email.of(after.email, |new| person::email(&new, "/email", &mut errors));
        after.certification =
            patch.certification.of(after.certification, |new| certification(&new, &mut errors));
        after.identity = patch.identity.of(after.identity, |new| identity(&new, &mut errors));
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

    /// The next version, active again; `None` when they are.
    pub(crate) fn reactivated(&self, now: Timestamp) -> Option<Self> {
        let gone = self.status == Presence::Deactivated;
        gone.then(|| Self { status: Presence::Active, reason: None, ..self.clone() }.next(now))
    }

    /// Whether they teach.
    pub fn teaches(&self) -> bool {
        self.staff_type.contains(&StaffType::Teacher)
    }

    /// Their external ids, to be saved.
    pub(crate) fn refs(&self) -> Refs<'_> {
        Refs { id: self.staff_id.0, version: self.version, refs: &self.external_refs }
    }

    fn next(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, updated_at: now, ..self }
    }
}

impl Audited for Staff {
    const ENTITY: &'static str = "roster.staff";

    fn id(&self) -> Uuid {
        self.staff_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "staffType": self.staff_type,
            "schoolIds": self.school_ids,
            "identity": self.identity.is_some(),
            "status": self.status,
            "version": self.version,
        })
    }
}

fn types(mut asked: Vec<StaffType>, errors: &mut Vec<FieldError>) -> Vec<StaffType> {
    if asked.is_empty() {
        let words: Vec<_> = StaffType::ALL.iter().map(|word| word.name()).collect();
        let message = format!("At least one of: {}.", words.join(", "));
        errors.push(FieldError::new("/staffType", "empty", message));
    }
    asked.sort_unstable();
    asked.dedup();
    asked
}

fn certification(asked: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    text::field(asked, CERTIFICATION_MAX, "/certification", errors)
}

fn identity(asked: &Identity, errors: &mut Vec<FieldError>) -> Option<Identity> {
    let issuer = text::field(&asked.issuer, IDENTITY_MAX, "/identity/issuer", errors);
    let subject = text::field(&asked.subject, IDENTITY_MAX, "/identity/subject", errors);
    Some(Identity { issuer: issuer?, subject: subject? })
}
