//! A listener for one server: accepts connections, and ends them with itself.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use russh::Disconnect;
use russh::server::RunningSession;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::connection::{Connection, Progress};
use super::cut::Cut;
use super::settings::Settings;

/// Connections at once.
const CONNECTIONS: usize = 512;
/// How long a client may take to sign in; a push has to be answered in it.
const SIGN_IN: Duration = Duration::from_secs(120);
/// How long a client has to go when the server stops.
const GOODBYE: Duration = Duration::from_millis(300);

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
