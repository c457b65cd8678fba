//! Deleting the server, and making sure that it is gone.

use aws_sdk_transfer::Client;

use super::describe::{Server, describe, is_missing};
use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::{Mood, Progress};
use crate::wait::{Backoff, Patience};

/// Deletes a server and waits until it is gone. The caller has made sure that it is ours to delete. One that is gone
/// already is no error.
///
/// # Errors
/// `ServerFailed`, `Deadline`, or what Transfer Family says.
pub async fn delete(client: &Client, server: &Server, patience: &Patience, progress: &Progress) -> Result<()> {
    request(client, server, patience, progress).await?;
    progress.goes_on(&format!("Transfer Family goes on deleting server {}", server.id));
    loop {
        match describe(client, &server.id).await {
            Ok(None) => break,
            Ok(Some(_)) => progress.server(&server.id, "being deleted", Mood::Running),
            Err(error) if error.code.may_pass() => {
                progress.note(&format!("{error}; looking again"));
            }
            Err(error) => return Err(error),
        }
        if patience.is_over() {
            return Err(patience.ran_out(&format!("server {} is still there", server.id)).resource(&server.id));
        }
        progress.tick();
        patience.pause().await;
    }
    progress.nothing_goes_on();
    Ok(())
}

async fn request(client: &Client, server: &Server, patience: &Patience, progress: &Progress) -> Result<()> {
    let mut backoff = Backoff::from(patience.interval);
    loop {
        let Err(error) = client.delete_server().server_id(&server.id).send().await else { return Ok(()) };
        let told = refusal(&error).unwrap_or_default();
        if is_missing(&told) {
            return Ok(());
        }
        // The endpoint of a server in a VPC can take a minute to let go.
        let passing = told.message.contains("Unable to delete VPC endpoint") || told.is_throttling();
        if !passing || patience.is_over() {
            let error = failure(&format!("could not delete server {}", server.id), &error).resource(&server.id);
            let code = if error.code == ErrorCode::Service { ErrorCode::ServerFailed } else { error.code };
            return Err(Error { code, ..error }.hint_if_none("remove what it names, then run the same command again"));
        }
        progress.tick();
        patience.pause_for(backoff.next_pause()).await;
    }
}
