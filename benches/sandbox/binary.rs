//! The real program: built, started, weighed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;
use crate::report::{Row, median};

/// What `cargo bench` tells of this package, and dependencies would take for news about themselves.
const LEAKING: [&str; 5] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "LD_LIBRARY_PATH"];
/// How often `--help` is asked for.
const HELPS: usize = 50;

/// The path of `sftp-okta`, built if none is named.
pub(crate) fn path() -> Result<PathBuf> {
    if let Some(path) = env::var_os("SFTP_OKTA_BINARY").filter(|path| !path.is_empty()) {
        return Ok(fs::canonicalize(path)?);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target folder")?;
    build(&[], target)
}

fn build(arguments: &[&str], target: &Path) -> Result<PathBuf> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| LEAKING.iter().any(|leaking| name.starts_with(leaking))) {
            cargo.env_remove(&name);
        }
    }
    cargo.args(["build", "--quiet", "--locked", "--release", "--bin", "sftp-okta"]).args(arguments);
    cargo.arg("--manifest-path").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let status = cargo.arg("--target-dir").arg(target).status()?;
    if !status.success() {
        return Err(format!("sftp-okta cannot be built ({status})").into());
    }
    Ok(target.join("release/sftp-okta"))
}

/// How long `--help` takes.
pub(crate) fn help(program: &Path) -> Result<Row> {
    let mut took = Vec::new();
    for _ in 0..HELPS {
        let began = Instant::now();
        let status = Command::new(program).arg("--help").stdout(Stdio::null()).status()?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        if !status.success() {
            return Err(format!("--help: {status}").into());
        }
    }
    Ok(Row::plain("--help", median(took), "ms"))
}

/// How large a program is.
pub(crate) fn size(program: &Path, name: &str, target: f64) -> Result<Row> {
    Ok(Row::at_most(name, fs::metadata(program)?.len() as f64 / 1e6, "MB", target))
}

/// How large it is without the sandbox: built into a folder of its own, which is removed.
pub(crate) fn slim(folder: &Path) -> Result<Row> {
    let target = folder.join("without-sandbox");
    let row = size(&build(&["--no-default-features"], &target)?, "program without the sandbox", 16.0);
    fs::remove_dir_all(target)?;
    row
}
