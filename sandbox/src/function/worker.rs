//! One process of a function.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use super::runtime_api::{Event, RuntimeApi};
use super::{FunctionError, Wanted, environment, log, orphans};
use crate::aws::logs;
use crate::state::World;

/// Lambda's limit for the start of a process.
const LONGEST_INIT: Duration = Duration::from_secs(10);
/// How long a program file may be busy, right after it was written.
const BUSY: Duration = Duration::from_secs(1);
/// How long the last lines of a process may take, before what Lambda adds is written.
const LAST_LINES: Duration = Duration::from_millis(20);

/// A process that waits for an event, or handles one.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    pid: u32,
    api: RuntimeApi,
    wanted: Wanted,
    log_stream: String,
    folder: PathBuf,
    init: Option<Duration>,
}

/// Starts a process and waits until it asks for an event.
pub(super) async fn start(world: &Arc<World>, wanted: &Wanted) -> Result<Worker, FunctionError> {
    let code = |error: io::Error| FunctionError::Code(format!("bootstrap cannot be started: {error}"));
    let began = Instant::now();
    let api = RuntimeApi::start().await.map_err(code)?;
    let log_stream = log::stream();
    let environment = environment::of(wanted, &api.address, &log_stream, &world.endpoint());
    let mut command = Command::new(wanted.code.join("bootstrap"));
    command.current_dir(&wanted.code).env_clear().envs(environment);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: it ends with everything it started, and a Ctrl-C at the terminal is ours to answer.
    command.process_group(0).kill_on_drop(true);
    let mut child = loop {
        match command.spawn() {
            // The file was just written, and another thread's child still holds it open until it runs its own program.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && began.elapsed() < BUSY => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            other => break other.map_err(code)?,
        }
    };
    let pid = child.id().unwrap_or_default();
    orphans::note(world.folder(), pid);
    for pipe in [child.stdout.take().map(Pipe::Out), child.stderr.take().map(Pipe::Err)].into_iter().flatten() {
        let (world, group, stream) = (Arc::downgrade(world), wanted.log_group.clone(), log_stream.clone());
        let copy = move |line: String| {
            if let Some(world) = world.upgrade() {
                logs::append(&world, &group, &stream, &line);
            }
        };
        tokio::spawn(async move {
            match pipe {
                Pipe::Out(pipe) => lines(pipe, copy).await,
                Pipe::Err(pipe) => lines(pipe, copy).await,
            }
        });
    }
    let folder = world.folder().to_path_buf();
    let mut worker = Worker { child, pid, api, wanted: wanted.clone(), log_stream, folder, init: None };
    tokio::select! {
        () = worker.api.ready() => {}
        status = worker.child.wait() => return Err(worker.crashed(status)),
        () = tokio::time::sleep(LONGEST_INIT) => {
            return Err(FunctionError::Code("bootstrap did not ask for an event within 10 seconds".to_owned()));
        }
    }
    worker.init = Some(began.elapsed());
    Ok(worker)
}

enum Pipe {
    Out(tokio::process::ChildStdout),
    Err(tokio::process::ChildStderr),
}

/// Copies lines until the pipe ends. A line that is too long is cut.
async fn lines(pipe: impl AsyncRead + Unpin, copy: impl Fn(String)) {
    let mut reader = BufReader::new(pipe);
    let mut line: Vec<u8> = Vec::new();
    loop {
        let (used, is_whole) = match reader.fill_buf().await {
            Ok([]) | Err(_) => break,
            Ok(bytes) => match bytes.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    line.extend(bytes.iter().take(end));
                    (end + 1, true)
                }
                None => {
                    line.extend(bytes);
                    (bytes.len(), line.len() >= log::LONGEST_LINE)
                }
            },
        };
        reader.consume(used);
        if is_whole {
            line.truncate(log::LONGEST_LINE);
            copy(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned());
            line.clear();
        }
    }
    if !line.is_empty() {
        copy(String::from_utf8_lossy(&line).into_owned());
    }
}

impl Worker {
    /// Whether the process still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Whether this process runs what is wanted.
    pub(super) fn runs(&self, wanted: &Wanted) -> bool {
        self.wanted == *wanted
    }

    /// Hands an event to the process. After any error but a reported one the process is of no use any more.
    pub(super) async fn handle(&mut self, world: &Arc<World>, body: Bytes) -> Result<Bytes, FunctionError> {
        let request_id = uuid::Uuid::new_v4().to_string();
        let began = Instant::now();
        let limit = Duration::from_secs(self.wanted.timeout);
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + limit;
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        self.write(world, &format!("START RequestId: {request_id} Version: $LATEST"));
        let event = Event { request_id: request_id.clone(), arn: self.wanted.arn.clone(), deadline_ms, body };
        let answer = tokio::select! {
            said = self.api.ask(event) => match said {
                Some(Ok(answer)) => Ok(answer),
                Some(Err(error)) => Err(FunctionError::Reported(error)),
                None => Err(FunctionError::Crashed("without an answer".to_owned())),
            },
            status = self.child.wait() => Err(self.crashed(status)),
            () = tokio::time::sleep(limit) => Err(FunctionError::TimedOut(self.wanted.timeout)),
        };
        self.tell(world, request_id, began.elapsed(), answer.as_ref().err());
        answer
    }

    /// Why the process ended.
    fn crashed(&self, status: io::Result<std::process::ExitStatus>) -> FunctionError {
        if let Some(error) = self.api.init_error() {
            return FunctionError::Crashed(format!("with an error of its own: {error}"));
        }
        FunctionError::Crashed(match status {
            Ok(status) => format!("with error: {}", status.to_string().replace("exit status: ", "exit status ")),
            Err(error) => format!("with error: {error}"),
        })
    }

    fn write(&self, world: &World, line: &str) {
        logs::append(world, &self.wanted.log_group, &self.log_stream, line);
    }

    /// Writes what Lambda adds at the end of an invocation, once the process's own lines are through.
    fn tell(&mut self, world: &Arc<World>, request_id: String, took: Duration, error: Option<&FunctionError>) {
        let millis = took.as_secs_f64() * 1000.0;
        let init = self.init.take().map(|init| format!("\tInit Duration: {:.2} ms", init.as_secs_f64() * 1000.0));
        let report = format!(
            "REPORT RequestId: {request_id}\tDuration: {millis:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t\
             Max Memory Used: {} MB{}",
            millis.ceil(),
            self.wanted.memory,
            memory(self.pid),
            init.unwrap_or_default()
        );
        let failure = match error {
            None | Some(FunctionError::Reported(_)) => None,
            Some(error) => Some(format!("RequestId: {request_id} Error: {error}")),
        };
        let (world, group, stream) = (Arc::clone(world), self.wanted.log_group.clone(), self.log_stream.clone());
        tokio::spawn(async move {
            tokio::time::sleep(LAST_LINES).await;
            let end = format!("END RequestId: {request_id}");
            for line in failure.iter().chain([&end, &report]) {
                logs::append(&world, &group, &stream, line);
            }
        });
    }

    /// Ends the process and waits for its end.
    pub(super) async fn end(mut self) {
        orphans::kill(self.pid);
        let _ = self.child.wait().await;
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Also when the process itself has ended: what it started may not have.
        orphans::kill(self.pid);
        orphans::forget(&self.folder, self.pid);
    }
}

/// The most memory the process has used, in MB; 0 where the system does not tell.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0);
    kib.div_ceil(1024)
}
