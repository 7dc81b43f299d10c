//! A remediation command: what a monitoring system, a planner or a person wants done to an instance.
//!
//! [`Command::parse`] takes the whole document or refuses it with every violation, each named by a JSON pointer. The schema for
//! other languages is `contracts/instance/command.schema.json`; a test holds the two against each other.

mod read;
pub mod result;
mod strict;

use serde_json::{Map, Value};

use crate::cpf::table;
use read::Reader;

/// Bytes of a document: real ones have a few hundred.
pub const MAX_BYTES: u64 = 64 * 1024;
/// Characters of `recommended_action`.
pub const ACTION_CHARS_MAX: usize = 200;
/// Seconds of a tool's own limit.
pub const TIMEOUT_SECONDS: (u64, u64) = (10, 300);
/// Violations that are told; a hostile document could have thousands.
const VIOLATIONS_MAX: usize = 100;

/// One thing that is wrong with a command.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// RFC 6901; empty for the whole document.
    pub pointer: String,
    /// A stable word: `syntax`, `required`, `unknown`, `type`, `range`, `length`, `format`, `unique`, `combination`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

/// Everything that is wrong; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the command is refused, nothing was executed:\n{}", lines(.0))]
pub struct Refusal(pub Vec<Violation>);

fn lines(violations: &[Violation]) -> String {
    let line = |v: &Violation| {
        format!(
            "  {} {}: {}",
            if v.pointer.is_empty() { "/" } else { &v.pointer },
            v.code,
            v.message
        )
    };
    violations.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What kind of trouble the command is against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorType {
    /// The configuration file.
    Config,
    /// The licence.
    License,
    /// Memory, disk, kernel.
    Resource,
}

/// The tools.
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolName {
    /// Edits the CPF.
    IrisConfig,
    /// Sets a kernel parameter.
    OsConfig,
    /// Stops and starts the instance.
    IrisRestart,
    /// Looks at the licence.
    License,
}

impl ToolName {
    /// As in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IrisConfig => "iris_config",
            Self::OsConfig => "os_config",
            Self::IrisRestart => "iris_restart",
            Self::License => "license",
        }
    }
}

/// A question about the licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseAction {
    /// How many days are left.
    CheckExpiry,
    /// Whether the key file has the form of one.
    ValidateKey,
    /// Units in use, refusals, cores.
    ReportUsage,
}

/// What the first tool is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameters {
    /// For `iris_config`.
    Cpf {
        /// The section.
        section: String,
        /// The parameter.
        parameter: String,
        /// As it is to be written.
        new_value: String,
        /// What is expected to be there.
        current_value: Option<String>,
    },
    /// For `os_config`.
    Kernel {
        /// Such as `vm.nr_hugepages`.
        name: String,
        /// One number or several.
        new_value: Vec<u64>,
        /// The least that is allowed.
        min_value: Option<u64>,
        /// The most that is allowed.
        max_value: Option<u64>,
    },
    /// For `license`.
    License(LicenseAction),
}

/// A command that keeps every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// UUID in lower case.
    pub id: String,
    /// What kind of trouble.
    pub error_type: ErrorType,
    /// 0 to 3, as in the log.
    pub severity: u8,
    /// For people.
    pub recommended_action: String,
    /// What to do.
    pub parameters: Parameters,
    /// Whether the instance may be restarted, which a person confirms.
    pub requires_restart: bool,
    /// Which tools, in which order.
    pub execution_order: Vec<ToolName>,
    /// Only say what would happen; nothing when the sender leaves it to the configuration.
    pub dry_run: Option<bool>,
    /// A tool's own limit; nothing when the sender leaves it to the configuration.
    pub timeout_seconds: Option<u64>,
    /// Which instance; nothing for the one at hand.
    pub instance: Option<String>,
    /// Where the result is to go.
    pub reply_to: Option<String>,
    document: Value,
}

impl Command {
    /// Reads and checks a document.
    ///
    /// # Errors
    /// Every rule that it breaks.
    pub fn parse(document: &[u8]) -> Result<Self, Refusal> {
        if u64::try_from(document.len()).is_ok_and(|bytes| bytes > MAX_BYTES) {
            return Err(Refusal::whole("length", format!("more than {MAX_BYTES} bytes")));
        }
        let value = strict::parse(document).map_err(|e| Refusal::whole("syntax", e.to_string()))?;
        match &value {
            Value::Object(fields) => Self::of(fields, value.clone()),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(Refusal::whole("type", "expected an object".to_owned())),
        }
    }

    fn of(fields: &Map<String, Value>, document: Value) -> Result<Self, Refusal> {
        let mut reader = Reader::default();
        reader.only(fields, "", read::FIELDS);
        let command = (
            reader.command_id(fields),
            reader.error_type(fields),
            reader.severity(fields),
            reader.recommended_action(fields),
            reader.parameters(fields),
            reader.required_bool(fields, "requires_restart"),
            reader.execution_order(fields),
        );
        let dry_run = reader.optional_bool(fields, "dry_run");
        let timeout_seconds = reader.timeout_seconds(fields);
        let (instance, reply_to) = (reader.instance(fields), reader.reply_to(fields));
        let (
            Some(id),
            Some(error_type),
            Some(severity),
            Some(action),
            Some(parameters),
            Some(restart),
            Some(order),
        ) = command
        else {
            return Err(reader.refusal());
        };
        reader.combination(error_type, &parameters, restart, &order);
        let command = Self {
            id,
            error_type,
            severity,
            recommended_action: action,
            parameters,
            requires_restart: restart,
            execution_order: order,
            dry_run,
            timeout_seconds,
            instance,
            reply_to,
            document,
        };
        if reader.is_clean() { Ok(command) } else { Err(reader.refusal()) }
    }

    /// The tools that run, in order: a question about the licence is always the first.
    pub fn tools(&self) -> Vec<ToolName> {
        let first = matches!(self.parameters, Parameters::License(_)).then_some(ToolName::License);
        first.into_iter().chain(self.execution_order.iter().copied()).collect()
    }

    /// The document as it came, with secrets: only for the command's own journal.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The document for logs, traces and answers: values of secret parameters are hidden.
    pub fn shown(&self) -> Value {
        let mut shown = self.document.clone();
        let Parameters::Cpf { section, parameter, .. } = &self.parameters else { return shown };
        if table::is_secret(table::section_named(section), parameter) {
            for field in ["new_value", "current_value"] {
                if let Some(value) = shown.pointer_mut(&format!("/parameters/{field}")) {
                    *value = Value::from("***");
                }
            }
        }
        shown
    }
}

impl Refusal {
    fn whole(code: &'static str, message: String) -> Self {
        Self(vec![Violation { pointer: String::new(), code, message }])
    }

    /// One violation.
    pub fn one(pointer: &str, code: &'static str, message: String) -> Self {
        Self(vec![Violation { pointer: pointer.to_owned(), code, message }])
    }
}
