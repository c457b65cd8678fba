//! Where a user's files lie: the templates of the configuration, and the home of one user.

mod apart;
mod template;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::template::Template;
pub use self::template::{HomeTemplateError, LONGEST_ATTRIBUTE, ValueError, Values};
pub(crate) use self::template::{is_attribute_name, is_legal};

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

    /// The `Target` of a logical directory: `/bucket/prefix`. Transfer refuses a slash at its end.
    #[must_use]
    pub fn target(&self) -> String {
        format!("/{}/{}", self.bucket, self.prefix)
    }

    /// Whether one of the two lies inside the other, or both are the same.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (format!("{}/", self.target()), format!("{}/", other.target()));
        one.starts_with(&other) || other.starts_with(&one)
    }
}

/// Where every user's home lies, such as `/{bucket}/home/{login}`.
///
/// No two users share a home and no home lies inside another: at least one segment holds `{login}`, `{user}` or
/// `{okta_id}`, each segment holds at most one placeholder, and no value holds a slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HomeTemplate(Template);

/// Where a folder lies, such as `/{bucket}/partners/{login}/in`.
///
/// With `{login}`, `{user}` or `{okta_id}` it is each user's own, as a home is. With only `{profile.NAME}` all users share
/// it who have the same value, and without a placeholder all users of the rule share it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FolderTarget(Template);

impl HomeTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, HomeTemplateError> {
        let template = Template::parse(text)?;
        if template.is_of_one_user() { Ok(Self(template)) } else { Err(HomeTemplateError::Shared(text.to_owned())) }
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The key prefix below which every home lies: up to the last slash before the first placeholder. Empty, or ends in `/`.
    #[must_use]
    pub fn literal_prefix(&self) -> String {
        self.0.literal_prefix()
    }

    /// Whether the template holds `{user}`, which names one person only with a login domain.
    #[must_use]
    pub fn needs_login_domain(&self) -> bool {
        self.0.holds_user()
    }

    /// The home of one user.
    ///
    /// # Errors
    /// A value is missing or cannot be part of a path.
    pub fn home(&self, bucket: &str, values: &Values<'_>) -> Result<Home, ValueError> {
        Ok(Home { bucket: bucket.to_owned(), prefix: self.0.fill(values)? })
    }

    /// The same path as the target of a folder.
    pub(crate) fn target(&self) -> FolderTarget {
        FolderTarget(self.0.clone())
    }
}

impl FolderTarget {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, HomeTemplateError> {
        Template::parse(text).map(Self)
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The key prefix below which the folder lies with every user. Empty, or ends in `/`.
    #[must_use]
    pub fn literal_prefix(&self) -> String {
        self.0.literal_prefix()
    }

    /// Whether several users may see the same files in it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !self.0.is_of_one_user()
    }

    /// Whether it is the same for everyone.
    pub(crate) fn is_literal(&self) -> bool {
        self.0.is_literal()
    }

    /// Whether the template holds `{user}`, which names one person only with a login domain.
    #[must_use]
    pub fn needs_login_domain(&self) -> bool {
        self.0.holds_user()
    }

    /// Whether the template holds `{okta_id}`.
    pub(crate) fn holds_okta_id(&self) -> bool {
        self.0.holds_okta_id()
    }

    /// Whether the template holds `{profile.NAME}`.
    pub(crate) fn holds_profile(&self) -> bool {
        self.0.holds_profile()
    }

    /// Where the folder of one user lies.
    ///
    /// # Errors
    /// A value is missing or cannot be part of a path.
    pub fn home(&self, bucket: &str, values: &Values<'_>) -> Result<Home, ValueError> {
        Ok(Home { bucket: bucket.to_owned(), prefix: self.0.fill(values)? })
    }

    /// Where it lies with the longest legal values, to hold what is made from it against its limits.
    pub(crate) fn longest(&self, bucket: &str, login_domain: Option<&str>) -> Home {
        Home { bucket: bucket.to_owned(), prefix: self.0.longest(login_domain) }
    }

    /// Whether the folders of two different users, one from each target, never hold each other.
    ///
    /// `domain` is that of all logins, if they have one.
    pub(crate) fn is_apart_from(&self, other: &Self, domain: Option<&str>) -> bool {
        self.0.is_apart_from(&other.0, domain)
    }

    /// Whether one user always finds one of the two inside the other.
    pub(crate) fn always_overlaps(&self, other: &Self) -> bool {
        self.0.always_holds_or_is_held_by(&other.0)
    }
}

impl fmt::Display for HomeTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for FolderTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<HomeTemplate> for String {
    fn from(template: HomeTemplate) -> Self {
        template.0.text
    }
}

impl From<FolderTarget> for String {
    fn from(target: FolderTarget) -> Self {
        target.0.text
    }
}

impl TryFrom<String> for HomeTemplate {
    type Error = HomeTemplateError;

    fn try_from(text: String) -> Result<Self, HomeTemplateError> {
        Self::parse(&text)
    }
}

impl TryFrom<String> for FolderTarget {
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
