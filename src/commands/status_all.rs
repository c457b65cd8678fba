//! `status --all`: every deployment of the account and region. Reads only.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::prices;
use crate::report::{DeploymentRow, Outcome, RowServer};
use crate::server::{self, Owner, Server, ServerStep};
use crate::settings::Target;
use crate::stack::{self, Stack};

use super::Run;
use super::session::Session;

/// Looks at all stacks and servers, and puts together what belongs together by its tags.
///
/// # Errors
/// Whatever keeps it from looking.
pub async fn run(target: &Target, run: &mut Run<'_>) -> Result<()> {
    let session = Session::open(target, None, run).await?;
    run.report.deployment.name = None;
    run.progress.step("Looking at all stacks and servers");
    let (stacks, servers) = tokio::try_join!(
        stack::describe_all(&session.clients.cloudformation),
        server::describe_all(&session.clients.transfer)
    )?;
    if !servers.unreadable.is_empty() {
        run.progress.warn(&format!("servers that may not be described: {}", servers.unreadable.join(", ")));
    }
    let rows = rows(&stacks, &servers.servers);
    let sick = rows.iter().any(|row| !row.faults.is_empty());
    run.report.result = match (rows.is_empty(), sick) {
        (true, _) => Outcome::Absent,
        (false, true) => Outcome::Unhealthy,
        (false, false) => Outcome::Healthy,
    };
    let costs = rows.iter().flat_map(|row| row.costs.iter().cloned());
    run.report.costs = costs.collect();
    run.report.deployments = Some(rows);
    Ok(())
}

/// One row a deployment, by name and stack. Pure.
fn rows(stacks: &[Stack], servers: &[Server]) -> Vec<DeploymentRow> {
    let mut found: BTreeMap<(String, String), (Option<&Stack>, Vec<&Server>)> = BTreeMap::new();
    let key = |owner: Owner| (owner.deployment, owner.stack);
    for stack in stacks {
        // A stack that was copied with its tags is not the one they name.
        if let Some(owner) = Owner::of(&stack.tags).filter(|owner| owner.stack == stack.name) {
            found.entry(key(owner)).or_default().0 = Some(stack);
        }
    }
    for server in servers {
        if let Some(owner) = Owner::of(&server.tags) {
            found.entry(key(owner)).or_default().1.push(server);
        }
    }
    found.into_iter().map(|((name, stack_name), (stack, servers))| row(name, stack_name, stack, &servers)).collect()
}

fn row(name: String, stack_name: String, stack: Option<&Stack>, servers: &[&Server]) -> DeploymentRow {
    let mut faults = Vec::new();
    match stack {
        None => faults.push("a server without a stack: it is billed and nobody can sign in".to_owned()),
        Some(stack) if !stack.status.is_healthy() => faults.push(format!("the stack is {}", stack.status)),
        Some(_) => {}
    }
    match servers {
        [] => faults.push("a stack without a server".to_owned()),
        [server] => match server.state.for_deploy() {
            ServerStep::Ready => {}
            ServerStep::Wait | ServerStep::Start | ServerStep::Failed { .. } => {
                faults.push(format!("the server is {}", server.state));
            }
        },
        several => faults.push(format!("{} servers, each billed", several.len())),
    }
    let mut costs: Vec<_> = servers.iter().map(|server| prices::of_server(server)).collect();
    costs.extend(stack.map(|stack| prices::of_stack(&stack.name)));
    DeploymentRow {
        name,
        stack: stack_name,
        stack_status: stack.map(|stack| stack.status.to_string()),
        servers: servers
            .iter()
            .map(|server| RowServer { id: server.id.clone(), state: server.state.to_string() })
            .collect(),
        usd_per_month: prices::sum(&costs).usd_per_month,
        faults,
        costs,
    }
}
