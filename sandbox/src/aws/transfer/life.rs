//! The life of a server, all of it on this page.
//!
//! ```text
//! CreateServer -> STARTING -> ONLINE | START_FAILED
//! StopServer:  STARTING | ONLINE | START_FAILED | STOP_FAILED -> STOPPING -> OFFLINE
//! StartServer: OFFLINE | START_FAILED | STOP_FAILED -> STARTING -> ONLINE | START_FAILED
//! DeleteServer: any -> gone
//! ```
//!
//! STARTING and STOPPING last a moment. A timer ends them, and one that a later call overtook does nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Server;
use crate::state::World;

/// Where a server is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ServerState {
    /// On its way to ONLINE.
    Starting,
    /// Users can connect.
    Online,
    /// The start did not work out.
    StartFailed,
    /// On its way to OFFLINE.
    Stopping,
    /// The stop did not work out.
    StopFailed,
    /// Nobody can connect.
    Offline,
}

impl ServerState {
    /// As the API writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Online => "ONLINE",
            Self::StartFailed => "START_FAILED",
            Self::Stopping => "STOPPING",
            Self::StopFailed => "STOP_FAILED",
            Self::Offline => "OFFLINE",
        }
    }

    /// What StartServer leads to; `None` where it changes nothing.
    pub(super) fn after_start(self) -> Option<Self> {
        match self {
            Self::Offline | Self::StartFailed | Self::StopFailed => Some(Self::Starting),
            Self::Starting | Self::Online | Self::Stopping => None,
        }
    }

    /// What StopServer leads to; `None` where it changes nothing.
    pub(super) fn after_stop(self) -> Option<Self> {
        match self {
            Self::Starting | Self::Online | Self::StartFailed | Self::StopFailed => Some(Self::Stopping),
            Self::Stopping | Self::Offline => None,
        }
    }

    /// What a state that does not last turns into.
    fn after_a_moment(self, start_fails: bool) -> Option<Self> {
        match self {
            Self::Starting if start_fails => Some(Self::StartFailed),
            Self::Starting => Some(Self::Online),
            Self::Stopping => Some(Self::Offline),
            Self::Online | Self::StartFailed | Self::StopFailed | Self::Offline => None,
        }
    }
}

impl Server {
    /// Moves the server to another state.
    pub(super) fn enter(&mut self, state: ServerState) {
        self.state = state;
        self.turn += 1;
    }
}

/// Lets a server that was just moved go on by itself, after a moment.
pub(super) fn go_on(world: &Arc<World>, id: &str) {
    let Some(turn) = world.read(|state| state.servers.get(id).map(|server| server.turn)) else { return };
    world.tell_servers_changed();
    let (world, id) = (Arc::clone(world), id.to_owned());
    tokio::spawn(async move {
        tokio::time::sleep(world.server_start()).await;
        let start_fails = world.failures.server_start();
        world.change(|state| {
            let server = state.servers.servers.get_mut(&id).filter(|server| server.turn == turn);
            if let Some((server, next)) = server.and_then(|server| {
                let next = server.state.after_a_moment(start_fails)?;
                Some((server, next))
            }) {
                server.enter(next);
            }
        });
        world.tell_servers_changed();
    });
}

/// Goes on with servers that were on their way when the sandbox ended.
pub(super) fn resume(world: &Arc<World>) {
    let ids: Vec<String> = world.read(|state| state.servers.servers.keys().cloned().collect());
    for id in ids {
        go_on(world, &id);
    }
}
