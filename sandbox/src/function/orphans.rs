//! Processes that outlived a sandbox that was killed.
//!
//! Each process is noted in a file while it runs. A noted process is ended at the next start if it still runs a program from
//! this folder; a number that meanwhile belongs to something else is left alone.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process_group};

fn notes(folder: &Path) -> PathBuf {
    folder.join("functions").join("running")
}

/// Notes a process. One that cannot be noted runs all the same.
pub(super) fn note(folder: &Path, pid: u32) {
    let notes = notes(folder);
    let _ = fs::create_dir_all(&notes).and_then(|()| fs::write(notes.join(pid.to_string()), b""));
}

/// Forgets a process that has ended.
pub(super) fn forget(folder: &Path, pid: u32) {
    let _ = fs::remove_file(notes(folder).join(pid.to_string()));
}

/// Kills a process and everything it started.
pub(super) fn kill(pid: u32) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// Ends what is noted.
pub(super) fn end(folder: &Path) {
    let Ok(rows) = fs::read_dir(notes(folder)) else { return };
    let own = fs::canonicalize(folder.join("functions")).unwrap_or_else(|_| folder.join("functions"));
    for row in rows.flatten() {
        let Some(pid) = row.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let directory = fs::read_link(format!("/proc/{pid}/cwd"));
        if directory.is_ok_and(|directory| directory.starts_with(&own)) {
            kill(pid);
        }
        let _ = fs::remove_file(row.path());
    }
}
