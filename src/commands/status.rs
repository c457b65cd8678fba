//! `status`: what is there, whether it works, and how it differs from the configuration. Reads only.

use crate::artifact::zip::artifact;
use crate::error::{Error, Result};
use crate::plan::{self, Change, Seen};
use crate::prices;
use crate::report::{Outcome, RowServer, servers_in_words};
use crate::server;
use crate::settings::{Settings, Target};
use crate::stack::{self, DeployStep, Stack};
use crate::wait::Patience;

use super::session::Session;
use super::wanted::{spec, wanted};
use super::{Run, cost};

/// How to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Once, at one deployment.
    Once {
        /// Whether CloudFormation compares every resource as well.
        drift: bool,
    },
    /// Again and again, until interrupted.
    Watch,
}

/// Looks at the deployment. `settings` is the configuration where it is complete; then differences are told.
///
/// # Errors
/// Whatever keeps it from looking. A deployment that is absent or not healthy is no error but a result.
pub async fn run(target: &Target, settings: Option<&Settings>, look: Look, run: &mut Run<'_>) -> Result<()> {
    let session = Session::open(target, None, run).await?;
    run.progress.step("Looking at what is there");
    // The whole account is searched: an orphan is billed, and only a search finds it.
    let seen = see(&session, target, settings.is_some(), None).await?;
    tell(&session, &seen, run);
    if let Some(settings) = settings.filter(|_| run.report.result != Outcome::Absent) {
        differences(settings, &session, &seen, run)?;
    }
    match look {
        Look::Once { drift: true } => drift(&session, seen.stack.as_ref(), run).await,
        Look::Once { drift: false } => Ok(()),
        Look::Watch => watch(&session, target, seen, run).await,
    }
}

/// Reads stack and servers. `hint` is where the server was last seen: then one call finds it.
async fn see(session: &Session, target: &Target, with_template: bool, hint: Option<&str>) -> Result<Seen> {
    let clients = &session.clients;
    let stack = async {
        let stack = stack::describe(&clients.cloudformation, &target.stack_name).await?;
        let template = match (&stack, with_template) {
            (Some(stack), true) => stack::deployed_template(&clients.cloudformation, &stack.arn).await?,
            (_, _) => None,
        };
        Ok::<_, Error>((stack, template))
    };
    let servers = server::find(&clients.transfer, &session.owner, hint, None);
    let ((stack, template), servers) = tokio::try_join!(stack, servers)?;
    Ok(Seen { artifact_bucket: true, artifact: true, stack, template, servers })
}

/// Puts into the report what was seen, what is wrong with it, and what it costs.
fn tell(session: &Session, seen: &Seen, run: &mut Run<'_>) {
    if let Some(stack) = &seen.stack {
        run.report.saw_stack(stack);
    }
    if let Some(server) = seen.servers.owned.first() {
        run.report.saw_server(server, &session.clients.region, session.url_suffix());
    }
    seen.servers.warn_of_copied_tags(run.progress);
    if seen.stack.is_none() && seen.servers.owned.is_empty() {
        run.report.result = Outcome::Absent;
        return;
    }
    for (id, stack) in &seen.servers.namesakes {
        run.progress.warn(&format!("server {id} belongs to a deployment of the same name with stack {stack}"));
    }
    // It serves, and yet there is something to say about it: its last change came to nothing.
    if let Some(stack) = seen.stack.as_ref().filter(|stack| stack.status.is_healthy())
        && let Some(remark) = stack.status.remark(&stack.name)
    {
        run.progress.warn(&remark);
    }
    let faults = faults(session, seen);
    for fault in &faults {
        run.progress.warn(fault);
    }
    run.report.deploy_refuses =
        session.guard_stack(seen.stack.as_ref()).and_then(|()| plan::refuse_stuck(seen, None)).is_err();
    run.report.result = if faults.is_empty() { Outcome::Healthy } else { Outcome::Unhealthy };
    run.report.faults = faults;
    let running = cost::running(seen.stack.as_ref(), seen.template.as_deref(), &seen.servers.owned);
    run.report.cost = Some(prices::monthly([running]));
}

/// Lets CloudFormation compare the stack's resources with what it made.
async fn drift(session: &Session, stack: Option<&Stack>, run: &mut Run<'_>) -> Result<()> {
    let Some(stack) = stack else { return Ok(()) };
    run.progress.step("CloudFormation looks for drift");
    let patience = Patience::new(run.options.timeout, run.options.poll_interval);
    let found = stack::drift(&session.clients.cloudformation, stack, &patience, run.progress).await?;
    let verdict = if found.is_empty() { "No resource of the stack has drifted" } else { "Resources have drifted" };
    run.progress.done(verdict);
    run.report.drift = Some(found);
    Ok(())
}

/// Looks again and again until a signal ends it. In place on a terminal; elsewhere a line for every change.
async fn watch(session: &Session, target: &Target, first: Seen, run: &mut Run<'_>) -> Result<()> {
    let mut seen = first;
    let mut told = String::new();
    loop {
        let line = line(&seen);
        if line == told {
            run.progress.tick();
        } else {
            run.progress.step(&line);
            told = line;
        }
        tokio::time::sleep(run.options.poll_interval).await;
        let hint = seen.servers.owned.first().map(|server| server.id.clone());
        match see(session, target, false, hint.as_deref()).await {
            Ok(now) => seen = now,
            // One answer that did not come is no reason to stop looking; missing rights and credentials are.
            Err(error) if error.code.may_pass() => {
                run.progress.note(&error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
}

/// What is there, on one line.
fn line(seen: &Seen) -> String {
    let stack = seen.stack.as_ref().map_or("no stack".to_owned(), |stack| format!("{} {}", stack.name, stack.status));
    let servers: Vec<RowServer> = seen.servers.owned.iter().map(RowServer::of).collect();
    format!("{stack} · {}", servers_in_words(&servers))
}

/// What keeps the deployment from doing its work, or costs money for nothing.
fn faults(session: &Session, seen: &Seen) -> Vec<String> {
    let mut faults = Vec::new();
    match &seen.stack {
        None => faults.push("there is a server but no stack: it is billed and nobody can sign in".to_owned()),
        Some(stack) if stack.status.for_deploy() == DeployStep::DeleteThenCreate && stack.termination_protection => {
            faults.push(format!("stack {} is {}: {}", stack.name, stack.status, stack.status.meaning()));
            faults.extend(stack::refuse_protected(stack).err().as_ref().map(with_what_to_do));
        }
        Some(stack) if !stack.status.is_healthy() => faults.extend(stack.status.remark(&stack.name)),
        Some(_) => {}
    }
    if let Err(error) = session.guard_stack(seen.stack.as_ref()) {
        faults.push(error.to_string());
    }
    match seen.servers.owned.as_slice() {
        [] => faults.push("there is no server".to_owned()),
        [server] => faults.extend(server.state.remark(&server.id)),
        several => {
            let ids: Vec<&str> = several.iter().map(|server| server.id.as_str()).collect();
            faults.push(format!("there are {} servers, each billed: {}", ids.len(), ids.join(", ")));
        }
    }
    if let Err(error) = seen.servers.refuse_copied_tags() {
        faults.push(with_what_to_do(&error));
    }
    if !seen.servers.unreadable.is_empty() {
        faults.push(format!("servers that may not be described: {}", seen.servers.unreadable.join(", ")));
    }
    faults
}

/// An error as a fault: what, why, and what to do.
fn with_what_to_do(error: &Error) -> String {
    [Some(error.message.as_str()), error.cause.as_deref(), error.hint.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(": ")
}

/// Puts into the report how what is there differs from the configuration: the changes that a deploy would make, in words, or
/// what keeps it from making them.
fn differences(settings: &Settings, session: &Session, seen: &Seen, run: &mut Run<'_>) -> Result<()> {
    let artifact = artifact(settings, run.options.bootstrap.as_deref())?;
    let bucket = session.artifact_bucket(&settings.target());
    let wanted = wanted(settings, session, &artifact, &bucket);
    let spec = seen.stack.as_ref().and_then(|stack| spec(settings, stack).ok());
    run.report.differences = match plan::decide(&wanted, seen, spec.as_ref()) {
        Ok(changes) => {
            run.report.deploy_refuses = session.guard_stack(seen.stack.as_ref()).is_err();
            let in_words = |change: &Change| {
                let of = format!("{} {}", change.kind, change.name);
                change.differences().map(|difference| format!("{of}: {difference}")).collect::<Vec<_>>()
            };
            changes.iter().flat_map(in_words).collect()
        }
        // What is stuck is a fault, and told as one; that the server would have to be another one is a difference.
        Err(_) => {
            run.report.deploy_refuses = true;
            plan::refuse_other_server(&wanted, seen).err().iter().map(with_what_to_do).collect()
        }
    };
    Ok(())
}
