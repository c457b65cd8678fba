//! Where a user's files lie: the template of the configuration, and the home of one user.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::user_name::{self, UserName};

/// Where one user's home lies: a bucket and a key prefix without slashes at its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    bucket: String,
    prefix: String,
}

impl Home {
    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The key prefix, without a slash at either end.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The `Target` of the logical directory `/`: `/bucket/prefix`. Transfer refuses a slash at its end.
    #[must_use]
    pub fn target(&self) -> String {
        format!("/{}/{}", self.bucket, self.prefix)
    }
}

/// Where every user's home lies, such as `/{bucket}/home/{login}`.
///
/// No two users share a home and no home lies inside another: at least one segment holds a placeholder for the user,
/// each segment holds at most one, and no user name holds a slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HomeTemplate {
    text: String,
    /// Everything after the bucket.
    segments: Vec<Segment>,
}

/// One path segment: literal text around at most one placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    before: String,
    placeholder: Option<Placeholder>,
    after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    Login,
    User,
}

/// Why a text is not a home template, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HomeTemplateError {
    /// It does not begin with the bucket.
    #[error("the home {0:?} does not start with /{{bucket}}/: write /{{bucket}}/home/{{login}}")]
    Bucket(String),
    /// Two users would share it.
    #[error("the home {0:?} is the same for every user: add {{login}}, or {{user}} with a login_domain")]
    Shared(String),
    /// A placeholder nobody knows.
    #[error("unknown placeholder {{{0}}}: known are {{bucket}} (first), {{login}} and {{user}}")]
    Placeholder(String),
    /// Two placeholders in one segment.
    #[error("the folder {0:?} holds two placeholders: put a '/' between them")]
    TwoPlaceholders(String),
    /// An empty segment: a doubled or a final slash.
    #[error("the home {0:?} holds an empty folder name: write single slashes and none at the end")]
    EmptySegment(String),
    /// A segment that is a step in a path.
    #[error("the home {0:?} holds '.' or '..' as a folder name")]
    Dots(String),
    /// A character that has a meaning in a policy or is not portable in a key.
    #[error("the folder {0:?} holds a character other than letters, digits and . _ - + = @ ,")]
    Character(String),
}

impl HomeTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, HomeTemplateError> {
        let keys = text.strip_prefix("/{bucket}/").ok_or_else(|| HomeTemplateError::Bucket(text.to_owned()))?;
        let segments = keys.split('/').map(|segment| Segment::parse(segment, text)).collect::<Result<Vec<_>, _>>()?;
        if segments.iter().all(|segment| segment.placeholder.is_none()) {
            return Err(HomeTemplateError::Shared(text.to_owned()));
        }
        Ok(Self { text: text.to_owned(), segments })
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The key prefix below which every home lies: up to the last slash before the first placeholder. Empty, or ends in `/`.
    #[must_use]
    pub fn literal_prefix(&self) -> String {
        let literal = self.segments.iter().take_while(|segment| segment.placeholder.is_none());
        literal.map(|segment| format!("{}/", segment.before)).collect()
    }

    /// Whether the template holds `{user}`, which names one person only with a login domain.
    #[must_use]
    pub fn needs_login_domain(&self) -> bool {
        self.segments.iter().any(|segment| segment.placeholder == Some(Placeholder::User))
    }

    /// The home of one user.
    #[must_use]
    pub fn home(&self, bucket: &str, user: &UserName) -> Home {
        Home { bucket: bucket.to_owned(), prefix: self.fill(user.as_str(), user.user()) }
    }

    /// The home of the longest legal user name, to hold what is made from it against its limits.
    pub(crate) fn longest(&self, bucket: &str) -> Home {
        let name = |less: usize| "w".repeat(user_name::LONGEST - less);
        // A user's part is shorter than the login by `@` and a domain of one letter at least.
        Home { bucket: bucket.to_owned(), prefix: self.fill(&name(0), &name(2)) }
    }

    fn fill(&self, login: &str, user: &str) -> String {
        let segments = self.segments.iter().map(|segment| {
            let value = match segment.placeholder {
                Some(Placeholder::Login) => login,
                Some(Placeholder::User) => user,
                None => "",
            };
            format!("{}{value}{}", segment.before, segment.after)
        });
        segments.collect::<Vec<_>>().join("/")
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
                let placeholder = match name {
                    "login" => Placeholder::Login,
                    "user" => Placeholder::User,
                    _ => return Err(HomeTemplateError::Placeholder(name.to_owned())),
                };
                (before, Some(placeholder), after)
            }
        };
        if after.contains('{') {
            return Err(HomeTemplateError::TwoPlaceholders(segment.to_owned()));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || "._-+=@,".contains(c);
        if !before.chars().chain(after.chars()).all(legal) {
            return Err(HomeTemplateError::Character(segment.to_owned()));
        }
        Ok(Self { before: before.to_owned(), placeholder, after: after.to_owned() })
    }
}

impl fmt::Display for HomeTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<HomeTemplate> for String {
    fn from(template: HomeTemplate) -> Self {
        template.text
    }
}

impl TryFrom<String> for HomeTemplate {
    type Error = HomeTemplateError;

    fn try_from(text: String) -> Result<Self, HomeTemplateError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::HomeTemplate;
    use crate::user_name::UserName;

    const TEMPLATES: [&str; 6] = [
        "/{bucket}/home/{login}",
        "/{bucket}/{login}",
        "/{bucket}/{user}",
        "/{bucket}/{login}/in",
        "/{bucket}/Partners/p-{user}-x/{login}",
        "/{bucket}/a/b.c/{user}@here",
    ];

    #[test]
    fn literal_prefixes() {
        let prefixes: Vec<_> =
            TEMPLATES.iter().map(|text| HomeTemplate::parse(text).map(|home| home.literal_prefix())).collect();
        assert_eq!(prefixes, ["home/", "", "", "", "Partners/", "a/b.c/"].map(|prefix| Ok(prefix.to_owned())));
    }

    #[test]
    fn refused_with_a_remedy() {
        let refused: Vec<String> = [
            "",
            "/",
            "/{bucket}",
            "/{bucket}/",
            "/{bucket}/shared",
            "/acme-files/home/{login}",
            "{bucket}/home/{login}",
            "/{login}/{bucket}",
            "/{bucket}/home/{login}/",
            "/{bucket}//{login}",
            "/{bucket}/../{login}",
            "/{bucket}/./{login}",
            "/{bucket}/{login}/..",
            "/{bucket}/{user}{login}",
            "/{bucket}/{okta_id}",
            "/{bucket}/{profile.team}/{login}",
            "/{bucket}/{bucket}/{login}",
            "/{bucket}/{login",
            "/{bucket}/login}/{login}",
            "/{bucket}/{{login}}",
            "/{bucket}/*/{login}",
            "/{bucket}/h?me/{login}",
            "/{bucket}/$x/{login}",
            "/{bucket}/${transfer:UserName}",
            "/{bucket}/hömé/{login}",
            "/{bucket}/my files/{login}",
            "/{bucket}/a\\b/{login}",
            "/{bucket}/a\u{0}/{login}",
        ]
        .into_iter()
        .map(|text| match HomeTemplate::parse(text) {
            Ok(home) => format!("{text:?} ACCEPTED {home}"),
            Err(error) => format!("{text:?} => {error}"),
        })
        .collect();
        insta::assert_snapshot!(refused.join("\n"));
    }

    /// Names that differ by little, so that a careless mapping would join them.
    fn name() -> impl Strategy<Value = String> {
        prop_oneof!["[ab]{1,3}[-._]?[ab]{0,2}(@acme\\.com)?", "[A-Za-z0-9_][A-Za-z0-9_.-]{2,60}(@acme\\.com)?"]
    }

    proptest! {
        #[test]
        fn no_two_users_share_a_home_or_lie_in_one(one in name(), other in name(), template in 0..TEMPLATES.len()) {
            let template = HomeTemplate::parse(TEMPLATES.get(template).copied().unwrap_or_default());
            let names = (UserName::parse(&one, Some("acme.com")), UserName::parse(&other, Some("acme.com")));
            if let (Ok(template), (Ok(one), Ok(other))) = (template, names) {
                let homes = (template.home("acme-files", &one).target(), template.home("acme-files", &other).target());
                if one == other {
                    prop_assert_eq!(homes.0, homes.1);
                } else {
                    let (inner, outer) = (format!("{}/", homes.0), format!("{}/", homes.1));
                    prop_assert!(!inner.starts_with(&outer) && !outer.starts_with(&inner), "{inner} {outer}");
                }
            }
        }

        #[test]
        fn homes_are_plain_paths(name in name(), template in 0..TEMPLATES.len()) {
            let template = HomeTemplate::parse(TEMPLATES.get(template).copied().unwrap_or_default());
            if let (Ok(template), Ok(name)) = (template, UserName::parse(&name, Some("acme.com"))) {
                let target = template.home("acme-files", &name).target();
                prop_assert!(target.starts_with("/acme-files/") && !target.ends_with('/'), "{target}");
                prop_assert!(!target.contains(['*', '?', '$', '{', '}', '\\']) && !target.contains("//"), "{target}");
                prop_assert!(target.split('/').all(|segment| segment != "." && segment != ".."), "{target}");
                prop_assert!(target.starts_with(&format!("/acme-files/{}", template.literal_prefix())), "{target}");
            }
        }
    }
}
