//! How long things took.

use std::{fmt, time::Duration};

/// Durations, sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// All of several rounds together.
    pub(crate) fn joined(rounds: &[Self]) -> Self {
        Self::of(rounds.iter().flat_map(|round| round.0.iter().copied()).collect())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The duration that so many per cent of all do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.0.len() * percent / 100).min(self.0.len().saturating_sub(1));
        self.0.get(at).copied().unwrap_or_default()
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p95, p99] = [50, 95, 99].map(|percent| millis(self.percentile(percent)));
        write!(f, "{p50} / {p95} / {p99} ms")
    }
}

/// Milliseconds with two digits.
pub(crate) fn millis(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}

/// The middle of three rounds.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_durations() {
        let latencies = Latencies::of((1..=100).rev().map(Duration::from_millis).collect());
        assert_eq!(latencies.percentile(50), Duration::from_millis(51));
        assert_eq!(latencies.percentile(100), Duration::from_millis(100));
        assert_eq!(Latencies::default().percentile(95), Duration::ZERO);
        assert_eq!(latencies.to_string(), "51.00 / 96.00 / 100.00 ms");
    }

    #[test]
    fn the_median_is_the_middle_round() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
