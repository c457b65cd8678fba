//! A program of the emulators' environment that answers HTTP on a loopback port of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::loopback;
use super::process::{self, Group, until};
use super::venv;

/// How long a start may take; it takes less than a second on a quiet machine.
const START: Duration = Duration::from_secs(60);

/// One that runs, in a folder of its own; it ends with this value, and so does all that it started.
pub(crate) struct Emulator {
    // Dropped in this order: the folder goes when nobody writes there any more.
    group: Group,
    folder: TempDir,
    port: u16,
}

impl Emulator {
    /// Starts a program and waits until it answers at a path. `prepare` tells it its folder and its port; of the
    /// environment of this process it gets nothing but `PATH`.
    pub(crate) fn start(name: &str, health: &str, prepare: impl Fn(&mut Command, &Path, u16)) -> Self {
        let program = venv::program(name);
        // Between finding a free port and taking it another process may take it: then the program ends at once.
        for _ in 0..3 {
            if let Some(started) = Self::try_start(name, &program, health, &prepare) {
                return started;
            }
        }
        panic!("{name} found its port taken three times");
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What it has said so far, for the message of a failing test.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log_file(self.folder.path())).unwrap_or_default()
    }

    /// Its process group.
    pub(crate) fn group(&self) -> i32 {
        self.group.id()
    }

    /// Every address one of its processes listens on.
    pub(crate) fn listening(&self) -> Vec<SocketAddr> {
        process::listening(self.group())
    }

    /// Whether it is this one that answers on the port (asked of `/proc`, believed where there is none).
    fn is_it(&self) -> bool {
        cfg!(not(target_os = "linux")) || self.listening().iter().any(|address| address.port() == self.port)
    }

    /// Nothing if the port was taken by somebody else meanwhile.
    fn try_start(
        name: &str,
        program: &Path,
        health: &str,
        prepare: &impl Fn(&mut Command, &Path, u16),
    ) -> Option<Self> {
        let port = free_port();
        let folder = TempDir::with_prefix(format!("{name}-")).unwrap();
        let log = File::create(log_file(folder.path())).unwrap();
        let group = Group::spawn_bound(program, folder.path(), |command| {
            command
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("LANG", "C.UTF-8")
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("HOME", folder.path())
                .env("TMPDIR", folder.path());
            prepare(command, folder.path(), port);
            command.stdout(log.try_clone().unwrap()).stderr(log);
        });
        let mut started = Self { group: group.unwrap(), folder, port };

        let health = format!("{}{health}", started.endpoint());
        let ready = until(START, || {
            if started.group.ended().is_some() {
                return Some(false);
            }
            loopback::get(&health).is_ok_and(|answer| answer.status == 200).then_some(true)
        });
        match ready {
            Some(true) if started.is_it() => Some(started),
            Some(true) => None,
            Some(false) if started.log().contains("already in use") => None,
            Some(false) => panic!("{name} ended while starting:\n{}", started.log()),
            None => panic!("{name} did not answer within {START:?}:\n{}", started.log()),
        }
    }
}

/// A port nobody listens on now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Where its output goes.
fn log_file(folder: &Path) -> PathBuf {
    folder.join("output.log")
}
