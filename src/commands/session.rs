//! The start of every command that talks to AWS: clients, whose credentials they are, and whether that is the right account.

use crate::artifact::bucket::ArtifactBucket;
use crate::artifact::lease::Holder;
use crate::aws::{Caller, Calls, Clients, Place, caller, connect, guard_account};
use crate::error::{Error, ErrorCode, Result};
use crate::server::{Claim, Owner};
use crate::settings::{SANDBOX_REGION, Settings, Target};
use crate::stack::{Stack, StackStatus};

use super::{Options, Run};

/// An account and region to work in, for one deployment.
pub(super) struct Session {
    pub(super) clients: Clients,
    pub(super) caller: Caller,
    pub(super) owner: Owner,
    /// Marks this run's requests: CloudFormation tokens and the server's create call.
    pub(super) run: String,
}

impl Session {
    /// Connects, and makes sure that this is the account it should be, before anything else is asked.
    pub(super) async fn open(target: &Target, settings: Option<&Settings>, run: &mut Run<'_>) -> Result<Self> {
        run.report.deployment.name = Some(target.name.clone());
        run.report.deployment.region.clone_from(&target.region);
        let place = match &run.options.sandbox {
            Some(endpoint) => Place::Sandbox { endpoint: endpoint.clone(), region: SANDBOX_REGION.to_owned() },
            None => Place::Aws { region: target.region.clone(), profile: target.profile.clone() },
        };
        let Options { poll_interval, timeout, http, .. } = run.options;
        let calls = Calls { interval: *poll_interval, longest: *timeout, http: http.clone() };
        let clients = connect(&place, &calls).await?;
        run.report.deployment.region = Some(clients.region.clone());
        run.report.deployment.endpoint.clone_from(&clients.endpoint);
        if let Some(settings) = settings {
            settings.guard_endpoint(clients.endpoint.as_deref())?;
        }

        run.progress.step("Checking the credentials");
        let caller = caller(&clients).await?;
        run.report.deployment.account = Some(caller.account.clone());
        guard_account(&caller, target.account.as_deref())?;
        run.progress.done(&format!("Account {} in {} as {}", caller.account, clients.region, caller.arn));
        match (&place, &clients.endpoint) {
            (Place::Sandbox { .. }, Some(endpoint)) => run.progress.note(&format!("This is the sandbox at {endpoint}")),
            (Place::Aws { .. }, Some(endpoint)) => {
                run.progress.note(&format!("Calls go to {endpoint}: this is not AWS"));
            }
            (_, None) => {}
        }

        let owner = Owner { deployment: target.name.clone(), stack: target.stack_name.clone() };
        // CloudFormation takes letters, digits and hyphens, and a letter first.
        let run = format!("sftp-okta-{}", uuid::Uuid::new_v4());
        Ok(Self { clients, caller, owner, run })
    }

    /// The bucket that keeps this deployment's artifacts.
    pub(super) fn artifact_bucket(&self, target: &Target) -> ArtifactBucket {
        let named = target.artifact_bucket.as_deref();
        ArtifactBucket::new(named, &self.caller.account, &self.clients.region, &self.caller.partition)
    }

    /// Takes the deployment's lease for `command`, so that no other run changes it meanwhile.
    pub(super) async fn take_lease(&self, bucket: &ArtifactBucket, command: &str, run: &Run<'_>) -> Result<()> {
        let holder = Holder {
            deployment: &self.owner.deployment,
            run: &self.run,
            command: &format!("sftp-okta {command}"),
            caller: &self.caller.arn,
        };
        let Options { poll_interval, wait_for_lock, .. } = run.options;
        run.lease.take(&self.clients.s3, bucket, &holder, *poll_interval, *wait_for_lock, run.progress).await
    }

    /// The suffix of service host names in the caller's partition (botocore's endpoint data).
    pub(super) fn url_suffix(&self) -> &'static str {
        match self.caller.partition.as_str() {
            "aws-cn" => "amazonaws.com.cn",
            "aws-eusc" => "amazonaws.eu",
            _ => "amazonaws.com",
        }
    }

    /// Refuses a stack that this deployment did not make.
    pub(super) fn guard_stack(&self, stack: Option<&Stack>) -> Result<()> {
        let Some(stack) = stack else { return Ok(()) };
        let claim = self.owner.claim(&stack.tags);
        // A stack that never got beyond its first change set may not show its tags yet, and holds nothing; one that is
        // being deleted is only waited for.
        let harmless = matches!(stack.status, StackStatus::ReviewInProgress | StackStatus::DeleteInProgress);
        let empty = stack.tags.is_empty() && harmless;
        match claim {
            Claim::Ours => Ok(()),
            Claim::Namesake { .. } | Claim::Foreign if empty => Ok(()),
            Claim::Namesake { .. } | Claim::Foreign => Err(Error::new(
                ErrorCode::StackFailed,
                format!("stack {} exists, and deployment {} did not make it", stack.name, self.owner.deployment),
            )
            .cause("it does not carry this deployment's tags, so it is not touched")
            .resource(stack.arn.clone())
            .hint("choose another --name, or another --stack-name for this deployment")),
        }
    }
}
