//! The tools that repair an instance: `iris_config`, `os_config`, `iris_restart` and `license`.
//!
//! A tool first makes a [`Plan`], which changes nothing and says exactly what would happen; the dry run is the plan. Carrying it
//! out then does that, or fails and leaves everything as it was. What can be undone later is in the plan's [`Undo`], which the
//! orchestrator writes down before it begins.

mod instance;
mod iris;
mod iris_config;
mod iris_restart;
mod journal_log;
mod license;
mod os_config;
mod who;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use instance::{Instance, NotFound};
pub use iris::{Listed, qlist};
pub use iris_restart::LEFT_ALONE;
pub use who::{On, who_is_on};

use crate::{
    command::{
        Command, ToolName,
        result::{Change, Status},
    },
    cpf::edit::Backup,
    exec::Deadline,
};

/// The waits of a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// For users to leave and transactions to end.
    pub users: Duration,
    /// For the stop. The product's own limit is 300 s by default, and 30 s to detach: less would cut real stops off.
    pub shutdown: Duration,
    /// For the start and its health.
    pub startup: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        let [users, shutdown, startup] = [60, 330, 60].map(Duration::from_secs);
        Self { users, shutdown, startup }
    }
}

/// Limits and permissions of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A tool's limit when the command names none.
    pub tool_timeout: Duration,
    /// Those of a restart.
    pub waits: Waits,
    /// Whether a CPF parameter or kernel parameter that no table knows may be written.
    pub allow_unknown: bool,
    /// Whether a person confirmed restarts and dangerous reductions.
    pub confirmed: bool,
}

impl Default for Rules {
    fn default() -> Self {
        let tool_timeout = Duration::from_mins(1);
        Self { tool_timeout, waits: Waits::default(), allow_unknown: false, confirmed: false }
    }
}

/// What a tool works with.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Where.
    pub instance: &'a Instance,
    /// What is asked.
    pub command: &'a Command,
    /// Limits and permissions.
    pub rules: Rules,
}

impl Scene<'_> {
    /// The limit of a tool, from now on.
    pub fn deadline(&self, tool: ToolName) -> Deadline {
        let asked = self.command.timeout_seconds.map(Duration::from_secs);
        let Waits { users, shutdown, startup } = self.rules.waits;
        Deadline::within(match tool {
            // A command can only lengthen it: a stop that is cut off is worse than a slow one.
            ToolName::IrisRestart => (users + shutdown + startup).max(asked.unwrap_or_default()),
            ToolName::IrisConfig | ToolName::OsConfig | ToolName::License => {
                asked.unwrap_or(self.rules.tool_timeout)
            }
        })
    }
}

/// What is different now, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// By parameter.
    pub changes: BTreeMap<String, Change>,
    /// What whoever asked should know.
    pub notices: Vec<String>,
    /// What a person has to do.
    pub requires_user_action: Option<String>,
    /// An answer to a question.
    pub details: Option<Value>,
    /// Whether something is done and something not; never predicted.
    pub partial: Option<String>,
}

/// How to undo a step, complete before the step begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Undo {
    /// Put the former CPF back.
    Cpf {
        /// Its second name.
        backup: String,
        /// SHA-256 of the file that replaces it.
        replaced_by: String,
    },
    /// Write the former numbers, put the former drop-in file back.
    Kernel {
        /// The parameter.
        name: String,
        /// As it was read.
        value: String,
        /// The drop-in file as it was; nothing when there was none.
        drop_in: Option<String>,
    },
    /// Have the instance run again.
    Restart,
}

impl From<Backup> for Undo {
    fn from(Backup { name, replaced_by }: Backup) -> Self {
        Self::Cpf { backup: name, replaced_by }
    }
}

/// What a tool will do.
#[derive(Debug)]
pub struct Plan {
    /// What will be answered when it succeeds.
    pub outcome: Outcome,
    /// How to undo it; nothing when it changes nothing.
    pub undo: Option<Undo>,
    /// Why a person has to confirm it first; nothing when nobody has to.
    pub dangerous: Option<String>,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Nothing,
    Cpf(Box<crate::cpf::edit::Plan>),
    Kernel(os_config::Work),
    Restart(iris_restart::Work),
}

/// Why a tool did not do its work. Then nothing is changed, unless `rolled_back` could not be completed, which it then says.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failed {
    /// For people.
    pub message: String,
    /// What was done and is undone again.
    pub rolled_back: Vec<String>,
    /// What a person has to do.
    pub requires_user_action: Option<String>,
    /// The log's tail, who is on.
    pub details: Option<Value>,
}

impl Failed {
    #[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
    pub(crate) fn because<R: ToString>(reason: R) -> Self {
        Self { message: reason.to_string(), ..Self::default() }
    }

    #[expect(clippy::needless_pass_by_value, reason = "takes what format! makes")]
    pub(crate) fn unless<A: ToString>(mut self, action: A) -> Self {
        self.requires_user_action = Some(action.to_string());
        self
    }
}

/// One tool.
pub trait Tool: Sync {
    /// Finds out what will happen, without changing anything.
    ///
    /// # Errors
    /// Every reason why it cannot be done.
    fn plan(&self, scene: &Scene<'_>, deadline: Deadline) -> Result<Plan, Failed>;

    /// Does what was planned.
    ///
    /// # Errors
    /// When something differs from the plan, or fails; then everything is as it was.
    fn apply(&self, scene: &Scene<'_>, plan: Plan, deadline: Deadline) -> Result<Outcome, Failed>;

    /// Undoes a step that may have been carried out wholly, partly or not at all; says what it did.
    ///
    /// # Errors
    /// When it cannot.
    fn undo(&self, scene: &Scene<'_>, undo: &Undo, deadline: Deadline) -> Result<String, Failed>;
}

/// Whether a change of this kernel parameter can take something away from the programs of its host.
///
/// It can when the parameter limits something, or when no table knows it. Whether a value is a reduction, only the host knows.
pub fn may_take_away(kernel_param: &str) -> bool {
    os_config::may_take_away(kernel_param)
}

/// The tool of this name.
pub fn tool(name: ToolName) -> &'static dyn Tool {
    match name {
        ToolName::IrisConfig => &iris_config::IrisConfig,
        ToolName::OsConfig => &os_config::OsConfig,
        ToolName::IrisRestart => &iris_restart::IrisRestart,
        ToolName::License => &license::License,
    }
}

impl Outcome {
    /// The status in the result.
    pub fn status(&self) -> Status {
        if self.partial.is_some() { Status::Partial } else { Status::Success }
    }
}
