//! A remediation command as the OpenAPI document shows it. It is read by [`crate::command`], whose rules say more.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A remediation command (`contracts/instance/command.schema.json`).
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "only describes the body, which is read by stricter rules")]
#[serde(deny_unknown_fields)]
pub(super) struct RemediationCommand {
    /// Its id: the same twice is done once.
    command_id: Uuid,
    /// The kind of trouble that it is against.
    error_type: ErrorType,
    /// 0 to 3, as in the log.
    #[schema(maximum = 3)]
    severity: u8,
    /// For people.
    #[schema(min_length = 1, max_length = 200)]
    recommended_action: String,
    /// What is to be done.
    parameters: Parameters,
    /// Whether the instance may be restarted, which a person confirms.
    requires_restart: bool,
    /// Which tools, in which order: `iris_config` for the configuration, `os_config` for the kernel, none for the licence.
    #[schema(max_items = 3)]
    execution_order: Vec<Tool>,
    /// Only tell what would happen.
    #[schema(required = false, nullable = false)]
    dry_run: Option<bool>,
    /// A tool's own limit.
    #[schema(required = false, nullable = false, minimum = 10, maximum = 300)]
    timeout_seconds: Option<u16>,
    /// The instance, by its name or its id; it may be left out when only one is registered.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9][A-Za-z0-9_-]*$")]
    instance: Option<String>,
    /// Where the workflow trace is to be posted: set for executors, and refused from everybody else.
    #[schema(max_length = 2048, pattern = "^https?://")]
    reply_to: Option<String>,
}

/// The kind of trouble that a command is against.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum ErrorType {
    /// The configuration file.
    Config,
    /// The licence.
    License,
    /// Memory, disk, kernel.
    Resource,
}

/// A tool that a command may name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tool {
    /// Edits the configuration file.
    IrisConfig,
    /// Sets a kernel parameter.
    OsConfig,
    /// Stops and starts the instance.
    IrisRestart,
}

/// What is to be done: one of three.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "as above")]
#[serde(untagged)]
pub(super) enum Parameters {
    /// A parameter of the configuration file.
    Cpf(Cpf),
    /// A parameter of the kernel.
    Kernel(KernelParameter),
    /// A question about the licence.
    License(Question),
}

/// A parameter of the configuration file.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "as above")]
#[serde(deny_unknown_fields)]
pub(super) struct Cpf {
    /// The section, for instance `config`.
    #[schema(min_length = 1, max_length = 255)]
    cpf_section: String,
    /// The parameter, for instance `globals`.
    #[schema(min_length = 1, max_length = 255)]
    parameter: String,
    /// As it is to be written; whole numbers are taken, too.
    #[schema(max_length = 4096)]
    new_value: String,
    /// What is expected to be there.
    #[schema(max_length = 4096)]
    current_value: Option<String>,
}

/// A parameter of the kernel.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "as above")]
#[serde(deny_unknown_fields)]
pub(super) struct KernelParameter {
    /// For instance `vm.nr_hugepages`.
    #[schema(min_length = 3, max_length = 128, pattern = "^[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)+$")]
    kernel_param: String,
    /// A whole number, or several with single blanks between; a JSON number is taken, too.
    #[schema(pattern = "^[0-9]{1,18}( [0-9]{1,18}){0,7}$")]
    new_value: String,
    /// The least that each may be.
    #[schema(pattern = "^[0-9]{1,18}$")]
    min_value: Option<String>,
    /// The most that each may be.
    #[schema(pattern = "^[0-9]{1,18}$")]
    max_value: Option<String>,
}

/// A question about the licence.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "as above")]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// Which.
    action: LicenseAction,
}

/// A question about the licence.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LicenseAction {
    /// How many days are left.
    CheckExpiry,
    /// Whether the key file has the form of one.
    ValidateKey,
    /// Units in use, refusals, cores.
    ReportUsage,
}
