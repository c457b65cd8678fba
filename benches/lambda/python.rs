//! Python 3.11 with what the contenders need: made on first use, kept under `.tools/`, pinned by a file.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lambda's Python has its optimised build, and so has that of a distribution; one that pyenv has built need not.
const PYTHONS: [&str; 2] = ["/usr/bin/python3.11", "python3.11"];

/// A virtual environment.
pub(crate) struct Python {
    pub(crate) program: PathBuf,
    pub(crate) packages: PathBuf,
    pub(crate) version: String,
}

/// The environment, or why there is none.
pub(crate) fn ready(repository: &Path) -> Result<Python, String> {
    let python = python()?;
    let folder = repository.join(".tools/benchmarks");
    let requirements = repository.join("benches/contenders/requirements.txt");
    let wanted = fs::read_to_string(&requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let wanted = format!("{python}\n{wanted}");
    // Written last, so that an environment that was broken off is made anew.
    let marker = folder.join("made-of");
    let program = folder.join("bin/python");
    if fs::read_to_string(&marker).is_ok_and(|made_of| made_of == wanted) {
        return described(&program);
    }

    let pip = ["-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check"];
    tell(Command::new(&python).args(["-m", "venv", "--clear"]).arg(&folder))?;
    tell(Command::new(&program).args(pip).args(["install", "--requirement"]).arg(&requirements))?;
    // It would hook itself into every start of this Python.
    tell(Command::new(&program).args(pip).args(["uninstall", "--yes", "setuptools"]))?;
    fs::write(&marker, wanted).map_err(|error| format!("{}: {error}", marker.display()))?;
    described(&program)
}

fn python() -> Result<String, String> {
    let named = env::var("SFTP_OKTA_PYTHON").ok();
    let candidates = named.iter().map(String::as_str).chain(PYTHONS.into_iter().filter(|_| named.is_none()));
    let mut found = candidates.filter(|python| tell(Command::new(python).arg("--version")).is_ok());
    found.next().map(str::to_owned).ok_or_else(|| "no python3.11".to_owned())
}

fn described(program: &Path) -> Result<Python, String> {
    let script = "import platform, sysconfig\nfrom importlib.metadata import version\n\
        names = ('awslambdaric', 'boto3', 'cryptography')\n\
        print(platform.python_version(), *(f'{name} {version(name)}' for name in names))\n\
        print(sysconfig.get_path('platlib'))";
    let told = tell(Command::new(program).args(["-c", script]))?;
    let (version, packages) = told.trim().split_once('\n').ok_or("a Python that tells nothing")?;
    Ok(Python { program: program.to_owned(), packages: packages.into(), version: version.to_owned() })
}

/// What a program writes.
pub(crate) fn tell(command: &mut Command) -> Result<String, String> {
    match command.output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr))),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
