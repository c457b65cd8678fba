//! `plan`: what a deploy would change. Changes nothing.

use std::path::Path;

use crate::error::{ErrorCode, Result};
use crate::report::Outcome;
use crate::settings::Settings;

use super::deploy::{Deploy, Planned};
use super::{Run, cost, plan_file, preflight};

/// Shows what a deploy would change, and writes it to the file `out`, for a deploy of exactly that.
///
/// # Errors
/// What would stop the deploy, as far as it can be seen before it.
pub async fn run(settings: &Settings, out: Option<&Path>, run: &mut Run<'_>) -> Result<()> {
    let organisation = preflight::begin(&settings.okta.org_url);
    let deploy = Deploy::begin(settings, run).await?;
    let mut planned = deploy.plan(run).await?;
    preflight::end(&settings.okta.org_url, organisation, run).await?;
    planned.warn_of_unreadable(run);
    deploy.warn_of_defaults(run);
    if out.is_some() && planned.busy_stack().is_some() {
        // A plan of a stack that is just changing would be void at once.
        return Err(deploy.another_operation());
    }
    if planned.changes_stack() {
        preview(&deploy, &mut planned, out.is_some(), run).await?;
    }
    run.report.cost = Some(cost::of_desired(settings, &deploy.wanted.stack));
    if let Some(path) = out {
        plan_file::write(&deploy.to_save(&planned), path)?;
        run.progress.done(&format!("The plan is in {}", path.display()));
        run.report.files = vec![path.display().to_string()];
    }
    run.report.changes = planned.changes;
    run.report.result = Outcome::Planned;
    Ok(())
}

/// Adds what happens to each resource, or tells why that is not known. A plan that is to be approved has to know it.
async fn preview(deploy: &Deploy<'_>, planned: &mut Planned, has_to_know: bool, run: &Run<'_>) -> Result<()> {
    let adopt = deploy.adopts_users_bucket(planned, run).await?;
    match deploy.preview(planned, adopt, run).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) if has_to_know => Err(deploy.another_operation()),
        Ok(None) => {
            run.progress.warn(&format!(
                "what changes about stack {} and its resources is not known while another operation on it is under way: plan \
                 again when that has ended",
                deploy.wanted.stack.name
            ));
            Ok(())
        }
        Err(error) if error.code == ErrorCode::Permission && !has_to_know => {
            run.progress.warn(&format!("what happens to each resource is not known: {error}"));
            Ok(())
        }
        Err(error) => Err(error),
    }
}
