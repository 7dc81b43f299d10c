//! What a school is: its rules, without database or transport.

use jiff::{Timestamp, tz::TimeZone};
use kernel::{
    answer::Version,
    audit::Audited,
    http::body::given,
    problem::{FieldError, checked},
    text,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Status,
    external::{self, ExternalRef, Refs},
};

/// Most characters of a school's name.
const NAME_MAX: usize = 200;
/// The zone of a school that names none.
const DEFAULT_ZONE: &str = "UTC";

kernel::id! {
    /// A school.
    SchoolId
}

/// A school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct School {
    /// Its id.
    pub school_id: SchoolId,
    /// Its name as people write it.
    pub name: String,
    /// What names are compared by.
    #[serde(skip)]
    pub name_key: String,
    /// Whether it takes classes.
    pub status: Status,
    /// IANA name of its time zone.
    pub timezone: String,
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

/// A new school, as asked for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateSchool {
    /// Its name, unique among the active schools of the tenant unless external ids tell them apart.
    #[schema(min_length = 1, max_length = 200, examples("Lincoln Elementary"))]
    pub(crate) name: String,
    /// IANA name of its time zone; `UTC` when left out.
    #[schema(examples("America/Chicago"))]
    pub(crate) timezone: Option<String>,
    /// Its ids in other systems.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub(crate) external_refs: Vec<ExternalRef>,
}

/// What is to change of a school (JSON Merge Patch): what is left out stays.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchSchool {
    /// Its new name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, min_length = 1, max_length = 200, required = false)]
    pub(crate) name: Option<String>,
    /// IANA name of its new time zone.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, required = false)]
    pub(crate) timezone: Option<String>,
    /// All its ids in other systems.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Vec<ExternalRef>, max_items = 20, required = false)]
    pub(crate) external_refs: Option<Vec<ExternalRef>>,
}

impl CreateSchool {
    /// The school in its first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(self, school_id: SchoolId, now: Timestamp) -> Result<School, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = text::field(&self.name, NAME_MAX, "/name", &mut errors).unwrap_or_default();
        let school = School {
            school_id,
            name_key: text::key(&name),
            name,
            status: Status::Active,
            timezone: zone(self.timezone.as_deref().unwrap_or(DEFAULT_ZONE), &mut errors),
            external_refs: external::parse(self.external_refs, &mut errors),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        checked(school, errors)
    }
}

impl School {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchSchool,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(name) = patch.name {
            after.name = text::field(&name, NAME_MAX, "/name", &mut errors).unwrap_or_default();
            after.name_key = text::key(&after.name);
        }
        if let Some(name) = patch.timezone {
            after.timezone = zone(&name, &mut errors);
        }
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

    /// Its external ids, to be saved.
    pub(crate) fn refs(&self) -> Refs<'_> {
        Refs { id: self.school_id.0, version: self.version, refs: &self.external_refs }
    }

    fn next(mut self, now: Timestamp) -> Self {
        self.version += 1;
        self.updated_at = now;
        self
    }
}

impl Audited for School {
    const ENTITY: &'static str = "roster.school";

    fn id(&self) -> Uuid {
        self.school_id.0
    }

    fn redacted(&self) -> Value {
        json!({
            "name": self.name,
            "status": self.status,
            "timezone": self.timezone,
            "externalRefs": self.external_refs,
            "version": self.version,
        })
    }
}

/// Most schools of one person.
const OF_ONE_PERSON_MAX: usize = 20;

/// The schools of a person at `/schoolIds`, in the order of their ids; equal ones are one.
pub(crate) fn ids(mut ids: Vec<SchoolId>, errors: &mut Vec<FieldError>) -> Vec<SchoolId> {
    if ids.len() > OF_ONE_PERSON_MAX {
        let message = format!("At most {OF_ONE_PERSON_MAX} schools.");
        errors.push(FieldError::new("/schoolIds", "too_many", message));
        return Vec::new();
    }
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn zone(name: &str, errors: &mut Vec<FieldError>) -> String {
    // The database of zones ignores case; people and other programs do not.
    match TimeZone::get(name) {
        Ok(zone) if zone.iana_name() == Some(name) => name.to_owned(),
        _ => {
            let message = "An IANA time zone name, for instance America/Chicago.";
            errors.push(FieldError::new("/timezone", "unknown_zone", message));
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lincoln() -> School {
        let asked = r#"{"name": " Lincoln High "}"#;
        let asked: CreateSchool = serde_json::from_str(asked).unwrap();
        asked.parse(SchoolId(Uuid::from_u128(1)), Timestamp::UNIX_EPOCH).unwrap()
    }

    fn patched(patch: &str) -> Result<Option<School>, Vec<FieldError>> {
        let later = Timestamp::from_second(60).unwrap();
        lincoln().patched(serde_json::from_str(patch).unwrap(), later)
    }

    #[test]
    fn a_new_school_is_active_in_its_first_version_in_utc() {
        let school = lincoln();
        assert_eq!(
            (school.name.as_str(), school.name_key.as_str()),
            ("Lincoln High", "lincoln high")
        );
        assert_eq!((school.status, school.version), (Status::Active, 1));
        assert_eq!((school.timezone.as_str(), school.created_at), ("UTC", school.updated_at));
    }

    #[test]
    fn a_patch_changes_what_it_names_the_version_and_the_time() {
        let after = patched(r#"{"name": "Washington"}"#).unwrap().unwrap();
        let expected = School {
            name: "Washington".to_owned(),
            name_key: "washington".to_owned(),
            version: 2,
            updated_at: Timestamp::from_second(60).unwrap(),
            ..lincoln()
        };
        assert_eq!(after, expected);
    }

    #[test]
    fn a_patch_to_what_is_changes_nothing() {
        for patch in
            ["{}", r#"{"name": "Lincoln High "}"#, r#"{"timezone": "UTC", "externalRefs": []}"#]
        {
            assert_eq!(patched(patch).unwrap(), None, "{patch}");
        }
        // Its key stays, but people read the name.
        assert!(patched(r#"{"name": "LINCOLN HIGH"}"#).unwrap().is_some());
    }

    #[test]
    fn every_bad_value_of_a_patch_is_told_and_nothing_applied() {
        let errors = patched(r#"{"name": "", "timezone": "Springfield"}"#).unwrap_err();
        let places: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(places, ["/name", "/timezone"]);
        assert!(serde_json::from_str::<PatchSchool>(r#"{"name": null}"#).is_err());
        assert!(serde_json::from_str::<PatchSchool>(r#"{"status": "Archived"}"#).is_err());
    }

    #[test]
    fn a_school_is_archived_once() {
        let archived = lincoln().archived(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((archived.status, archived.version), (Status::Archived, 2));
        assert_eq!(archived.archived(Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn zones_are_named_as_the_database_of_zones_names_them() {
        let known = |name: &str| {
            let mut errors = Vec::new();
            zone(name, &mut errors);
            errors.is_empty()
        };
        for name in ["UTC", "America/Chicago", "Asia/Kolkata", "Etc/GMT+5"] {
            assert!(known(name), "{name}");
        }
        for name in ["", "utc", "america/chicago", "Springfield", "+05:30", "/etc/localtime"] {
            assert!(!known(name), "{name}");
        }
    }
}
