//! The whole service on one machine: AWS-shaped endpoints, a small Okta and SFTP, on loopback only.
//!
//! One port answers as AWS does ([`aws`]), one as Okta does ([`okta`]), and one for each server that is ONLINE speaks SFTP
//! ([`sftp`]). The state is one file in the folder, so that a sandbox that was stopped goes on where it was.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "JSON values, system errors and protocol messages are matched by the few that matter here"
)]

mod aws;
pub mod client;
mod clock;
mod failures;
#[cfg(test)]
mod fixture;
pub mod folder;
mod function;
mod gateway;
mod host;
mod identity_provider;
mod okta;
mod policy;
mod resources;
mod sftp;
mod signature;
mod state;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use failures::{UnknownFailure, only_logical_ids};

use failures::Failures;
use state::World;

/// The account everything belongs to.
pub const ACCOUNT: &str = "000000000000";

/// The region of what belongs to none.
const REGION: &str = "us-east-1";

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept: state, objects, host keys.
    pub folder: PathBuf,
    /// Port of the AWS-shaped endpoint; 0 takes a free one.
    pub port: u16,
    /// Port of the small Okta; 0 takes a free one.
    pub okta_port: u16,
    /// A real Okta org that is used instead of the small one.
    pub okta_org: Option<String>,
    /// What is to fail, such as `CreateRole` or `server-start`.
    pub failures: Vec<String>,
    /// Resources and servers take as long as a person needs to watch them.
    pub slow: bool,
    /// Every third call of the control plane is told to come back later.
    pub throttle: bool,
    /// Time between two events of a stack, where it is not `slow`.
    pub pace: Duration,
    /// Time from STARTING to ONLINE of a server, where it is not `slow`.
    pub server_start: Duration,
}

impl Options {
    /// The usual sandbox in `folder`, on free ports.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            port: 0,
            okta_port: 0,
            okta_org: None,
            failures: Vec::new(),
            slow: false,
            throttle: false,
            pace: Duration::from_millis(60),
            server_start: Duration::from_millis(500),
        }
    }
}

/// What a running sandbox tells about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The AWS-shaped endpoint.
    pub endpoint_url: String,
    /// The Okta org, the small one or a real one.
    pub okta_url: String,
    /// Where everything is kept.
    pub folder: PathBuf,
    /// The users of the small Okta.
    pub users: Vec<User>,
    /// The service app of the small Okta, for `okta.service_app`.
    #[serde(default)]
    pub service_app: Option<ServiceApp>,
    /// The SFTP listeners that are open.
    pub sftp: Vec<SftpListener>,
}

/// A user of the small Okta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The Okta login.
    pub login: String,
    /// The part of it before the `@`.
    pub user: String,
    /// The password.
    pub password: String,
    /// What happens when the user signs in.
    pub state: String,
}

/// The service app of the small Okta, as a configuration names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceApp {
    /// Its client id.
    pub client_id: String,
    /// The id of its key.
    pub key_id: String,
    /// The ARN of the secret that holds the private key.
    pub private_key_secret: String,
}

/// An SFTP listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SftpListener {
    /// The Transfer server it belongs to.
    pub server_id: String,
    /// Always loopback.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// Why a sandbox could not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The folder cannot be used.
    #[error("the folder {} cannot be used", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Another sandbox runs in the folder.
    #[error("another sandbox runs in {}", folder.display())]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The state was written by something else.
    #[error("{} is not a state this version can read", file.display())]
    State {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A port cannot be opened.
    #[error("port {port} on 127.0.0.1 cannot be opened")]
    Port {
        /// The port.
        port: u16,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A failure was asked for that nobody knows.
    #[error(transparent)]
    Failure(#[from] UnknownFailure),
}

/// A running sandbox. Dropped without [`Sandbox::stop`], it ends with the process.
#[derive(Debug)]
pub struct Sandbox {
    world: Arc<World>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts a sandbox.
///
/// # Errors
/// The folder, a port or an option cannot be used.
pub async fn start(options: Options) -> Result<Sandbox, SandboxError> {
    let failures = Failures::parse(&options.failures)?;
    let listener = listen(options.port).await?;
    let address = listener.local_addr().map_err(|source| SandboxError::Port { port: options.port, source })?;
    let world = World::open(options, failures, address)?;
    function::end_orphans(world.folder());
    okta::start(&world).await?;
    let tasks = vec![
        tokio::spawn(aws::port::serve(Arc::clone(&world), listener)),
        tokio::spawn(sftp::run(Arc::clone(&world))),
        tokio::spawn(state::save_now_and_then(Arc::clone(&world))),
        tokio::spawn(state::stop_without_folder(Arc::clone(&world))),
    ];
    aws::cloudformation::resume(&world);
    aws::transfer::resume(&world);
    client::announce(world.folder(), &world.status())
        .map_err(|source| SandboxError::Folder { folder: world.folder().to_owned(), source })?;
    Ok(Sandbox { world, tasks })
}

/// Opens a port on loopback.
///
/// # Errors
/// The port is taken.
pub(crate) async fn listen(port: u16) -> Result<TcpListener, SandboxError> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
        .await
        .map_err(|source| SandboxError::Port { port, source })
}

impl Sandbox {
    /// What it tells about itself.
    #[must_use]
    pub fn status(&self) -> Status {
        self.world.status()
    }

    /// Waits until somebody asks it to stop (`POST /_sandbox/stop`), or its folder was removed.
    pub async fn asked_to_stop(&self) {
        self.world.asked_to_stop().await;
    }

    /// Ends its listeners and children, and saves.
    pub async fn stop(self) {
        self.world.ask_to_stop();
        function::stop(&self.world).await;
        for task in self.tasks {
            task.abort();
        }
        self.world.save();
        if self.world.has_its_folder() {
            client::withdraw(self.world.folder());
        }
    }
}
