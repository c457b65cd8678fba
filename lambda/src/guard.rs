//! What stands before Okta: tries are counted, and a limit that Okta has named is waited for. Pure but for the counting; the
//! time is given.

use std::time::{Duration, SystemTime};

use crate::access::{Credential, Needs};
use crate::okta::{Bucket, Detail, HoldOff, Judgement};
use crate::reason::Reason;
use crate::settings::Throttle;
use crate::throttle::{REMEMBERED, Source, Times, Tries};

/// How many times as many questions for keys are let through as failed passwords.
///
/// A client asks for each key that it offers, before any password, and whether it holds one of the user's keys the function
/// never learns. So each question counts, whatever came of it, and honest clients need more of them.
pub const KEY_QUESTIONS: u32 = 6;

/// The guard of one running function. Passwords and questions for keys are counted apart: a client that offers keys in vain
/// must not use up the tries of the password that follows.
pub struct Guard {
    passwords: Counts,
    keys: Counts,
    authn: Held,
    directory: Held,
}

/// What was tried, by login and by source.
struct Counts {
    users: Tries<String>,
    sources: Tries<Source>,
}

/// Until when nobody asks what Okta counts in one bucket.
struct Held {
    everyone: Duration,
    users: Times<String>,
}

/// Who asks, about what.
#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    /// What is asked about.
    pub credential: Credential,
    /// The canonical login, so that a login and its aliases count together.
    pub login: &'a str,
    /// Where it comes from.
    pub source: Source,
    /// What the directory will be asked for, as far as that is known before.
    pub needs: Needs,
}

impl Try<'_> {
    /// Whether Okta will be asked something that it counts in this bucket.
    fn asks(&self, bucket: Bucket) -> bool {
        match bucket {
            Bucket::Authn => self.credential == Credential::Password,
            Bucket::Directory => self.needs.directory(),
        }
    }
}

impl Counts {
    fn new(Throttle { per_user, per_source }: Throttle) -> Self {
        Self { users: Tries::new(per_user), sources: Tries::new(per_source) }
    }

    fn count(&mut self, attempt: Try<'_>, now: Duration) {
        self.users.count(attempt.login.to_owned(), now);
        self.sources.count(attempt.source, now);
    }
}

impl Held {
    fn new() -> Self {
        Self { everyone: Duration::ZERO, users: Times::new(REMEMBERED) }
    }

    fn holds(&self, login: &str, now: Duration) -> bool {
        self.everyone > now || self.users.get(login, now).is_some()
    }

    fn hold(&mut self, login: &str, hold_off: HoldOff, now: Duration) {
        match hold_off {
            HoldOff::Everyone(pause) => self.everyone = self.everyone.max(now + pause),
            HoldOff::User(pause) => self.users.set(login.to_owned(), now + pause, now),
        }
    }
}

impl Guard {
    /// Has counted nothing yet.
    #[must_use]
    pub fn new(throttle: Throttle) -> Self {
        let questions = Throttle {
            per_user: throttle.per_user.saturating_mul(KEY_QUESTIONS),
            per_source: throttle.per_source.saturating_mul(KEY_QUESTIONS),
        };
        let (passwords, keys) = (Counts::new(throttle), Counts::new(questions));
        Self { passwords, keys, authn: Held::new(), directory: Held::new() }
    }

    /// Whether Okta may be asked. `now` is a time on a clock that never goes back.
    ///
    /// # Errors
    /// It may not; the judgement says why.
    pub fn check(&self, attempt: Try<'_>, now: Duration) -> Result<(), Judgement> {
        let counts = match attempt.credential {
            Credential::Password => &self.passwords,
            Credential::PublicKey => &self.keys,
        };
        let held = [(Bucket::Authn, &self.authn), (Bucket::Directory, &self.directory)];
        if !counts.users.allows(attempt.login, now) {
            Err(Reason::ThrottledUser.into())
        } else if !counts.sources.allows(&attempt.source, now) {
            Err(Reason::ThrottledSource.into())
        } else if held.into_iter().any(|(bucket, held)| attempt.asks(bucket) && held.holds(attempt.login, now)) {
            Err(Judgement { detail: Some(Detail::HeldOff), ..Reason::RateLimited.into() })
        } else {
            Ok(())
        }
    }

    /// Notes what came of asking Okta. `time` is the time of day.
    pub fn note(&mut self, attempt: Try<'_>, judgement: &Judgement, now: Duration, time: SystemTime) {
        if let Some(rate_limit) = &judgement.rate_limit {
            let held = match rate_limit.bucket {
                Bucket::Authn => &mut self.authn,
                Bucket::Directory => &mut self.directory,
            };
            held.hold(attempt.login, rate_limit.hold_off(time), now);
        }
        match attempt.credential {
            Credential::Password if judgement.reason == Reason::Ok => self.passwords.users.forget(attempt.login),
            Credential::Password if judgement.reason.is_failed_try() => self.passwords.count(attempt, now),
            Credential::Password => {}
            Credential::PublicKey => self.keys.count(attempt, now),
        }
    }
}

#[cfg(test)]
mod tests;
