//! A listener for one server: accepts connections, and ends them with itself.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::{Config, RunningSession};
use russh::{Disconnect, MethodSet, Preferred, SshId, cipher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::connection::{Connection, Progress};
use super::cut::Cut;
use super::user::{Methods, User};
use crate::aws::logs;
use crate::identity_provider::SignInAnswer;
use crate::state::World;

/// Connections at once.
const CONNECTIONS: usize = 512;
/// How long a client may take to sign in; a push has to be answered in it.
const SIGN_IN: Duration = Duration::from_secs(120);
/// How long a client has to go when the server stops.
const GOODBYE: Duration = Duration::from_millis(300);
/// All refusals take at least this long, whatever they are for.
const REFUSAL: Duration = Duration::from_millis(250);
/// When an idle client is cut off, and one that does not answer (Transfer user guide): 1,800 and 300 seconds.
const IDLE: Duration = Duration::from_secs(1800);
const UNRESPONSIVE: Duration = Duration::from_secs(100);

/// Asks the identity provider: user name, password (or the question for keys), source address.
pub(super) type Ask =
    Arc<dyn Fn(String, Option<String>, String) -> Pin<Box<dyn Future<Output = SignInAnswer> + Send>> + Send + Sync>;

/// What a connection needs to know of its server.
pub(super) struct Settings {
    pub(super) world: Arc<World>,
    pub(super) server_id: String,
    pub(super) region: String,
    pub(super) methods: Methods,
    pub(super) banner: Option<String>,
    pub(super) ignores_setstat: bool,
    /// Log group of the structured log.
    pub(super) log_group: Option<String>,
    pub(super) host_key: PrivateKey,
    pub(super) ask: Ask,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("server_id", &self.server_id).finish_non_exhaustive()
    }
}

impl Settings {
    /// Writes a line of the server's structured log (Transfer user guide, "CloudWatch log structure"): the members that a
    /// sandbox knows.
    pub(super) fn log(&self, activity: &str, user: &str, source_ip: &str, what: &str) {
        let Some(group) = &self.log_group else { return };
        let line = serde_json::json!({
            "activity-type": activity,
            "resource-arn": format!("arn:aws:transfer:{}:{}:server/{}", self.region, crate::ACCOUNT, self.server_id),
            "user": user,
            "source-ip": source_ip,
            if activity == "ERROR" { "message" } else { "method" }: what,
        });
        logs::append(&self.world, group, &format!("{}/sftp", self.server_id), &line.to_string());
    }

    /// Whether Transfer could assume the user's role.
    pub(super) fn can_assume(&self, user: &User) -> bool {
        self.world
            .read(|state| user.permission.can_be_assumed(&state.resources, &self.region, &self.server_id, &user.name))
    }

    fn config(&self) -> Config {
        let none = MethodSet::empty();
        let mut methods = none;
        if self.methods.take_keys() {
            methods.push(russh::MethodKind::PublicKey);
        }
        if self.methods.take_password(false) {
            methods.push(russh::MethodKind::Password);
        }
        let ciphers = [
            cipher::AES_256_GCM,
            cipher::AES_128_GCM,
            cipher::CHACHA20_POLY1305,
            cipher::AES_256_CTR,
            cipher::AES_192_CTR,
            cipher::AES_128_CTR,
        ];
        Config {
            server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-AWS_SFTP_1.1-sandbox")),
            methods,
            auth_rejection_time: REFUSAL,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![self.host_key.clone()],
            inactivity_timeout: Some(IDLE),
            keepalive_interval: Some(UNRESPONSIVE),
            keepalive_max: 3,
            nodelay: true,
            preferred: Preferred { cipher: Cow::Owned(ciphers.to_vec()), ..Preferred::default() },
            ..Config::default()
        }
    }
}

/// An open listener. Dropped, it closes at once, and its connections with it.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) port: u16,
    settings: watch::Sender<Arc<Settings>>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener {
    /// Accepts connections from now on.
    pub(super) fn open(listener: TcpListener, settings: Settings) -> std::io::Result<Self> {
        let port = listener.local_addr()?.port();
        let (settings, current) = watch::channel(Arc::new(settings));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept(listener, current, stopped));
        Ok(Self { port, settings, stop: Some(stop), task })
    }

    /// Takes over settings for connections from now on.
    pub(super) fn set(&self, settings: Settings) {
        self.settings.send_replace(Arc::new(settings));
    }

    /// Closes: says goodbye to clients, and then cuts them off.
    pub(super) async fn close(mut self) {
        drop(self.stop.take());
        let _ = (&mut self.task).await;
    }
}

async fn accept(listener: TcpListener, settings: watch::Receiver<Arc<Settings>>, mut stopped: oneshot::Receiver<()>) {
    let (stop, stopping) = watch::channel(false);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, or a client that was gone at once.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
        let settings = Arc::clone(&settings.borrow());
        let mut stopping = stopping.clone();
        connections.spawn(async move {
            let stop = async move { drop(stopping.wait_for(|stop| *stop).await) };
            serve(stream, peer.ip().to_string(), settings, stop).await;
            drop(place);
        });
    }
    drop(listener);
    stop.send_replace(true);
    while connections.join_next().await.is_some() {}
}

async fn serve(stream: TcpStream, source_ip: String, settings: Arc<Settings>, stop: impl Future<Output = ()>) {
    let _ = stream.set_nodelay(true);
    // russh runs the session as a task of its own; without its connection that ends.
    let (stream, keep) = Cut::new(stream);
    let progress = Arc::new(Progress::default());
    let config = Arc::new(settings.config());
    let connection = Connection::new(settings, source_ip, Arc::clone(&progress));
    let too_late = async {
        tokio::time::sleep(SIGN_IN).await;
        if progress.is_signed_in.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(stop, too_late);
    let started = tokio::select! {
        started = russh::server::run_stream(config, stream, connection) => started,
        () = &mut stop => return,
        () = &mut too_late => return,
    };
    let Ok(session) = started else { return };
    let handle = session.handle();
    tokio::pin!(session);
    let is_stopped = tokio::select! {
        // Garbage, a broken connection, or a client that left.
        _ = &mut session => return,
        () = &mut stop => true,
        () = &mut too_late => false,
    };
    if is_stopped && say_goodbye(&handle, session.as_mut()).await {
        return;
    }
    drop(keep);
    let _ = tokio::time::timeout(GOODBYE, session).await;
}

/// Tells a client why, and whether it went.
async fn say_goodbye(handle: &russh::server::Handle, session: Pin<&mut RunningSession<Connection>>) -> bool {
    let goodbye = async {
        let text = "The server was stopped".to_owned();
        let _ = handle.disconnect(Disconnect::ByApplication, text, String::new()).await;
        let _ = session.await;
    };
    tokio::time::timeout(GOODBYE, goodbye).await.is_ok()
}
