//! The bench, built like what it measures.
//!
//! It is a crate of its own: it speaks HTTP and MQTT with the workspace's crates, and this one must build without them.

use std::{ffi::OsString, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// Builds bench and server for release and runs the bench. In one build, so that both share their dependencies.
pub(crate) fn run(workspace: &Path, arguments: &[OsString]) -> Result<()> {
    let mut build = Command::new("cargo");
    build.current_dir(workspace).args(["build", "--release", "--package", "steward"]);
    succeed(build.args(["--package", "bench"]))?;
    // Not in the workspace's folder: the paths among the arguments are the caller's.
    succeed(Command::new(workspace.join("target/release/bench")).args(arguments))
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
