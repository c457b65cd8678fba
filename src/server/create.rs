//! CreateServer without an idempotency token: never twice for one wish, whatever is lost on the way.

use std::collections::BTreeMap;

use aws_config::retry::RetryConfig;
use aws_sdk_transfer::Client;
use aws_sdk_transfer::operation::create_server::builders::CreateServerFluentBuilder;
use aws_sdk_transfer::types::{
    DirectoryListingOptimization, Domain, EndpointDetails, EndpointType, IdentityProviderDetails, IdentityProviderType,
    Protocol, S3StorageOptions, SftpAuthenticationMethods, Tag,
};

use super::delete::delete;
use super::describe::{Server, describe};
use super::find::Found;
use super::ownership::{Owner, call_of, is_of_call, is_of_run};
use super::roles::{self, STILL_REFUSED};
use super::spec::{ProviderRefs, Spec};
use crate::aws::{Refusal, failure, refusal};
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;
use crate::settings::Endpoint;
use crate::wait::{Backoff, Patience};

/// How many poll intervals another run has to delete the server that it made at the same time. Two minutes, by default.
const INTERVALS_FOR_OTHERS: u32 = 60;
/// How often the account is searched for a server whose create call was never answered, with growing pauses.
const SEARCHES: usize = 4;
/// How many create calls may go unanswered before a person has to look.
const UNANSWERED: usize = 2;

/// What an unsuccessful create call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nothing was made, because of too many calls: try again.
    Throttled,
    /// Nothing was made, because a new role is not usable yet: try again.
    RoleNotReady,
    /// Nothing was made, and trying again would not help.
    Refused,
    /// A server may or may not have been made.
    Unknown,
}

/// Creates the server. `found` is what the last search saw; `run` marks this command's own calls.
pub(super) async fn create(
    client: &Client,
    spec: &Spec,
    owner: &Owner,
    found: Found,
    run: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Server> {
    let roles_patience = roles::patience(patience);
    let mut backoff = Backoff::from(patience.interval);
    let mut unanswered = 0;
    let mut found = found;
    loop {
        let call = format!("{run}-{unanswered}");
        let sent = request(client, spec, owner, &call).send_once().await;
        let (outcome, error) = match sent {
            Ok(id) => {
                progress.goes_on(&format!("server {id} goes on starting"));
                let server = described(client, &id).await?;
                return keep_one(client, owner, found, server, run, patience, progress).await;
            }
            Err((refusal, error)) => (judge(refusal.as_ref()), error),
        };
        match outcome {
            Outcome::Refused => return Err(error.hint_if_none("correct the setting it names, then deploy again")),
            Outcome::RoleNotReady if roles_patience.is_over() => {
                return Err(error.hint_if_none(STILL_REFUSED));
            }
            Outcome::RoleNotReady | Outcome::Throttled if patience.is_over() => {
                return Err(patience.ran_out(&format!("no server was created: {error}")));
            }
            Outcome::RoleNotReady => {
                progress.note("The new roles are not known everywhere yet: trying again");
                patience.pause_for(backoff.next_pause()).await;
            }
            Outcome::Throttled => patience.pause_for(backoff.next_pause()).await,
            Outcome::Unknown => {
                progress.note("CreateServer was not answered: looking whether the server was made");
                unanswered += 1;
                let (made, searched) = search_for_call(client, owner, found, &call, patience).await?;
                found = searched;
                match made {
                    Some(server) => return keep_one(client, owner, found, server, run, patience, progress).await,
                    None if unanswered >= UNANSWERED => {
                        return Err(Error { code: ErrorCode::ServerFailed, ..error }
                            .hint("no server was made as far as can be seen: run the same command again"));
                    }
                    None => {}
                }
            }
        }
    }
}

/// After an unanswered call: searches for a server that carries its mark, for a bounded time.
async fn search_for_call(
    client: &Client,
    owner: &Owner,
    found: Found,
    call: &str,
    patience: &Patience,
) -> Result<(Option<Server>, Found)> {
    let mut found = found;
    let mut backoff = Backoff::from(patience.interval);
    for _ in 0..SEARCHES {
        patience.pause_for(backoff.next_pause()).await;
        found = found.search(client, owner).await?;
        if let Some(server) = found.owned.iter().find(|server| is_of_call(&server.tags, call)) {
            return Ok((Some(server.clone()), found));
        }
    }
    Ok((None, found))
}

/// Of servers made at once one stays, and each run deletes none but its own: the one with the larger id, and that at once.
/// The other run may have looked before this run's server was there, and then knows nothing of it: where its server, of
/// the larger id, does not go, ours does. Where an earlier call of this run took effect after all, both are its own.
async fn keep_one(
    client: &Client,
    owner: &Owner,
    found: Found,
    mine: Server,
    run: &str,
    patience: &Patience,
    progress: &Progress,
) -> Result<Server> {
    let others_patience = patience.at_most(patience.interval.saturating_mul(INTERVALS_FOR_OTHERS));
    let mut backoff = Backoff::from(patience.interval);
    let (mut found, mut mine) = (found, mine);
    loop {
        found = found.search(client, owner).await?;
        let Some(other) = found.owned.iter().find(|other| other.id != mine.id).cloned() else { return Ok(mine) };
        // The tags of one and the same call are a copy, and no server of this run.
        if is_of_run(&other.tags, run) && call_of(&other.tags) != call_of(&mine.tags) {
            let (stays, goes) = if other.id < mine.id { (other, mine) } else { (mine, other) };
            progress.note(&format!("An earlier CreateServer took effect after all: removing {}", goes.id));
            delete(client, &goes, patience, progress).await?;
            progress.goes_on(&format!("server {} goes on starting", stays.id));
            mine = stays;
            continue;
        }
        if other.id < mine.id || others_patience.is_over() {
            progress.note(&format!("Another run created server {} at the same time: removing {}", other.id, mine.id));
            // Until it is gone: the next run would find two servers and refuse to choose.
            delete(client, &mine, patience, progress).await?;
            return Ok(other);
        }
        progress.tick();
        others_patience.pause_for(backoff.next_pause()).await;
    }
}

async fn described(client: &Client, id: &str) -> Result<Server> {
    describe(client, id).await?.ok_or_else(|| {
        Error::new(ErrorCode::ServerFailed, format!("server {id} vanished right after it was created")).resource(id)
    })
}

/// What the answer to CreateServer means (error list: Transfer Family API reference, CreateServer).
fn judge(refusal: Option<&Refusal>) -> Outcome {
    let Some(refusal) = refusal else { return Outcome::Unknown };
    if refusal.is_throttling() {
        return Outcome::Throttled;
    }
    // A success that cannot be read counts as well.
    let unclear = refusal.status >= 500 || refusal.status < 400;
    if unclear || matches!(refusal.code.as_str(), "InternalServiceError" | "ServiceUnavailableException") {
        return Outcome::Unknown;
    }
    if roles::is_not_ready(refusal) {
        return Outcome::RoleNotReady;
    }
    Outcome::Refused
}

struct Request(CreateServerFluentBuilder);

impl Request {
    /// Sends it exactly once: a repeated CreateServer makes a second, billed server.
    async fn send_once(self) -> std::result::Result<String, (Option<Refusal>, Error)> {
        let once = aws_sdk_transfer::config::Builder::new().retry_config(RetryConfig::disabled());
        match self.0.customize().config_override(once).send().await {
            Ok(answer) => Ok(answer.server_id),
            Err(error) => {
                let mut told = failure("could not create the server", &error);
                if told.code == ErrorCode::Service {
                    told.code = ErrorCode::ServerFailed;
                }
                Err((refusal(&error), told))
            }
        }
    }
}

fn request(client: &Client, spec: &Spec, owner: &Owner, call: &str) -> Request {
    let mut tags = spec.tags.clone();
    tags.extend(owner.tags_of_call(call));
    let request = client
        .create_server()
        .domain(Domain::S3)
        .protocols(Protocol::Sftp)
        .identity_provider_type(IdentityProviderType::from(spec.provider_type()))
        .identity_provider_details(identity_provider(spec))
        .security_policy_name(&spec.security_policy)
        .logging_role(&spec.stack.logging_role)
        .structured_log_destinations(&spec.stack.log_group_arn)
        .s3_storage_options(storage_options(spec))
        .set_pre_authentication_login_banner(Some(spec.banner.clone()).filter(|banner| !banner.is_empty()))
        .set_tags(Some(to_tags(&tags)));
    Request(match &spec.endpoint {
        Endpoint::Public => request.endpoint_type(EndpointType::Public),
        // Elastic IPs are refused here: see `elastic_ips`.
        Endpoint::Vpc { vpc, subnets, security_groups, .. } => {
            request.endpoint_type(EndpointType::Vpc).endpoint_details(
                EndpointDetails::builder()
                    .vpc_id(vpc)
                    .set_subnet_ids(Some(subnets.clone()))
                    .set_security_group_ids(Some(security_groups.clone()).filter(|groups| !groups.is_empty()))
                    .build(),
            )
        }
    })
}

/// The identity provider; methods are always sent, since the service's default also asks for keys.
pub(super) fn identity_provider(spec: &Spec) -> IdentityProviderDetails {
    let details = IdentityProviderDetails::builder()
        .sftp_authentication_methods(SftpAuthenticationMethods::from(spec.authentication_methods));
    match &spec.stack.identity_provider {
        ProviderRefs::Api { url, invocation_role } => details.url(url).invocation_role(invocation_role),
        ProviderRefs::Function { arn } => details.function(arn),
    }
    .build()
}

pub(super) fn storage_options(spec: &Spec) -> S3StorageOptions {
    let choice = if spec.directory_listing_optimization {
        DirectoryListingOptimization::Enabled
    } else {
        DirectoryListingOptimization::Disabled
    };
    S3StorageOptions::builder().directory_listing_optimization(choice).build()
}

pub(super) fn to_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    // `build` fails only where key or value were never set.
    tags.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_judged() {
        let judged = |code: &str, status: u16, message: &str| {
            judge(Some(&Refusal { code: code.into(), message: message.into(), status, request_id: None }))
        };
        assert_eq!(judge(None), Outcome::Unknown);
        assert_eq!(judged("ThrottlingException", 429, "Rate exceeded"), Outcome::Throttled);
        assert_eq!(judged("InternalServiceError", 500, ""), Outcome::Unknown);
        assert_eq!(judged("ServiceUnavailableException", 503, ""), Outcome::Unknown);
        assert_eq!(judged("", 502, ""), Outcome::Unknown);
        assert_eq!(judged("", 200, ""), Outcome::Unknown);
        assert_eq!(judged("InvalidRequestException", 400, "Unable to assume role x"), Outcome::RoleNotReady);
        assert_eq!(judged("AccessDeniedException", 400, "The role trust policy"), Outcome::RoleNotReady);
        assert_eq!(
            judged("AccessDeniedException", 400, "not authorized to perform: iam:PassRole on role x"),
            Outcome::Refused
        );
        assert_eq!(judged("InvalidRequestException", 400, "Bad security policy"), Outcome::Refused);
        assert_eq!(judged("ResourceExistsException", 400, ""), Outcome::Refused);
    }
}
