//! An AWS emulator nobody here wrote: STS, S3, IAM, CloudFormation, Lambda and API Gateway on a loopback port.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use tempfile::TempDir;

use super::loopback;
use super::process::{self, Group, until};
use super::venv;

/// How long a start may take; it takes less than a second on a quiet machine.
const START: Duration = Duration::from_secs(60);

/// A running ministack with a state and a folder of its own; it ends, Lambda processes included, with this value.
pub(crate) struct Ministack {
    // Dropped in this order: the folder goes when nobody writes there any more.
    group: Group,
    folder: TempDir,
    port: u16,
}

impl Ministack {
    /// Starts one and waits until it answers.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, one that checks signatures and the caller's policies; the keys of the account's root are `test` and `test`.
    pub(crate) fn start_with_auth() -> Self {
        Self::start_with(&[("AUTH", "true"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
    }

    fn start_with(more: &[(&str, &str)]) -> Self {
        let program = venv::program("ministack");
        // Between finding a free port and taking it another process may take it: then ministack ends at once.
        for _ in 0..3 {
            if let Some(started) = Self::try_start(&program, more) {
                return started;
            }
        }
        panic!("ministack found its port taken three times");
    }

    /// One for the whole test binary, for tests that use names of their own and never reset it.
    ///
    /// A `static` is never dropped: the pipe it holds closes with this process, which ends it ([`Group::spawn_bound`]).
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Ministack> = LazyLock::new(Ministack::start);
        &SHARED
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Forgets everything. It needs `&mut`, so the shared one cannot be emptied under another test.
    pub(crate) fn reset(&mut self) {
        let answer = loopback::post(&format!("{}/_ministack/reset", self.endpoint()), &[], "").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
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
    fn try_start(program: &Path, more: &[(&str, &str)]) -> Option<Self> {
        let port = free_port();
        let folder = TempDir::with_prefix("ministack-").unwrap();
        let log = File::create(log_file(folder.path())).unwrap();
        let group = Group::spawn_bound(program, folder.path(), |command| {
            command
                .env_clear()
                .envs(environment(folder.path(), port))
                .envs(more.iter().copied())
                .stdout(log.try_clone().unwrap())
                .stderr(log);
        });
        let mut started = Self { group: group.unwrap(), folder, port };

        let health = format!("{}/_ministack/health", started.endpoint());
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
            Some(false) => panic!("ministack ended while starting:\n{}", started.log()),
            None => panic!("ministack did not answer within {START:?}:\n{}", started.log()),
        }
    }
}

/// A port nobody listens on now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Where its output goes.
fn log_file(folder: &Path) -> std::path::PathBuf {
    folder.join("ministack.log")
}

/// All it is told: loopback only, nothing but HTTP, Lambda as child processes, every file in its own folder.
fn environment(folder: &Path, port: u16) -> Vec<(&'static str, String)> {
    let folder = folder.display();
    vec![
        ("PATH", std::env::var("PATH").unwrap_or_default()),
        ("LANG", "C.UTF-8".to_owned()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("HOME", folder.to_string()),
        ("TMPDIR", folder.to_string()),
        ("S3_DATA_DIR", format!("{folder}/s3")),
        ("STATE_DIR", format!("{folder}/state")),
        // Nowhere: no container of this machine is to be looked at, let alone reaped.
        ("DOCKER_HOST", format!("unix://{folder}/no-docker.sock")),
        ("BIND_HOST", "127.0.0.1".to_owned()),
        ("GATEWAY_PORT", port.to_string()),
        ("SFTP_ENABLED", "0".to_owned()),
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("LAMBDA_EXECUTOR", "local".to_owned()),
    ]
}
