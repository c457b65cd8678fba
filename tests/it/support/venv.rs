//! The Python environments of the emulators and of AWS's own clients: made on first use, kept under `.tools/`, pinned by files.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// A program of the emulators' environment, such as `ministack`; made ready first if it is not.
///
/// An environment that cannot be made fails the test that needs it. It is never a reason to skip one.
pub(crate) fn program(name: &str) -> PathBuf {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    of(&READY, "emulators").join("bin").join(name)
}

/// The Python that has AWS's command line and SDK.
pub(crate) fn python_of_clients() -> PathBuf {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    of(&READY, "clients").join("bin/python")
}

/// The environment `.tools/NAME`, pinned by `tests/requirements-NAME.txt`.
fn of<'a>(once: &'a OnceLock<Result<PathBuf, String>>, name: &str) -> &'a Path {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let requirements = repository.join(format!("tests/requirements-{name}.txt"));
    match once.get_or_init(|| ready(&repository.join(".tools").join(name), &requirements)) {
        Ok(folder) => folder,
        Err(error) => panic!("{error}"),
    }
}

/// Makes sure that `folder` holds an environment with exactly what the requirements file says.
///
/// Tests run in parallel, and so may several test binaries: whoever gets the lock first installs, the others find
/// the marker. The marker is written last and holds the digest of the requirements, so a broken-off or an outdated
/// environment is made anew.
pub(crate) fn ready(folder: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let wanted = fs::read(requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let wanted: String = Sha256::digest(&wanted).iter().map(|byte| format!("{byte:02x}")).collect();
    let marker = folder.join("requirements.sha256");

    let lock = lock(&folder.with_extension("lock"))
        .map_err(|error| format!("cannot lock the Python environment {}: {error}", folder.display()))?;
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(folder.to_owned());
    }
    install(folder, requirements)?;
    fs::write(&marker, wanted).map_err(|error| format!("{}: {error}", marker.display()))?;
    drop(lock);
    Ok(folder.to_owned())
}

/// Waits for the lock beside the environment; it is released when the file is closed, even by a crash.
fn lock(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let file = File::options().create(true).append(true).open(path)?;
    file.lock()?;
    Ok(file)
}

/// An empty environment, then the requirements into it.
fn install(folder: &Path, requirements: &Path) -> Result<(), String> {
    let python = folder.join("bin/python");
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    run(Command::new(python)
        .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--requirement"])
        .arg(requirements))
}

/// Runs one step; its whole output goes into the error, since a test's log is all there is to look at.
fn run(command: &mut Command) -> Result<(), String> {
    let failed = match command.output() {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => {
            let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            format!("{}\n{stdout}{stderr}", output.status)
        }
        Err(error) => format!("{error} (python3, 3.11 or later, with venv and pip is needed)"),
    };
    Err(format!("a Python environment of the tests cannot be made: {command:?}: {failed}"))
}
