//! What each rule says to an attempt, and which rules nobody can reach.

use std::collections::HashSet;
use std::fmt;

use super::rule::Meaning;
use super::{AccessRule, Attempt, Refusal, UserPattern, decide};
use crate::settings::Settings;

/// What one rule says to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleVerdict {
    /// Which rule, counted from 0.
    pub rule: usize,
    /// What it says.
    pub verdict: Verdict,
}

/// What one rule says to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the first that means the user, and gives the user what it says.
    Gives,
    /// It is the first that means the user, and refuses the attempt.
    Refuses(Refusal),
    /// It means other users.
    OtherUsers,
    /// It means such users, but only members of groups in which the user is not.
    OtherGroups,
    /// It means such users if they are in one of its groups, and the user's groups are not known.
    GroupsNotKnown,
    /// An earlier rule has decided.
    NotReached,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gives => f.write_str("means this user and decides"),
            Self::Refuses(refusal) => write!(f, "means this user and refuses: {refusal}"),
            Self::OtherUsers => f.write_str("means other users"),
            Self::OtherGroups => f.write_str("means members of groups in which this user is not"),
            Self::GroupsNotKnown => {
                f.write_str("means this user only as a member of its groups, and the groups are not known")
            }
            Self::NotReached => f.write_str("is not reached: an earlier rule has decided"),
        }
    }
}

/// What each rule says to the attempt, in their order. One verdict for each rule; at most one is [`Verdict::Gives`] or
/// [`Verdict::Refuses`].
///
/// Where groups are not known, rules for groups are passed over, so that the later verdicts hold for a user who is in none
/// of them. What the whole list says is for [`decide`] to tell.
#[must_use]
pub fn explain(settings: &Settings, attempt: &Attempt<'_>) -> Vec<RuleVerdict> {
    let login = settings.canonical_login(attempt.user);
    let groups = attempt.person.and_then(|person| person.groups.as_deref());
    let mut is_decided = false;
    let verdicts = settings.access.iter().enumerate().map(|(rule, access_rule)| {
        let verdict = match access_rule.meaning(&login, groups) {
            _ if is_decided => Verdict::NotReached,
            Meaning::OtherUsers => Verdict::OtherUsers,
            Meaning::OtherGroups => Verdict::OtherGroups,
            Meaning::IfInGroup => Verdict::GroupsNotKnown,
            Meaning::Means => {
                is_decided = true;
                decide::grant(settings, attempt, rule, access_rule).map_or_else(Verdict::Refuses, |_| Verdict::Gives)
            }
        };
        RuleVerdict { rule, verdict }
    });
    verdicts.collect()
}

/// The rules that can never decide, because one earlier rule means everyone whom they mean: each with the first such rule,
/// both counted from 0. Only what is certain from single rules is told: two rules that only together shadow a third are not.
#[must_use]
pub fn shadowed(settings: &Settings) -> Vec<(usize, usize)> {
    let reaches: Vec<_> = settings.access.iter().map(Reach::of).collect();
    let earlier = |at: usize, later: &Reach<'_>| {
        reaches.iter().take(at).position(|earlier| earlier.covers(later)).map(|by| (at, by))
    };
    reaches.iter().enumerate().filter_map(|(at, later)| earlier(at, later)).collect()
}

/// Whom a rule means.
struct Reach<'a> {
    rule: &'a AccessRule,
    exact: HashSet<&'a str>,
    wide: Vec<&'a UserPattern>,
}

impl<'a> Reach<'a> {
    fn of(rule: &'a AccessRule) -> Self {
        let (exact, wide): (Vec<_>, Vec<_>) = rule.users.iter().partition(|pattern| pattern.is_exact());
        Self { rule, exact: exact.into_iter().map(UserPattern::as_str).collect(), wide }
    }

    /// Whether this rule means everyone whom the later one means.
    fn covers(&self, later: &Reach<'_>) -> bool {
        let are_users = || {
            // In the text of a pattern its stars are characters that only a star can stand for.
            let is_covered = |pattern: &UserPattern| {
                self.exact.contains(pattern.as_str()) || self.wide.iter().any(|wide| wide.matches(pattern.as_str()))
            };
            self.rule.users.is_empty() || (!later.rule.users.is_empty() && later.rule.users.iter().all(is_covered))
        };
        let groups = &later.rule.groups;
        let are_groups = self.rule.groups.is_empty()
            || (!groups.is_empty() && groups.iter().all(|group| self.rule.groups.contains(group)));
        are_groups && are_users()
    }
}
