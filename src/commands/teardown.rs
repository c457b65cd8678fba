//! `teardown`: server, then stack, then artifacts. What users stored is kept, unless its bucket was named.

use std::fmt::Write as _;

use crate::artifact::bucket::{self, ArtifactBucket};
use crate::artifact::{last_seen, upload};
use crate::error::Result;
use crate::plan::{self, Action, Change, Detail, Kind};
use crate::prices;
use crate::progress::count;
use crate::report::{Kept, Outcome};
use crate::server::{self, Found};
use crate::settings::Target;
use crate::stack::{self, Stack};
use crate::storage::{self, Presence};
use crate::wait::Patience;

use super::session::Session;
use super::{Run, approval, users_data};

pub use users_data::UsersData;

/// Removes the deployment, and of the users' files what `data` says. Doing it twice is success both times.
///
/// # Errors
/// Whatever stops it; what is left by then is found again by the next teardown.
pub async fn run(target: &Target, data: &UsersData, run: &mut Run<'_>) -> Result<()> {
    approval::must_be_possible(run, "teardown")?;
    users_data::must_be_named(data, run)?;
    let session = Session::open(target, None, run).await?;
    let bucket = session.artifact_bucket(target);

    let there = There::look(&session, target, &bucket, run).await?;
    // Before the server goes: a server without its stack is mended by a deploy, a stack without its server serves nobody.
    there.stack.as_ref().map_or(Ok(()), stack::refuse_protected)?;
    let data = users_data::to_delete(&session, there.stack.as_ref(), data).await?;
    let there = There { data, ..there };
    let changes = there.changes(&bucket);
    if changes.is_empty() {
        tell_what_is_left(&session, &there, &bucket, run).await;
        run.report.result = Outcome::Removed;
        run.progress.done("Nothing is left of it");
        return Ok(());
    }
    run.report.changes.clone_from(&changes);
    run.progress.show(&listing(&changes, there.stack.as_ref(), run));
    if !approval::ask(run, "This cannot be undone.", &target.name).await? {
        run.report.result = Outcome::Declined;
        return Ok(());
    }
    if let Some(data) = &there.data
        && !users_data::ask(data, run).await?
    {
        run.report.result = Outcome::Declined;
        return Ok(());
    }

    // Without the bucket there is no lease, and no deploy can be under way either: it makes the bucket first.
    if there.bucket {
        session.take_lease(&bucket, "teardown", run).await?;
    }
    let lease = run.lease;
    let data = there.data.map_or(UsersData::Kept, UsersData::Deleted);
    lease.hold(remove(&session, target, &bucket, &data, run)).await
}

/// What of the deployment is there.
struct There {
    stack: Option<Stack>,
    servers: Found,
    bucket: bool,
    artifacts: Vec<String>,
    /// The users' bucket, where it is to be deleted.
    data: Option<String>,
}

impl There {
    /// Looks for all of it. The whole account is searched for servers: each that is missed goes on being billed.
    async fn look(session: &Session, target: &Target, bucket: &ArtifactBucket, run: &Run<'_>) -> Result<Self> {
        run.progress.step("Looking at what is there");
        let clients = &session.clients;
        let stored = async {
            if !bucket::find(&clients.s3, bucket).await? {
                return Ok((false, Vec::new()));
            }
            upload::stored_keys(&clients.s3, bucket, &target.name).await.map(|keys| (true, keys))
        };
        let (stack, servers, (bucket, artifacts)) = tokio::try_join!(
            stack::describe(&clients.cloudformation, &target.stack_name),
            server::find(&clients.transfer, &session.owner, None, None),
            stored,
        )?;
        session.guard_stack(stack.as_ref())?;
        servers.refuse_copied_tags()?;
        warn_of_unreadable(&servers, run);
        Ok(Self { stack, servers, bucket, artifacts, data: None })
    }

    fn changes(&self, bucket: &ArtifactBucket) -> Vec<Change> {
        let delete =
            |kind, name: &str, standing| Change::new(Action::Delete, kind, name, vec![Detail::at_the_moment(standing)]);
        let servers = self
            .servers
            .owned
            .iter()
            .map(|server| delete(Kind::Server, &server.id, format!("state: {}", server.state)));
        let stack =
            self.stack.iter().map(|stack| delete(Kind::Stack, &stack.name, format!("status: {}", stack.status)));
        let data = self.data.iter().map(|name| {
            delete(Kind::UsersBucket, name, "with all files that users stored, and all their versions".to_owned())
        });
        let artifacts = (!self.artifacts.is_empty())
            .then(|| delete(Kind::Artifact, &format!("s3://{}", bucket.name), count(self.artifacts.len(), "object")));
        servers.chain(stack).chain(data).chain(artifacts).collect()
    }
}

/// Removes what is there now, in the order in which nothing is left without what it needs: the server uses the stack's
/// roles, and a stack that cannot be deleted still needs its code.
async fn remove(
    session: &Session,
    target: &Target,
    bucket: &ArtifactBucket,
    data: &UsersData,
    run: &mut Run<'_>,
) -> Result<()> {
    let clients = &session.clients;
    let there = There::look(session, target, bucket, run).await?;
    // Another run may have been at work since it was approved. After the stack nothing might tell any more whose it is.
    let data = users_data::to_delete(session, there.stack.as_ref(), data).await?;
    let patience = Patience::new(run.options.timeout, run.options.poll_interval);
    for server in &there.servers.owned {
        run.progress.step(&format!("Deleting server {}", server.id));
        server::delete(&clients.transfer, server, &patience, run.progress).await?;
        run.progress.done(&format!("Server {} is gone", server.id));
        run.report.kept.extend(server.elastic_ips.iter().map(|address| elastic_ip(address)));
    }
    if let Some(stack) = &there.stack {
        run.report.kept.extend(delete_stack(session, stack, &patience, run).await?);
    }
    if let Some(name) = &data {
        // After the stack, which keeps it: whatever stops the stack's deletion stops this too.
        users_data::delete(session, name, run).await?;
        run.report.kept.retain(|kept| kept.name != *name);
    }
    if there.bucket {
        run.progress.step("Deleting the artifacts");
        let gone = upload::delete_deployment_artifacts(&clients.s3, bucket, &target.name).await?;
        last_seen::forget(&clients.s3, bucket, &target.name).await;
        run.progress.done(&format!("{} of s3://{} deleted", count(gone, "artifact"), bucket.name));
    }
    tell_what_is_left(session, &there, bucket, run).await;
    run.report.result = Outcome::Removed;
    Ok(())
}

/// Adds the buckets to what is kept, and what all of it costs.
async fn tell_what_is_left(session: &Session, there: &There, bucket: &ArtifactBucket, run: &mut Run<'_>) {
    let kept = kept_buckets(session, there, bucket, &run.report.kept).await;
    run.report.kept.extend(kept);
    run.report.cost = Some(prices::of_resource_types(run.report.kept.iter().map(|kept| kept.kind.as_str())));
}

async fn delete_stack(session: &Session, stack: &Stack, patience: &Patience, run: &Run<'_>) -> Result<Vec<Kept>> {
    run.progress.step(&format!("Deleting stack {}", stack.name));
    let (client, retain) = (&session.clients.cloudformation, &run.options.retain);
    let deleted = stack::delete_retaining(client, stack, retain, &session.run, patience, run.progress).await?;
    run.progress.nothing_goes_on();
    run.progress.done(&format!("Stack {} is gone", stack.name));
    let kept =
        deleted.kept.into_iter().map(|(kind, name)| Kept { kind, name, why: "the template keeps it".to_owned() });
    let left = deleted.retained.into_iter().map(|(kind, name, reason)| Kept {
        kind,
        name,
        why: format!("it could not be deleted, and was left behind with --retain: {reason}"),
    });
    Ok(kept.chain(left).collect())
}

fn listing(changes: &[Change], stack: Option<&Stack>, run: &Run<'_>) -> String {
    let mut text = format!("To be removed:\n{}", plan::render(changes, run.progress.style()));
    if let Some(name) = data_bucket(stack).filter(|_| !changes.iter().any(|change| change.kind == Kind::UsersBucket)) {
        let _ = writeln!(text, "  Kept: bucket {name} and all that users stored in it");
    }
    text
}

/// The users' bucket, as the stack's parameters name it.
fn data_bucket(stack: Option<&Stack>) -> Option<&str> {
    stack?.parameters.get("BucketName").map(String::as_str)
}

async fn kept_buckets(session: &Session, there: &There, bucket: &ArtifactBucket, told: &[Kept]) -> Vec<Kept> {
    let kept =
        |name: &str, why: &str| Kept { kind: "AWS::S3::Bucket".to_owned(), name: name.to_owned(), why: why.to_owned() };
    let mut all = Vec::new();
    if let Some(name) = data_bucket(there.stack.as_ref())
        && !told.iter().any(|kept| kept.name == name)
        && storage::look(&session.clients.s3, name, &session.caller.account).await != Presence::Absent
    {
        all.push(kept(name, "it holds what users stored"));
    }
    if there.bucket {
        all.push(kept(&bucket.name, "it is for all deployments of this account and region"));
    }
    all
}

/// An address that a server had. It was given, so it is not for us to release.
fn elastic_ip(allocation: &str) -> Kept {
    let why = "it was there before, and is billed until it is released: aws ec2 release-address";
    let name = allocation.to_owned();
    Kept { kind: "AWS::EC2::EIP".to_owned(), why: format!("{why} --allocation-id {name}"), name }
}

fn warn_of_unreadable(servers: &Found, run: &Run<'_>) {
    servers.warn_of_copied_tags(run.progress);
    if !servers.unreadable.is_empty() {
        run.progress.warn(&format!(
            "servers that may not be described with these credentials are left alone: {}",
            servers.unreadable.join(", ")
        ));
    }
}
