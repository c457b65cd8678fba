//! One deployment: what is wanted, where, what is there, and what a deploy changes about it. Reads only.

use std::time::Duration;

use crate::artifact::bucket::{self, ArtifactBucket};
use crate::artifact::last_seen;
use crate::artifact::upload;
use crate::artifact::zip::Artifact;
use crate::artifact::zip::artifact;
use crate::commands::session::Session;
use crate::commands::wanted::{spec, wanted};
use crate::commands::{Run, users_bucket};
use crate::error::{Error, ErrorCode, Result};
use crate::plan::saved::{Place, SavedPlan};
use crate::plan::{self, Change, Kind, Seen, Wanted};
use crate::report::ArtifactReport;
use crate::server;
use crate::settings::Settings;
use crate::stack::{self, DeployStep, Desired, ResourceChange, Stack};
use crate::wait::Patience;

/// How long CloudFormation may take to say what an update would do. `plan` has no `--timeout`.
const PREVIEW: Duration = Duration::from_secs(300);

/// One deploy: what is wanted, and where.
pub(in crate::commands) struct Deploy<'a> {
    pub(in crate::commands) settings: &'a Settings,
    pub(in crate::commands) session: Session,
    pub(in crate::commands) artifact: Artifact,
    pub(in crate::commands) bucket: ArtifactBucket,
    pub(in crate::commands) wanted: Wanted,
}

/// What is there, and what a deploy changes about it.
pub(in crate::commands) struct Planned {
    pub(in crate::commands) seen: Seen,
    pub(in crate::commands) changes: Vec<Change>,
}

impl Planned {
    /// The stack, while an operation on it is under way.
    pub(in crate::commands) fn busy_stack(&self) -> Option<&Stack> {
        self.seen.stack.as_ref().filter(|stack| stack.status.for_deploy() == DeployStep::Wait)
    }

    pub(in crate::commands) fn changes_stack(&self) -> bool {
        self.changes.iter().any(|change| change.kind == Kind::Stack)
    }

    pub(in crate::commands) fn warn_of_unreadable(&self, run: &Run<'_>) {
        self.seen.servers.warn_of_copied_tags(run.progress);
        let unreadable = &self.seen.servers.unreadable;
        if !unreadable.is_empty() {
            run.progress.warn(&format!(
                "these servers may not be described with these credentials: {}; if this deployment's server is among them, \
                 it is not found, and another one is made",
                unreadable.join(", ")
            ));
        }
    }
}

impl<'a> Deploy<'a> {
    /// Packages the function and works out what is wanted in this account.
    pub(in crate::commands) async fn begin(settings: &'a Settings, run: &mut Run<'_>) -> Result<Self> {
        run.progress.step("Packaging the function");
        let artifact = artifact(settings, run.options.bootstrap.as_deref())?;
        run.report.artifact = Some(ArtifactReport::of(&artifact, None));
        let session = Session::open(&settings.target(), Some(settings), run).await?;
        let bucket = session.artifact_bucket(&settings.target());
        let wanted = wanted(settings, &session, &artifact, &bucket);
        Ok(Self { settings, session, artifact, bucket, wanted })
    }

    /// Looks at what is there and decides what to change. Changes nothing.
    pub(in crate::commands) async fn plan(&self, run: &mut Run<'_>) -> Result<Planned> {
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
        Ok(Planned { seen, changes })
    }

    /// The same, once no operation on the stack is under way: what that leaves behind is what somebody is asked about.
    pub(super) async fn plan_when_settled(&self, run: &mut Run<'_>) -> Result<Planned> {
        let patience = Patience::new(run.options.timeout, run.options.poll_interval);
        loop {
            let planned = self.plan(run).await?;
            let Some(stack) = planned.busy_stack() else { return Ok(planned) };
            stack::wait_for_others(&self.session.clients.cloudformation, stack, &patience, run.progress).await?;
        }
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
        let role = stack.as_ref().and_then(Stack::logging_role);
        let servers = server::find(&clients.transfer, &self.session.owner, hint.as_deref(), role).await?;
        Ok(Seen { artifact_bucket, artifact, stack, template, servers })
    }

    /// Which deployment this is.
    pub(super) fn place(&self) -> Place {
        Place {
            deployment: self.settings.name.clone(),
            stack_name: self.settings.stack_name.clone(),
            account: self.session.caller.account.clone(),
            region: self.session.clients.region.clone(),
        }
    }

    /// The plan as a file holds it.
    pub(in crate::commands) fn to_save(&self, planned: &Planned) -> SavedPlan {
        SavedPlan::new(self.place(), &self.wanted, &planned.seen, &planned.changes)
    }

    /// Looks at the users' bucket where the stack is to change. Returns whether the stack takes it over.
    pub(in crate::commands) async fn adopts_users_bucket(&self, planned: &Planned, run: &Run<'_>) -> Result<bool> {
        if !planned.changes_stack() {
            return Ok(false);
        }
        users_bucket::check(self.settings, &self.session, planned.seen.stack.as_ref(), run).await
    }

    pub(in crate::commands) fn warn_of_defaults(&self, run: &Run<'_>) {
        for warning in self.settings.warnings() {
            run.progress.warn(&warning);
        }
    }

    /// Asks CloudFormation what an update would do to each resource, and notes it under the stack's change, and under the
    /// server's what follows from it. None where the stack is yet to be made, or keeps its template, parameters and tags.
    /// `None` where nobody can know: another operation on the stack is under way.
    pub(in crate::commands) async fn preview(
        &self,
        planned: &mut Planned,
        adopt: bool,
        run: &Run<'_>,
    ) -> Result<Option<Vec<ResourceChange>>> {
        let Planned { seen, changes } = planned;
        let (wanted, clients) = (&self.wanted.stack, &self.session.clients);
        let Some(stack) = seen.stack.as_ref().filter(|stack| !wanted.is_met_by(stack, seen.template.as_deref())) else {
            return Ok(Some(Vec::new()));
        };
        match stack.status.for_deploy() {
            DeployStep::Wait => return Ok(None),
            DeployStep::Create | DeployStep::DeleteThenCreate => return Ok(Some(Vec::new())),
            DeployStep::Update | DeployStep::Stop(_) => {}
        }
        run.progress.step("Asking CloudFormation what that means");
        let patience = Patience::new(PREVIEW, run.options.poll_interval);
        let desired = Desired { adopt, ..wanted.clone() };
        let (client, token) = (&clients.cloudformation, &self.session.run);
        let asked = stack::preview(client, &desired, stack, token, run.preview, &patience, run.progress);
        let Some(preview) = asked.await? else { return Ok(None) };
        for warning in &preview.warnings {
            run.progress.warn(&format!("CloudFormation on this change: {warning}"));
        }
        if let Some(change) = changes.iter_mut().find(|change| change.kind == Kind::Stack) {
            change.resources.clone_from(&preview.resources);
        }
        plan::add_what_follows(changes, &self.wanted, seen.servers.owned.first());
        Ok(Some(preview.resources))
    }

    /// The error where another operation keeps the stack's change from being planned.
    pub(in crate::commands) fn another_operation(&self) -> Error {
        let what = format!("another operation on stack {} is under way", self.wanted.stack.name);
        Error::new(ErrorCode::Busy, format!("{what}: what the stack will be after it cannot be planned for"))
            .hint("run the same command again when that operation has ended (`sftp-okta status`)")
    }
}
