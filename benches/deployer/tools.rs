//! AWS's own tools, each in a virtual environment: made on first use, kept under `.tools/`, pinned by a file.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// That of a distribution has its optimised build; one that pyenv has built need not.
const PYTHONS: [&str; 2] = ["/usr/bin/python3.11", "python3"];

/// The tools.
pub(crate) struct Tools {
    /// Has the aws command line and boto3.
    clients: PathBuf,
    sam: PathBuf,
    contenders: PathBuf,
}

impl Tools {
    /// Finds or makes them.
    pub(crate) fn ready() -> Result<Self> {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let contenders = repository.join("benches/contenders");
        let clients = repository.join("tests/requirements-clients.txt");
        Ok(Self {
            clients: environment(&repository.join(".tools/benchmarks-clients"), &clients)?,
            sam: environment(&repository.join(".tools/benchmarks-sam"), &contenders.join("requirements-sam.txt"))?,
            contenders,
        })
    }

    /// The aws command line.
    pub(crate) fn aws(&self) -> Command {
        self.without_pauses(&self.clients.join("aws"))
    }

    /// The SAM command line.
    pub(crate) fn sam(&self) -> Command {
        self.without_pauses(&self.sam.join("sam"))
    }

    /// A program of `benches/contenders`, with boto3.
    pub(crate) fn boto3(&self, name: &str) -> Command {
        let mut command = Command::new(self.clients.join("python"));
        command.arg(self.contenders.join(name));
        command
    }

    /// Python imports `sitecustomize` from there before anything else.
    fn without_pauses(&self, script: &Path) -> Command {
        let mut command = Command::new(script);
        command.env("PYTHONPATH", self.contenders.join("no_pauses")).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What they say they are.
    pub(crate) fn versions(&self) -> Result<Vec<String>> {
        let folder = env::temp_dir();
        let mut sam = self.sam();
        sam.arg("--version").env("SAM_CLI_TELEMETRY", "0").env("HOME", &folder).current_dir(&folder);
        let versions = [tell(self.aws().arg("--version"))?, tell(&mut sam)?];
        Ok(versions.into_iter().map(|version| version.trim().to_owned()).collect())
    }
}

/// The folder with an environment's programs.
fn environment(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let python = python()?;
    let wanted = fs::read_to_string(requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let wanted = format!("{python}\n{wanted}");
    // Written last, so that an environment that was broken off is made anew.
    let marker = folder.join("made-of");
    let programs = folder.join("bin");
    if !fs::read_to_string(&marker).is_ok_and(|made_of| made_of == wanted) {
        eprintln!("installing what {} says", requirements.display());
        tell(Command::new(python).args(["-m", "venv", "--clear"]).arg(folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--requirement"];
        tell(Command::new(programs.join("python")).args(pip).arg(requirements))?;
        fs::write(marker, wanted)?;
    }
    Ok(programs)
}

fn python() -> Result<String> {
    let named = env::var("SFTP_OKTA_PYTHON").ok();
    let candidates = named.iter().map(String::as_str).chain(PYTHONS.into_iter().filter(|_| named.is_none()));
    let mut found = candidates.filter(|python| tell(Command::new(python).arg("--version")).is_ok());
    Ok(found.next().map(str::to_owned).ok_or("nothing measured: there is no Python 3 on this machine")?)
}

/// What a program writes to stdout.
fn tell(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("{command:?}: {}\n{stderr}", output.status).into());
    }
    Ok(stdout.into_owned())
}
