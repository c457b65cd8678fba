//! One value from flag, environment or file, with where it was found.

use std::borrow::Borrow;
use std::fmt::Display;

use crate::error::{Error, ErrorCode, Result};

use super::check::lambda;
use super::document::Section;
use super::given::Value;
use super::origin::{Located, Origin, Wrong, environment_variable};

/// A rule for a single value: the value as it is used, or what is wrong with it.
pub(super) type Rule<T, U> = fn(&T) -> Result<U, Wrong>;

pub(super) fn text(given: &Option<Value>, section: Option<Section<'_>>, key: &str) -> Result<Option<Located<String>>> {
    match given {
        Some(value) => Ok(Some(value.located())),
        None => file_text(section, key),
    }
}

/// A text that only the file can give.
pub(super) fn file_text(section: Option<Section<'_>>, key: &str) -> Result<Option<Located<String>>> {
    section.map_or(Ok(None), |section| section.text(key))
}

pub(super) fn boolean(given: &Option<Value>, section: Option<Section<'_>>, key: &str) -> Result<Option<Located<bool>>> {
    match given {
        Some(value) => value.located().try_map(lambda::boolean).map(Some),
        None => section.map_or(Ok(None), |section| section.boolean(key)),
    }
}

pub(super) fn number(given: &Option<Value>, section: Option<Section<'_>>, key: &str) -> Result<Option<Located<u32>>> {
    match given {
        Some(value) => value.located().try_map(lambda::number).map(Some),
        None => section.map_or(Ok(None), |section| section.number(key)),
    }
}

/// Applies a rule to a value, if there is one.
pub(super) fn checked<T: Borrow<B> + Display, B: ?Sized, U>(
    found: Option<Located<T>>,
    rule: Rule<B, U>,
) -> Result<Option<Located<U>>> {
    found.map(|found| found.try_map(rule)).transpose()
}

/// The value, or an error that names the three places where it can be given.
pub(super) fn required<T>(found: Option<Located<T>>, flag: &str, key: &str, what: &str) -> Result<Located<T>> {
    found.ok_or_else(|| {
        let variable = environment_variable(flag);
        Error::new(ErrorCode::Configuration, format!("{key} is missing"))
            .cause(format!("a deployment needs {what}"))
            .hint(format!(
                "give --{flag}, set {variable}, or write {key} in the configuration file (`sftp-okta init` makes one)"
            ))
            .resource(format!("--{flag}"))
    })
}

/// Where a value was found.
pub(super) fn origin_of(given: &Option<Value>, section: Option<Section<'_>>, key: &str) -> Origin {
    let in_file = || section.filter(|section| section.has(key)).map(|section| section.origin_of(key));
    given.as_ref().map(|value| value.origin.clone()).or_else(in_file).unwrap_or(Origin::Default)
}
