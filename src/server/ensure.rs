//! Bringing the server to where it should be: created, updated, started, and ONLINE.

use aws_sdk_transfer::Client;

use super::create::create;
use super::describe::{Server, describe};
use super::elastic_ips;
use super::find::Found;
use super::ownership::Owner;
use super::spec::Spec;
use super::state::{ElasticIpStep, ServerState, ServerStep};
use super::update::update;
use crate::aws::failure;
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
use crate::wait::Patience;

/// What had to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Created,
    /// It was changed in place.
    Updated,
    /// It stood still and was started.
    Started,
    /// It was as it should be.
    Unchanged,
}

/// The server afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ensured {
    /// The server, ONLINE.
    pub server: Server,
    /// What had to be done.
    pub change: Change,
}

/// Makes sure that the deployment has exactly one server, as `spec` says and ONLINE.
///
/// # Errors
/// `ServerFailed`, `Deadline` while it still starts, or what Transfer Family says.
pub async fn ensure(
    client: &Client,
    spec: &Spec,
    owner: &Owner,
    mut found: Found,
    run: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Ensured> {
    found.refuse_what_is_unclear()?;
    let (server, mut change) = match found.owned.pop() {
        None => (make(client, spec, owner, found, run, patience, progress).await?, Change::Created),
        Some(server) => match update(client, spec, &server, patience).await {
            Ok(true) => (server, Change::Updated),
            Ok(false) => (server, Change::Unchanged),
            // It was being deleted when it was found, and is gone by now.
            Err(error) => match (describe(client, &server.id).await, found.search(client, owner).await) {
                (Ok(None), Ok(found)) if found.owned.is_empty() => {
                    (make(client, spec, owner, found, run, patience, progress).await?, Change::Created)
                }
                (_, _) => return Err(error),
            },
        },
    };
    let is_new = change == Change::Created;
    let (server, started) = bring_online(client, spec, server, is_new, patience, progress).await?;
    progress.nothing_goes_on();
    if started && change == Change::Unchanged {
        change = Change::Started;
    }
    Ok(Ensured { server, change })
}

/// Makes the server. Where another run's stays in its place, that one may have been made for other settings.
async fn make(
    client: &Client,
    spec: &Spec,
    owner: &Owner,
    found: Found,
    run: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Server> {
    let server = create(client, spec, owner, found, run, patience, progress).await?;
    update(client, spec, &server, patience).await?;
    Ok(server)
}

/// Waits until the server serves. Stops it once where its elastic IPs have to change, starts it once where it stands still.
/// Returns it, and whether it was started.
async fn bring_online(
    client: &Client,
    spec: &Spec,
    server: Server,
    is_new: bool,
    patience: &Patience,
    progress: &Progress,
) -> Result<(Server, bool)> {
    let mut server = server;
    let (mut stopped, mut changed, mut started) = (false, false, false);
    loop {
        if server.state == ServerState::Starting {
            progress.goes_on(&format!("server {} goes on starting", server.id));
        }
        // Once they were taken, the server is started whatever it tells of them: it stands still for nobody's good.
        let step = match !changed && spec.has_other_elastic_ips(&server) {
            false => server.state.for_deploy(),
            true => match server.state.for_elastic_ips() {
                ElasticIpStep::Wait => ServerStep::Wait,
                ElasticIpStep::Stop => {
                    // After StopServer the state may read ONLINE once more.
                    if !stopped {
                        elastic_ips::stop(client, &server, is_new, progress).await?;
                        stopped = true;
                    }
                    ServerStep::Wait
                }
                ElasticIpStep::Change => {
                    elastic_ips::change(client, spec, &server, patience, progress).await?;
                    changed = true;
                    ServerStep::Start
                }
                ElasticIpStep::Failed { why, next } => ServerStep::Failed { why, next },
            },
        };
        if step != ServerStep::Ready {
            progress.server(&server.id, server.state.as_str(), server.state.mood());
        }
        match step {
            ServerStep::Ready => return Ok((server, started)),
            ServerStep::Wait => {}
            ServerStep::Start if !started => {
                client.start_server().server_id(&server.id).send().await.map_err(|error| {
                    failure(&format!("could not start server {}", server.id), &error).resource(&server.id)
                })?;
                progress.goes_on(&format!("server {} goes on starting", server.id));
                started = true;
            }
            // After StartServer the state may read OFFLINE once more.
            ServerStep::Start => {}
            ServerStep::Failed { why, next } => return Err(server.failed(why, next)),
        }
        if patience.is_over() {
            return Err(patience.ran_out(&format!("server {} is {}", server.id, server.state)).resource(&server.id));
        }
        progress.tick();
        patience.pause().await;
        match describe(client, &server.id).await {
            Ok(Some(described)) => server = described,
            Ok(None) => {
                return Err(Error::new(
                    ErrorCode::ServerFailed,
                    format!("server {} was deleted by somebody else meanwhile", server.id),
                )
                .resource(&server.id)
                .hint("run the same command again to make it anew"));
            }
            Err(error) if error.code.may_pass() => {
                progress.note(&format!("{error}; looking again"));
            }
            Err(error) => return Err(error),
        }
    }
}
