use std::time::{Duration, SystemTime};

use super::{Guard, Try};
use crate::access::Credential::{self, Password, PublicKey};
use crate::access::Needs;
use crate::okta::{Bucket, Judgement, RateLimit};
use crate::reason::Reason;
use crate::settings::Throttle;
use crate::throttle::Source;

const NOTHING: Needs = Needs { person: false, groups: false };
const GROUPS: Needs = Needs { person: false, groups: true };

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
    fn attempt(&mut self, credential: Credential, login: &str, address: &str, okta: &Judgement) -> String {
        let needs = Needs { person: credential == PublicKey, groups: false };
        self.attempt_that_needs(needs, credential, login, address, okta)
    }

    fn attempt_that_needs(
        &mut self,
        needs: Needs,
        credential: Credential,
        login: &str,
        address: &str,
        okta: &Judgement,
    ) -> String {
        let attempt = Try { credential, login, source: Source::of(address.parse().ok()), needs };
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

fn limited(bucket: Bucket, limit: u64, reset: u64) -> Judgement {
    let rate_limit = RateLimit { bucket, limit: Some(limit), remaining: Some(0), reset: Some(reset), date: None };
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

/// Nobody but Transfer knows whether the client holds the key: each question counts, also one that was answered.
#[test]
fn every_question_for_keys_counts() {
    for okta in [Reason::Ok, Reason::NoKeys, Reason::UserUnknown, Reason::OktaUnavailable, Reason::ServiceApp] {
        let mut stand = Stand::new(2, 0);
        for _ in 0..12 {
            let asked = stand.attempt(PublicKey, "alice", "192.0.2.1", &okta.into());
            assert_eq!(asked, format!("asked: {}", okta.as_str()));
        }
        assert_eq!(stand.attempt(PublicKey, "alice", "192.0.2.9", &okta.into()), "throttled-user");
        stand.now += Duration::from_secs(5);
        assert_eq!(stand.attempt(PublicKey, "alice", "192.0.2.9", &Reason::Ok.into()), "asked: ok");
    }
    let mut stand = Stand::new(0, 1);
    for name in 0..6 {
        assert_eq!(stand.attempt(PublicKey, &format!("u{name}"), "192.0.2.1", &Reason::Ok.into()), "asked: ok");
    }
    assert_eq!(stand.attempt(PublicKey, "alice", "192.0.2.1", &Reason::Ok.into()), "throttled-source");
    // 0 counts nothing here either, and a number for which there is no sixfold does no harm.
    for mut stand in [Stand::new(0, 0), Stand::new(u32::MAX, u32::MAX)] {
        for _ in 0..1000 {
            assert_eq!(stand.attempt(PublicKey, "alice", "192.0.2.1", &Reason::Ok.into()), "asked: ok");
        }
    }
}

/// Clients without a key of the user's, behind one address with one that has.
#[test]
fn a_keyed_user_behind_a_busy_address() {
    let Throttle { per_user, per_source } = Throttle::default();
    let mut stand = Stand::new(per_user, per_source);
    for probe in 0..40 {
        let asked = stand.attempt(PublicKey, &format!("user{probe}"), "192.0.2.1", &Reason::NoKeys.into());
        assert_eq!(asked, "asked: no-keys");
    }
    assert_eq!(stand.attempt(PublicKey, "keyed", "192.0.2.1", &Reason::Ok.into()), "asked: ok");
    assert_eq!(stand.attempt(Password, "user1", "192.0.2.1", &Reason::Ok.into()), "asked: ok");
}

/// A client that offers keys first must not be shut out by that; and a source is not forgiven for one account of its
/// own.
#[test]
fn keys_apart_and_success() {
    let mut stand = Stand::new(1, 2);
    for _ in 0..6 {
        assert_eq!(stand.attempt(PublicKey, "alice", "192.0.2.1", &Reason::NoKeys.into()), "asked: no-keys");
    }
    assert_eq!(stand.attempt(PublicKey, "alice", "192.0.2.1", &Reason::NoKeys.into()), "throttled-user");
    assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &Reason::Ok.into()), "asked: ok");

    assert_eq!(stand.attempt(Password, "bob", "192.0.2.7", &wrong()), "asked: bad-credentials");
    assert_eq!(stand.attempt(Password, "mallory", "192.0.2.7", &Reason::Ok.into()), "asked: ok");
    assert_eq!(stand.attempt(Password, "carol", "192.0.2.7", &wrong()), "asked: bad-credentials");
    assert_eq!(stand.attempt(Password, "dave", "192.0.2.7", &wrong()), "throttled-source");
}

#[test]
fn a_named_limit_is_waited_for() {
    let mut stand = Stand::new(5, 30);
    let authn = |limit, reset| limited(Bucket::Authn, limit, reset);
    assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &authn(600, 20)), "asked: rate-limited");
    assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "rate-limited");
    // Users and groups have a limit of their own.
    assert_eq!(stand.attempt(PublicKey, "bob", "192.0.2.2", &Reason::Ok.into()), "asked: ok");
    stand.now += Duration::from_secs(19);
    assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "rate-limited");
    stand.now += Duration::from_secs(1);
    assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "asked: ok");

    assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &authn(4, 1)), "asked: rate-limited");
    assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &Reason::Ok.into()), "rate-limited");
    assert_eq!(stand.attempt(Password, "bob", "192.0.2.2", &Reason::Ok.into()), "asked: ok");
    stand.now += Duration::from_secs(1);
    assert_eq!(stand.attempt(Password, "alice", "192.0.2.1", &Reason::Ok.into()), "asked: ok");
}

/// Whoever needs the directory waits for it, whatever asked it last; a password that needs none goes on.
#[test]
fn a_limit_of_the_directory() {
    for first in [Password, PublicKey] {
        let mut stand = Stand::new(5, 30);
        let limited = limited(Bucket::Directory, 600, 20);
        let ok = Reason::Ok.into();
        assert_eq!(stand.attempt_that_needs(GROUPS, first, "alice", "192.0.2.1", &limited), "asked: rate-limited");
        assert_eq!(stand.attempt_that_needs(GROUPS, Password, "bob", "192.0.2.2", &ok), "rate-limited");
        assert_eq!(stand.attempt(PublicKey, "bob", "192.0.2.2", &ok), "rate-limited");
        assert_eq!(stand.attempt_that_needs(NOTHING, Password, "bob", "192.0.2.2", &ok), "asked: ok");
        stand.now += Duration::from_secs(20);
        assert_eq!(stand.attempt(PublicKey, "bob", "192.0.2.2", &ok), "asked: ok");
    }
}
