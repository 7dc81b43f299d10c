//! What a registered instance is: its rules, without database or transport.

use jiff::Timestamp;
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

/// Most characters of a name: as many as a command may name.
const NAME_MAX: usize = 64;
/// Most characters of an issuer or a subject.
const ACCOUNT_MAX: usize = 255;

kernel::id! {
    /// A registered instance.
    InstanceId
}

/// An account as its tokens name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The tokens' issuer.
    #[schema(min_length = 1, max_length = 255)]
    pub issuer: String,
    /// The tokens' subject.
    #[schema(min_length = 1, max_length = 255)]
    pub subject: String,
}

/// A registered instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Instance)]
pub struct Registered {
    /// Its id.
    pub instance_id: InstanceId,
    /// Its name in the tenant, by which commands name it.
    pub name: String,
    /// What names are compared by.
    #[serde(skip)]
    pub name_key: String,
    /// The account that takes its commands and reports what became of them, on its host.
    #[sqlx(json)]
    pub executor: Account,
    /// Counted up by every change; the entity tag.
    pub version: Version,
    /// When it was registered.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
}

/// An instance to be registered.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegisterInstance {
    /// Its name, unique in the tenant: letters, digits, `_` and `-`, and no UUID.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[A-Za-z0-9][A-Za-z0-9_-]*$",
        examples("IRIS")
    )]
    name: String,
    /// The account that executes its commands: one with the role `InstanceExecutor`.
    executor: Account,
}

/// What is to change of an instance (JSON Merge Patch): what is left out stays.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PatchInstance {
    /// The account that executes its commands from now on.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Account, required = false)]
    executor: Option<Account>,
}

impl RegisterInstance {
    /// The instance in its first version.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn parse(
        self,
        instance_id: InstanceId,
        now: Timestamp,
    ) -> Result<Registered, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = name(&self.name, &mut errors);
        let instance = Registered {
            instance_id,
            name_key: text::key(&name),
            name,
            executor: account(&self.executor, &mut errors),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        checked(instance, errors)
    }
}

impl Registered {
    /// The next version with the patch applied; `None` when it changes nothing.
    ///
    /// # Errors
    /// One entry for each value that is not acceptable.
    pub fn patched(
        &self,
        patch: PatchInstance,
        now: Timestamp,
    ) -> Result<Option<Self>, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut after = self.clone();
        if let Some(executor) = patch.executor {
            after.executor = account(&executor, &mut errors);
        }
        let after = checked(after, errors)?;
        let changed = after != *self;
        Ok(changed.then(|| Self { version: self.version + 1, updated_at: now, ..after }))
    }
}

impl Audited for Registered {
    const ENTITY: &'static str = "instance.instance";

    fn id(&self) -> Uuid {
        self.instance_id.0
    }

    fn redacted(&self) -> Value {
        json!({"name": self.name, "executor": self.executor, "version": self.version})
    }
}

/// As a command may name it. An id is no name: a command names an instance by either.
fn name(given: &str, errors: &mut Vec<FieldError>) -> String {
    let name = text::field(given, NAME_MAX, "/name", errors).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let fits = begins && name.chars().all(plain) && Uuid::try_parse(&name).is_err();
    if !(name.is_empty() || fits) {
        let message = "Letters, digits, _ and -, a letter or digit first, and no UUID.";
        errors.push(FieldError::new("/name", "format", message));
    }
    name
}

fn account(given: &Account, errors: &mut Vec<FieldError>) -> Account {
    let mut line = |text: &str, at: &str| {
        text::field(text, ACCOUNT_MAX, &format!("/executor/{at}"), errors).unwrap_or_default()
    };
    Account { issuer: line(&given.issuer, "issuer"), subject: line(&given.subject, "subject") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(name: &str) -> Result<Registered, Vec<FieldError>> {
        let executor = json!({"issuer": "https://id.example", "subject": "iris-host"});
        let asked = json!({"name": name, "executor": executor});
        let asked: RegisterInstance = serde_json::from_value(asked).unwrap();
        asked.parse(InstanceId(Uuid::nil()), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_name_is_what_a_command_can_name_and_no_id() {
        assert_eq!(registered("IRIS_1-a").unwrap().name_key, "iris_1-a");
        for name in ["", "a b", "-iris", "iris/1", "4f6c1f0e-58d4-4c0a-9b60-3a4b6d3f2a10"] {
            assert_eq!(registered(name).unwrap_err()[0].pointer, "/name", "{name}");
        }
    }

    #[test]
    fn a_patch_changes_the_account() {
        let instance = registered("IRIS").unwrap();
        let patched = |subject: &str| {
            let patch = json!({"executor": {"issuer": "https://id.example", "subject": subject}});
            instance.patched(serde_json::from_value(patch).unwrap(), Timestamp::UNIX_EPOCH)
        };
        assert_eq!(patched("iris-host").unwrap(), None);
        let after = patched("other").unwrap().unwrap();
        assert_eq!((after.executor.subject.as_str(), after.version), ("other", 2));
        assert_eq!(patched(" ").unwrap_err()[0].pointer, "/executor/subject");
    }
}
