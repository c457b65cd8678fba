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
mod tests;
