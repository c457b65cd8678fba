//! What must hold after every run. The deployer's word counts only where it is compared with what is there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sftp_okta::error::{Error, ErrorCode};
use sftp_okta::exit_code::ExitCode;
use sftp_okta::report::Outcome;
use tokio::time::Instant;

use crate::aws::Aws;
use crate::aws::objects::ARTIFACTS;
use crate::configuration::{self, settings};
use crate::invariant::Invariant::{I1, I2, I3, I5, I6, I8, I9, I10, I11, I12};
use crate::program::Command;
use crate::run::{CALLS_OF_NO_CHANGE, Ended, POLL, TIMEOUT, World};
use crate::secrets;
use crate::wire::locked;

/// What a run may take beyond its own limit: waiting for another run's lease, and the SDK's last attempts.
const SLACK: Duration = Duration::from_secs(20 * 60);

type Held = Result<(), String>;

fn holds(good: bool, why: impl FnOnce() -> String) -> Held {
    if good { Ok(()) } else { Err(why()) }
}

impl World<'_> {
    pub(crate) fn hold_all(&mut self, ended: &Ended) -> Held {
        let aws = Arc::clone(&self.aws);
        let mut aws = locked(&aws);
        aws.go_on();
        let compared = &mut self.tally.compared;
        let has_come_to_an_end = ended.result.is_some();
        let makes_a_server = ended.arrived("transfer CreateServer");
        let names_a_role = makes_a_server || ended.arrived("transfer UpdateServer");
        let meets_others = aws.has_others() && ended.notes.iter().any(|note| note.arrived);
        for (invariant, could_break) in
            [(I2, makes_a_server), (I3, meets_others), (I11, !ended.notes.is_empty()), (I12, names_a_role)]
        {
            let crime = aws.crimes.iter().find(|(which, _)| *which == invariant);
            compared.hold_if(could_break, invariant, crime.map_or(Ok(()), |(_, why)| Err(why.clone())))?;
        }
        let told = secrets::found_in(&ended.told);
        let told = holds(told.is_none(), || format!("{told:?} is in what {:?} tells", ended.command));
        compared.hold_if(has_come_to_an_end, I11, told)?;
        if aws.manners.foreign_stack {
            let changed = ended.changes();
            compared.hold(I3, holds(!changed, || format!("under somebody else's stack: {:?}", ended.calls())))?;
        }
        if matches!(ended.command, Command::Plan(_) | Command::Status(_)) {
            compared.hold(I5, only_looks(ended))?;
        }
        let (servers, most) = (aws.servers.ours().len(), aws.most_servers);
        let few = holds(servers <= most, || format!("{servers} servers of one deployment, where there may be {most}"));
        compared.hold_if(makes_a_server, I2, few)?;
        compared.hold_if(ended.called("transfer CreateServer"), I9, one_for_one_wish(ended))?;
        compared.hold_if(ended.took >= POLL, I10, is_bounded(ended))?;
        compared.hold_if(has_come_to_an_end, I8, exit_is_true(ended))?;
        match (&ended.result, ended.command) {
            (Some(Ok(Outcome::Deployed | Outcome::Unchanged)), Command::Deploy(configuration)) if ended.alone => {
                compared.hold(I8, is_serving(&aws).map_err(|why| format!("success is told, but {why}")))?;
                compared.hold_if(!aws.servers.ours().is_empty(), I12, refers_to_what_is_there(&aws))?;
                compared.hold(I1, is_deployed(&aws, configuration))
            }
            (Some(Ok(Outcome::Removed)), Command::Teardown) if ended.alone => {
                let nothing = is_nothing(&aws).map_err(|why| format!("removal is told, but {why}"));
                compared.hold_if(ended.changes(), I6, nothing)
            }
            (Some(Ok(Outcome::Healthy)), Command::Status(_)) if ended.alone => {
                compared.hold(I8, is_serving(&aws).map_err(|why| format!("health is told, but {why}")))
            }
            (Some(Err(error)), _) => {
                compared.hold(I8, is_foreseen(error))?;
                compared.hold_if(ended.is_only_throttled(), I10, is_no_storm(error, ended))
            }
            (_, _) => Ok(()),
        }
    }

    /// I10, of a deploy that has nothing to do.
    pub(crate) fn judge_idle_calls(&mut self, idle: &Ended, strangers: usize) -> Held {
        let few = idle.notes.len() <= CALLS_OF_NO_CHANGE + strangers;
        let few = holds(few, || format!("{} calls for no change: {:?}", idle.notes.len(), idle.calls()));
        self.tally.compared.hold(I10, few)
    }
}

/// A plan has CloudFormation make a change set, and deletes it again.
fn only_looks(ended: &Ended) -> Held {
    let is_of_a_plan = |what: &str| {
        matches!(ended.command, Command::Plan(_))
            && ["cloudformation CreateChangeSet", "cloudformation DeleteChangeSet"].contains(&what)
    };
    let changes = ended.notes.iter().any(|note| note.mutates && !is_of_a_plan(&note.what));
    holds(!changes, || format!("{:?} changes something: {:?}", ended.command, ended.calls()))
}

/// CreateServer calls: one, one more for each that was refused, and one for each that surely came to nothing.
fn one_for_one_wish(ended: &Ended) -> Held {
    let creates = ended.notes.iter().filter(|note| note.what == "transfer CreateServer");
    let again = creates.clone().filter(|note| note.refused || !note.arrived).count();
    let creates = creates.count();
    holds(creates <= 1 + again, || {
        format!("{creates} CreateServer calls, of which {again} did nothing: {:?}", ended.calls())
    })
}

/// A wait costs at most one call every two seconds to each service; what comes in a burst is no wait.
fn is_bounded(ended: &Ended) -> Held {
    holds(ended.took <= TIMEOUT + SLACK, || format!("it took {:?}", ended.took))?;
    let minutes = ended.took.as_secs() / 60 + 1;
    let most = usize::try_from(minutes * 32).unwrap_or(usize::MAX) + 60;
    for service in ["cloudformation", "transfer", "s3", "iam", "sts"] {
        let at: Vec<Instant> =
            ended.notes.iter().filter(|note| note.what.starts_with(service)).map(|note| note.at).collect();
        holds(at.len() <= most, || format!("{} calls to {service} in {minutes} minutes", at.len()))?;
    }
    Ok(())
}

fn exit_is_true(ended: &Ended) -> Held {
    let fine = match (&ended.result, ended.exit) {
        (None, _) => true,
        (Some(Err(_)), exit) => exit.is_some_and(|exit| exit.number() != 0),
        (Some(Ok(Outcome::Absent | Outcome::Unhealthy)), exit) => exit == Some(ExitCode::Unhealthy),
        (Some(Ok(_)), exit) => exit == Some(ExitCode::Done),
    };
    holds(fine, || format!("{:?} ends with {:?}", ended.result, ended.exit))
}

fn is_foreseen(error: &Error) -> Held {
    let foreseen = error.code != ErrorCode::Unexpected && !error.message.is_empty();
    holds(foreseen, || format!("nobody foresaw this: {error:?}"))
}

fn is_no_storm(error: &Error, ended: &Ended) -> Held {
    let throttled = error.cause.as_ref().is_some_and(|told| told.contains("Rate exceeded"));
    holds(!ended.is_only_throttled() || !throttled, || format!("a storm of throttling fails it: {error:?}"))
}

/// One server, ONLINE, as configured, on the outputs of the one stack, which is as a calm deploy leaves it.
fn is_deployed(aws: &Aws, configuration: usize) -> Held {
    let wanted = settings(configuration);
    let servers = aws.servers.ours();
    let [(id, server)] = servers.as_slice() else { return Err("there is not one server".into()) };
    let stacks: Vec<_> = aws.stacks.living().collect();
    let [stack] = stacks.as_slice() else { return Err("there is not one stack".into()) };
    let provider = &server.said["IdentityProviderDetails"];
    for (is, should) in [
        (&provider["Url"], stack.output("TransferIdentityProviderUrl")),
        (&provider["InvocationRole"], stack.output("TransferIdentityProviderRole")),
        (&server.said["LoggingRole"], stack.output("TransferSFTPCloudWatchLogsWriteLogs")),
        (&server.said["SecurityPolicyName"], wanted.server.security_policy.clone()),
    ] {
        holds(is.as_str() == Some(should.as_str()), || format!("server {id} says {is} in place of {should}"))?;
    }
    let retention = wanted.lambda.log_retention_days.to_string();
    let kept = stack.parameters.get("LogRetentionDays");
    holds(kept == Some(&retention), || format!("the stack keeps logs for {kept:?} days"))?;
    let (parameters, tags) = configuration::of_stack(configuration);
    holds(&stack.parameters == parameters, || format!("the stack has {:?}", stack.parameters))?;
    holds(&stack.tags == tags, || format!("the stack has {:?}", stack.tags))?;
    let value = |name: &str| stack.parameters.get(name).cloned().unwrap_or_default();
    let (bucket, key) = (value("ArtifactBucket"), value("ArtifactKey"));
    let stored = aws.objects.keys(&bucket, "demo/").contains(&key.as_str());
    holds(stored, || format!("the function's code {bucket}/{key} is not stored"))
}

/// No server may name the roles or the URL of a stack that is gone.
fn refers_to_what_is_there(aws: &Aws) -> Held {
    let urls: BTreeSet<String> = aws.stacks.living().map(|stack| stack.output("TransferIdentityProviderUrl")).collect();
    for (id, server) in aws.servers.ours() {
        let provider = &server.said["IdentityProviderDetails"];
        for role in [&provider["InvocationRole"], &server.said["LoggingRole"]] {
            let there = role.as_str().is_some_and(|role| aws.stacks.has_role(role));
            holds(there, || format!("server {id} has {role} of a stack that is gone"))?;
        }
        let url = provider["Url"].as_str().unwrap_or_default();
        holds(urls.contains(url), || format!("server {id} asks {url}, which no stack has"))?;
    }
    Ok(())
}

fn is_serving(aws: &Aws) -> Held {
    let servers = aws.servers.ours();
    let states: Vec<&str> = servers.iter().map(|(_, server)| server.state).collect();
    holds(states == ["ONLINE"], || format!("servers are {states:?}"))?;
    let stacks: Vec<&str> = aws.stacks.living().map(|stack| stack.status).collect();
    let good = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"];
    match stacks.as_slice() {
        [status] if good.contains(status) => Ok(()),
        other => Err(format!("stacks are {other:?}")),
    }
}

fn is_nothing(aws: &Aws) -> Held {
    let servers = aws.servers.ours().len();
    let stacks = aws.stacks.living().filter(|stack| stack.is_ours()).count();
    let zips = aws.objects.keys(ARTIFACTS, "demo/").into_iter().filter(|key| key.ends_with(".zip")).count();
    holds((servers, stacks, zips) == (0, 0, 0), || {
        format!("{servers} servers, {stacks} stacks and {zips} zips are left")
    })
}
