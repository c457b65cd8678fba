//! Waiting: a deadline for the whole wait, and pauses between looks.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::error::{Error, ErrorCode};

/// How long a command may wait, and how often it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The pause between two looks. One look is one call.
    pub interval: Duration,
    /// When the whole wait ends.
    deadline: Instant,
    /// The limit as the user gave it, for the message.
    limit: Duration,
}

impl Patience {
    /// A wait that ends `limit` from now and looks every `interval`.
    #[must_use]
    pub fn new(limit: Duration, interval: Duration) -> Self {
        let now = Instant::now();
        // A limit beyond what the clock can count means "a day", not a panic.
        let deadline = now.checked_add(limit).unwrap_or_else(|| now + Duration::from_secs(86_400));
        Self { interval, deadline, limit }
    }

    /// Whether the deadline has passed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Waits one interval, or until the deadline when that is sooner.
    pub async fn pause(&self) {
        self.pause_for(self.interval).await;
    }

    /// Waits `time`, or until the deadline when that is sooner.
    pub async fn pause_for(&self, time: Duration) {
        sleep(time.min(self.deadline.saturating_duration_since(Instant::now()))).await;
    }

    /// The same deadline, but never longer than `limit` from now: for a wait with a budget of its own.
    #[must_use]
    pub fn at_most(&self, limit: Duration) -> Self {
        let own = Self::new(limit, self.interval);
        if own.deadline < self.deadline { own } else { *self }
    }

    /// The error of a wait that ran out. `goes_on` says what continues without us.
    #[must_use]
    pub fn ran_out(&self, goes_on: &str) -> Error {
        Error::new(ErrorCode::Deadline, format!("still waiting after {}", humantime::format_duration(self.limit)))
            .cause(goes_on.to_owned())
            .hint("run the same command again to go on waiting, or give it more time with --timeout")
    }
}

/// Pauses that grow: each is drawn at random below a bound that doubles ("full jitter"), so that many runs that were
/// throttled together do not come back together.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    bound: Duration,
    cap: Duration,
}

impl Backoff {
    /// Starts at `first` and never exceeds eight times that.
    #[must_use]
    pub const fn from(first: Duration) -> Self {
        Self { bound: first, cap: first.saturating_mul(8) }
    }

    /// The next pause: at least half of the bound, so that it always gets slower.
    pub fn next_pause(&mut self) -> Duration {
        let bound = self.bound;
        self.bound = bound.saturating_mul(2).min(self.cap);
        bound.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_eight_times_the_first() {
        let first = Duration::from_secs(1);
        let mut backoff = Backoff::from(first);
        for bound in [1, 2, 4, 8, 8] {
            let pause = backoff.next_pause();
            let bound = Duration::from_secs(bound);
            assert!(pause <= bound && pause >= bound / 2, "{pause:?} of {bound:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_never_passes_the_deadline() {
        let patience = Patience::new(Duration::from_secs(3), Duration::from_secs(2));
        let start = Instant::now();
        patience.pause().await;
        assert!(!patience.is_over());
        patience.pause().await;
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert!(patience.is_over());
        assert_eq!(patience.ran_out("x").code, ErrorCode::Deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_that_ran_out_is_the_one_that_is_told() {
        let patience = Patience::new(Duration::from_secs(3), Duration::from_secs(2));
        for (budget, told) in [(2, "still waiting after 2s"), (300, "still waiting after 3s")] {
            let error = patience.at_most(Duration::from_secs(budget)).ran_out("x");
            assert_eq!(error.message, told);
        }
    }
}
