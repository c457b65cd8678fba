//! What should be there, worked out from the settings and the account.

use crate::artifact::bucket::ArtifactBucket;
use crate::artifact::zip::Artifact;
use crate::error::Result;
use crate::plan::Wanted;
use crate::server::{ProviderRefs, Spec, StackRefs};
use crate::settings::{IdentityProvider, Settings};
use crate::stack::{self, CodeLocation, Desired, Outputs, Provider, Stack};

use super::session::Session;

/// The artifact and the stack as they should be.
pub(super) fn wanted(settings: &Settings, session: &Session, artifact: &Artifact, bucket: &ArtifactBucket) -> Wanted {
    let key = artifact.key(&settings.name);
    let mut tags = settings.tags.clone();
    tags.extend(session.owner.tags());
    Wanted {
        stack: Desired {
            name: settings.stack_name.clone(),
            template: stack::template(settings),
            parameters: stack::parameters(settings, CodeLocation { bucket: &bucket.name, key: &key }),
            tags,
            adopt: false,
        },
        artifact_bucket: bucket.name.clone(),
        artifact_key: key,
        server: spec_of_settings(settings),
        termination_protection: settings.termination_protection,
    }
}

/// The server as it should be, whatever the stack: what the settings alone say of it.
fn spec_of_settings(settings: &Settings) -> Spec {
    let identity_provider = match settings.server.identity_provider {
        IdentityProvider::ApiGateway => ProviderRefs::Api { url: String::new(), invocation_role: String::new() },
        IdentityProvider::Lambda => ProviderRefs::Function { arn: String::new() },
    };
    Spec::new(settings, StackRefs { identity_provider, logging_role: String::new(), log_group_arn: String::new() })
}

/// The server as it should be on `stack`.
///
/// # Errors
/// When the stack lacks an output.
pub(super) fn spec(settings: &Settings, stack: &Stack) -> Result<Spec> {
    let outputs = Outputs::read(&stack.outputs, settings.server.identity_provider)?;
    let refs = StackRefs {
        identity_provider: match outputs.identity_provider {
            Provider::Api { url, invocation_role } => ProviderRefs::Api { url, invocation_role },
            Provider::Function { arn } => ProviderRefs::Function { arn },
        },
        logging_role: outputs.logging_role,
        log_group_arn: outputs.transfer_log_group_arn,
    };
    Ok(Spec::new(settings, refs))
}
