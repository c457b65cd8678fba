//! Programs started by tests, each in a process group that ends with the test.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, kill_process_group};

pub(crate) use rustix::process::Signal;

/// How often something that cannot tell us is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(5);

/// Looks until `done` gives a value, or until the time is over.
pub(crate) fn until<T>(limit: Duration, mut done: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = done() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(LOOK);
    }
}

/// A child that leads a process group; what it starts ends with it, at the latest when this value is dropped.
pub(crate) struct Group {
    leader: Child,
    id: Pid,
}

impl Group {
    /// Starts a program as the leader of a new group.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.process_group(0).spawn().map(Self::of_leader)
    }

    /// The group of a child that leads one already.
    pub(crate) fn of_leader(leader: Child) -> Self {
        let id = Pid::from_child(&leader);
        Self { leader, id }
    }

    /// Starts a program that must not outlive this process either, however this process ends.
    ///
    /// A shell stands between: it holds the read end of a pipe of ours, which closes when we are gone, and then
    /// removes the program's folder and ends the group. So a value kept in a `static`, which is never dropped,
    /// leaves nothing behind.
    pub(crate) fn spawn_bound(program: &Path, folder: &Path, prepare: impl FnOnce(&mut Command)) -> io::Result<Self> {
        const WATCH: &str =
            r#"folder=$1; shift; ("$0" "$@" </dev/null; kill -KILL 0) & read -r _; rm -rf -- "$folder"; kill -KILL 0"#;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", WATCH]).arg(program).arg(folder).current_dir(folder);
        prepare(&mut command);
        Self::spawn(command.stdin(Stdio::piped()))
    }

    /// Removes a folder when this process has ended, however it ends: whatever lives by that folder ends with it.
    pub(crate) fn remove_with_this_process(folder: &Path) -> io::Result<Self> {
        const WATCH: &str = r#"read -r _; rm -rf -- "$0""#;
        let mut command = Command::new("/bin/sh");
        Self::spawn(command.args(["-c", WATCH]).arg(folder).stdin(Stdio::piped()))
    }

    /// The leader's process id, which is the group's too.
    pub(crate) fn id(&self) -> i32 {
        self.id.as_raw_nonzero().get()
    }

    /// The child itself, for its pipes.
    pub(crate) fn leader(&mut self) -> &mut Child {
        &mut self.leader
    }

    /// Sends a signal to the whole group.
    pub(crate) fn signal(&self, signal: Signal) {
        // No such group: everything in it has ended, and there is nobody to tell.
        let _gone = kill_process_group(self.id, signal);
    }

    /// The leader's status, once it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.leader.try_wait().expect("waiting for a child of ours")
    }

    /// Ends the group now and waits until none of it is left.
    pub(crate) fn end(&mut self) {
        self.signal(Signal::KILL);
        let _reaped = self.leader.wait();
        let id = self.id();
        let gone = until(Duration::from_secs(10), || members(id).is_empty().then_some(()));
        if gone.is_none() && !thread::panicking() {
            panic!("processes {:?} of group {id} outlived SIGKILL", members(id));
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// The live processes of a group, from `/proc` (none where there is no such thing).
pub(crate) fn members(group: i32) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            // `pid (name) state parent group …`, where the name may hold anything, brackets too.
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
            let alive = fields.next().is_some_and(|state| !matches!(state, "Z" | "X"));
            alive && fields.nth(1) == Some(group.to_string().as_str())
        })
        .collect()
}

/// The live processes that work in a folder, or were started with its name in their command line or environment: what a
/// test has left running, whatever group it is in.
pub(crate) fn of_folder(folder: &Path) -> Vec<(i32, String)> {
    let name = folder.to_string_lossy().into_owned();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let text = |path: String| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).replace('\0', " ");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter_map(|pid| {
            let command = text(format!("/proc/{pid}/cmdline"));
            let directory = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
            // A process that has ended and was not waited for has none of these.
            let is_its = directory.starts_with(folder)
                || command.contains(&name)
                || text(format!("/proc/{pid}/environ")).contains(&name);
            is_its.then_some((pid, command))
        })
        .collect()
}

/// Every address a process of the group listens on, from `/proc`.
pub(crate) fn listening(group: i32) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    for pid in members(group) {
        let sockets = open_sockets(pid);
        for table in ["tcp", "tcp6"] {
            let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
            for line in text.lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                // sl, local address, remote address, state (0A = LISTEN), …, inode.
                if fields[3] == "0A" && sockets.iter().any(|inode| inode == fields[9]) {
                    addresses.push(socket_address(fields[1]));
                }
            }
        }
    }
    addresses.sort();
    addresses.dedup();
    addresses
}

/// The inodes of a process's sockets.
fn open_sockets(pid: i32) -> Vec<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let target = fs::read_link(entry.ok()?.path()).ok()?;
            Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect()
}

/// Reads `0100007F:1F90`: words in the machine's byte order (little-endian on all machines we test on), then the port.
fn socket_address(text: &str) -> SocketAddr {
    let (address, port) = text.split_once(':').expect("an address and a port");
    let port = u16::from_str_radix(port, 16).expect("a port in hexadecimal");
    let words: Vec<[u8; 4]> = (0..address.len())
        .step_by(8)
        .map(|at| u32::from_str_radix(&address[at..at + 8], 16).expect("a word in hexadecimal").to_le_bytes())
        .collect();
    let ip = match <[u8; 16]>::try_from(words.concat()) {
        Ok(sixteen) => IpAddr::V6(Ipv6Addr::from(sixteen)),
        Err(_) => IpAddr::V4(Ipv4Addr::from(words[0])),
    };
    SocketAddr::new(ip, port)
}
