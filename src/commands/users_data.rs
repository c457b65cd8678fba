//! The users' bucket at a teardown: deleted only where it was named, and only one that this deployment's stack made.

use std::collections::BTreeMap;

use crate::error::{Error, ErrorCode, Result};
use crate::server::{Claim, Owner};
use crate::stack::Stack;
use crate::storage::{self, Presence};

use super::session::Session;
use super::{Run, approval};

/// The tag that CloudFormation puts on what it makes, and that nobody else can put anywhere.
const MADE_BY_STACK: &str = "aws:cloudformation:stack-name";

/// Refuses at once what cannot be meant: `--yes` answers for a bucket only where that is named.
pub(super) fn must_be_named(run: &Run<'_>) -> Result<()> {
    match &run.options.delete_data {
        Some(name) if name.is_empty() && run.options.yes => Err(Error::new(
            ErrorCode::Usage,
            "with --yes, --delete-data has to name the bucket whose files are to be deleted",
        )
        .hint("sftp-okta teardown --yes --delete-data BUCKET")),
        Some(_) | None => Ok(()),
    }
}

/// The bucket that is to be deleted with all that is in it: the one that was asked for, where it is there.
///
/// # Errors
/// Where this deployment's stack did not make it, or nobody can tell.
pub(super) async fn to_delete(session: &Session, stack: Option<&Stack>, run: &Run<'_>) -> Result<Option<String>> {
    let Some(asked) = run.options.delete_data.as_deref() else { return Ok(None) };
    let name = wanted_name(asked, stack)?;
    let presence = storage::look(&session.clients.s3, &name, &session.caller.account).await;
    judge(&name, &presence, &session.owner).map(|is_there| is_there.then_some(name))
}

/// The bucket's name: as it was given, or that of the stack.
fn wanted_name(asked: &str, stack: Option<&Stack>) -> Result<String> {
    let made = stack.map(|stack| {
        let value = |name| stack.parameters.get(name).map_or("", String::as_str);
        (value("BucketName"), value("CreateBucket") == "true")
    });
    match (asked, made) {
        ("", Some((name, true))) | (name, None) if !name.is_empty() => Ok(name.to_owned()),
        ("", None) => Err(Error::new(ErrorCode::Usage, "the stack is gone, so nothing tells which bucket it made")
            .hint("name it: sftp-okta teardown --delete-data BUCKET")),
        (name, Some((own, true))) if name == own => Ok(own.to_owned()),
        (name, Some((own, _))) => {
            Err(not_ours(if name.is_empty() { own } else { name }, "this deployment's stack did not make it"))
        }
        (_, None) => Err(not_ours(asked, "nothing tells that")),
    }
}

/// Whether the bucket is there and may go.
fn judge(name: &str, presence: &Presence, owner: &Owner) -> Result<bool> {
    match presence {
        Presence::Absent => Ok(false),
        Presence::Present(tags) if is_made_by(tags, owner) => Ok(true),
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

/// Its tags can be copied by anyone who may tag; the one that CloudFormation writes cannot.
fn is_made_by(tags: &BTreeMap<String, String>, owner: &Owner) -> bool {
    owner.claim(tags) == Claim::Ours && tags.get(MADE_BY_STACK).is_none_or(|stack| *stack == owner.stack)
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

    fn owner() -> Owner {
        Owner { deployment: "demo".into(), stack: "sftp-okta-demo".into() }
    }

    fn stack(create: &str) -> Stack {
        let parameters = [("BucketName", "acme-files"), ("CreateBucket", create)];
        Stack {
            name: "sftp-okta-demo".into(),
            arn: "arn".into(),
            status: StackStatus::CreateComplete,
            reason: None,
            parameters: parameters.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            tags: BTreeMap::new(),
            outputs: BTreeMap::new(),
            termination_protection: false,
            last_updated: None,
        }
    }

    #[test]
    fn only_the_bucket_that_the_stack_made_is_meant() {
        let told = |asked: &str, stack: Option<&Stack>| wanted_name(asked, stack).map_err(|error| error.code);
        let (made, used) = (stack("true"), stack("false"));
        assert_eq!(told("", Some(&made)), Ok("acme-files".into()));
        assert_eq!(told("acme-files", Some(&made)), Ok("acme-files".into()));
        assert_eq!(told("other", Some(&made)), Err(ErrorCode::Configuration));
        assert_eq!(told("", Some(&used)), Err(ErrorCode::Configuration));
        assert_eq!(told("acme-files", Some(&used)), Err(ErrorCode::Configuration));
        assert_eq!(told("acme-files", None), Ok("acme-files".into()));
        assert_eq!(told("", None), Err(ErrorCode::Usage));
    }

    #[test]
    fn tags_decide_and_those_of_cloudformation_cannot_be_copied() {
        let told = |presence: &Presence| judge("acme-files", presence, &owner()).map_err(|error| error.code);
        let ours = owner().tags();
        let with = |key: &str, value: &str| {
            let mut tags = ours.clone();
            tags.insert(key.into(), value.into());
            Presence::Present(tags)
        };
        assert_eq!(told(&Presence::Present(ours.clone())), Ok(true));
        assert_eq!(told(&with(MADE_BY_STACK, "sftp-okta-demo")), Ok(true));
        assert_eq!(told(&with(MADE_BY_STACK, "payroll")), Err(ErrorCode::Configuration), "copied tags");
        assert_eq!(told(&with("sftp-okta:deployment", "other")), Err(ErrorCode::Configuration));
        assert_eq!(told(&Presence::Present(BTreeMap::new())), Err(ErrorCode::Configuration));
        assert_eq!(told(&Presence::Absent), Ok(false));
        assert_eq!(told(&Presence::Refused), Err(ErrorCode::Permission));
        assert_eq!(told(&Presence::Unknown), Err(ErrorCode::Network));
    }
}
