//! A limit on tries, ahead of Okta: a password spray must not use up the org's rate limit, and guesses at one password are
//! slowed down. It does not keep a user from being locked: a minute's tries go through at once, as many in each minute that
//! follows, and all that in each running copy of the function. Okta's own lockout may count to less.
//!
//! Each login and each source has a virtual clock (the generic cell rate algorithm): every try that counts puts it forward
//! by a share of a minute, time lets it fall behind again, and whoever is a whole minute ahead has to wait. One number is
//! all there is to keep, and one whose time has come is worth nothing and can go.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// The names, and the sources, that are remembered at once; some 200 bytes each.
pub const REMEMBERED: usize = 4096;

const MINUTE: Duration = Duration::from_secs(60);

/// Times on a clock that never goes back, by name. Bounded: when it is full, the time that would pass first makes room, so
/// that a flood of made-up names drives out each other and not the one that has failed often.
#[derive(Debug)]
pub struct Times<K> {
    room: usize,
    times: HashMap<K, Duration>,
}

impl<K: Hash + Eq + Clone> Times<K> {
    /// For so many names.
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self { room, times: HashMap::new() }
    }

    /// The time of a name, if it has not passed.
    #[must_use]
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, now: Duration) -> Option<Duration>
    where
        K: Borrow<Q>,
    {
        self.times.get(key).copied().filter(|time| *time > now)
    }

    /// Notes a time for a name.
    pub fn set(&mut self, key: K, time: Duration, now: Duration) {
        if self.times.len() >= self.room && !self.times.contains_key(&key) {
            self.make_room(now);
        }
        self.times.insert(key, time);
    }

    /// Forgets a name.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.times.remove(key);
    }

    fn make_room(&mut self, now: Duration) {
        self.times.retain(|_, time| *time > now);
        if self.times.len() < self.room {
            return;
        }
        let first = self.times.iter().min_by_key(|(_, time)| **time).map(|(key, _)| key.clone());
        if let Some(first) = first {
            self.times.remove(&first);
        }
    }
}

/// Tries, by login or by source.
#[derive(Debug)]
pub struct Tries<K> {
    per_minute: u32,
    ahead: Times<K>,
}

impl<K: Hash + Eq + Clone> Tries<K> {
    /// Lets `per_minute` tries through at once, and then as many a minute. 0 counts nothing.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute, ahead: Times::new(REMEMBERED) }
    }

    /// Whether another try is let through at `now`, a time on a clock that never goes back.
    #[must_use]
    pub fn allows<Q: Hash + Eq + ?Sized>(&self, key: &Q, now: Duration) -> bool
    where
        K: Borrow<Q>,
    {
        let Some(share) = self.share() else { return true };
        self.ahead.get(key, now).is_none_or(|ahead| ahead.saturating_sub(now) + share <= MINUTE)
    }

    /// Counts a try.
    pub fn count(&mut self, key: K, now: Duration) {
        let Some(share) = self.share() else { return };
        let ahead = self.ahead.get(&key, now).unwrap_or(now) + share;
        self.ahead.set(key, ahead, now);
    }

    /// Forgets the tries, because the right answer came.
    pub fn forget<Q: Hash + Eq + ?Sized>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
    {
        self.ahead.remove(key);
    }

    /// What one try is worth.
    fn share(&self) -> Option<Duration> {
        MINUTE.checked_div(self.per_minute)
    }
}

/// Where a try comes from, as far as it is counted together: an IPv4 address, or the 64 bits that a network gives to one
/// IPv6 host. Tries without a readable address are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(Option<IpAddr>);

impl Source {
    /// The source that an address belongs to.
    #[must_use]
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{REMEMBERED, Source, Times, Tries};

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn five_at_once_and_then_one_every_twelve_seconds() {
        let mut tries = Tries::new(5);
        let mut now = seconds(1000);
        for _ in 0..5 {
            assert!(tries.allows("alice", now));
            tries.count("alice", now);
        }
        assert!(!tries.allows("alice", now) && tries.allows("bob", now));
        now += Duration::from_millis(11_999);
        assert!(!tries.allows("alice", now));
        now += Duration::from_millis(1);
        assert!(tries.allows("alice", now));
        tries.count("alice", now);
        assert!(!tries.allows("alice", now) && tries.allows("alice", now + seconds(12)));
    }

    #[test]
    fn the_right_answer_ends_it_and_zero_counts_nothing() {
        let mut tries = Tries::new(1);
        tries.count("alice", seconds(0));
        assert!(!tries.allows("alice", seconds(59)));
        tries.forget("alice");
        assert!(tries.allows("alice", seconds(59)));

        let mut off = Tries::new(0);
        (0..1000).for_each(|_| off.count("alice", seconds(1)));
        assert!(off.allows("alice", seconds(1)) && off.ahead.times.is_empty());
    }

    /// Whoever wants a count forgotten must fail as often under thousands of other names.
    #[test]
    fn a_flood_of_names_resets_nobody() {
        let mut tries = Tries::new(5);
        let now = seconds(7);
        (0..5).for_each(|_| tries.count("victim".to_owned(), now));
        for name in 0..3 * REMEMBERED {
            tries.count(name.to_string(), now);
            tries.count(name.to_string(), now);
        }
        assert!(!tries.allows("victim", now));
        assert_eq!(tries.ahead.times.len(), REMEMBERED);
        // Counts that have run out go first, all of them.
        tries.count("late".to_owned(), now + seconds(100));
        assert_eq!(tries.ahead.times.len(), 1);
    }

    #[test]
    fn times_pass() {
        let mut times = Times::new(2);
        times.set("a", seconds(5), seconds(1));
        assert_eq!((times.get("a", seconds(4)), times.get("a", seconds(5))), (Some(seconds(5)), None));
    }

    #[test]
    fn sources() {
        let source = |text: &str| Source::of(text.parse().ok());
        assert_eq!(source("203.0.113.9"), source("::ffff:203.0.113.9"));
        assert_ne!(source("203.0.113.9"), source("203.0.113.10"));
        assert_eq!(source("2001:db8:1:2::3"), source("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(source("2001:db8:1:2::3"), source("2001:db8:1:3::3"));
        assert_eq!(source("nonsense"), source(""));
    }

    proptest! {
        /// In any stretch of time no more tries get through than the first burst and the minutes' share.
        #[test]
        fn never_more_than_the_limit(per_minute in 1_u32..40, pauses in prop::collection::vec(0_u64..20_000, 1..300)) {
            let mut tries = Tries::new(per_minute);
            let (mut now, mut through) = (0_u64, 0_u64);
            for pause in pauses {
                now += pause;
                let time = Duration::from_millis(now);
                if tries.allows(&(), time) {
                    tries.count((), time);
                    through += 1;
                }
                let most = u64::from(per_minute) + now * u64::from(per_minute) / 60_000 + 1;
                prop_assert!(through <= most, "{through} of {most}");
            }
        }
    }
}
