//! Finding a sandbox that runs in a folder, and talking to it.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Status;
use crate::folder::LOCK;

/// The file in which a running sandbox tells where it is.
const RUNNING: &str = "running.json";
/// A sandbox on this machine answers at once, or is not there.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The sandbox that runs in `folder`; `None` when there is none. What a killed one left behind does not count.
#[must_use]
pub fn find(folder: &Path) -> Option<Status> {
    let told = fs::read(folder.join(RUNNING)).ok()?;
    let told: Status = serde_json::from_slice(&told).ok()?;
    let now: Status = serde_json::from_str(&call(&told.endpoint_url, "GET", "/_sandbox/status").ok()?).ok()?;
    // Its port may belong to another one by now.
    (now.folder == told.folder).then_some(now)
}

/// Whether a sandbox in `folder` has ended, all that it had to write included.
#[must_use]
pub fn has_ended(folder: &Path) -> bool {
    find(folder).is_none() && holder(folder).is_none()
}

/// The process that holds a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// Its id, where it is told.
    pub pid: Option<u32>,
}

/// The process that holds the folder, whether it answers or not. The lock goes with its process, however that ends.
#[must_use]
pub fn holder(folder: &Path) -> Option<Holder> {
    let mut lock = fs::File::open(folder.join(LOCK)).ok()?;
    // Shared: two that look at the same time do not take each other for a sandbox.
    if !matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock)) {
        return None;
    }
    let mut told = String::new();
    let pid = lock.read_to_string(&mut told).ok().and_then(|_| told.trim().parse().ok());
    Some(Holder { pid })
}

/// Asks the sandbox at `endpoint_url` to stop. It answers before it has stopped.
///
/// # Errors
/// It cannot be reached.
pub fn ask_to_stop(endpoint_url: &str) -> io::Result<()> {
    call(endpoint_url, "POST", "/_sandbox/stop").map(|_| ())
}

/// Tells where a sandbox runs.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn announce(folder: &Path, status: &Status) -> io::Result<()> {
    fs::write(running(folder), serde_json::to_vec_pretty(status).unwrap_or_default())
}

/// Tells that no sandbox runs any more.
pub(crate) fn withdraw(folder: &Path) {
    let _ = fs::remove_file(running(folder));
}

fn running(folder: &Path) -> PathBuf {
    folder.join(RUNNING)
}

/// One small request over a connection of its own.
fn call(endpoint_url: &str, method: &str, path: &str) -> io::Result<String> {
    let address = endpoint_url.strip_prefix("http://").unwrap_or(endpoint_url).trim_end_matches('/');
    let socket = address.parse().map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&socket, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no HTTP answer"))?;
    if head.split(' ').nth(1).is_some_and(|status| status.starts_with('2')) {
        Ok(body.to_owned())
    } else {
        Err(io::Error::other("refused"))
    }
}
