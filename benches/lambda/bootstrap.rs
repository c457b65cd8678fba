//! The real function, as the deployer carries it.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `cargo bench` tells of this package, and the function's dependencies would take for news about themselves.
const LEAKING: [&str; 5] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "LD_LIBRARY_PATH"];

/// The path of `bootstrap`, built if none is named.
pub(crate) fn path() -> Result<PathBuf, Box<dyn Error>> {
    match env::var_os("SFTP_OKTA_BOOTSTRAP").filter(|path| !path.is_empty()) {
        Some(path) => Ok(path.into()),
        None => build(),
    }
}

/// Builds it in the folder and with the flags of `build.rs`, so that what one has compiled the other need not.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("lambda-build");
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let folders = [(home.as_deref(), "/cargo"), (Some(target.as_path()), "/target")];
    let flags =
        folders.iter().filter_map(|(from, to)| Some(format!("--remap-path-prefix={}={to}", (*from)?.display())));

    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| LEAKING.iter().any(|leaking| name.starts_with(leaking))) {
            cargo.env_remove(&name);
        }
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join("\u{1f}"));
    cargo.args(["build", "--quiet", "--locked", "--profile", "lambda", "--bin", "bootstrap"]);
    cargo.arg("--manifest-path").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    cargo.arg("--target-dir").arg(&target);
    let status = cargo.status()?;
    if !status.success() {
        return Err(format!("the Lambda function cannot be built ({status})").into());
    }
    Ok(target.join("lambda/bootstrap"))
}
