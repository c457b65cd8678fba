//! Which of what was read is new. Pure.

use std::collections::BTreeMap;

use super::line::Entry;

/// How far back every look reaches: CloudWatch Logs takes events in late and out of order.
const OVERLAP: i64 = 60_000;

/// What has been seen of a log that is read again and again.
#[derive(Debug, Clone)]
pub struct Follow {
    since: i64,
    seen: BTreeMap<String, i64>,
}

impl Follow {
    /// Begins at `since`, in milliseconds since 1970.
    #[must_use]
    pub const fn from(since: i64) -> Self {
        Self { since, seen: BTreeMap::new() }
    }

    /// From when the next look must read.
    #[must_use]
    pub const fn since(&self) -> i64 {
        self.since
    }

    /// What of `read` was not seen before.
    pub fn news(&mut self, read: Vec<Entry>) -> Vec<Entry> {
        let newest = read.last().map_or(self.since, |entry| entry.millis);
        let news: Vec<Entry> =
            read.into_iter().filter(|entry| self.seen.insert(entry.id.clone(), entry.millis).is_none()).collect();
        self.since = self.since.max(newest.saturating_sub(OVERLAP));
        self.seen.retain(|_, millis| *millis >= self.since);
        news
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::{ACCEPTED, entry};
    use super::*;

    fn looked(follow: &mut Follow, times: &[i64]) -> Vec<i64> {
        let read = times.iter().map(|millis| entry(*millis, ACCEPTED)).collect();
        follow.news(read).iter().map(|entry| entry.millis).collect()
    }

    #[test]
    fn each_decision_is_told_once_a_late_one_too() {
        let mut follow = Follow::from(1_000);
        assert_eq!(looked(&mut follow, &[1_000, 50_000]), [1_000, 50_000]);
        assert_eq!(looked(&mut follow, &[1_000, 20_000, 50_000]), [20_000]);
        assert_eq!(looked(&mut follow, &[]), [0_i64; 0]);
        assert_eq!(follow.since(), 1_000);
        assert_eq!(looked(&mut follow, &[50_000, 200_000]), [200_000]);
        assert_eq!(follow.since(), 140_000);
        assert_eq!(looked(&mut follow, &[150_000, 200_000]), [150_000]);
        assert_eq!(follow.seen.len(), 2, "what lies before the next look is forgotten");
    }
}
