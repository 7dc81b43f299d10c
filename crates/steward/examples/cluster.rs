//! A private PostgreSQL cluster by itself: `cluster DIR [PROGRAMS] [TEMP]` runs it until its standard input ends.
//!
//! It prints the cluster's URL when that is ready, or says on standard error why it is not, as the server does.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line program")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use steward::cluster::{Cluster, Settings};
use steward::datadir::DataDir;
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(dir) = arguments.next() else {
        eprintln!("usage: cluster DIR [PROGRAMS] [TEMP]");
        return ExitCode::from(2);
    };
    let programs = arguments.next().filter(|folder| folder.is_dir());
    let temp = arguments.next().unwrap_or_else(|| PathBuf::from("/tmp"));
    let settings = Settings { programs, temp, ..Settings::default() };
    match run(&dir, settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(dir: &Path, settings: Settings) -> Result<(), Box<dyn std::error::Error>> {
    let dir = DataDir::open(dir)?;
    let cluster = Cluster::start(dir.path(), settings).await?;
    println!("{}", cluster.url());
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    cluster.stop().await;
    Ok(())
}
