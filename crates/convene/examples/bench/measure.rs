//! Times and how they are shown.

use std::time::{Duration, Instant};

/// Times of the same thing, sorted.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    pub(crate) fn median(&self) -> Duration {
        self.at(50)
    }

    pub(crate) fn p95(&self) -> Duration {
        self.at(95)
    }

    /// The time that so many percent do not exceed (nearest rank).
    fn at(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }
}

/// How long it takes, once.
pub(crate) fn once(part: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    part()?;
    Ok(begin.elapsed())
}

/// How long it takes, again and again.
pub(crate) fn measured(
    rounds: usize,
    mut part: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Times> {
    (0..rounds).map(|_| once(&mut part)).collect::<anyhow::Result<_>>().map(Times::of)
}

/// A row of the table.
pub(crate) struct Figure {
    title: String,
    time: Duration,
    baseline: Option<Duration>,
    aim: &'static str,
}

impl Figure {
    pub(crate) fn median(title: &str, times: &Times) -> Self {
        Self { title: title.to_owned(), time: times.median(), baseline: None, aim: "" }
    }

    pub(crate) fn p95(title: &str, times: &Times) -> Self {
        Self { time: times.p95(), ..Self::median(title, times) }
    }

    pub(crate) fn beside(self, baseline: Duration) -> Self {
        Self { baseline: Some(baseline), ..self }
    }

    pub(crate) fn aim(self, aim: &'static str) -> Self {
        Self { aim, ..self }
    }

    #[expect(clippy::print_stdout, reason = "its output is the figures")]
    pub(crate) fn print(&self) {
        let Self { title, time, baseline, aim } = self;
        let other = baseline.map_or(String::new(), shown);
        let ratio = baseline.map_or(String::new(), |baseline| {
            format!("{:.2}", time.as_secs_f64() / baseline.as_secs_f64())
        });
        println!("| {title} | {} | {other} | {ratio} | {aim} |", shown(*time));
    }
}

fn shown(time: Duration) -> String {
    match time.as_secs_f64() * 1_000.0 {
        long if long >= 1_000.0 => format!("{:.2} s", long / 1_000.0),
        short if short < 10.0 => format!("{short:.2} ms"),
        between => format!("{between:.0} ms"),
    }
}
