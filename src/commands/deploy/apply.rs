//! Making what was approved, with the lease in hand: artifact, stack, server.

use std::collections::BTreeMap;

use super::approved::Approved;
use super::{Deploy, Planned};
use crate::artifact::last_seen;
use crate::artifact::upload::{self, Stored};
use crate::commands::Run;
use crate::commands::session::Session;
use crate::commands::wanted::spec;
use crate::error::Result;
use crate::plan::{self, Kind, Seen};
use crate::progress::shortened;
use crate::server::{self, Ensured, Found, Server};
use crate::stack::{self, Desired, Stack};
use crate::wait::Patience;

impl Deploy<'_> {
    /// Makes the approved changes, with the lease in hand.
    pub(super) async fn apply(&self, approved: &Approved, run: &mut Run<'_>) -> Result<Server> {
        // Another run may have been at work until the lease was ours.
        let planned = self.plan(run).await?;
        approved.refuse_other(self, &planned)?;
        let patience = Patience::new(run.options.timeout, run.options.poll_interval);
        let (stack, stack_changed) = self.apply_stack(&planned, approved, &patience, run).await?;
        let ensured = self.ensure_server(&stack, stack_changed, planned.seen.servers, &patience, run).await?;
        self.remember_server(&ensured, run).await;
        Ok(ensured.server)
    }

    /// Stores the artifact and applies the stack, where the plan says so, and protects it. Returns the stack, and whether
    /// its resources changed.
    async fn apply_stack(
        &self,
        planned: &Planned,
        approved: &Approved,
        patience: &Patience,
        run: &mut Run<'_>,
    ) -> Result<(Stack, bool)> {
        let (clients, wanted) = (&self.session.clients, &self.wanted);
        let Seen { stack, template, .. } = &planned.seen;
        let untouched = !planned.changes_stack();
        let (mut stack, changed) = match stack {
            Some(stack) if untouched || wanted.stack.is_met_by(stack, template.as_deref()) => (stack.clone(), false),
            Some(_) | None => self.update_stack(&planned.seen, approved, patience, run).await?,
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
        seen: &Seen,
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
        run.progress.done(&format!("{verb} s3://{}/{}", wanted.artifact_bucket, shortened(&wanted.artifact_key)));

        run.progress.step(&format!("Applying stack {}", wanted.stack.name));
        run.report.stack_begins_to_change();
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
        let changes = &mut run.report.changes;
        if let Some(change) = changes.iter_mut().find(|change| seen.stack.is_some() && change.kind == Kind::Stack) {
            change.resources = applied.resources;
            plan::add_what_follows(changes, wanted, seen.servers.owned.first());
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
        let new_roles = found.owned.first().map_or_else(|| spec.roles(), |server| spec.roles_new_to(server));
        if stack_changed && !new_roles.is_empty() {
            run.progress.step("Waiting for the new roles");
            server::wait_until_visible(&clients.iam, &new_roles, patience, run.progress).await;
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
