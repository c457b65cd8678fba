//! `deploy`: plan, approval, apply, wait until ONLINE.

mod apply;
mod approved;
mod deployment;

use std::path::Path;

use crate::artifact::bucket;
use crate::error::Result;
use crate::plan;
use crate::report::Outcome;
use crate::settings::Settings;

use super::verify::{self, Check};
use super::{Run, approval, cost, preflight};

use approved::{Approval, Approved};
pub(super) use deployment::{Deploy, Planned};

/// Makes the deployment what `settings` say, and checks a sign-in at its end where `check` is given. `plan` is a file that
/// [`super::plan`] wrote: then exactly that is made.
///
/// # Errors
/// Whatever stops it, with what is there by then in the report.
pub async fn run(settings: &Settings, plan: Option<&Path>, check: Option<&Check>, run: &mut Run<'_>) -> Result<()> {
    let approval = Approval::of(plan, run)?;
    let check = check.map(|check| verify::prepare(check, run)).transpose()?;
    let organisation = preflight::begin(&settings.okta.org_url);
    let deploy = Deploy::begin(settings, run).await?;
    approval.refuse_elsewhere(&deploy)?;
    let mut planned = match &approval {
        Approval::Asked => deploy.plan_when_settled(run).await?,
        Approval::Plan(_) | Approval::Beforehand => deploy.plan(run).await?,
    };
    planned.warn_of_unreadable(run);
    approval.refuse_other_settings(&deploy, &planned)?;
    if planned.changes.is_empty() {
        if let (Some(check), Some(server)) = (check, planned.seen.servers.owned.first()) {
            let patience = verify::until_ready(run.options.poll_interval);
            verify::of_server(&deploy.session, server, check, &patience, run).await?;
        }
        run.report.result = Outcome::Unchanged;
        return Ok(());
    }
    approval.refuse_moved(&deploy, &planned)?;
    preflight::end(&settings.okta.org_url, organisation, run).await?;
    run.report.changes.clone_from(&planned.changes);
    let adopt = deploy.adopts_users_bucket(&planned, run).await?;
    deploy.warn_of_defaults(run);
    let resources = match &approval {
        Approval::Plan(plan) => plan.resources().map(<[_]>::to_vec),
        // Nobody is asked: the change set is shown when it is executed.
        Approval::Beforehand => None,
        Approval::Asked => {
            let known = deploy.preview(&mut planned, adopt, run).await?;
            Some(known.ok_or_else(|| deploy.another_operation())?)
        }
    };
    run.report.changes.clone_from(&planned.changes);
    let cost = cost::of_desired(settings, &deploy.wanted.stack).sentence();
    run.progress.show(&format!(
        "Changes to {}:\n{}  Costs while it runs: {cost}",
        settings.name,
        plan::render(&planned.changes, run.progress.style())
    ));
    if let Approval::Asked = approval
        && !approval::ask(run, "Make these changes?", "yes").await?
    {
        run.report.result = Outcome::Declined;
        return Ok(());
    }

    run.progress.step("Taking the deployment's lease");
    bucket::ensure(&deploy.session.clients.s3, &deploy.bucket).await?;
    deploy.session.take_lease(&deploy.bucket, "deploy", run).await?;
    let lease = run.lease;
    let approved = Approved { approval, changes: planned.changes, resources, adopt };
    let server = lease.hold(deploy.apply(&approved, run)).await?;
    if let Some(check) = check {
        let patience = verify::until_ready(run.options.poll_interval);
        verify::of_server(&deploy.session, &server, check, &patience, run).await?;
    }
    run.report.result = Outcome::Deployed;
    Ok(())
}
