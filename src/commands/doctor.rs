//! `doctor`: before anything costs money, and after: what is missing, and what is not as it should be. Reads only.

mod audit;
mod policy;

use crate::doctor::{self, Finding, Level};
use crate::error::{ErrorCode, Result};
use crate::organisation::{self, Presence};
use crate::permissions::Purpose;
use crate::progress::clean;
use crate::report::Outcome;
use crate::server;
use crate::settings::{Settings, Target};
use crate::stack;
use crate::storage;

use super::Run;
use super::session::Session;
use policy::names;

pub use policy::print_policy;

/// Asks everything at once and tells what was found. `settings` is the configuration where it is complete, and `purpose`
/// the command whose rights are looked for.
///
/// # Errors
/// Never for what it finds: that is the result.
pub async fn run(purpose: Purpose, target: &Target, settings: Option<&Settings>, run: &mut Run<'_>) -> Result<()> {
    let session = match Session::open(target, settings, run).await {
        Ok(session) => session,
        Err(error) => {
            run.report.findings = vec![Finding::of_error(check_of(error.code), Level::Error, &error)];
            run.report.result = Outcome::Unhealthy;
            return Ok(());
        }
    };
    run.progress.step("Looking into everything");
    let mut findings = place(&session, target);
    let wanted = doctor::Wanted::of(purpose, &names(target, settings, Some(&session)));
    let clients = &session.clients;
    let (servers, stack, bucket, quotas, permission, okta) = tokio::join!(
        server::find(&clients.transfer, &session.owner, None, None),
        stack::describe(&clients.cloudformation, &target.stack_name),
        bucket(&session, settings),
        doctor::quotas(&clients.iam, &clients.cloudformation),
        doctor::permission(&clients.iam, &session.caller.arn, &wanted),
        okta(settings),
    );
    findings.extend(permission);
    findings.extend(quotas);
    findings.push(okta);
    findings.extend(bucket);
    let mut owned = Vec::new();
    match servers {
        Ok(found) => {
            if let Some(server) = found.owned.first() {
                run.report.saw_server(server, &clients.region, session.url_suffix());
            }
            findings.extend(audit::servers(&found));
            owned = found.owned;
        }
        Err(error) => findings.push(Finding::of_error("server", Level::Error, &error)),
    }
    match stack {
        Ok(Some(stack)) => {
            run.report.saw_stack(&stack);
            findings.extend(audit::stack(&session, &stack, &owned).await);
        }
        Ok(None) => findings.push(Finding::new("stack", Level::Info, "nothing is deployed under this name yet")),
        Err(error) => findings.push(Finding::of_error("stack", Level::Error, &error)),
    }
    // The worst first; what is equally bad stays in the order it was asked.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let sick = findings.iter().any(|finding| finding.level == Level::Error);
    run.report.result = if sick { Outcome::Unhealthy } else { Outcome::Healthy };
    run.report.findings = findings;
    Ok(())
}

/// Whose credentials these are, and where they work.
fn place(session: &Session, target: &Target) -> Vec<Finding> {
    let caller = &session.caller;
    let account = match &target.account {
        Some(_) => Finding::new("account", Level::Ok, format!("account {} is the configured one", caller.account)),
        None => Finding::new("account", Level::Info, format!("any account would do: this is {}", caller.account))
            .remedy(format!("set account = \"{}\", so that no other is ever touched", caller.account)),
    };
    vec![
        Finding::new("credentials", Level::Ok, format!("{} in account {}", caller.arn, caller.account)),
        account,
        Finding::new("region", Level::Ok, format!("region {}", session.clients.region)),
    ]
}

/// The check that an error at the start belongs to.
const fn check_of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::WrongAccount => "account",
        ErrorCode::Configuration | ErrorCode::Usage => "region",
        ErrorCode::Network => "network",
        ErrorCode::Credentials
        | ErrorCode::Permission
        | ErrorCode::StackFailed
        | ErrorCode::ServerFailed
        | ErrorCode::ArtifactFailed
        | ErrorCode::Deadline
        | ErrorCode::Busy
        | ErrorCode::VerifyFailed
        | ErrorCode::Interrupted
        | ErrorCode::Terminated
        | ErrorCode::Service
        | ErrorCode::Unexpected => "credentials",
    }
}

/// The users' bucket, where the configuration names one.
async fn bucket(session: &Session, settings: Option<&Settings>) -> Vec<Finding> {
    let Some(settings) = settings else {
        return vec![Finding::new("bucket", Level::Info, "not looked at: the configuration is not complete")];
    };
    let storage = &settings.storage;
    let found = storage::inspect(&session.clients.s3, &storage.bucket, &session.caller.account).await;
    let key = storage.kms_key_arn.as_deref();
    doctor::bucket(&storage.bucket, &found, &session.clients.region, storage.create_bucket, key)
}

/// Whether the Okta organisation is one.
async fn okta(settings: Option<&Settings>) -> Finding {
    let finding = |level, message: String| Finding::new("okta", level, message);
    let Some(settings) = settings else {
        return finding(Level::Info, "not asked: the configuration is not complete".to_owned());
    };
    let org_url = &settings.okta.org_url;
    match organisation::look(org_url).await {
        Presence::Organisation(found) => {
            finding(Level::Ok, format!("{org_url} is Okta organisation {}", clean(&found.id)))
        }
        Presence::Unknown(why) => {
            finding(Level::Warning, format!("whether {org_url} is an Okta organisation could not be found out: {why}"))
                .remedy("look from where it can be reached; it must be reachable from AWS")
        }
        Presence::Another(why) => finding(Level::Error, format!("there is no Okta organisation at {org_url}: {why}"))
            .remedy("correct okta.org_url: it is the address at which your users sign in to Okta"),
    }
}
