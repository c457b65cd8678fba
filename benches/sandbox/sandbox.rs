//! A sandbox of this run's own, made by the real program as a person would make it, and the processes it consists of.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Result;

/// A sandbox with a deployment in it. It ends with this value.
pub(crate) struct Sandbox {
    program: PathBuf,
    home: PathBuf,
    /// Where it keeps everything.
    pub(crate) folder: PathBuf,
    /// Its AWS, as `127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    pub(crate) server_id: String,
    /// Where it speaks SFTP.
    pub(crate) port: u16,
    /// The password of `alice`.
    pub(crate) password: String,
}

impl Sandbox {
    /// Runs `deploy --sandbox --yes` with a home that does not exist yet.
    pub(crate) fn deployed(program: &Path, home: &Path) -> Result<Self> {
        fs::create_dir_all(home)?;
        let mut sandbox = Self {
            program: program.to_owned(),
            home: home.to_owned(),
            folder: home.to_owned(),
            endpoint: String::new(),
            server_id: String::new(),
            port: 0,
            password: String::new(),
        };
        let told = sandbox.run(&["deploy", "--sandbox", "--yes", "--output", "json"])?;
        let text = |pointer: &str| {
            let found = told.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
            found.ok_or_else(|| format!("deploy told no {pointer}: {told}"))
        };
        sandbox.folder = text("/folder")?.into();
        sandbox.endpoint = text("/endpoint_url")?.trim_start_matches("http://").to_owned();
        sandbox.server_id = text("/sftp/0/server_id")?;
        sandbox.password = text("/users/0/password")?;
        let port = told.pointer("/sftp/0/port").and_then(Value::as_u64).ok_or("deploy told no port")?;
        sandbox.port = u16::try_from(port)?;
        Ok(sandbox)
    }

    fn run(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command.args(arguments).current_dir(&self.home).env_clear();
        command.env("HOME", &self.home).env("XDG_STATE_HOME", self.home.join("state"));
        let ended = command.output()?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            return Err(format!("sftp-okta {}: {}\n{said}", arguments.join(" "), ended.status).into());
        }
        Ok(serde_json::from_slice(&ended.stdout).unwrap_or_default())
    }

    /// The sandbox's processes: itself first, and then its functions.
    fn processes(&self) -> Vec<u32> {
        let folder = self.home.to_string_lossy();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments).into_owned();
            if arguments.contains(folder.as_ref()) {
                found.push((!arguments.contains("\0sandbox\0start\0"), pid));
            }
        }
        found.sort_unstable();
        found.into_iter().map(|(_, pid)| pid).collect()
    }

    /// Seconds of processor time that all of it has had until now.
    pub(crate) fn cpu(&self) -> f64 {
        self.processes().into_iter().map(cpu).sum()
    }

    /// The most memory that the sandbox itself ever held at once, in MiB.
    pub(crate) fn peak_memory(&self) -> Result<f64> {
        let pid = self.processes().first().copied().ok_or("the sandbox does not run")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.ok_or("no VmHWM")? / 1024.0)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.run(&["sandbox", "stop"]);
    }
}

/// Seconds of processor time of a process (proc_pid_stat(5), 14th and 15th field, in hundredths).
fn cpu(pid: u32) -> f64 {
    times(&format!("/proc/{pid}/stat"), 11, 2)
}

/// The same, with those that it has waited for (16th and 17th field).
pub(crate) fn cpu_with_children(pid: u32) -> f64 {
    times(&format!("/proc/{pid}/stat"), 11, 4)
}

/// Seconds of processor time of the processes that this one has waited for (16th and 17th field).
pub(crate) fn cpu_of_children() -> f64 {
    times("/proc/self/stat", 13, 2)
}

fn times(file: &str, skip: usize, take: usize) -> f64 {
    let stat = fs::read_to_string(file).unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks = after_name.split(' ').skip(skip).take(take).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
