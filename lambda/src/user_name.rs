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

    /// The part before `@`. It names one person only when there is a login domain.
    #[must_use]
    pub fn user(&self) -> &str {
        self.0.split_once('@').map_or(self.as_str(), |(user, _)| user)
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
