//! Paths with placeholders, of which homes and folders are made.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::user_name;

/// The longest profile attribute that may stand in a path.
pub const LONGEST_ATTRIBUTE: usize = 64;
/// The longest id of Okta's that may stand in a path. Okta's own have 20 characters.
const LONGEST_ID: usize = 64;
/// The longest name of a profile attribute.
const LONGEST_ATTRIBUTE_NAME: usize = 64;

/// What the placeholders stand for with one user.
#[derive(Clone, Copy, Debug)]
pub struct Values<'a> {
    /// `{login}`: the Okta login in lower case.
    pub login: &'a str,
    /// `{okta_id}`, if it is known.
    pub okta_id: Option<&'a str>,
    /// `{profile.x}`, if the profile was read.
    pub profile: Option<&'a Map<String, Value>>,
}

/// Why a path cannot be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueError {
    /// The value was not read from Okta.
    NotRead,
    /// There is no such value, or it cannot be part of a path.
    Unusable,
}

/// Why a text is not the template of a home or a folder, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HomeTemplateError {
    /// It does not begin with the bucket.
    #[error("the path {0:?} does not start with /{{bucket}}/: write /{{bucket}}/home/{{login}}")]
    Bucket(String),
    /// Two users would share it.
    #[error(
        "the home {0:?} is the same for several users: add {{login}}, {{okta_id}}, or {{user}} with a login_domain"
    )]
    Shared(String),
    /// A placeholder nobody knows.
    #[error(
        "unknown placeholder {{{0}}}: known are {{bucket}} (first), {{login}}, {{user}}, {{okta_id}} and {{profile.NAME}}"
    )]
    Placeholder(String),
    /// Two placeholders in one segment.
    #[error("the folder {0:?} holds two placeholders: put a '/' between them")]
    TwoPlaceholders(String),
    /// An empty segment: a doubled or a final slash.
    #[error("the path {0:?} holds an empty folder name: write single slashes and none at the end")]
    EmptySegment(String),
    /// A segment that is a step in a path.
    #[error("the path {0:?} holds '.' or '..' as a folder name: write it without")]
    Dots(String),
    /// A character that has a meaning in a policy or is not portable in a key.
    #[error("the folder {0:?} holds a character other than letters, digits and . _ - + = @ ,")]
    Character(String),
}

/// A path such as `/{bucket}/home/{login}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) text: String,
    /// Everything after the bucket.
    pub(super) segments: Vec<Segment>,
}

/// One path segment: literal text around at most one placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) before: String,
    pub(super) placeholder: Option<Placeholder>,
    pub(super) after: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Placeholder {
    Login,
    User,
    OktaId,
    Profile(String),
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, HomeTemplateError> {
        let keys = text.strip_prefix("/{bucket}/").ok_or_else(|| HomeTemplateError::Bucket(text.to_owned()))?;
        let segments = keys.split('/').map(|segment| Segment::parse(segment, text)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { text: text.to_owned(), segments })
    }

    fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.segments.iter().filter_map(|segment| segment.placeholder.as_ref())
    }

    /// Whether no two users get the same path.
    pub(super) fn is_of_one_user(&self) -> bool {
        self.placeholders().any(Placeholder::names_one_user)
    }

    /// Whether every user gets the same path.
    pub(super) fn is_literal(&self) -> bool {
        self.placeholders().next().is_none()
    }

    pub(super) fn holds_user(&self) -> bool {
        self.placeholders().any(|placeholder| *placeholder == Placeholder::User)
    }

    pub(super) fn holds_okta_id(&self) -> bool {
        self.placeholders().any(|placeholder| *placeholder == Placeholder::OktaId)
    }

    pub(super) fn holds_profile(&self) -> bool {
        self.placeholders().any(|placeholder| matches!(placeholder, Placeholder::Profile(_)))
    }

    /// The folders before the first placeholder. Empty, or ends in `/`.
    pub(super) fn literal_prefix(&self) -> String {
        let literal = self.segments.iter().take_while(|segment| segment.placeholder.is_none());
        literal.map(|segment| format!("{}/", segment.before)).collect()
    }

    /// The key prefix for these values, without a slash at either end.
    pub(super) fn fill(&self, values: &Values<'_>) -> Result<String, ValueError> {
        let segments = self.segments.iter().map(|segment| segment.fill(values));
        Ok(segments.collect::<Result<Vec<_>, _>>()?.join("/"))
    }

    /// The key prefix for the longest legal values.
    pub(super) fn longest(&self, login_domain: Option<&str>) -> String {
        let segments = self.segments.iter().map(|segment| {
            let length = segment.placeholder.as_ref().map_or(0, |placeholder| placeholder.longest(login_domain));
            format!("{}{}{}", segment.before, "w".repeat(length), segment.after)
        });
        segments.collect::<Vec<_>>().join("/")
    }
}

impl Placeholder {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "login" => Some(Self::Login),
            "user" => Some(Self::User),
            "okta_id" => Some(Self::OktaId),
            _ => {
                let attribute = name.strip_prefix("profile.")?;
                let is_name = is_attribute_name(attribute);
                is_name.then(|| Self::Profile(attribute.to_owned()))
            }
        }
    }

    pub(super) fn names_one_user(&self) -> bool {
        match self {
            Self::Login | Self::User | Self::OktaId => true,
            Self::Profile(_) => false,
        }
    }

    fn longest(&self, login_domain: Option<&str>) -> usize {
        match self {
            Self::Login => user_name::LONGEST,
            // Shorter than the login by `@` and the domain; without one it is refused elsewhere.
            Self::User => user_name::LONGEST.saturating_sub(login_domain.map_or(0, |domain| domain.len() + 1)),
            Self::OktaId => LONGEST_ID,
            Self::Profile(_) => LONGEST_ATTRIBUTE,
        }
    }

    fn value<'a>(&self, values: &Values<'a>) -> Result<&'a str, ValueError> {
        let value = match self {
            Self::Login => values.login,
            Self::User => values.login.split_once('@').map_or(values.login, |(user, _)| user),
            Self::OktaId => {
                let id = values.okta_id.ok_or(ValueError::NotRead)?;
                let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
                return if is_id && (1..=LONGEST_ID).contains(&id.len()) { Ok(id) } else { Err(ValueError::Unusable) };
            }
            Self::Profile(name) => {
                let profile = values.profile.ok_or(ValueError::NotRead)?;
                let value = profile.get(name).and_then(Value::as_str).ok_or(ValueError::Unusable)?;
                let is_path = value.chars().all(is_legal) && !matches!(value, "." | "..");
                return if is_path && (1..=LONGEST_ATTRIBUTE).contains(&value.len()) {
                    Ok(value)
                } else {
                    Err(ValueError::Unusable)
                };
            }
        };
        // A login of an alias may hold an apostrophe, which means nothing to S3 and IAM.
        let is_path = value.chars().all(|c| is_legal(c) || c == '\'');
        if is_path && (1..=user_name::LONGEST).contains(&value.len()) { Ok(value) } else { Err(ValueError::Unusable) }
    }
}

impl Segment {
    fn parse(segment: &str, template: &str) -> Result<Self, HomeTemplateError> {
        if segment.is_empty() {
            return Err(HomeTemplateError::EmptySegment(template.to_owned()));
        }
        if segment == "." || segment == ".." {
            return Err(HomeTemplateError::Dots(template.to_owned()));
        }
        let (before, placeholder, after) = match segment.split_once('{') {
            None => (segment, None, ""),
            Some((before, rest)) => {
                let (name, after) =
                    rest.split_once('}').ok_or_else(|| HomeTemplateError::Character(segment.to_owned()))?;
                let placeholder =
                    Placeholder::parse(name).ok_or_else(|| HomeTemplateError::Placeholder(name.to_owned()))?;
                (before, Some(placeholder), after)
            }
        };
        if after.contains('{') {
            return Err(HomeTemplateError::TwoPlaceholders(segment.to_owned()));
        }
        if !before.chars().chain(after.chars()).all(is_legal) {
            return Err(HomeTemplateError::Character(segment.to_owned()));
        }
        Ok(Self { before: before.to_owned(), placeholder, after: after.to_owned() })
    }

    fn fill(&self, values: &Values<'_>) -> Result<String, ValueError> {
        let value = self.placeholder.as_ref().map_or(Ok(""), |placeholder| placeholder.value(values))?;
        let segment = format!("{}{value}{}", self.before, self.after);
        // `.{profile.x}` with a dot would be a step in a path.
        if matches!(segment.as_str(), "." | "..") { Err(ValueError::Unusable) } else { Ok(segment) }
    }
}

/// Characters without a meaning in S3 keys, IAM policies and paths.
pub(crate) fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-+=@,".contains(c)
}

/// Whether a text can be the variable name of a profile attribute (Okta help, "Add custom attributes to a profile").
pub(crate) fn is_attribute_name(text: &str) -> bool {
    (1..=LONGEST_ATTRIBUTE_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
