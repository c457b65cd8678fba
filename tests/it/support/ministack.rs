//! An AWS emulator nobody here wrote: STS, S3, IAM, CloudFormation, Lambda and API Gateway on a loopback port.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use super::emulator::Emulator;
use super::loopback;

/// A running ministack with a state and a folder of its own; it ends, Lambda processes included, with this value.
pub(crate) struct Ministack(Emulator);

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
        Self(Emulator::start("ministack", "/_ministack/health", |command, folder, port| {
            tell(command, folder, port);
            command.envs(more.iter().copied());
        }))
    }

    /// One for the whole test binary, for tests that use names of their own and never reset it.
    ///
    /// A `static` is never dropped: the pipe it holds closes with this process, which ends it
    /// ([`super::process::Group::spawn_bound`]).
    pub(crate) fn shared() -> &'static Self {
        static SHARED: LazyLock<Ministack> = LazyLock::new(Ministack::start);
        &SHARED
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn endpoint(&self) -> String {
        self.0.endpoint()
    }

    /// Forgets everything. It needs `&mut`, so the shared one cannot be emptied under another test.
    pub(crate) fn reset(&mut self) {
        let answer = loopback::post(&format!("{}/_ministack/reset", self.endpoint()), &[], "").unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// What it has said so far, for the message of a failing test.
    pub(crate) fn log(&self) -> String {
        self.0.log()
    }

    /// Its process group.
    pub(crate) fn group(&self) -> i32 {
        self.0.group()
    }

    /// Every address one of its processes listens on.
    pub(crate) fn listening(&self) -> Vec<SocketAddr> {
        self.0.listening()
    }
}

/// All it is told: loopback only, nothing but HTTP, Lambda as child processes, every file in its own folder.
fn tell(command: &mut Command, folder: &Path, port: u16) {
    let folder = folder.display();
    command.envs([
        ("S3_DATA_DIR", format!("{folder}/s3")),
        ("STATE_DIR", format!("{folder}/state")),
        // Nowhere: no container of this machine is to be looked at, let alone reaped.
        ("DOCKER_HOST", format!("unix://{folder}/no-docker.sock")),
        ("BIND_HOST", "127.0.0.1".to_owned()),
        ("GATEWAY_PORT", port.to_string()),
        ("SFTP_ENABLED", "0".to_owned()),
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("LAMBDA_EXECUTOR", "local".to_owned()),
    ]);
}
