//! What a 429 says, and how long nobody asks after it (Okta developer documentation, "Rate limits").
//!
//! A 429 is not the password's fault and costs no try. But every request that follows it is refused as well and keeps the
//! org's limit used up for all its other applications, so this function holds off until the time that Okta names.

use std::time::{Duration, SystemTime};

/// The longest time for which nobody asks, whatever the headers say.
const LONGEST: Duration = Duration::from_secs(60);
/// After a limit on requests at once: the reset time is only a hint then, and such a jam is over soon.
const CONCURRENCY: Duration = Duration::from_secs(1);
/// When the headers tell nothing.
const UNTOLD: Duration = Duration::from_secs(5);
/// The largest limit that is one of a user name and not of the org: 4 a second, or 20 in 5 seconds on Identity Engine.
const LARGEST_OF_A_USER: u64 = 20;

/// What Okta counts apart, as far as it is held off from apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bucket {
    /// The Authentication API.
    #[default]
    Authn,
    /// Users, their groups, and the service app's token.
    Directory,
}

/// A 429: what was asked, and the headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// What had been asked for.
    pub bucket: Bucket,
    /// `X-Rate-Limit-Limit`.
    pub limit: Option<u64>,
    /// `X-Rate-Limit-Remaining`.
    pub remaining: Option<u64>,
    /// `X-Rate-Limit-Reset`, in seconds since 1970.
    pub reset: Option<u64>,
    /// `Date`, which the reset time is to be held against: this clock may be wrong.
    pub date: Option<SystemTime>,
}

/// Who is not to be asked about, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldOff {
    /// The user name of the request.
    User(Duration),
    /// Anybody.
    Everyone(Duration),
}

impl RateLimit {
    /// How long to hold off. `now` stands in for a missing `Date`.
    #[must_use]
    pub fn hold_off(&self, now: SystemTime) -> HoldOff {
        let left = self.reset.and_then(|reset| {
            let date = self.date.unwrap_or(now).duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Some(Duration::from_secs(reset).saturating_sub(date).clamp(CONCURRENCY, LONGEST))
        });
        match (self.limit, self.remaining) {
            (Some(0), Some(0)) => HoldOff::Everyone(CONCURRENCY),
            // The bucket that these headers are about is not the one that is empty.
            (Some(_), Some(1..)) => HoldOff::User(CONCURRENCY),
            (Some(limit), _) if limit <= LARGEST_OF_A_USER => HoldOff::User(left.unwrap_or(UNTOLD)),
            _ => HoldOff::Everyone(left.unwrap_or(UNTOLD)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Bucket, HoldOff, RateLimit};

    #[test]
    fn how_long_and_for_whom() {
        use HoldOff::{Everyone, User};
        let seconds = Duration::from_secs;
        let date = SystemTime::UNIX_EPOCH + seconds(1_000);
        let all = |limit, remaining, reset, date| RateLimit { bucket: Bucket::Authn, limit, remaining, reset, date };
        for (headers, expected) in [
            (all(Some(600), Some(0), Some(1_030), Some(date)), Everyone(seconds(30))),
            (all(Some(600), Some(0), Some(1_000_000), Some(date)), Everyone(seconds(60))),
            (all(Some(600), Some(0), Some(u64::MAX), Some(date)), Everyone(seconds(60))),
            (all(Some(600), Some(0), Some(900), Some(date)), Everyone(seconds(1))),
            (all(Some(600), Some(0), Some(0), Some(date)), Everyone(seconds(1))),
            (all(Some(600), None, Some(1_030), Some(date)), Everyone(seconds(30))),
            (all(Some(600), Some(0), None, Some(date)), Everyone(seconds(5))),
            // By this function's own clock, which the test has at 1,010.
            (all(Some(600), Some(0), Some(1_030), None), Everyone(seconds(20))),
            // Requests at once: the reset time is only a hint.
            (all(Some(0), Some(0), Some(1_059), Some(date)), Everyone(seconds(1))),
            (all(Some(4), Some(0), Some(1_001), Some(date)), User(seconds(1))),
            (all(Some(20), Some(0), Some(1_004), Some(date)), User(seconds(4))),
            (all(Some(600), Some(412), Some(1_030), Some(date)), User(seconds(1))),
            (RateLimit::default(), Everyone(seconds(5))),
        ] {
            assert_eq!(headers.hold_off(date + seconds(10)), expected, "{headers:?}");
        }
    }
}
