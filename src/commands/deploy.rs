//! `deploy`: plan, approval, apply, wait until ONLINE.

use std::collections::BTreeMap;

use crate::artifact::bootstrap::artifact;
use crate::artifact::bucket::{self, ArtifactBucket};
use crate::artifact::last_seen;
use crate::artifact::upload::{self, Stored};
use crate::artifact::zip::Artifact;
use crate::error::{Error, ErrorCode, Result};
use crate::plan::{self, Change, Seen, Wanted};
use crate::report::{ArtifactReport, Outcome};
use crate::server::{self, Ensured, Found, Server};
use crate::settings::Settings;
use crate::stack::{self, Desired, Stack};
use crate::wait::Patience;

use super::session::Session;
use super::verify::{self, Check};
use super::wanted::{spec, wanted};
use super::{Run, approval, preflight, users_bucket};

/// Makes the deployment what `settings` say, and checks a sign-in at its end where `check` is given.
///
/// # Errors
/// Whatever stops it, with what is there by then in the report.
pub async fn run(settings: &Settings, check: Option<&Check>, run: &mut Run<'_>) -> Result<()> {
    approval::must_be_possible(run, "deploy")?;
    let check = check.map(|check| verify::prepare(check, run)).transpose()?;
    let organisation = preflight::begin(&settings.okta.org_url);
    let deploy = Deploy::begin(settings, run).await?;
    let (seen, changes) = deploy.plan(run).await?;
    warn_of_unreadable(&seen.servers, run);
    if changes.is_empty() {
        if let (Some(check), Some(server)) = (check, seen.servers.owned.first()) {
            let patience = verify::until_ready(run.options.poll_interval);
            verify::of_server(&deploy.session, server, check, &patience, run).await?;
        }
        run.report.result = Outcome::Unchanged;
        return Ok(());
    }
    preflight::end(&settings.okta.org_url, organisation, run).await?;
    run.report.changes.clone_from(&changes);
    let stack_changes = changes.iter().any(|change| change.kind == "stack");
    let adopt = stack_changes && users_bucket::check(settings, &deploy.session, seen.stack.as_ref(), run).await?;
    warn_of_defaults(settings, run);
    run.progress.show(&format!("Changes to {}:\n{}", settings.name, plan::render(&changes, run.progress.style())));
    if !approval::ask(run, "Make these changes?", "yes").await? {
        run.report.result = Outcome::Declined;
        return Ok(());
    }

    run.progress.step("Taking the deployment's lease");
    bucket::ensure(&deploy.session.clients.s3, &deploy.bucket).await?;
    deploy.session.take_lease(&deploy.bucket, "deploy", run).await?;
    let lease = run.lease;
    let server = lease.hold(deploy.apply(&changes, adopt, run)).await?;
    if let Some(check) = check {
        let patience = verify::until_ready(run.options.poll_interval);
        verify::of_server(&deploy.session, &server, check, &patience, run).await?;
    }
    run.report.result = Outcome::Deployed;
    Ok(())
}

/// Shows what a deploy would change, and changes nothing.
///
/// # Errors
/// What would stop the deploy, as far as it can be seen before it.
pub async fn plan(settings: &Settings, run: &mut Run<'_>) -> Result<()> {
    let organisation = preflight::begin(&settings.okta.org_url);
    let deploy = Deploy::begin(settings, run).await?;
    let (seen, changes) = deploy.plan(run).await?;
    preflight::end(&settings.okta.org_url, organisation, run).await?;
    warn_of_unreadable(&seen.servers, run);
    warn_of_defaults(settings, run);
    if changes.iter().any(|change| change.kind == "stack") {
        users_bucket::check(settings, &deploy.session, seen.stack.as_ref(), run).await?;
    }
    run.report.changes = changes;
    run.report.result = Outcome::Planned;
    Ok(())
}

/// One deploy: what is wanted, and where.
struct Deploy<'a> {
    settings: &'a Settings,
    session: Session,
    artifact: Artifact,
    bucket: ArtifactBucket,
    wanted: Wanted,
}

impl<'a> Deploy<'a> {
    /// Packages the function and works out what is wanted in this account.
    async fn begin(settings: &'a Settings, run: &mut Run<'_>) -> Result<Self> {
        run.progress.step("Packaging the function");
        let artifact = artifact(settings, run.options.bootstrap.as_deref())?;
        run.report.artifact = Some(ArtifactReport::of(&artifact, None));
        let session = Session::open(&settings.target(), Some(settings), run).await?;
        let bucket = session.artifact_bucket(&settings.target());
        let wanted = wanted(settings, &session, &artifact, &bucket);
        Ok(Self { settings, session, artifact, bucket, wanted })
    }

    /// Looks at what is there and decides what to change. Changes nothing.
    async fn plan(&self, run: &mut Run<'_>) -> Result<(Seen, Vec<Change>)> {
        run.progress.step("Looking at what is there");
        let seen = self.look().await?;
        if let Some(stack) = &seen.stack {
            run.report.saw_stack(stack);
        }
        if let Some(server) = seen.servers.owned.first() {
            run.report.saw_server(server, &self.session.clients.region, self.session.url_suffix());
        }
        self.session.guard_stack(seen.stack.as_ref())?;

        // A stack without its outputs is yet to be made, or to be mended: its server is compared afterwards.
        let spec_now = seen.stack.as_ref().and_then(|stack| spec(self.settings, stack).ok());
        let changes = plan::decide(&self.wanted, &seen, spec_now.as_ref())?;
        Ok((seen, changes))
    }

    /// Reads stack, artifact and server; what does not depend on each other is asked at once.
    async fn look(&self) -> Result<Seen> {
        let clients = &self.session.clients;
        let stack = async {
            let stack = stack::describe(&clients.cloudformation, &self.wanted.stack.name).await?;
            let template = match &stack {
                Some(stack) => stack::deployed_template(&clients.cloudformation, &stack.arn).await?,
                None => None,
            };
            Ok::<_, Error>((stack, template))
        };
        let stored = async {
            let (s3, deployment) = (&clients.s3, &self.settings.name);
            if !bucket::find(s3, &self.bucket).await? {
                return Ok::<_, Error>((false, false, None));
            }
            let hint = async { Ok(last_seen::read(s3, &self.bucket, deployment).await) };
            let stored = upload::is_stored(s3, &self.bucket, deployment, &self.artifact);
            let (stored, hint) = tokio::try_join!(stored, hint)?;
            Ok((true, stored, hint))
        };
        let ((stack, template), (artifact_bucket, artifact, hint)) = tokio::try_join!(stack, stored)?;
        let servers = server::find(&clients.transfer, &self.session.owner, hint.as_deref()).await?;
        Ok(Seen { artifact_bucket, artifact, stack, template, servers })
    }

    /// Makes the approved changes, with the lease in hand.
    async fn apply(&self, approved: &[Change], adopt: bool, run: &mut Run<'_>) -> Result<Server> {
        // Another run may have been at work until the lease was ours. The bucket has been made for the lease by now.
        let (seen, changes) = self.plan(run).await?;
        let as_approved = changes.iter().eq(approved.iter().filter(|change| change.kind != "artifact-bucket"));
        if !as_approved && !run.options.yes {
            return Err(Error::new(
                ErrorCode::Busy,
                "another run changed the deployment since these changes were approved",
            )
            .hint("run the same command again and look at the changes anew"));
        }
        let patience = Patience::new(run.options.timeout, run.options.poll_interval);
        let (stack, stack_changed) = self.apply_stack(&changes, seen.stack, adopt, &patience, run).await?;
        let ensured = self.ensure_server(&stack, stack_changed, seen.servers, &patience, run).await?;
        self.remember_server(&ensured, run).await;
        Ok(ensured.server)
    }

    /// Stores the artifact and applies the stack, where the plan says so. Returns the stack, and whether it changed.
    async fn apply_stack(
        &self,
        changes: &[Change],
        seen: Option<Stack>,
        adopt: bool,
        patience: &Patience,
        run: &mut Run<'_>,
    ) -> Result<(Stack, bool)> {
        let untouched = !changes.iter().any(|change| change.kind == "stack");
        if let (true, Some(stack)) = (untouched, seen) {
            return Ok((stack, false));
        }
        let (clients, wanted) = (&self.session.clients, &self.wanted);
        run.progress.step("Storing the function");
        let verb = match upload::store(&clients.s3, &self.bucket, &self.settings.name, &self.artifact).await? {
            Stored::Uploaded => "Stored",
            Stored::AlreadyThere => "Already stored:",
        };
        run.progress.done(&format!("{verb} s3://{}/{}", wanted.artifact_bucket, plan::shortened(&wanted.artifact_key)));

        run.progress.step(&format!("Applying stack {}", wanted.stack.name));
        let applied = stack::apply(
            &clients.cloudformation,
            &Desired { adopt, ..wanted.stack.clone() },
            &self.session.run,
            patience,
            run.progress,
        )
        .await;
        if applied.is_err()
            && let Ok(Some(stack)) = stack::describe(&clients.cloudformation, &wanted.stack.name).await
        {
            // After a failed update the outputs are those of before: they are not this run's result.
            run.report.saw_stack(&Stack { outputs: BTreeMap::new(), ..stack });
        }
        let applied = applied?;
        run.progress.nothing_goes_on();
        run.report.saw_stack(&applied.stack);
        run.progress.done(&format!("Stack {} is {}", applied.stack.name, applied.stack.status));
        Ok((applied.stack, applied.changed))
    }

    async fn ensure_server(
        &self,
        stack: &Stack,
        stack_changed: bool,
        found: Found,
        patience: &Patience,
        run: &mut Run<'_>,
    ) -> Result<Ensured> {
        let Session { clients, owner, run: token, .. } = &self.session;
        let spec = spec(self.settings, stack)?;
        if stack_changed && found.owned.is_empty() {
            run.progress.step("Waiting for the new roles");
            let roles = [spec.stack.invocation_role.as_str(), spec.stack.logging_role.as_str()];
            server::wait_until_visible(&clients.iam, &roles, patience, run.progress).await;
        }
        run.progress.step("Bringing the server online");
        let ensured = server::ensure(&clients.transfer, &spec, owner, found, token, patience, run.progress).await?;
        run.report.saw_server(&ensured.server, &clients.region, self.session.url_suffix());
        let verb = match ensured.change {
            server::Change::Created => "created",
            server::Change::Updated => "updated",
            server::Change::Started => "started",
            server::Change::Unchanged => "unchanged",
        };
        run.progress.done(&format!("Server {} is ONLINE ({verb})", ensured.server.id));
        Ok(ensured)
    }

    /// Notes where the server was last seen, so that the next run finds it with one call. Only a hint: a failure is no matter.
    async fn remember_server(&self, ensured: &Ensured, run: &Run<'_>) {
        let s3 = &self.session.clients.s3;
        if let Err(error) = last_seen::write(s3, &self.bucket, &self.settings.name, &ensured.server.id).await {
            run.progress.note(&format!("{error}; the next run searches for the server instead"));
        }
    }
}

fn warn_of_defaults(settings: &Settings, run: &Run<'_>) {
    for warning in settings.warnings() {
        run.progress.warn(&warning);
    }
}

fn warn_of_unreadable(servers: &Found, run: &Run<'_>) {
    if !servers.unreadable.is_empty() {
        run.progress.warn(&format!(
            "these servers may not be described with these credentials: {}; if this deployment's server is among them, \
             it is not found, and another one is made",
            servers.unreadable.join(", ")
        ));
    }
}
