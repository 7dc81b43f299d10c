//! Measures the reading of logs: `cargo run --release -p instance --example bench -- FILE`.
//!
//! Each figure is the best of three runs, beside that of `grep -cE` on the same file.

use std::{
    fs::File,
    io::{self, Write},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use instance::log::{
    json::{JsonLines, Origin},
    read,
};

const RUNS: usize = 3;
const DATE: &str = r"^[0-9]{2}/[0-9]{2}/[0-9]{2}-[0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{3} ";

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("name a log: bench -- messages.log")?;
    let bytes = File::open(&path)?.metadata()?.len();
    let grep = best(|| {
        let done = Command::new("grep").args(["-cE", DATE, &path]).env("LC_ALL", "C").output()?;
        ensure!(done.status.success(), "grep: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    })?;
    let summary = best(|| {
        let summary = read::summarize(&File::open(&path)?)?;
        ensure!(summary.entries > 0, "{path} holds no entry");
        Ok(())
    })?;
    let json = best(|| {
        let mut json =
            JsonLines::new(io::BufWriter::new(File::create("/dev/null")?), Origin::real());
        read::stream(File::open(&path)?, &mut json)?;
        Ok(json.finish()?)
    })?;
    let mut out = io::stdout().lock();
    for (name, took) in [("grep -cE", grep), ("summary", summary), ("JSON", json)] {
        let rate = rate(bytes, took);
        let share = grep.as_secs_f64() / took.as_secs_f64();
        writeln!(out, "{name:<10}{rate:>8.2} GB/s{share:>8.2} x grep")?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a file of 2^52 bytes is not measured")]
fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / took.as_secs_f64() / 1e9
}

fn best(mut run: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let from = Instant::now();
        run()?;
        best = best.min(from.elapsed());
    }
    Ok(best)
}
