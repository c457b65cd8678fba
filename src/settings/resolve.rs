//! Flag over environment over file over default, then every check that needs no network.

use crate::error::{Error, ErrorCode, Result};

use super::file::ConfigFile;
use super::given::Given;
use super::resolved::{Settings, Target};

/// The settings of a deployment.
///
/// # Errors
/// At the first value that is missing, unknown, not supported or wrong; the error names its place and the remedy.
pub fn resolve(_given: &Given, _file: Option<&ConfigFile>) -> Result<Settings> {
    Err(Error::new(ErrorCode::Unexpected, "not written yet"))
}

/// What finds a deployment: the part of the settings that `status`, `logs` and `teardown` need.
///
/// # Errors
/// As [`resolve`], for the values of a [`Target`].
pub fn resolve_target(_given: &Given, _file: Option<&ConfigFile>) -> Result<Target> {
    Err(Error::new(ErrorCode::Unexpected, "not written yet"))
}
