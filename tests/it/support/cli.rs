//! Runs the deployer, or any program, as a pipeline would: clean environment, own folder, hard time limit.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::process::{Group, Signal, until};

/// What a run may take unless the test says otherwise.
const LIMIT: Duration = Duration::from_secs(60);

/// A program, its environment and its folder; each [`Cli::run`] is a process of its own.
#[derive(Clone)]
pub(crate) struct Cli {
    pub(super) program: PathBuf,
    pub(super) environment: BTreeMap<OsString, OsString>,
    folder: Arc<TempDir>,
    input: Vec<u8>,
    pub(super) limit: Duration,
}

impl Cli {
    /// The deployer of this build.
    pub(crate) fn new() -> Self {
        Self::of(Path::new(env!("CARGO_BIN_EXE_sftp-okta")))
    }

    /// Any other program.
    pub(crate) fn of(program: &Path) -> Self {
        let folder = Arc::new(TempDir::with_prefix("sftp-okta-").unwrap());
        let no_settings = folder.path().join("no-aws-settings");
        fs::write(&no_settings, "").unwrap();
        let mut cli =
            Self { program: program.to_owned(), environment: BTreeMap::new(), folder, input: Vec::new(), limit: LIMIT };
        // Nothing of the person who runs the tests: no profile, no proxy, no CI variable, no terminal settings.
        for kept in ["PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                cli.environment.insert(kept.into(), value);
            }
        }
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ] {
            cli = cli.env(name, value);
        }
        let home = cli.folder.path().to_owned();
        cli.env("HOME", home)
            .env("AWS_CONFIG_FILE", no_settings.clone())
            .env("AWS_SHARED_CREDENTIALS_FILE", no_settings)
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Takes an environment variable away.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.remove(&OsString::from(name));
        self
    }

    /// Sets the endpoint of every AWS service.
    pub(crate) fn endpoint(self, url: &str) -> Self {
        self.env("AWS_ENDPOINT_URL", url)
    }

    /// Sets the endpoint of one AWS service, named as in `AWS_ENDPOINT_URL_TRANSFER`.
    pub(crate) fn endpoint_of(self, service: &str, url: &str) -> Self {
        self.env(&format!("AWS_ENDPOINT_URL_{service}"), url)
    }

    /// Sets the time limit of each run.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Sets what is on stdin; nothing unless said, and never a terminal.
    pub(crate) fn input(mut self, input: &str) -> Self {
        self.input = input.into();
        self
    }

    /// The folder it runs in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file in its folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    /// Starts a run, for tests that act meanwhile.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let started = Instant::now();
        let mut group = Group::spawn(
            Command::new(&self.program)
                .args(arguments)
                .current_dir(self.folder())
                .env_clear()
                .envs(&self.environment)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        )
        .unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let leader = group.leader();
        let mut stdin = leader.stdin.take().expect("a piped stdin");
        let input = self.input.clone();
        // A program may end without reading what it is given: that is no failure of the test.
        let feeding = thread::spawn(move || drop(stdin.write_all(&input)));
        let stdout = Collected::of(leader.stdout.take().expect("a piped stdout"));
        let stderr = Collected::of(leader.stderr.take().expect("a piped stderr"));
        let what = format!("{} {}", self.program.display(), arguments.join(" "));
        let _folder = Arc::clone(&self.folder);
        Running { group, feeding, stdout, stderr, what, started, limit: self.limit, _folder }
    }
}

/// A pipe's content as it comes in, read by a thread of its own so that the program never blocks on us.
struct Collected {
    bytes: Arc<Mutex<Vec<u8>>>,
    reading: JoinHandle<()>,
}

impl Collected {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let target = Arc::clone(&bytes);
        let reading = thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                target.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { bytes, reading }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn whole(self) -> String {
        self.reading.join().unwrap();
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }
}

/// A run under way; dropped, it is killed with all it started.
pub(crate) struct Running {
    group: Group,
    feeding: JoinHandle<()>,
    stdout: Collected,
    stderr: Collected,
    what: String,
    started: Instant,
    limit: Duration,
    /// Kept until the run is over, even if what started it is gone.
    _folder: Arc<TempDir>,
}

impl Running {
    /// Sends a signal to the program and what it started, as a terminal or a CI runner does.
    pub(crate) fn signal(&self, signal: Signal) {
        self.group.signal(signal);
    }

    /// The process group.
    pub(crate) fn group(&self) -> i32 {
        self.group.id()
    }

    /// Whether the program has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.group.ended().is_some()
    }

    /// Waits until stderr holds a text; fails if the run ends or its time is over before.
    pub(crate) fn wait_for_stderr(&mut self, text: &str) {
        let found = until(self.limit, || {
            // Looked at in this order, or the last words of a program that has just ended would be missed.
            let ended = self.group.ended().is_some();
            if self.stderr.so_far().contains(text) {
                return Some(true);
            }
            (ended && self.stderr.reading.is_finished()).then_some(false)
        });
        assert_eq!(found, Some(true), "{}: no {text:?} on stderr:\n{}", self.what, self.stderr.so_far());
    }

    /// Waits until stdout holds a text so many times; fails if the run ends or its time is over before.
    pub(crate) fn wait_for_stdout(&mut self, text: &str, times: usize) {
        let found = until(self.limit, || {
            let ended = self.group.ended().is_some();
            if self.stdout.so_far().matches(text).count() >= times {
                return Some(true);
            }
            (ended && self.stdout.reading.is_finished()).then_some(false)
        });
        assert_eq!(found, Some(true), "{}: not {times} times {text:?}:\n{}", self.what, self.stdout.so_far());
    }

    /// Waits for the end. One that does not come within the limit fails the test, and nothing is left running.
    pub(crate) fn wait(mut self) -> Ran {
        let left = self.limit.saturating_sub(self.started.elapsed());
        let status = until(left, || self.group.ended());
        let elapsed = self.started.elapsed();
        // Also ends what the program may have left behind, which would hold the pipes open.
        self.group.end();
        self.feeding.join().unwrap();
        let (stdout, stderr) = (self.stdout.whole(), self.stderr.whole());
        let what = self.what;
        let Some(status) = status else {
            panic!("{what}: not ended within {:?}\nstdout: {stdout}\nstderr: {stderr}", self.limit);
        };
        Ran { what, status, stdout, stderr, elapsed }
    }
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    what: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
}

impl Ran {
    /// The exit code; nothing if a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The signal that ended it, if one did.
    pub(crate) fn killed_by(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Fails with everything the run said unless it ended with this code.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code(), Some(code), "{self}");
        self
    }

    /// [`Ran::expect_error`], which also says what to do next.
    #[track_caller]
    pub(crate) fn expect_failure(&self, exit: i32, kind: &str) -> serde_json::Value {
        let error = self.expect_error(exit, kind);
        assert!(error["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "no hint\n{self}");
        error
    }

    /// Fails unless it ended with this code, one JSON document that tells an error of this kind, and words for a person
    /// without the SDK's names for classes of errors. Gives that error.
    #[track_caller]
    pub(crate) fn expect_error(&self, exit: i32, kind: &str) -> serde_json::Value {
        self.expect_code(exit);
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], kind, "{self}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty() && self.stderr.contains("error:"), "{self}");
        for class in ["dispatch failure", "service error", "unhandled error", "timeout error", "response error"] {
            let texts = [self.stdout.as_str(), self.stderr.as_str()];
            assert!(!texts.iter().any(|text| text.contains(class)), "a bare {class:?}\n{self}");
        }
        error
    }

    /// stdout as exactly one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is not one document: {error}\n{self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { what, status, stdout, stderr, elapsed } = self;
        write!(formatter, "{what}: {status} after {elapsed:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}
