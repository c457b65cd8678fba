//! What stands before Okta: failed tries are counted, and a limit that Okta has named is waited for. Pure but for the
//! counting; the time is given.

use std::time::{Duration, SystemTime};

use crate::metrics::Asked;
use crate::okta::{Detail, HoldOff, Judgement};
use crate::reason::Reason;
use crate::settings::Throttle;
use crate::throttle::{REMEMBERED, Source, Times, Tries};
use crate::user_name::UserName;

/// The guard of one running function. Passwords and questions for keys are counted apart: clients that offer a key before
/// their password fail with it at each sign-in.
pub struct Guard {
    passwords: Lane,
    keys: Lane,
}

struct Lane {
    users: Tries<UserName>,
    sources: Tries<Source>,
    everyone_held: Duration,
    users_held: Times<UserName>,
}

impl Lane {
    fn new(throttle: Throttle) -> Self {
        Self {
            users: Tries::new(throttle.per_user),
            sources: Tries::new(throttle.per_source),
            everyone_held: Duration::ZERO,
            users_held: Times::new(REMEMBERED),
        }
    }
}

/// Who asks, about what.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// What is asked about.
    pub asked: Asked,
    /// The user name.
    pub user: &'a UserName,
    /// Where it comes from.
    pub source: Source,
}

impl Guard {
    /// Has counted nothing yet.
    #[must_use]
    pub fn new(throttle: Throttle) -> Self {
        Self { passwords: Lane::new(throttle), keys: Lane::new(throttle) }
    }

    /// Whether Okta may be asked. `now` is a time on a clock that never goes back.
    ///
    /// # Errors
    /// It may not; the judgement says why.
    pub fn check(&self, attempt: Try<'_>, now: Duration) -> Result<(), Judgement> {
        let lane = self.lane(attempt.asked);
        if !lane.users.allows(attempt.user, now) {
            Err(Reason::ThrottledUser.into())
        } else if !lane.sources.allows(&attempt.source, now) {
            Err(Reason::ThrottledSource.into())
        } else if lane.everyone_held > now || lane.users_held.get(attempt.user, now).is_some() {
            Err(Judgement { detail: Some(Detail::HeldOff), ..Reason::RateLimited.into() })
        } else {
            Ok(())
        }
    }

    /// Notes what came of asking Okta. `time` is the time of day.
    pub fn note(&mut self, attempt: Try<'_>, judgement: &Judgement, now: Duration, time: SystemTime) {
        let lane = match attempt.asked {
            Asked::Password => &mut self.passwords,
            Asked::Keys => &mut self.keys,
        };
        if let Some(rate_limit) = &judgement.rate_limit {
            match rate_limit.hold_off(time) {
                HoldOff::Everyone(pause) => lane.everyone_held = lane.everyone_held.max(now + pause),
                HoldOff::User(pause) => lane.users_held.set(attempt.user.clone(), now + pause, now),
            }
        }
        if judgement.reason == Reason::Ok {
            lane.users.succeeded(attempt.user);
        } else if judgement.reason.is_failed_try() {
            lane.users.failed(attempt.user.clone(), now);
            lane.sources.failed(attempt.source, now);
        }
    }

    fn lane(&self, asked: Asked) -> &Lane {
        match asked {
            Asked::Password => &self.passwords,
            Asked::Keys => &self.keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Guard, Try};
    use crate::metrics::Asked::{self, Keys, Password};
    use crate::okta::{Judgement, RateLimit};
    use crate::reason::Reason;
    use crate::settings::Throttle;
    use crate::throttle::Source;
    use crate::user_name::UserName;

    /// A guard, and what is told of it: each line is a try and how it ended.
    struct Stand {
        guard: Guard,
        now: Duration,
    }

    impl Stand {
        fn new(per_user: u32, per_source: u32) -> Self {
            Self { guard: Guard::new(Throttle { per_user, per_source }), now: Duration::from_secs(100) }
        }

        /// What becomes of a try that Okta would answer with this.
        fn attempt(&mut self, asked: Asked, user: &str, address: &str, okta: &Judgement) -> String {
            let Ok(user) = UserName::parse(user, None) else { return "no name".to_owned() };
            let attempt = Try { asked, user: &user, source: Source::of(address.parse().ok()) };
            match self.guard.check(attempt, self.now) {
                Err(judgement) => judgement.reason.as_str().to_owned(),
                Ok(()) => {
                    self.guard.note(attempt, okta, self.now, SystemTime::UNIX_EPOCH);
                    format!("asked: {}", okta.reason.as_str())
                }
            }
        }
    }

    fn wrong() -> Judgement {
        Reason::BadCredentials.into()
    }

    fn limited(limit: u64, reset: u64) -> Judgement {
        let rate_limit = RateLimit { limit: Some(limit), remaining: Some(0), reset: Some(reset), date: None };
        Judgement { rate_limit: Some(rate_limit), ..Reason::RateLimited.into() }
    }

    #[test]
    fn failed_tries_of_a_user_and_of_a_source() {
        let mut stand = Stand::new(2, 3);
        for (user, address, expected) in [
            ("alice", "192.0.2.1", "asked: bad-credentials"),
            ("alice", "192.0.2.2", "asked: bad-credentials"),
            ("alice", "192.0.2.3", "throttled-user"),
            ("bob", "192.0.2.1", "asked: bad-credentials"),
            ("carol", "192.0.2.1", "asked: bad-credentials"),
            ("dave", "192.0.2.1", "throttled-source"),
            ("dave", "192.0.2.9", "asked: bad-credentials"),
        ] {
            assert_eq!(stand.attempt(Password, user, address, &wrong()), expected, "{user} {address}");
        }
        stand.now += Duration::from_secs(30);
        assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &wrong()), "asked: bad-credentials");
    }

    #[test]
    fn what_counts_and_what_does_not() {
        for (okta, counts) in [
            (wrong(), true),
            (Reason::MfaFailed.into(), true),
            (Reason::PushTimeout.into(), true),
            (Reason::LockedOut.into(), true),
            (Reason::NoRule.into(), true),
            (Reason::OktaUnavailable.into(), false),
            (Reason::Config.into(), false),
            (Reason::ServiceApp.into(), false),
            (Reason::Ok.into(), false),
        ] {
            let mut stand = Stand::new(1, 0);
            stand.attempt(Password, "alice", "192.0.2.1", &okta);
            let next = stand.attempt(Password, "alice", "192.0.2.1", &okta);
            assert_eq!(next == "throttled-user", counts, "{okta:?}");
        }
    }

    /// A client that offers a key first must not be shut out by that; and a source is not forgiven for one account of its
    /// own.
    #[test]
    fn keys_apart_and_success() {
        let mut stand = Stand::new(1, 2);
        assert_eq!(stand.attempt(Keys, "alice", "192.0.2.1", &Reason::NoKeys.into()), "asked: no-keys");
        assert_eq!(stand.attempt(Keys, "alice", "192.0.2.1", &Reason::NoKeys.into()), "throttled-user");
        assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &Reason::Ok.into()), "asked: ok");

        assert_eq!(stand.attempt(Password, "bob", "192.0.2.7", &wrong()), "asked: bad-credentials");
        assert_eq!(stand.attempt(Password, "mallory", "192.0.2.7", &Reason::Ok.into()), "asked: ok");
        assert_eq!(stand.attempt(Password, "carol", "192.0.2.7", &wrong()), "asked: bad-credentials");
        assert_eq!(stand.attempt(Password, "dave", "192.0.2.7", &wrong()), "throttled-source");
    }

    #[test]
    fn a_named_limit_is_waited_for() {
        let mut stand = Stand::new(5, 30);
        assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &limited(600, 20)), "asked: rate-limited");
        assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "rate-limited");
        // Users and groups have a limit of their own.
        assert_eq!(stand.attempt(Keys, "bob", "192.0.2.2", &Reason::Ok.into()), "asked: ok");
        stand.now += Duration::from_secs(19);
        assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "rate-limited");
        stand.now += Duration::from_secs(1);
        assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "asked: ok");

        assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &limited(4, 1)), "asked: rate-limited");
        assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &Reason::Ok.into()), "rate-limited");
        assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "asked: ok");
        stand.now += Duration::from_secs(1);
        assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &Reason::Ok.into()), "asked: ok");
    }
}
