//! Builds the Lambda function, packs it, finds out what a deployment asks of it, and puts both where
//! `src/artifact/bootstrap.rs` embeds them from.
//!
//! An inner cargo builds `lambda/` in a target folder of its own: sharing the outer one would wait forever for the lock
//! that the outer cargo holds. Check, dev and release builds share that folder, so the function is compiled once.
//! `SFTP_OKTA_BOOTSTRAP=/path` embeds a function that is built already, and nothing is compiled here.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is how a build script speaks to cargo and to people"
)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use self::head::HashedHead;
use self::program::Program;

#[path = "src/digest.rs"]
mod digest;
#[path = "src/artifact/entry.rs"]
mod entry;
#[path = "src/artifact/head.rs"]
#[allow(unreachable_pub, dead_code, reason = "what it tells is public where it is at home, and read there")]
mod head;
#[path = "src/artifact/program.rs"]
#[allow(unreachable_pub, reason = "what it tells is public where it is at home")]
mod program;

const PREBUILT: &str = "SFTP_OKTA_BOOTSTRAP";

/// Variables with which the outer build would change the inner one. Those of cargo's own configuration (offline, proxy,
/// registries, jobserver) stay.
const LEAKING: [&str; 22] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_TARGET_DIR",
    "CARGO_TARGET_TMPDIR",
    "DEBUG",
    "HOST",
    "LD_LIBRARY_PATH",
    "NUM_JOBS",
    "OPT_LEVEL",
    "OUT_DIR",
    "PROFILE",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "RUSTFLAGS",
    "TARGET",
];

/// The same for whole families: what cargo tells of the package that is being built, and profile overrides.
const LEAKING_FAMILIES: [&str; 8] = [
    "CARGO_PKG_",
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "CARGO_MANIFEST_",
    "CARGO_PROFILE_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "DEP_",
];

fn main() -> ExitCode {
    for path in ["build.rs", "Cargo.toml", "Cargo.lock", "lambda/Cargo.toml", "lambda/src"] {
        println!("cargo::rerun-if-changed={path}");
    }
    for name in ["digest", "artifact/entry", "artifact/head", "artifact/program"] {
        println!("cargo::rerun-if-changed=src/{name}.rs");
    }
    println!("cargo::rerun-if-env-changed={PREBUILT}");
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), String> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let (packed, head) = (out.join("bootstrap.zip"), out.join("bootstrap-head.json"));
    let program = out.join("bootstrap.json");
    let bootstrap = match env::var_os(PREBUILT).filter(|path| !path.is_empty()) {
        Some(prebuilt) => {
            let prebuilt = PathBuf::from(prebuilt);
            println!("cargo::rerun-if-changed={}", prebuilt.display());
            prebuilt
        }
        // Lambda runs Linux. Elsewhere the deployer carries no function and asks for one with --bootstrap.
        None if !variable("HOST")?.contains("-linux-") => {
            return [packed, head, program].iter().try_for_each(|path| write(path, &[]));
        }
        None => build(&out)?,
    };
    let bytes = fs::read(&bootstrap).map_err(|error| {
        let shown = bootstrap.display();
        format!("the Lambda function {shown} cannot be read: {error}\nset {PREBUILT} to a built bootstrap, or unset it to build one")
    })?;
    let cannot = |error| format!("the Lambda function cannot be packed: {error}");
    let zip = entry::packed(&bytes).map_err(cannot)?;
    let hashed = HashedHead::of(&zip).map_err(cannot)?;
    write(&packed, &zip)?;
    write(&head, &serde_json::to_vec(&hashed).map_err(|error| error.to_string())?)?;
    write(&program, &serde_json::to_vec(&Program::of(&bytes)).map_err(|error| error.to_string())?)
}

/// Runs the inner cargo and says where the function is.
fn build(out: &Path) -> Result<PathBuf, String> {
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let target = target_folder(out)?;
    let mut cargo = Command::new(variable("CARGO")?);
    cargo.current_dir(&workspace);
    for (name, _) in env::vars_os() {
        let leaks =
            |name: &str| LEAKING.contains(&name) || LEAKING_FAMILIES.iter().any(|family| name.starts_with(family));
        if name.to_str().is_some_and(leaks) {
            cargo.env_remove(&name);
        }
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", remapped(&target));
    cargo.args(["build", "--quiet", "--locked", "--profile", "lambda", "--bin", "bootstrap"]);
    cargo.arg("--manifest-path").arg(workspace.join("lambda/Cargo.toml"));
    cargo.arg("--target-dir").arg(&target);
    let output =
        cargo.output().map_err(|error| format!("cargo cannot be run to build the Lambda function: {error}"))?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let told = told.trim_end();
        return Err(format!(
            "the Lambda function in lambda/ cannot be built ({})\n{told}\n\
             mend this, or set {PREBUILT} to a bootstrap that is built already",
            output.status
        ));
    }
    Ok(target.join("lambda").join("bootstrap"))
}

/// `lambda-build` in the outer target folder, which is found from `OUT_DIR`:
/// `{target}[/{triple}]/{profile}/build/{package}/out`.
fn target_folder(out: &Path) -> Result<PathBuf, String> {
    let triple = variable("TARGET")?;
    let is_build = |folder: &Path| folder.file_name().is_some_and(|name| name == "build");
    let Some(outer) = out.ancestors().nth(4).filter(|_| out.ancestors().nth(2).is_some_and(is_build)) else {
        return Ok(out.join("lambda-build"));
    };
    let outer = match outer.parent() {
        Some(parent) if outer.file_name().is_some_and(|name| name == triple.as_str()) => parent,
        _ => outer,
    };
    Ok(outer.join("lambda-build"))
}

/// Compiler flags that keep the folders of this machine out of the binary, so that the same source gives the same bytes.
///
/// The workspace's own folder is not among them: cargo compiles it by relative paths, and a flag that differs between two
/// checkouts with one target folder would compile everything anew at each change from one to the other.
fn remapped(target: &Path) -> String {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    // Where both match, rustc takes the last.
    let folders = [(home.as_deref(), "/cargo"), (Some(target), "/target")];
    let flags =
        folders.iter().filter_map(|(from, to)| Some(format!("--remap-path-prefix={}={to}", (*from)?.display())));
    flags.collect::<Vec<_>>().join("\u{1f}")
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}, which cargo sets for build scripts, is not usable: {error}"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
