//! `status`: what is there, whether it works, and how it differs from the configuration. Reads only.

use crate::artifact::bootstrap::artifact;
use crate::error::{Error, Result};
use crate::plan::{self, Seen};
use crate::report::Outcome;
use crate::server::{self, ServerStep};
use crate::settings::{Settings, Target};
use crate::stack;

use super::Run;
use super::session::Session;
use super::wanted::{spec, wanted};

/// Looks at the deployment. `settings` is the configuration where it is complete; then differences are told.
///
/// # Errors
/// Whatever keeps it from looking. A deployment that is absent or not healthy is no error but a result.
pub async fn run(target: &Target, settings: Option<&Settings>, run: &mut Run<'_>) -> Result<()> {
    let session = Session::open(target, None, run).await?;
    run.progress.step("Looking at what is there");
    let clients = &session.clients;
    let stack = async {
        let stack = stack::describe(&clients.cloudformation, &target.stack_name).await?;
        let template = match (&stack, settings) {
            (Some(stack), Some(_)) => stack::deployed_template(&clients.cloudformation, &stack.arn).await?,
            (_, _) => None,
        };
        Ok::<_, Error>((stack, template))
    };
    // The whole account is searched: an orphan is billed, and only a search finds it.
    let servers = server::find(&clients.transfer, &session.owner, None);
    let ((stack, template), servers) = tokio::try_join!(stack, servers)?;
    let seen = Seen { artifact_bucket: true, artifact: true, stack, template, servers };

    if let Some(stack) = &seen.stack {
        run.report.saw_stack(stack);
    }
    if let Some(server) = seen.servers.owned.first() {
        run.report.saw_server(server, &clients.region, session.url_suffix());
    }
    if seen.stack.is_none() && seen.servers.owned.is_empty() {
        run.report.result = Outcome::Absent;
        return Ok(());
    }
    let faults = faults(&session, &seen);
    for fault in &faults {
        run.progress.warn(fault);
    }
    run.report.result = if faults.is_empty() { Outcome::Healthy } else { Outcome::Unhealthy };
    if let Some(settings) = settings {
        run.report.differences = differences(settings, &session, &seen, run)?;
    }
    Ok(())
}

/// What keeps the deployment from doing its work, or costs money for nothing.
fn faults(session: &Session, seen: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    match &seen.stack {
        None => faults.push("there is a server but no stack: it is billed and nobody can sign in".to_owned()),
        Some(stack) if !stack.status.is_healthy() => {
            let next = stack.status.next_step().unwrap_or_default().replace("{stack}", &stack.name);
            faults.push(format!("stack {} is {}: {}; {next}", stack.name, stack.status, stack.status.meaning()));
        }
        Some(_) => {}
    }
    if let Err(error) = session.guard_stack(seen.stack.as_ref()) {
        faults.push(error.to_string());
    }
    match seen.servers.owned.as_slice() {
        [] => faults.push("there is no server".to_owned()),
        [server] => match server.state.for_deploy() {
            ServerStep::Ready => {}
            ServerStep::Wait | ServerStep::Start | ServerStep::Failed { .. } => {
                let next = server.state.next_step().unwrap_or_default();
                faults.push(format!("server {} is {}: {}; {next}", server.id, server.state, server.state.meaning()));
            }
        },
        several => {
            let ids: Vec<&str> = several.iter().map(|server| server.id.as_str()).collect();
            faults.push(format!("there are {} servers, each billed: {}", ids.len(), ids.join(", ")));
        }
    }
    if !seen.servers.unreadable.is_empty() {
        faults.push(format!("servers that may not be described: {}", seen.servers.unreadable.join(", ")));
    }
    faults
}

/// How what is there differs from the configuration: the changes that a deploy would make, in words.
fn differences(settings: &Settings, session: &Session, seen: &Seen, run: &Run<'_>) -> Result<Vec<String>> {
    let artifact = artifact(settings, run.options.bootstrap.as_deref())?;
    let bucket = session.artifact_bucket(&settings.target());
    let wanted = wanted(settings, session, &artifact, &bucket);
    let spec = seen.stack.as_ref().and_then(|stack| spec(settings, stack).ok());
    let Ok(changes) = plan::decide(&wanted, seen, spec.as_ref()) else { return Ok(Vec::new()) };
    Ok(changes
        .iter()
        .flat_map(|change| {
            change.details.iter().map(move |detail| format!("{} {}: {detail}", change.kind, change.name))
        })
        .collect())
}
