//! `deploy`: plan, approval, apply, wait until ONLINE.

use crate::artifact::bootstrap::artifact;
use crate::artifact::bucket::{self, ArtifactBucket};
use crate::artifact::last_seen;
use crate::artifact::upload::{self, Stored};
use crate::artifact::zip::Artifact;
use crate::error::{Error, ErrorCode, Result};
use crate::plan::{self, Change as Planned, Seen, Wanted};
use crate::report::Outcome;
use crate::server::{self, Change, Ensured};
use crate::settings::Settings;
use crate::stack::{self, Stack};
use crate::wait::Patience;

use super::session::Session;
use super::wanted::{spec, wanted};
use super::{Run, approval};

/// Makes the deployment what `settings` say.
///
/// # Errors
/// Whatever stops it, with what is there by then in the report.
pub async fn run(settings: &Settings, run: &mut Run<'_>) -> Result<()> {
    approval::must_be_possible(run, "deploy")?;
    run.progress.step("Packaging the function");
    let artifact = artifact(settings, run.options.bootstrap.as_deref())?;
    let session = Session::open(&settings.target(), run).await?;
    warn_of_defaults(settings, run);

    run.progress.step("Looking at what is there");
    let bucket = session.artifact_bucket(&settings.target());
    let wanted = wanted(settings, &session, &artifact, &bucket);
    let seen = look(&session, &wanted, &artifact, &bucket).await?;
    note(&session, &seen, run);
    session.guard_stack(seen.stack.as_ref())?;

    // A stack without its outputs is one that is yet to be made, or to be mended: its server is compared afterwards.
    let spec_now = seen.stack.as_ref().and_then(|stack| spec(settings, stack).ok());
    let changes = plan::decide(&wanted, &seen, spec_now.as_ref())?;
    if changes.is_empty() {
        run.report.result = Outcome::Unchanged;
        return Ok(());
    }
    run.report.changes.clone_from(&changes);
    run.progress.show(&format!("Changes to {}:\n{}", settings.name, plan::render(&changes, run.progress.style())));
    if !approval::ask(run, "Make these changes?", "yes").await? {
        run.report.result = Outcome::Declined;
        return Ok(());
    }

    let patience = Patience::new(run.options.timeout, run.options.poll_interval);
    let (stack, stack_changed) =
        apply_stack(&session, &wanted, &changes, &artifact, &bucket, &patience, seen.stack, run).await?;
    let ensured = ensure_server(settings, &session, &stack, stack_changed, seen.servers, &patience, run).await?;
    remember_server(&session, &bucket, &ensured, run).await;
    run.report.result = Outcome::Deployed;
    Ok(())
}

/// What is there. Reads only; what does not depend on each other is asked at once.
async fn look(session: &Session, wanted: &Wanted, artifact: &Artifact, bucket: &ArtifactBucket) -> Result<Seen> {
    let clients = &session.clients;
    let stack = async {
        let stack = stack::describe(&clients.cloudformation, &wanted.stack.name).await?;
        let template = match &stack {
            Some(stack) => stack::deployed_template(&clients.cloudformation, &stack.arn).await?,
            None => None,
        };
        Ok::<_, Error>((stack, template))
    };
    let stored = async {
        let deployment = &session.owner.deployment;
        if !bucket::find(&clients.s3, bucket).await? {
            return Ok::<_, Error>((false, false, None));
        }
        let hint = async { Ok(last_seen::read(&clients.s3, bucket, deployment).await) };
        let (stored, hint) = tokio::try_join!(upload::is_stored(&clients.s3, bucket, deployment, artifact), hint)?;
        Ok((true, stored, hint))
    };
    let ((stack, template), (artifact_bucket, stored, hint)) = tokio::try_join!(stack, stored)?;
    let servers = server::find(&clients.transfer, &session.owner, hint.as_deref()).await?;
    Ok(Seen { artifact_bucket, artifact: stored, stack, template, servers })
}

/// Puts what is there into the report, so that a failure tells it too.
fn note(session: &Session, seen: &Seen, run: &mut Run<'_>) {
    if let Some(stack) = &seen.stack {
        run.report.saw_stack(stack);
    }
    if let Some(server) = seen.servers.owned.first() {
        run.report.saw_server(server, &session.clients.region, session.url_suffix());
    }
    if !seen.servers.unreadable.is_empty() {
        run.progress.warn(&format!(
            "{} servers of this account may not be described with these credentials ({}); if this deployment's server is \
             among them, a second one would be made",
            seen.servers.unreadable.len(),
            seen.servers.unreadable.join(", ")
        ));
    }
}

fn warn_of_defaults(settings: &Settings, run: &Run<'_>) {
    if settings.access_by_default {
        run.progress.warn(
            "no [[access]] rule is configured: everyone who can sign in to this Okta organisation gets a folder of their own, \
             read-write",
        );
    }
}

/// Stores the artifact and applies the stack, where the plan says so. Returns the stack, and whether it changed.
#[expect(
    clippy::too_many_arguments,
    reason = "the steps of a deploy share what was seen, and a struct would only rename it"
)]
async fn apply_stack(
    session: &Session,
    wanted: &Wanted,
    changes: &[Planned],
    artifact: &Artifact,
    bucket: &ArtifactBucket,
    patience: &Patience,
    seen: Option<Stack>,
    run: &mut Run<'_>,
) -> Result<(Stack, bool)> {
    let untouched = !changes.iter().any(|change| change.kind == "stack");
    if let (true, Some(stack)) = (untouched, seen) {
        return Ok((stack, false));
    }
    run.progress.step("Storing the function");
    bucket::ensure(&session.clients.s3, bucket).await?;
    let verb = match upload::store(&session.clients.s3, bucket, &session.owner.deployment, artifact).await? {
        Stored::Uploaded => "Stored",
        Stored::AlreadyThere => "Already stored:",
    };
    run.progress.done(&format!("{verb} s3://{}/{}", wanted.artifact_bucket, wanted.artifact_key));

    run.progress.step(&format!("Applying stack {}", wanted.stack.name));
    let applied =
        stack::apply(&session.clients.cloudformation, &wanted.stack, &session.run, patience, run.progress).await;
    if applied.is_err()
        && let Ok(Some(stack)) = stack::describe(&session.clients.cloudformation, &wanted.stack.name).await
    {
        run.report.saw_stack(&stack);
    }
    let applied = applied?;
    run.progress.nothing_goes_on();
    run.report.saw_stack(&applied.stack);
    run.progress.done(&format!("Stack {} is {}", applied.stack.name, applied.stack.status));
    Ok((applied.stack, applied.changed))
}

async fn ensure_server(
    settings: &Settings,
    session: &Session,
    stack: &Stack,
    stack_changed: bool,
    found: server::Found,
    patience: &Patience,
    run: &mut Run<'_>,
) -> Result<Ensured> {
    let spec = spec(settings, stack)?;
    if stack_changed && found.owned.is_empty() {
        run.progress.step("Waiting for the new roles");
        let roles = [spec.stack.invocation_role.as_str(), spec.stack.logging_role.as_str()];
        server::wait_until_visible(&session.clients.iam, &roles, patience, run.progress).await;
    }
    run.progress.step("Bringing the server online");
    let ensured =
        server::ensure(&session.clients.transfer, &spec, &session.owner, found, &session.run, patience, run.progress)
            .await?;
    run.report.saw_server(&ensured.server, &session.clients.region, session.url_suffix());
    let verb = match ensured.change {
        Change::Created => "created",
        Change::Updated => "updated",
        Change::Started => "started",
        Change::Unchanged => "unchanged",
    };
    run.progress.done(&format!("Server {} is ONLINE ({verb})", ensured.server.id));
    Ok(ensured)
}

/// Notes where the server was last seen, so that the next run finds it with one call. Only a hint: a failure is no matter.
async fn remember_server(session: &Session, bucket: &ArtifactBucket, ensured: &Ensured, run: &Run<'_>) {
    let noted = last_seen::write(&session.clients.s3, bucket, &session.owner.deployment, &ensured.server.id).await;
    if let Err(error) = noted
        && error.code != ErrorCode::Permission
    {
        run.progress.note(&format!("{error}; the next run searches for the server instead"));
    }
}
