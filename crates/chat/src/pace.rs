//! At most so many calls in any minute.

use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};

const MINUTE: Duration = Duration::from_mins(1);

/// The last calls. A token bucket would let twice as many through in its first minute.
#[derive(Debug)]
pub(crate) struct Pace {
    most: usize,
    calls: Mutex<VecDeque<Instant>>,
}

impl Pace {
    pub(crate) fn new(a_minute: NonZeroU32) -> Self {
        let most = usize::try_from(a_minute.get()).unwrap_or(usize::MAX);
        Self { most, calls: Mutex::default() }
    }

    /// Waits for a turn, behind all who came earlier.
    pub(crate) async fn turn(&self) {
        let mut calls = self.calls.lock().await;
        if calls.len() >= self.most
            && let Some(oldest) = calls.front()
        {
            sleep_until(*oldest + MINUTE).await;
            calls.pop_front();
        }
        calls.push_back(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_calls_than_allowed() {
        let pace = Pace::new(NonZeroU32::MIN.saturating_add(2));
        let mut times = Vec::new();
        let began = Instant::now();
        for _ in 0..7 {
            pace.turn().await;
            times.push(began.elapsed().as_secs());
        }
        assert_eq!(times, [0, 0, 0, 60, 60, 60, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_takes_no_turn() {
        let pace = Pace::new(NonZeroU32::MIN);
        pace.turn().await;
        let gone = tokio::time::timeout(Duration::from_secs(1), pace.turn()).await;
        assert!(gone.is_err());
        assert_eq!(pace.calls.lock().await.len(), 1);
    }
}
