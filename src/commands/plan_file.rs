//! The file of a plan: `plan --out FILE` writes it, `deploy --plan FILE` takes it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::error::{Error, ErrorCode, Result};
use crate::plan::saved::SavedPlan;

/// Only who made the plan may read or change it.
const MODE: u32 = 0o600;
/// The longest file that can be a plan, in bytes: a change set of 500 resources stays far below.
const LONGEST: u64 = 16 << 20;

/// Reads a plan.
///
/// # Errors
/// `Configuration`, where it cannot be read or is none of this version.
pub(super) fn read(path: &Path) -> Result<SavedPlan> {
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Error::new(ErrorCode::Configuration, format!("the plan {name} could not be read"))
            .cause(error.to_string())
            .hint("name a file that `sftp-okta plan --out FILE` made")
            .resource(name.clone())
    };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
    SavedPlan::parse(&text, &name)
}

/// Writes the plan, in place of whatever the file was before.
///
/// # Errors
/// `Unexpected`, with what the system says.
pub(super) fn write(plan: &SavedPlan, path: &Path) -> Result<()> {
    let written =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path).and_then(|mut file| {
            // The mode above is only for a file that is new.
            file.set_permissions(fs::Permissions::from_mode(MODE))?;
            file.write_all(plan.to_text().as_bytes())?;
            file.sync_all()
        });
    written.map_err(|error| {
        Error::new(ErrorCode::Unexpected, format!("the plan could not be written to {}", path.display()))
            .cause(error.to_string())
            .hint("name another file")
    })
}
