//! One canonical form of a user name, before anything else looks at it.
//!
//! The same string goes to Okta, into the home, into the session policy and into the log.

use std::fmt;

use thiserror::Error;

/// The shortest user name that Transfer passes on (Transfer API reference, `UserName`).
pub const SHORTEST: usize = 3;
/// The longest user name that Transfer passes on (Transfer API reference, `UserName`).
pub const LONGEST: usize = 100;

/// A canonical user name: lower-case ASCII, one spelling for one person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserName(String);

/// Why a user name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UserNameError {
    /// Shorter than 3 or longer than 100 characters, also after the login domain was appended.
    #[error("a user name has 3 to 100 characters, the domain included")]
    Length,
    /// A character other than letters, digits, `_`, `-`, `.` and `@`, or a first one that is not a letter, digit or `_`.
    #[error("a user name holds only letters, digits, '_', '-', '.' and '@', and starts with a letter, digit or '_'")]
    Character,
    /// Dots that could be read as a path: two in a row, or one at the end of a part.
    #[error("a user name holds no '..', and no '.' at the start or end of a part")]
    Dots,
    /// `root`, which Transfer blocks too.
    #[error("the user name root is reserved")]
    Reserved,
    /// More than one `@`, or nothing after it.
    #[error("a user name holds at most one '@', followed by a domain")]
    Domain,
    /// A domain other than the configured login domain.
    #[error("the user name is of a domain other than the login domain")]
    OtherDomain,
}

impl UserName {
    /// Brings a percent-decoded name into its canonical form.
    ///
    /// With a login domain, it is appended to a name without `@`, and a name of another domain is refused. Doing it
    /// twice changes nothing.
    ///
    /// # Errors
    /// Every name that could mean two things, or that means anything inside a path or an IAM policy.
    pub fn parse(typed: &str, login_domain: Option<&str>) -> Result<Self, UserNameError> {
        if !(SHORTEST..=LONGEST).contains(&typed.len()) {
            return Err(UserNameError::Length);
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'@');
        if !typed.bytes().all(legal) || typed.starts_with(['-', '@']) {
            return Err(UserNameError::Character);
        }
        let mut name = typed.to_ascii_lowercase();
        if name.starts_with('.') || name.ends_with('.') || ["..", ".@", "@."].iter().any(|dots| name.contains(dots)) {
            return Err(UserNameError::Dots);
        }
        if name == "root" {
            return Err(UserNameError::Reserved);
        }
        match (name.split_once('@'), login_domain) {
            (Some((_, domain)), _) if domain.is_empty() || domain.contains('@') => return Err(UserNameError::Domain),
            (Some((_, domain)), Some(expected)) if domain != expected => return Err(UserNameError::OtherDomain),
            (Some(_), _) | (None, None) => {}
            (None, Some(domain)) => {
                name.push('@');
                name.push_str(domain);
            }
        }
        if name.len() > LONGEST {
            return Err(UserNameError::Length);
        }
        Ok(Self(name))
    }

    /// The whole name: the login that Okta must report back.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{UserName, UserNameError};

    fn canonical(typed: &str, login_domain: Option<&str>) -> Result<String, UserNameError> {
        UserName::parse(typed, login_domain).map(|name| name.as_str().to_owned())
    }

    #[test]
    fn one_spelling_for_one_person() {
        let acme = Some("acme.com");
        let cases = [
            ("alice", None, "alice"),
            ("Alice", None, "alice"),
            ("_alice-b.c", None, "_alice-b.c"),
            ("Alice@ACME.com", None, "alice@acme.com"),
            ("alice", acme, "alice@acme.com"),
            ("ALICE", acme, "alice@acme.com"),
            ("alice@Acme.Com", acme, "alice@acme.com"),
            // Reserved is only the name as Transfer sees it.
            ("root@acme.com", acme, "root@acme.com"),
            ("rooty", None, "rooty"),
            ("a@acme.com", acme, "a@acme.com"),
            ("0ok", None, "0ok"),
        ];
        for (typed, domain, expected) in cases {
            assert_eq!(canonical(typed, domain).as_deref(), Ok(expected), "{typed}");
        }
    }

    #[test]
    fn refused() {
        use UserNameError::{Character, Domain, Dots, Length, OtherDomain, Reserved};
        let acme = Some("acme.com");
        let cases = [
            ("", None, Length),
            ("ab", None, Length),
            ("ab", acme, Length),
            ("root", None, Reserved),
            ("ROOT", acme, Reserved),
            ("alice@evil.com", acme, OtherDomain),
            ("alice@acme.com.evil.com", acme, OtherDomain),
            ("alice@notacme.com", acme, OtherDomain),
            ("alice@acme.com@acme.com", acme, Domain),
            ("alice@evil@acme.com", None, Domain),
            ("alice@", None, Domain),
            ("alice@", acme, Domain),
            ("@acme.com", None, Character),
            ("-alice", None, Character),
            (".alice", None, Dots),
            ("alice.", None, Dots),
            ("alice.@acme.com", acme, Dots),
            ("alice@.acme.com", None, Dots),
            ("al..ice", None, Dots),
            ("...", None, Dots),
            ("../bob", None, Character),
            ("a/b", None, Character),
            ("a/../b", None, Character),
            ("a\\b\\c", None, Character),
            ("ali%2ece", None, Character),
            ("alice%00", None, Character),
            ("alice\0", None, Character),
            ("alice\n", None, Character),
            ("alice\u{7f}", None, Character),
            (" alice", None, Character),
            ("alice ", None, Character),
            ("alice+x@acme.com", None, Character),
            ("o'brien", None, Character),
            ("alice*", None, Character),
            ("al?ce", None, Character),
            ("${aws:username}", None, Character),
            ("{login}", None, Character),
            ("аlice", None, Character),
            ("ａlice", None, Character),
            ("ali\u{200b}ce", None, Character),
            ("alic\u{65}\u{301}", None, Character),
            ("\u{212a}elvin", None, Character),
            ("alice\u{202e}", None, Character),
        ];
        for (typed, domain, expected) in cases {
            assert_eq!(canonical(typed, domain), Err(expected), "{typed:?}");
        }
    }

    /// The incident of 2024 began at 52 characters; every length has to be told apart up to the limit, and none beyond.
    #[test]
    fn long_names() {
        for length in 3..=100 {
            let typed = "a".repeat(length);
            assert_eq!(canonical(&typed, None), Ok(typed.clone()));
        }
        for length in 101..=300 {
            assert_eq!(canonical(&"a".repeat(length), None), Err(UserNameError::Length));
        }
        assert_eq!(canonical(&"a".repeat(91), Some("acme.com")).map(|name| name.len()), Ok(100));
        assert_eq!(canonical(&"a".repeat(92), Some("acme.com")), Err(UserNameError::Length));
    }

    proptest! {
        #[test]
        fn twice_is_once(typed in "[A-Za-z0-9_@.-]{0,110}", with_domain: bool) {
            let domain = with_domain.then_some("acme.com");
            if let Ok(name) = canonical(&typed, domain) {
                prop_assert_eq!(canonical(&name, domain), Ok(name.clone()));
                prop_assert_eq!(canonical(&typed.to_ascii_uppercase(), domain), Ok(name));
            }
        }

        #[test]
        fn any_text_is_canonical_or_refused(typed: String) {
            if let Ok(name) = canonical(&typed, None) {
                prop_assert!(name.bytes().all(|byte| b"abcdefghijklmnopqrstuvwxyz0123456789_-.@".contains(&byte)));
                prop_assert!(!name.contains("..") && (3..=100).contains(&name.len()));
            }
        }
    }
}
