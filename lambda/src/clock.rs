//! The two clocks that a sign-in looks at.

use std::time::{Duration, Instant, SystemTime};

/// The time of day, and a time that never goes back. Tests set their own.
pub struct Clock {
    monotonic: Box<dyn Fn() -> Duration + Send + Sync>,
    wall: Box<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Clock {
    /// The clocks of this machine.
    #[must_use]
    pub fn system() -> Self {
        let start = Instant::now();
        Self { monotonic: Box::new(move || start.elapsed()), wall: Box::new(SystemTime::now) }
    }

    /// Clocks of the caller's.
    #[must_use]
    pub fn new(
        monotonic: impl Fn() -> Duration + Send + Sync + 'static,
        wall: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        Self { monotonic: Box::new(monotonic), wall: Box::new(wall) }
    }

    /// Time since some start; it never goes back.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        (self.monotonic)()
    }

    /// The time of day.
    #[must_use]
    pub fn wall(&self) -> SystemTime {
        (self.wall)()
    }

    /// Seconds since 1970.
    #[must_use]
    pub fn unix_seconds(&self) -> u64 {
        self.wall().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
    }
}
