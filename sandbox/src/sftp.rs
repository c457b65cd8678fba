//! SFTP: a listener for each server that is ONLINE, as Transfer's endpoint would be (Transfer user guide, "Transferring files
//! over a server endpoint using a client").
//!
//! It speaks SFTP version 3 over russh, with a codec of its own: replies to many requests leave together, and a broken packet
//! ends the session instead of shifting all that follows.

mod connection;
mod cut;
mod home;
mod listener;
mod objects;
mod permission;
mod pump;
mod replies;
mod session;
mod settings;
mod user;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use russh::keys::load_secret_key;
use tokio::net::TcpListener;

use crate::SftpListener;
use crate::aws::transfer::Server;
use crate::identity_provider::{self, SignInRequest};
use crate::state::World;
use listener::Listener;
use settings::{Ask, Settings};
use user::Methods;

/// Keeps the listeners equal to the servers that are ONLINE, and tells the world which are open.
pub(crate) async fn run(world: Arc<World>) {
    let mut changed = world.servers_changed();
    let mut listeners: BTreeMap<String, (Server, Listener)> = BTreeMap::new();
    loop {
        changed.mark_unchanged();
        reconcile(&world, &mut listeners).await;
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { break },
            () = world.asked_to_stop() => break,
        }
    }
    close_all(listeners.into_values().map(|(_, listener)| listener)).await;
    world.set_listeners(Vec::new());
}

async fn close_all(listeners: impl Iterator<Item = Listener>) {
    let closing: Vec<_> = listeners.map(|listener| tokio::spawn(listener.close())).collect();
    for closing in closing {
        let _ = closing.await;
    }
}

async fn reconcile(world: &Arc<World>, listeners: &mut BTreeMap<String, (Server, Listener)>) {
    let online: BTreeMap<String, Server> =
        world.read(|state| state.servers.online()).into_iter().map(|server| (server.id.clone(), server)).collect();
    let (staying, gone): (BTreeMap<_, _>, BTreeMap<_, _>) =
        std::mem::take(listeners).into_iter().partition(|(id, _)| online.contains_key(id));
    *listeners = staying;
    let told = |listeners: &BTreeMap<String, (Server, Listener)>| {
        let told = |(id, (_, listener)): (&String, &(Server, Listener))| SftpListener {
            server_id: id.clone(),
            host: "127.0.0.1".to_owned(),
            port: listener.port,
        };
        world.set_listeners(listeners.iter().map(told).collect());
    };
    told(listeners);
    close_all(gone.into_values().map(|(_, listener)| listener)).await;
    for (id, server) in online {
        match listeners.get_mut(&id) {
            Some((known, _)) if *known == server => {}
            Some((known, listener)) => {
                if let Some(settings) = settings(world, &server) {
                    listener.set(settings);
                    *known = server;
                }
            }
            None => {
                // Without its key, or without a port, a server is ONLINE and nobody can connect to it.
                let Some(settings) = settings(world, &server) else { continue };
                let Some(listener) = open(world, &id, settings).await else { continue };
                listeners.insert(id, (server, listener));
            }
        }
    }
    told(listeners);
    forget_ports(world);
}

/// Opens a listener on the port that the server had before, or else on a free one, which it then keeps.
async fn open(world: &World, id: &str, settings: Settings) -> Option<Listener> {
    let before = world.read(|state| state.sftp_ports.get(id).copied());
    let listener = match before {
        Some(port) => match crate::listen(port).await {
            Ok(listener) => listener,
            Err(_) => free(world, id).await?,
        },
        None => free(world, id).await?,
    };
    Listener::open(listener, settings).ok()
}

async fn free(world: &World, id: &str) -> Option<TcpListener> {
    let listener = crate::listen(0).await.ok()?;
    let port = listener.local_addr().ok()?.port();
    world.change(|state| state.sftp_ports.insert(id.to_owned(), port));
    Some(listener)
}

/// Ports of servers that were deleted.
fn forget_ports(world: &World) {
    let has_old = world.read(|state| state.sftp_ports.keys().any(|id| state.servers.get(id).is_none()));
    if has_old {
        world.change(|state| {
            let servers = &state.servers;
            state.sftp_ports.retain(|id, _| servers.get(id).is_some());
        });
    }
}

fn settings(world: &Arc<World>, server: &Server) -> Option<Settings> {
    let host_key = load_secret_key(server.host_key_file(world.folder()), None).ok()?;
    let (asking, asked) = (Arc::clone(world), server.clone());
    let ask: Ask = Arc::new(move |user, password, source_ip| {
        let (world, server) = (Arc::clone(&asking), asked.clone());
        let request = SignInRequest { user, password, protocol: "SFTP".to_owned(), source_ip };
        Box::pin(async move { identity_provider::ask(&world, &server, request).await })
    });
    Some(Settings {
        world: Arc::clone(world),
        server_id: server.id.clone(),
        region: server.region.clone(),
        methods: Methods::parse(server.methods()),
        banner: server.banner().map(str::to_owned),
        ignores_setstat: server.ignores_setstat(),
        log_group: server.log_group().map(str::to_owned),
        host_key,
        ask,
    })
}

#[cfg(test)]
mod tests;
