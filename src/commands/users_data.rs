//! The users' bucket at a teardown: deleted only where it was named, and only one that this deployment's stack made.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorCode, Result};
use crate::server::{Claim, Owner};
use crate::stack::{DeployStep, Stack};
use crate::storage::{self, Presence};

use super::session::Session;
use super::{Run, approval};

/// The tag that CloudFormation puts on what it makes, and that nobody else can put anywhere.
const MADE_BY_STACK: &str = "aws:cloudformation:stack-name";

/// What a teardown does with the users' bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsersData {
    /// It stays.
    Kept,
    /// The one that the stack made is deleted, with all that is in it.
    DeletedWithStack,
    /// The one of this name is deleted, with all that is in it.
    Deleted(String),
}

/// A bucket that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Meant {
    name: String,
    /// Whether the parameters of the stack prove that it made the bucket.
    is_proven: bool,
}

/// Refuses at once what cannot be meant: `--yes` answers for a bucket only where that is named.
pub(super) fn must_be_named(data: &UsersData, run: &Run<'_>) -> Result<()> {
    match data {
        UsersData::DeletedWithStack if run.options.yes => Err(Error::new(
            ErrorCode::Usage,
            "with --yes, --delete-data has to name the bucket whose files are to be deleted",
        )
        .hint("sftp-okta teardown --yes --delete-data BUCKET")),
        UsersData::Kept | UsersData::DeletedWithStack | UsersData::Deleted(_) => Ok(()),
    }
}

/// The bucket that is to be deleted with all that is in it: the one that was asked for, where it is there.
///
/// # Errors
/// Where this deployment's stack did not make it, or nobody can tell.
pub(super) async fn to_delete(session: &Session, stack: Option<&Stack>, data: &UsersData) -> Result<Option<String>> {
    let asked = match data {
        UsersData::Kept => return Ok(None),
        UsersData::DeletedWithStack => None,
        UsersData::Deleted(name) => Some(name.as_str()),
    };
    let meant = meant(asked, stack)?;
    let presence = storage::look(&session.clients.s3, &meant.name, &session.caller.account).await;
    judge(&meant, &presence, &session.owner).map(|is_there| is_there.then_some(meant.name))
}

/// The bucket that is meant: as it was named, or that of the stack.
fn meant(asked: Option<&str>, stack: Option<&Stack>) -> Result<Meant> {
    let of_stack = stack.map(|stack| {
        let value = |name| stack.parameters.get(name).map_or("", String::as_str);
        (value("BucketName"), value("CreateBucket") == "true", stack)
    });
    match (asked, of_stack) {
        (None, None) => Err(Error::new(ErrorCode::Usage, "the stack is gone, so nothing tells which bucket it made")
            .hint("name it: sftp-okta teardown --delete-data BUCKET")),
        (Some(name), None) => Ok(Meant { name: name.to_owned(), is_proven: false }),
        (asked, Some((own, true, stack))) if !own.is_empty() && asked.is_none_or(|name| name == own) => {
            Ok(Meant { name: own.to_owned(), is_proven: has_been_made(stack) })
        }
        (asked, Some((own, ..))) => Err(not_ours(asked.unwrap_or(own), "this deployment's stack did not make it")),
    }
}

/// Whether the stack ever came so far as to make what its parameters say.
fn has_been_made(stack: &Stack) -> bool {
    match stack.status.for_deploy() {
        DeployStep::Create | DeployStep::DeleteThenCreate => false,
        DeployStep::Update | DeployStep::Wait | DeployStep::Stop(_) => true,
    }
}

/// Whether the bucket is there and may go.
fn judge(meant: &Meant, presence: &Presence, owner: &Owner) -> Result<bool> {
    let name = &meant.name;
    match presence {
        Presence::Absent => Ok(false),
        Presence::Present(tags) if is_made_by(tags, owner, meant.is_proven) => Ok(true),
        Presence::Present(_) => Err(not_ours(name, "it does not carry the tags of this deployment's stack")),
        Presence::Refused => Err(Error::new(ErrorCode::Permission, format!("bucket {name} may not be looked at"))
            .cause("another account has it, or these credentials lack s3:ListBucket and s3:GetBucketTagging on it")
            .resource(name)
            .hint("check the name and the credentials; without --delete-data the bucket is left as it is")),
        Presence::Unknown => Err(Error::new(ErrorCode::Network, format!("bucket {name} could not be looked at"))
            .resource(name)
            .hint("run the same command again")),
    }
}

/// Its tags can be copied by anyone who may tag; the one that CloudFormation writes cannot. It may be missing only where
/// the stack itself proves that it made the bucket.
fn is_made_by(tags: &BTreeMap<String, String>, owner: &Owner, is_proven: bool) -> bool {
    owner.claim(tags) == Claim::Ours && tags.get(MADE_BY_STACK).map_or(is_proven, |stack| *stack == owner.stack)
}

fn not_ours(name: &str, why: &str) -> Error {
    Error::new(ErrorCode::Configuration, format!("bucket {name} is not deleted"))
        .cause(why.to_owned())
        .resource(name)
        .hint("leave --delete-data out; whoever made the bucket can delete it (`aws s3 rb --force s3://BUCKET`)")
}

/// Asks for the bucket's name, apart from the deployment's.
pub(super) async fn ask(name: &str, run: &Run<'_>) -> Result<bool> {
    approval::ask(run, &format!("All files in bucket {name}, and all their versions, will be deleted for good."), name)
        .await
}

/// Deletes it with all that is in it, telling how far it is.
pub(super) async fn delete(session: &Session, name: &str, run: &Run<'_>) -> Result<()> {
    run.progress.step(&format!("Emptying bucket {name}"));
    run.progress.goes_on(&format!("bucket {name} is partly emptied"));
    let told = |gone| run.progress.step(&format!("Emptying bucket {name}: {gone} versions deleted"));
    let s3 = &session.clients.s3;
    let gone = storage::delete_with_contents(s3, name, &session.caller.account, told).await?;
    run.progress.nothing_goes_on();
    run.progress.done(&format!("Bucket {name} is gone, with {}", crate::progress::count(gone, "version")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::StackStatus;
    use crate::stack::fixtures::stack_in;

    fn owner() -> Owner {
        Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() }
    }

    fn stack(create: &str) -> Stack {
        let parameters = [("BucketName", "acme-files"), ("CreateBucket", create)];
        let parameters = parameters.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Stack { parameters: parameters.into(), ..stack_in(StackStatus::CreateComplete) }
    }

    #[test]
    fn only_the_bucket_that_the_stack_made_is_meant() {
        let told = |asked: Option<&str>, stack: Option<&Stack>| {
            meant(asked, stack).map(|meant| (meant.name, meant.is_proven)).map_err(|error| error.code)
        };
        let (made, used) = (stack("true"), stack("false"));
        let undone = Stack { status: StackStatus::RollbackComplete, ..stack("true") };
        assert_eq!(told(None, Some(&made)), Ok(("acme-files".into(), true)));
        assert_eq!(told(Some("acme-files"), Some(&made)), Ok(("acme-files".into(), true)));
        assert_eq!(told(Some("acme-files"), Some(&undone)), Ok(("acme-files".into(), false)));
        assert_eq!(told(Some("other"), Some(&made)), Err(ErrorCode::Configuration));
        assert_eq!(told(None, Some(&used)), Err(ErrorCode::Configuration));
        assert_eq!(told(Some("acme-files"), Some(&used)), Err(ErrorCode::Configuration));
        assert_eq!(told(Some("acme-files"), None), Ok(("acme-files".into(), false)));
        assert_eq!(told(None, None), Err(ErrorCode::Usage));
    }

    #[test]
    fn tags_decide_and_those_of_cloudformation_cannot_be_copied() {
        let judged = |presence: &Presence, is_proven| {
            let meant = Meant { name: "acme-files".into(), is_proven };
            judge(&meant, presence, &owner()).map_err(|error| error.code)
        };
        let ours = owner().tags();
        let with = |key: &str, value: &str| {
            let mut tags = ours.clone();
            tags.insert(key.into(), value.into());
            Presence::Present(tags)
        };
        assert_eq!(judged(&Presence::Present(ours.clone()), true), Ok(true));
        assert_eq!(judged(&Presence::Present(ours.clone()), false), Err(ErrorCode::Configuration), "copied tags");
        for is_proven in [true, false] {
            let told = |presence: &Presence| judged(presence, is_proven);
            assert_eq!(told(&with(MADE_BY_STACK, "sftp-okta-demo")), Ok(true));
            assert_eq!(told(&with(MADE_BY_STACK, "payroll")), Err(ErrorCode::Configuration), "copied tags");
            assert_eq!(told(&with("sftp-okta:deployment", "other")), Err(ErrorCode::Configuration));
            assert_eq!(told(&Presence::Present(BTreeMap::new())), Err(ErrorCode::Configuration));
            assert_eq!(told(&Presence::Absent), Ok(false));
            assert_eq!(told(&Presence::Refused), Err(ErrorCode::Permission));
            assert_eq!(told(&Presence::Unknown), Err(ErrorCode::Network));
        }
    }
}
