//! Which users a rule means.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checked_text::checked_text;
use crate::user_name::LONGEST;

/// A canonical login, or a pattern of them such as `*@acme.com`. `*` stands for any characters, also for none; nothing
/// else has a meaning. Case does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserPattern(String, Names);

/// Whom a pattern names. Kept beside it, since one sign-in may have to be compared with ten thousand patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Names {
    /// Whoever has this login.
    One,
    /// Whoever's login fits.
    Many,
}

/// Why a text is not a user pattern, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UserPatternError {
    /// Empty, or longer than any login.
    #[error("a user pattern has 1 to {LONGEST} characters: write a login or a pattern such as *@acme.com")]
    Length,
    /// A character that no login holds.
    #[error(
        "the user pattern {0:?} holds a character that no login has: write letters, digits and . _ - + ' = @, and * for any characters"
    )]
    Character(String),
}

impl UserPattern {
    /// Reads a pattern and lowers its case.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, UserPatternError> {
        if !(1..=LONGEST).contains(&text.len()) {
            return Err(UserPatternError::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+'=@*".contains(&byte)) {
            return Err(UserPatternError::Character(text.to_owned()));
        }
        let names = if text.contains('*') { Names::Many } else { Names::One };
        Ok(Self(text.to_ascii_lowercase(), names))
    }

    /// The pattern in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this names one login and no others.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.1 == Names::One
    }

    /// Whether a canonical login fits the pattern.
    #[must_use]
    pub fn matches(&self, login: &str) -> bool {
        if self.is_exact() {
            return self.0 == login;
        }
        let Some((start, rest)) = self.0.split_once('*') else { return false };
        let (between, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        // Most patterns differ in how they start or end, which is told sooner than what lies between.
        if !login.ends_with(end) {
            return false;
        }
        let Some(mut login) = login.strip_prefix(start) else { return false };
        // Each part at its first place leaves the most for those after it.
        for part in between.split('*') {
            match login.split_once(part) {
                Some((_, after)) => login = after,
                None => return false,
            }
        }
        login.ends_with(end)
    }
}

checked_text!(UserPattern, UserPatternError);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::UserPattern;

    #[test]
    fn matches() {
        let cases = [
            ("alice@acme.com", "alice@acme.com", true),
            ("Alice@ACME.com", "alice@acme.com", true),
            ("alice@acme.com", "alice2@acme.com", false),
            ("alice", "alice@acme.com", false),
            ("*@acme.com", "alice@acme.com", true),
            ("*@acme.com", "alice@evil-acme.com", false),
            ("*@acme.com", "alice@acme.com.evil.com", false),
            ("*acme.com", "alice@evil-acme.com", true),
            ("svc-*", "svc-nightly@acme.com", true),
            ("svc-*", "xsvc-nightly@acme.com", false),
            ("*", "alice", true),
            ("**", "alice", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "acb", false),
            ("*b*b*", "abab", true),
            ("*b*b*", "aba", false),
            // No character but the star means more than itself.
            ("a.b", "axb", false),
        ];
        for (pattern, login, expected) in cases {
            assert_eq!(UserPattern::parse(pattern).map(|it| it.matches(login)), Ok(expected), "{pattern} {login}");
        }
    }

    #[test]
    fn refused() {
        for bad in ["", "al ice", "al?ce", "[a]lice", "älice", "alice\n", "a/b", &"a".repeat(101)] {
            assert!(UserPattern::parse(bad).is_err(), "{bad:?}");
        }
    }

    /// The plainest matcher there is.
    fn slow(pattern: &[u8], login: &[u8]) -> bool {
        match (pattern.split_first(), login.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), None) => slow(rest, login),
            (Some((b'*', rest)), Some((_, after))) => slow(rest, login) || slow(pattern, after),
            (Some((one, rest)), Some((other, after))) => one == other && slow(rest, after),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_matcher(pattern in "[ab*]{1,8}", login in "[ab]{0,10}") {
            let parsed = UserPattern::parse(&pattern).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(parsed.matches(&login), slow(pattern.as_bytes(), login.as_bytes()));
        }
    }
}
