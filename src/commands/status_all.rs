//! `status --all`: every deployment of the account and region. Reads only.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::prices::{self, Priced};
use crate::report::{DeploymentRow, Outcome, RowServer};
use crate::server::{self, Owner, Server, ServerStep};
use crate::settings::Target;
use crate::stack::{self, Stack};

use super::Run;
use super::session::Session;
use super::status::billed;

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
    let (ours, of_all) = (stacks.iter().filter(|stack| is_ours(stack)).count(), servers.servers.iter());
    let owned: Vec<Server> = of_all.filter(|server| Owner::of(&server.tags).is_some()).cloned().collect();
    let keys = std::iter::repeat_n(Priced::KmsKey, ours);
    run.report.cost = Some(prices::monthly(billed(false, &owned).into_iter().chain(keys)));
    run.report.deployments = Some(rows);
    Ok(())
}

/// Whether a stack's tags name it. One that was copied with its tags is not the one they name.
fn is_ours(stack: &Stack) -> bool {
    Owner::of(&stack.tags).is_some_and(|owner| owner.stack == stack.name)
}

/// What belongs to one deployment.
type Parts<'a> = (Option<&'a Stack>, Vec<&'a Server>);

/// One row a deployment, by name and stack. Pure.
fn rows(stacks: &[Stack], servers: &[Server]) -> Vec<DeploymentRow> {
    let mut found: BTreeMap<(String, String), Parts<'_>> = BTreeMap::new();
    let key = |owner: Owner| (owner.deployment, owner.stack);
    for stack in stacks {
        if let Some(owner) = Owner::of(&stack.tags).filter(|_| is_ours(stack)) {
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
    let of_servers: Vec<Server> = servers.iter().map(|server| (*server).clone()).collect();
    DeploymentRow {
        name,
        stack: stack_name,
        stack_status: stack.map(|stack| stack.status.to_string()),
        servers: servers
            .iter()
            .map(|server| RowServer { id: server.id.clone(), state: server.state.to_string() })
            .collect(),
        usd_per_month: prices::monthly(billed(stack.is_some(), &of_servers)).usd_per_month,
        faults,
    }
}
