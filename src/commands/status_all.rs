//! `status --all`: every deployment of the account and region. Reads only.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::prices::{self, MonthlyCost, Running};
use crate::report::{DeploymentRow, Outcome, RowServer};
use crate::server::{self, Found, Owner, Server, ServerStep};
use crate::settings::Target;
use crate::stack::{self, Stack};

use super::session::Session;
use super::{Run, cost};

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
    for stack in &stacks {
        if let Some(owner) = Owner::of(&stack.tags).filter(|owner| owner.stack != stack.name) {
            run.progress.warn(&format!(
                "stack {} carries the tags of stack {}: somebody copied them, and it is left out",
                stack.name, owner.stack
            ));
        }
    }
    for server in &servers.servers {
        if Owner::of(&server.tags).is_some() && Owner::of_server(&server.tags).is_none() {
            run.progress.warn(&server::not_made_by_us(&server.id));
        }
    }
    let found = together(&stacks, &servers.servers);
    let rows: Vec<DeploymentRow> = found.iter().map(|(owner, seen)| row(owner, seen)).collect();
    let sick = rows.iter().any(|row| !row.faults.is_empty());
    run.report.result = match (rows.is_empty(), sick) {
        (true, _) => Outcome::Absent,
        (false, true) => Outcome::Unhealthy,
        (false, false) => Outcome::Healthy,
    };
    run.report.cost = Some(prices::monthly(found.values().map(SeenTogether::running)));
    run.report.deployments = Some(rows);
    Ok(())
}

/// Whether a stack's tags name it. One that was copied with its tags is not the one they name.
fn is_ours(stack: &Stack) -> bool {
    Owner::of(&stack.tags).is_some_and(|owner| owner.stack == stack.name)
}

/// What belongs together by its tags.
#[derive(Default)]
struct SeenTogether<'a> {
    stack: Option<&'a Stack>,
    servers: Vec<&'a Server>,
}

impl<'a> SeenTogether<'a> {
    fn running(&self) -> Running<'a> {
        cost::running(self.stack, None, self.servers.iter().copied())
    }

    fn cost(&self) -> MonthlyCost {
        prices::monthly([self.running()])
    }
}

/// Name and stack of a deployment.
type Deployment = (String, String);

/// Stacks and servers, deployment by deployment. Pure.
fn together<'a>(stacks: &'a [Stack], servers: &'a [Server]) -> BTreeMap<Deployment, SeenTogether<'a>> {
    let mut found: BTreeMap<Deployment, SeenTogether<'_>> = BTreeMap::new();
    let key = |owner: Owner| (owner.deployment, owner.stack);
    for stack in stacks {
        if let Some(owner) = Owner::of(&stack.tags).filter(|_| is_ours(stack)) {
            found.entry(key(owner)).or_default().stack = Some(stack);
        }
    }
    for server in servers {
        if let Some(owner) = Owner::of_server(&server.tags) {
            found.entry(key(owner)).or_default().servers.push(server);
        }
    }
    found
}

/// The row of one deployment. Pure.
fn row((name, stack_name): &Deployment, seen: &SeenTogether<'_>) -> DeploymentRow {
    let SeenTogether { stack, servers } = seen;
    let mut faults = Vec::new();
    match stack {
        None => faults.push("a server without a stack: it is billed and nobody can sign in".to_owned()),
        Some(stack) if !stack.status.is_healthy() => faults.push(format!("the stack is {}", stack.status)),
        Some(_) => {}
    }
    match servers.as_slice() {
        [] => faults.push("a stack without a server".to_owned()),
        [server] => match server.state.for_deploy() {
            ServerStep::Ready => {}
            ServerStep::Wait | ServerStep::Start | ServerStep::Failed { .. } => {
                faults.push(format!("the server is {}", server.state));
            }
        },
        several => {
            faults.push(format!("{} servers, each billed", several.len()));
            let mut found = Found::default();
            found.owned = several.iter().map(|server| (*server).clone()).collect();
            faults.extend(found.refuse_copied_tags().err().map(|error| error.message));
        }
    }
    DeploymentRow {
        name: name.clone(),
        stack: stack_name.clone(),
        stack_status: stack.map(|stack| stack.status.to_string()),
        servers: servers.iter().copied().map(RowServer::of).collect(),
        usd_per_month: seen.cost().usd_per_month,
        faults,
    }
}
