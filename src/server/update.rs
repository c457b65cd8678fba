//! Changing a server in place, and refusing what only another server could mend.

use aws_sdk_transfer::Client;
use aws_sdk_transfer::operation::update_server::builders::UpdateServerFluentBuilder;
use aws_sdk_transfer::types::Protocol;

use super::create::{identity_provider, storage_options, to_tags};
use super::describe::Server;
use super::roles::{self, STILL_REFUSED};
use super::spec::{Difference, Remedy, Spec};
use super::state::{ElasticIpStep, ServerStep};
use crate::aws::{failure, refusal};
use crate::error::{Error, ErrorCode, Result};
use crate::wait::{Backoff, Patience};

/// Mends what differs. Returns whether anything did.
pub(super) async fn update(client: &Client, spec: &Spec, server: &Server, patience: &Patience) -> Result<bool> {
    let differences = spec.differences(server);
    refuse_replacement(server, &differences)?;
    if differences.iter().any(|difference| difference.remedy == Remedy::Update) {
        send(whole_update(client, spec, server), server, patience).await?;
    }
    let tags = differences.iter().any(|difference| difference.remedy == Remedy::Tag);
    if tags {
        client
            .tag_resource()
            .arn(&server.arn)
            .set_tags(Some(to_tags(&spec.tags)))
            .send()
            .await
            .map_err(|error| failure(&format!("could not tag server {}", server.id), &error).resource(&server.id))?;
    }
    Ok(!differences.is_empty())
}

/// UpdateServer with everything that a server that serves can change, so that the result does not depend on what differed.
fn whole_update(client: &Client, spec: &Spec, server: &Server) -> UpdateServerFluentBuilder {
    client
        .update_server()
        .server_id(&server.id)
        .protocols(Protocol::Sftp)
        .identity_provider_details(identity_provider(spec))
        .security_policy_name(&spec.security_policy)
        .logging_role(&spec.stack.logging_role)
        .structured_log_destinations(&spec.stack.log_group_arn)
        .s3_storage_options(storage_options(spec))
        .pre_authentication_login_banner(&spec.banner)
}

/// Sends an UpdateServer until the server is ready for it. It is safe to repeat. Roles that a stack has just made get as
/// long to become usable as before a CreateServer.
pub(super) async fn send(update: UpdateServerFluentBuilder, server: &Server, patience: &Patience) -> Result<()> {
    let roles_patience = roles::patience(patience);
    let mut backoff = Backoff::from(patience.interval);
    loop {
        let sent = update.clone().send().await;
        let Err(error) = sent else { return Ok(()) };
        let refusal = refusal(&error);
        // A server whose endpoint has just changed refuses updates for a while (ConflictException).
        let passing =
            refusal.as_ref().is_some_and(|refusal| refusal.code == "ConflictException" || refusal.is_throttling());
        let about_a_role = refusal.as_ref().is_some_and(roles::is_not_ready);
        let goes_on = passing || (about_a_role && !roles_patience.is_over());
        if !goes_on || patience.is_over() {
            let told = failure(&format!("could not update server {}", server.id), &error).resource(&server.id);
            let code = if told.code == ErrorCode::Service { ErrorCode::ServerFailed } else { told.code };
            let hint = if about_a_role { STILL_REFUSED } else { "correct the setting it names, then deploy again" };
            return Err(Error { code, ..told }.hint_if_none(hint));
        }
        patience.pause_for(backoff.next_pause()).await;
    }
}

/// Refuses what only another server could mend: users would lose the endpoint and the host key they know.
///
/// # Errors
/// `ServerFailed`, naming the first such difference.
pub fn refuse_replacement(server: &Server, differences: &[Difference]) -> Result<()> {
    let Some(difference) = differences.iter().find(|difference| difference.remedy == Remedy::Replace) else {
        return Ok(());
    };
    Err(Error::new(
        ErrorCode::ServerFailed,
        format!("{} of server {} cannot be changed in place", difference.field, server.id),
    )
    .cause(format!("it is {:?} and should be {:?}", difference.now, difference.wanted))
    .resource(&server.id)
    .hint(
        "take the setting back, or `sftp-okta teardown` and deploy again (the endpoint and host key will be new ones)",
    ))
}

/// Refuses a server whose state only a person can bring it out of. One that could not be started may first get the elastic
/// IPs that `spec` says.
///
/// # Errors
/// `ServerFailed`, with what to do.
pub fn refuse_failed(server: &Server, spec: Option<&Spec>) -> Result<()> {
    if spec.is_some_and(|spec| spec.has_other_elastic_ips(server)) {
        return match server.state.for_elastic_ips() {
            ElasticIpStep::Failed { why, next } => Err(server.failed(why, next)),
            ElasticIpStep::Wait | ElasticIpStep::Stop | ElasticIpStep::Change => Ok(()),
        };
    }
    match server.state.for_deploy() {
        ServerStep::Failed { why, next } => Err(server.failed(why, next)),
        ServerStep::Ready | ServerStep::Wait | ServerStep::Start => Ok(()),
    }
}
