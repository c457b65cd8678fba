//! What the sandbox knows: one value, saved as one file after every change.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::aws::{cloudformation, logs, s3, transfer};
use crate::failures::Failures;
use crate::folder::{self, LOCK, STATE};
use crate::resources::Resources;
use crate::{Options, SandboxError, SftpListener, Status, okta};

/// How often changes that may wait are saved.
const NOW_AND_THEN: Duration = Duration::from_millis(500);
/// How often it is looked whether the folder is still there.
const LOOK: Duration = Duration::from_millis(500);
/// How long things take in a slow sandbox.
const SLOW: Duration = Duration::from_secs(1);

/// Everything that outlives a restart. Each module has one field.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// CloudFormation's stacks, deleted ones too.
    pub(crate) stacks: cloudformation::Stacks,
    /// What the stacks made.
    pub(crate) resources: Resources,
    /// S3's buckets.
    pub(crate) buckets: s3::Buckets,
    /// Transfer's servers.
    pub(crate) servers: transfer::Servers,
    /// CloudWatch's log groups.
    pub(crate) log_groups: logs::LogGroups,
    /// The SFTP port of each server, so that it stays the same.
    pub(crate) sftp_ports: BTreeMap<String, u16>,
    /// The port of the small Okta, so that it stays the same: it is in the settings of every function that was deployed.
    pub(crate) okta_port: Option<u16>,
}

/// A running sandbox, as its parts see it.
#[derive(Debug)]
pub(crate) struct World {
    state: Mutex<State>,
    /// Nobody else runs in the folder; the system frees it however this process ends.
    lock: File,
    unsaved: AtomicBool,
    calls: AtomicU64,
    address: SocketAddr,
    okta_url: OnceLock<String>,
    listeners: Mutex<Vec<SftpListener>>,
    servers_changed: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    /// The objects of the buckets.
    pub(crate) store: s3::Store,
    /// The functions that are kept warm.
    pub(crate) functions: crate::function::Functions,
    /// What is to fail.
    pub(crate) failures: Failures,
    /// How it was started.
    pub(crate) options: Options,
}

impl World {
    /// Reads the state of `options.folder`, or begins a new one.
    pub(crate) fn open(options: Options, failures: Failures, address: SocketAddr) -> Result<Arc<Self>, SandboxError> {
        let unusable = |source| SandboxError::Folder { folder: options.folder.clone(), source };
        folder::prepare(&options.folder).map_err(unusable)?;
        // Not emptied before it is held: the one that holds it has its id there.
        let mut lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(options.folder.join(LOCK))
            .map_err(unusable)?;
        match hold(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SandboxError::Busy { folder: options.folder }),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // Only told to a person, so that nothing fails without it.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        let file = state_file(&options.folder);
        let state = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| SandboxError::State { file, source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(unusable(error)),
        };
        write_atomically(&options.folder, &state).map_err(unusable)?;
        let store = s3::Store::new(options.folder.join("buckets"));
        store.remove_spooled();
        Ok(Arc::new(Self {
            state: Mutex::new(state),
            lock,
            unsaved: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            address,
            okta_url: OnceLock::new(),
            listeners: Mutex::new(Vec::new()),
            servers_changed: watch::channel(0).0,
            stop: watch::channel(false).0,
            store,
            functions: crate::function::Functions::default(),
            failures,
            options,
        }))
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Changes the state and saves it before anybody is told.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        self.write(&state);
        result
    }

    /// Changes the state, to be saved within a moment: for what comes often and may be lost, such as log lines.
    pub(crate) fn note<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.unsaved.store(true, Ordering::Relaxed);
        result
    }

    /// Saves the state as it is.
    pub(crate) fn save(&self) {
        self.write(&self.lock());
    }

    /// A full disk does not stop the sandbox: what could not be saved is tried again.
    fn write(&self, state: &State) {
        if !self.has_its_folder() {
            return;
        }
        let saved = write_atomically(&self.options.folder, state);
        self.unsaved.store(saved.is_err(), Ordering::Relaxed);
    }

    /// Whether the folder is still the one it was started in. One that was removed meanwhile may be there again, and hold
    /// another sandbox.
    pub(crate) fn has_its_folder(&self) -> bool {
        let held = self.lock.metadata().map(|held| (held.dev(), held.ino()));
        let there = fs::metadata(self.options.folder.join(LOCK)).map(|there| (there.dev(), there.ino()));
        matches!((held, there), (Ok(held), Ok(there)) if held == there)
    }

    /// A poisoned lock is still a state: whoever panicked did so in a test or left the value whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `http://127.0.0.1:PORT` of the AWS-shaped endpoint.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where everything is kept.
    pub(crate) fn folder(&self) -> &Path {
        &self.options.folder
    }

    /// Time between two events of a stack.
    pub(crate) fn pace(&self) -> Duration {
        if self.options.slow { SLOW } else { self.options.pace }
    }

    /// Time from STARTING to ONLINE of a server.
    pub(crate) fn server_start(&self) -> Duration {
        if self.options.slow { SLOW * 5 } else { self.options.server_start }
    }

    /// Whether this call of the control plane is told to come back later: every third one is, where that was asked for.
    pub(crate) fn is_throttled(&self) -> bool {
        self.options.throttle && self.calls.fetch_add(1, Ordering::Relaxed) % 3 == 2
    }

    /// Told whenever a server was made, changed, started, stopped or deleted.
    pub(crate) fn servers_changed(&self) -> watch::Receiver<u64> {
        self.servers_changed.subscribe()
    }

    /// Tells everybody that listens to [`World::servers_changed`].
    pub(crate) fn tell_servers_changed(&self) {
        self.servers_changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Sets the URL of the Okta org, once.
    pub(crate) fn set_okta_url(&self, url: String) {
        self.okta_url.get_or_init(|| url);
    }

    /// The URL of the Okta org.
    pub(crate) fn okta_url(&self) -> String {
        self.okta_url.get().cloned().unwrap_or_default()
    }

    /// Sets the SFTP listeners that are open.
    pub(crate) fn set_listeners(&self, listeners: Vec<SftpListener>) {
        *self.listeners.lock().unwrap_or_else(PoisonError::into_inner) = listeners;
    }

    /// What the sandbox tells about itself.
    pub(crate) fn status(&self) -> Status {
        Status {
            endpoint_url: self.endpoint(),
            okta_url: self.okta_url(),
            folder: self.options.folder.clone(),
            users: if self.options.okta_org.is_some() { Vec::new() } else { okta::users() },
            service_app: self.options.okta_org.is_none().then(okta::service_app),
            sftp: self.listeners.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Asks everything to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until everything was asked to stop.
    pub(crate) async fn asked_to_stop(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as this value, so that waiting cannot fail.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

/// Takes the lock. Whoever looks whether a sandbox runs here has it for an instant too.
fn hold(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..10 {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            taken => return taken,
        }
    }
    lock.try_lock()
}

/// Saves what [`World::note`] left unsaved.
pub(crate) async fn save_now_and_then(world: Arc<World>) {
    loop {
        tokio::time::sleep(NOW_AND_THEN).await;
        if world.unsaved.swap(false, Ordering::Relaxed) {
            world.save();
        }
    }
}

/// Asks the sandbox to stop when its folder was removed: nobody could find it any more.
pub(crate) async fn stop_without_folder(world: Arc<World>) {
    while world.has_its_folder() {
        tokio::time::sleep(LOOK).await;
    }
    world.ask_to_stop();
}

fn state_file(folder: &Path) -> PathBuf {
    folder.join(STATE)
}

/// A reader sees the old state or the new one, whatever happens meanwhile.
fn write_atomically(folder: &Path, state: &State) -> io::Result<()> {
    let new = folder.join("state.json.new");
    fs::write(&new, serde_json::to_vec(state)?)?;
    fs::rename(new, state_file(folder))
}

#[cfg(test)]
mod tests;
