//! The elastic IPs of a server. Transfer refuses them in CreateServer, and changes them only while the server is OFFLINE
//! (Transfer Family API reference, EndpointDetails), so each change stops the server: stop, OFFLINE, UpdateServer, start.
//!
//! Nothing of that is remembered. Wherever a run ends, the next one sees a state and addresses, and goes on from there.

use aws_sdk_transfer::Client;
use aws_sdk_transfer::types::EndpointDetails;

use super::describe::Server;
use super::spec::Spec;
use super::update;
use crate::aws::failure;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::wait::Patience;

/// StopServer. `is_new` is a server that no user knows yet.
pub(super) async fn stop(client: &Client, server: &Server, is_new: bool, progress: &Progress) -> Result<()> {
    let id = &server.id;
    match is_new {
        true => progress.note(&format!("Server {id} is stopped once: a new server cannot have elastic IPs")),
        false => progress.warn(&format!(
            "server {id} is stopped to change its elastic IPs: nobody can connect until it is ONLINE again"
        )),
    }
    progress.goes_on(&format!("server {id} is being stopped and stays so: the same command again starts it"));
    let sent = client.stop_server().server_id(id).send().await;
    sent.map_err(|error| failure(&format!("could not stop server {id}"), &error).resource(id))?;
    Ok(())
}

/// UpdateServer with the elastic IPs alone: the service takes them and the subnets not in one call. None at all is an empty
/// list. Where they are refused the server is started with those it had, so that its users get it back.
pub(super) async fn change(
    client: &Client,
    spec: &Spec,
    server: &Server,
    patience: &Patience,
    progress: &Progress,
) -> Result<()> {
    let endpoint = EndpointDetails::builder().set_address_allocation_ids(Some(spec.elastic_ips())).build();
    let update = client.update_server().server_id(&server.id).endpoint_details(endpoint);
    progress.note(&format!("Server {} gets its elastic IPs", server.id));
    let Err(refused) = update::send(update, server, patience).await else { return Ok(()) };
    let started = client.start_server().server_id(&server.id).send().await;
    let fate = match started {
        Ok(_) => "it starts again with the elastic IPs it had".to_owned(),
        Err(error) => {
            format!("it stands still, and could not be started: {}", failure("StartServer was refused", &error))
        }
    };
    Err(Error { message: format!("{}; {fate}", refused.message), ..refused })
}
