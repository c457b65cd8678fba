//! Finding a sandbox that runs in a folder, and talking to it.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Status;

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
    !running(folder).exists() || find(folder).is_none() && !is_held(folder)
}

/// Whether a process holds the folder. The lock goes with its process, however that ends.
fn is_held(folder: &Path) -> bool {
    let lock = fs::File::open(folder.join("lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)))
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
