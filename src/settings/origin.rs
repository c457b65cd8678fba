//! Where a value came from, so that an error can point at it.

use std::borrow::Borrow;
use std::fmt;

use crate::error::{Error, ErrorCode};

/// The environment variable of a flag: `okta-org` is `SFTP_OKTA_OKTA_ORG`.
#[must_use]
pub fn environment_variable(flag: &str) -> String {
    format!("SFTP_OKTA_{}", flag.to_ascii_uppercase().replace('-', "_"))
}

/// Where a value came from. Flags and variables are named by the flag without its dashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag, for example `bucket` for `--bucket`.
    Flag(&'static str),
    /// The environment variable of that flag.
    Environment(&'static str),
    /// A key of the configuration file.
    File {
        /// The key with its section, for example `storage.bucket`.
        key: String,
        /// File and line, for example `sftp-okta.toml:12`.
        place: String,
    },
    /// The sandbox decided it.
    Sandbox,
    /// Nobody gave it.
    Default,
}

impl Origin {
    /// The name under which its author knows the value: `--bucket`, `SFTP_OKTA_BUCKET` or `storage.bucket`.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Flag(flag) => format!("--{flag}"),
            Self::Environment(flag) => environment_variable(flag),
            Self::File { key, .. } => key.clone(),
            Self::Sandbox => "--sandbox".to_owned(),
            Self::Default => "the default".to_owned(),
        }
    }

    /// Where to go and change the value: the flag, the variable, or file and line.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Flag(_) | Self::Environment(_) | Self::Sandbox | Self::Default => self.name(),
            Self::File { place, .. } => place.clone(),
        }
    }

    /// An error about the value found here. `what` continues a sentence that starts with the value's name.
    pub(super) fn error(&self, what: &str) -> Error {
        Error::new(ErrorCode::Configuration, format!("{} {what}", self.name())).resource(self.place())
    }
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
}

impl<T> Located<T> {
    pub(super) fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The same place with what `convert` makes of the value.
    pub(super) fn try_map<B: ?Sized, U>(self, convert: impl FnOnce(&B) -> Result<U, Wrong>) -> Result<Located<U>, Error>
    where
        T: Borrow<B> + fmt::Display,
    {
        match convert(self.value.borrow()) {
            Ok(value) => Ok(Located { value, origin: self.origin }),
            Err(wrong) => Err(wrong.at(&self.origin, &self.value.to_string())),
        }
    }
}

/// What is wrong with a value, without where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Continues a sentence that starts with the name and the value: `is not an S3 bucket name`.
    pub(super) what: String,
    /// The rule it breaks.
    pub(super) why: String,
    /// What to write instead.
    pub(super) remedy: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), remedy: remedy.into() }
    }

    /// The error to show for `value` found at `origin`.
    pub(super) fn at(self, origin: &Origin, value: &str) -> Error {
        // A password in a URL is not repeated, nor is a private key, as PEM or JWK, in place of its secret or public half.
        let value = match value.rsplit_once('@') {
            _ if value.contains("PRIVATE KEY") || value.trim_start().starts_with('{') => "…".to_owned(),
            Some((before, after)) if before.contains(':') => format!("…@{after}"),
            _ => value.to_owned(),
        };
        let shown: String =
            if value.chars().count() > 80 { value.chars().take(77).chain("...".chars()).collect() } else { value };
        let quoted = serde_json::Value::String(shown);
        origin.error(&format!("{quoted} {}", self.what)).cause(self.why).hint(self.remedy)
    }
}
