//! Rate limits (Okta developer documentation, "Rate limits"): four sign-ins a second for one user name, ten calls in five
//! seconds for one state token, and a bucket a minute for the org.

use crate::clock::Millis;
use std::collections::BTreeMap;

/// Sign-ins of one user name in one second.
const USER: u32 = 4;
/// Calls with one state token in five seconds.
const STATE_TOKEN: u32 = 10;
/// Calls of one kind in one minute, for the whole org. Okta's own example has 600.
pub(super) const ORG: u32 = 60_000;
/// How many names are remembered; the oldest windows go first.
const REMEMBERED: usize = 10_000;

/// Counts calls in fixed windows.
#[derive(Debug, Default)]
pub(super) struct RateLimits {
    windows: BTreeMap<String, (Millis, u32)>,
}

/// What the headers of an answer say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bucket {
    /// `X-Rate-Limit-Limit`.
    pub(super) limit: u32,
    /// `X-Rate-Limit-Remaining`.
    pub(super) remaining: u32,
    /// `X-Rate-Limit-Reset`: seconds since 1970.
    pub(super) reset: u64,
    /// Whether this call is one too many.
    pub(super) is_over: bool,
}

impl RateLimits {
    /// Counts a call of this kind for the org.
    pub(super) fn org(&mut self, kind: &str, limit: u32, now: Millis) -> Bucket {
        self.count(format!("org {kind}"), limit, 60_000, now)
    }

    /// Counts a sign-in of a user name.
    pub(super) fn user(&mut self, name: &str, now: Millis) -> Bucket {
        self.count(format!("user {}", name.to_ascii_lowercase()), USER, 1_000, now)
    }

    /// Counts a call with a state token.
    pub(super) fn state_token(&mut self, token: &str, now: Millis) -> Bucket {
        self.count(format!("token {token}"), STATE_TOKEN, 5_000, now)
    }

    fn count(&mut self, name: String, limit: u32, length: Millis, now: Millis) -> Bucket {
        if self.windows.len() >= REMEMBERED {
            self.windows.retain(|_, (start, _)| now.saturating_sub(*start) < 60_000);
        }
        if self.windows.len() >= REMEMBERED && !self.windows.contains_key(&name) {
            // A flood of made-up names: those counts are worth nothing.
            self.windows.clear();
        }
        let (start, count) = self.windows.entry(name).or_insert((now, 0));
        if now.saturating_sub(*start) >= length {
            (*start, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        Bucket {
            limit,
            remaining: limit.saturating_sub(*count),
            reset: (*start + length).div_ceil(1000),
            is_over: *count > limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RateLimits;

    #[test]
    fn four_a_second_for_one_name() {
        let mut limits = RateLimits::default();
        let over = |limits: &mut RateLimits, name: &str, now| limits.user(name, now).is_over;
        assert!((0..4).all(|_| !over(&mut limits, "alice", 10_000)));
        assert!(over(&mut limits, "ALICE", 10_999));
        assert!(!over(&mut limits, "bob", 10_999));
        assert!(!over(&mut limits, "alice", 11_000));
    }

    #[test]
    fn headers_of_the_org_bucket() {
        let mut limits = RateLimits::default();
        let first = limits.org("/api/v1/authn", 2, 1_500);
        assert_eq!((first.limit, first.remaining, first.reset, first.is_over), (2, 1, 62, false));
        assert!(!limits.org("/api/v1/authn", 2, 1_500).is_over);
        assert!(limits.org("/api/v1/authn", 2, 61_000).is_over);
        assert!(!limits.org("/api/v1/authn", 2, 61_500).is_over);
    }

    #[test]
    fn a_flood_of_names_takes_bounded_room() {
        let mut limits = RateLimits::default();
        for number in 0..30_000 {
            limits.user(&number.to_string(), 1_000);
        }
        assert!(limits.windows.len() <= super::REMEMBERED);
    }
}
