//! `deploy`: plan, approval, apply, wait until ONLINE.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::artifact::bucket::{self, ArtifactBucket};
use crate::artifact::last_seen;
use crate::artifact::upload::{self, Stored};
use crate::artifact::zip::Artifact;
use crate::artifact::zip::artifact;
use crate::error::{Error, ErrorCode, Result};
use crate::plan::saved::{Place, SavedPlan};
use crate::plan::{self, Change, Seen, Wanted};
use crate::report::{ArtifactReport, Outcome};
use crate::server::{self, Ensured, Found, Server};
use crate::settings::Settings;
use crate::stack::{self, DeployStep, Desired, ResourceChange, Stack};
use crate::wait::Patience;

use super::session::Session;
use super::verify::{self, Check};
use super::wanted::{spec, spec_of_settings, wanted};
use super::{Run, approval, cost, plan_file, preflight, users_bucket};

/// How long CloudFormation may take to say what an update would do. `plan` has no `--timeout`.
const PREVIEW: Duration = Duration::from_secs(300);

/// Makes the deployment what `settings` say, and checks a sign-in at its end where `check` is given.
///
/// # Errors
/// Whatever stops it, with what is there by then in the report.
pub async fn run(settings: &Settings, check: Option<&Check>, run: &mut Run<'_>) -> Result<()> {
    let saved = plan_file::read(run)?;
    if saved.is_none() {
        approval::must_be_possible(run, "deploy")?;
    }
    let check = check.map(|check| verify::prepare(check, run)).transpose()?;
    let organisation = preflight::begin(&settings.okta.org_url);
    let deploy = Deploy::begin(settings, run).await?;
    saved.as_ref().map_or(Ok(()), |saved| saved.refuse_elsewhere(&deploy.place()))?;
    let (seen, mut changes) = deploy.plan(run).await?;
    warn_of_unreadable(&seen.servers, run);
    saved.as_ref().map_or(Ok(()), |saved| saved.refuse_other_settings(&deploy.to_save(&seen, &changes)))?;
    if changes.is_empty() {
        if let (Some(check), Some(server)) = (check, seen.servers.owned.first()) {
            let patience = verify::until_ready(run.options.poll_interval);
            verify::of_server(&deploy.session, server, check, &patience, run).await?;
        }
        run.report.result = Outcome::Unchanged;
        return Ok(());
    }
    saved.as_ref().map_or(Ok(()), |saved| saved.refuse_moved(&deploy.to_save(&seen, &changes)))?;
    preflight::end(&settings.okta.org_url, organisation, run).await?;
    run.report.changes.clone_from(&changes);
    let stack_changes = changes.iter().any(|change| change.kind == "stack");
    let adopt = stack_changes && users_bucket::check(settings, &deploy.session, seen.stack.as_ref(), run).await?;
    warn_of_defaults(settings, run);
    let approved = match &saved {
        Some(saved) => saved.resources().map(<[_]>::to_vec),
        // Nobody is asked: the change set is shown when it is executed.
        None if run.options.yes => None,
        None => deploy.preview(&seen, &mut changes, adopt, run).await?,
    };
    run.report.changes.clone_from(&changes);
    let cost = cost::of_desired(settings, &deploy.wanted.stack).sentence();
    run.progress.show(&format!(
        "Changes to {}:\n{}  Costs while it runs: {cost}",
        settings.name,
        plan::render(&changes, run.progress.style())
    ));
    if saved.is_none() && !approval::ask(run, "Make these changes?", "yes").await? {
        run.report.result = Outcome::Declined;
        return Ok(());
    }

    run.progress.step("Taking the deployment's lease");
    bucket::ensure(&deploy.session.clients.s3, &deploy.bucket).await?;
    deploy.session.take_lease(&deploy.bucket, "deploy", run).await?;
    let lease = run.lease;
    let approved = Approved { changes, resources: approved, plan: saved, adopt };
    let server = lease.hold(deploy.apply(&approved, run)).await?;
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
    let (seen, mut changes) = deploy.plan(run).await?;
    preflight::end(&settings.okta.org_url, organisation, run).await?;
    warn_of_unreadable(&seen.servers, run);
    warn_of_defaults(settings, run);
    if changes.iter().any(|change| change.kind == "stack") {
        let adopt = users_bucket::check(settings, &deploy.session, seen.stack.as_ref(), run).await?;
        match deploy.preview(&seen, &mut changes, adopt, run).await {
            Ok(_) => {}
            Err(error) if error.code == ErrorCode::Permission && run.options.plan_file.is_none() => {
                run.progress.warn(&format!("what happens to each resource is not known: {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    run.report.cost = Some(cost::of_desired(settings, &deploy.wanted.stack));
    if let Some(path) = &run.options.plan_file {
        refuse_unsettled(seen.stack.as_ref())?;
        plan_file::write(&deploy.to_save(&seen, &changes), path)?;
        run.progress.done(&format!("The plan is in {}: `sftp-okta deploy --plan` executes it", path.display()));
    }
    run.report.changes = changes;
    run.report.result = Outcome::Planned;
    Ok(())
}

/// A plan of a stack that is just changing would be void at once.
fn refuse_unsettled(stack: Option<&Stack>) -> Result<()> {
    match stack {
        Some(stack) if stack.status.for_deploy() == DeployStep::Wait => Err(Error::new(
            ErrorCode::Busy,
            format!("stack {} is in {}: what it will be then cannot be planned for", stack.name, stack.status),
        )
        .hint("plan again when that operation has ended (`sftp-okta status`)")),
        Some(_) | None => Ok(()),
    }
}

/// What was approved.
struct Approved {
    changes: Vec<Change>,
    /// What an update of the stack does to each resource; `None` where nobody was asked about that.
    resources: Option<Vec<ResourceChange>>,
    /// The plan that was approved in a file.
    plan: Option<SavedPlan>,
    /// Whether the stack takes over the users' bucket.
    adopt: bool,
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

    /// Which deployment this is.
    fn place(&self) -> Place {
        Place {
            deployment: self.settings.name.clone(),
            stack_name: self.settings.stack_name.clone(),
            account: self.session.caller.account.clone(),
            region: self.session.clients.region.clone(),
        }
    }

    /// The plan as a file holds it.
    fn to_save(&self, seen: &Seen, changes: &[Change]) -> SavedPlan {
        SavedPlan::new(self.place(), &self.wanted, &spec_of_settings(self.settings), seen, changes)
    }

    /// Asks CloudFormation what an update would do to each resource, and notes it under the stack's change. `None` where
    /// the stack is yet to be made, is busy, or keeps its template, parameters and tags.
    async fn preview(
        &self,
        seen: &Seen,
        changes: &mut [Change],
        adopt: bool,
        run: &Run<'_>,
    ) -> Result<Option<Vec<ResourceChange>>> {
        let (wanted, clients) = (&self.wanted.stack, &self.session.clients);
        let Some(stack) = seen.stack.as_ref().filter(|stack| !wanted.is_met_by(stack, seen.template.as_deref())) else {
            return Ok(None);
        };
        run.progress.step("Asking CloudFormation what that means");
        let patience = Patience::new(PREVIEW, run.options.poll_interval);
        let desired = Desired { adopt, ..wanted.clone() };
        let (client, token) = (&clients.cloudformation, &self.session.run);
        let asked = stack::preview(client, &desired, stack, token, run.preview, &patience, run.progress);
        let Some(preview) = asked.await? else { return Ok(None) };
        for warning in &preview.warnings {
            run.progress.warn(&format!("CloudFormation on this change: {warning}"));
        }
        if let Some(change) = changes.iter_mut().find(|change| change.kind == "stack") {
            change.resources.clone_from(&preview.resources);
        }
        Ok(Some(preview.resources))
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
    async fn apply(&self, approved: &Approved, run: &mut Run<'_>) -> Result<Server> {
        // Another run may have been at work until the lease was ours. The bucket has been made for the lease by now.
        let (seen, changes) = self.plan(run).await?;
        if let Some(plan) = &approved.plan {
            plan.refuse_moved(&self.to_save(&seen, &changes))?;
        }
        let before = approved.changes.iter().filter(|change| change.kind != "artifact-bucket");
        let as_approved =
            changes.len() == before.clone().count() && changes.iter().zip(before).all(|(now, then)| now.is_like(then));
        if !as_approved && approved.plan.is_none() && !run.options.yes {
            return Err(Error::new(
                ErrorCode::Busy,
                "another run changed the deployment since these changes were approved",
            )
            .hint("run the same command again and look at the changes anew"));
        }
        let patience = Patience::new(run.options.timeout, run.options.poll_interval);
        let Seen { stack, template, servers, .. } = seen;
        let (stack, stack_changed) =
            self.apply_stack(&changes, stack, template.as_deref(), approved, &patience, run).await?;
        let ensured = self.ensure_server(&stack, stack_changed, servers, &patience, run).await?;
        self.remember_server(&ensured, run).await;
        Ok(ensured.server)
    }

    /// Stores the artifact and applies the stack, where the plan says so, and protects it. Returns the stack, and whether
    /// its resources changed.
    async fn apply_stack(
        &self,
        changes: &[Change],
        seen: Option<Stack>,
        template: Option<&str>,
        approved: &Approved,
        patience: &Patience,
        run: &mut Run<'_>,
    ) -> Result<(Stack, bool)> {
        let untouched = !changes.iter().any(|change| change.kind == "stack");
        let (clients, wanted) = (&self.session.clients, &self.wanted);
        let (mut stack, changed) = match seen {
            Some(stack) if untouched || wanted.stack.is_met_by(&stack, template) => (stack, false),
            seen => self.update_stack(seen.is_some(), approved, patience, run).await?,
        };
        if plan::has_to_be_protected(wanted, &stack) {
            stack::protect(&clients.cloudformation, &stack).await?;
            stack.termination_protection = true;
            run.progress.done(&format!("Stack {} is protected against deletion", stack.name));
        }
        Ok((stack, changed))
    }

    /// Stores the artifact and brings the stack to where it should be.
    async fn update_stack(
        &self,
        exists: bool,
        approved: &Approved,
        patience: &Patience,
        run: &mut Run<'_>,
    ) -> Result<(Stack, bool)> {
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
            &Desired { adopt: approved.adopt, ..wanted.stack.clone() },
            approved.resources.as_deref(),
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
        if let Some(change) = run.report.changes.iter_mut().find(|change| exists && change.kind == "stack") {
            change.resources = applied.resources;
        }
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
            server::wait_until_visible(&clients.iam, &spec.roles(), patience, run.progress).await;
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
