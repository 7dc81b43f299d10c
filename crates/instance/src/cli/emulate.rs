//! `instance emulate`: makes and starts an instance that looks like the product.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::Context;
use clap::Args;

use super::{Failure, print, tell};
use crate::emulator::{self, Fault, Home, Settings};

pub(super) const EXAMPLES: &str = "\
Examples:
  instance emulate --dir /tmp/iris --port 51773
  instance emulate --dir /tmp/iris --port 51773 --time-scale 50
  instance emulate --dir /tmp/iris --fault hang-on-stop      switch a fault on
  instance emulate --dir /tmp/iris --no-fault                switch all faults off";

/// What to emulate.
#[derive(Debug, Args)]
pub struct Emulate {
    /// Where; made when it does not exist
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The superserver's port of a new instance
    #[arg(long, value_name = "PORT", default_value_t = 51773)]
    port: u16,
    /// The name of a new instance
    #[arg(long, value_name = "NAME", default_value = "IRIS")]
    name: String,
    /// How many times faster than the product it starts and stops
    #[arg(long, value_name = "FACTOR")]
    time_scale: Option<f64>,
    /// The memory of the machine it believes to run on
    #[arg(long, value_name = "MB")]
    ram_mb: Option<u64>,
    /// Something that goes wrong; may be given several times
    #[arg(long, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// Nothing goes wrong any more
    #[arg(long, conflicts_with = "fault")]
    no_fault: bool,
    /// Do not start it
    #[arg(long)]
    no_start: bool,
}

pub(super) fn run(args: &Emulate) -> anyhow::Result<ExitCode> {
    let home = match Home::at(&args.dir).ok().filter(|home| home.settings().is_ok()) {
        Some(home) => changed(args, home)?,
        None => created(args)?,
    };
    if !args.no_start && !runs(&home)? {
        let started = iris(&home, &["start", &home.settings()?.name, "quietly"])?;
        if !started.0 {
            return Err(Failure::Tool(format!("it does not start: {}", started.1)).into());
        }
    }
    let dir = home.dir().display();
    print(&iris(&home, &["list"])?.1)?;
    tell(&format!(
        "try {dir}/bin/iris help; log in {dir}/mgr/messages.log; kernel parameters below {dir}/os"
    ));
    Ok(ExitCode::SUCCESS)
}

fn created(args: &Emulate) -> anyhow::Result<Home> {
    let default = Settings::default();
    let settings = Settings {
        name: args.name.clone(),
        time_scale: args.time_scale.unwrap_or(default.time_scale),
        ram_mb: args.ram_mb.unwrap_or(default.ram_mb),
        faults: args.fault.clone(),
    };
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    emulator::create(&args.dir, args.port, &settings, &program).map_err(|e| {
        Failure::Input(format!("cannot emulate in {}: {e}", args.dir.display())).into()
    })
}

fn changed(args: &Emulate, home: Home) -> anyhow::Result<Home> {
    let mut settings = home.settings()?;
    settings.time_scale = args.time_scale.unwrap_or(settings.time_scale);
    settings.ram_mb = args.ram_mb.unwrap_or(settings.ram_mb);
    if args.no_fault || !args.fault.is_empty() {
        settings.faults.clone_from(&args.fault);
    }
    home.save(&settings)?;
    Ok(home)
}

fn runs(home: &Home) -> anyhow::Result<bool> {
    Ok(iris(home, &["qlist"])?.1.contains("^running"))
}

fn iris(home: &Home, arguments: &[&str]) -> anyhow::Result<(bool, String)> {
    let command: &Path = &home.iris();
    let ended = Command::new(command)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {}", command.display()))?;
    let text = [ended.stdout, ended.stderr].concat();
    Ok((ended.status.success(), String::from_utf8_lossy(&text).into_owned()))
}
