//! The real program, built if none is named.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// What `cargo bench` tells of this package, and dependencies would take for news about themselves.
const LEAKING: [&str; 5] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "LD_LIBRARY_PATH"];

/// The path of `sftp-okta`.
pub(crate) fn path() -> Result<PathBuf> {
    if let Some(path) = env::var_os("SFTP_OKTA_BINARY").filter(|path| !path.is_empty()) {
        return Ok(fs::canonicalize(path)?);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target folder")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| LEAKING.iter().any(|leaking| name.starts_with(leaking))) {
            cargo.env_remove(&name);
        }
    }
    cargo.args(["build", "--quiet", "--locked", "--release", "-p", "sftp-okta"]);
    cargo.arg("--manifest-path").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let status = cargo.arg("--target-dir").arg(target).status()?;
    if !status.success() {
        return Err(format!("sftp-okta cannot be built ({status})").into());
    }
    Ok(target.join("release/sftp-okta"))
}
