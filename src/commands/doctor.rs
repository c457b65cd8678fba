//! `doctor`: before anything costs money, and after: what is missing, and what is not as it should be. Reads only.

use crate::doctor::{self, Finding, Level};
use crate::error::{Error, ErrorCode, Result};
use crate::organisation::{self, Presence};
use crate::permissions::{self, Names, Purpose};
use crate::progress::clean;
use crate::report::Outcome;
use crate::server::{self, Found};
use crate::settings::{Settings, Target};
use crate::stack::{self, Stack};
use crate::storage;

use super::Run;
use super::session::Session;

/// The API's method and stage in the template.
const METHOD: &str = "GetUserConfigMethod";
const STAGE: &str = "ApiStage";

/// Asks everything at once and tells what was found. `settings` is the configuration where it is complete.
///
/// # Errors
/// Never for what it finds: that is the result.
pub async fn run(target: &Target, settings: Option<&Settings>, run: &mut Run<'_>) -> Result<()> {
    let session = match Session::open(target, settings, run).await {
        Ok(session) => session,
        Err(error) => {
            run.report.findings = vec![Finding::of_error(check_of(error.code), Level::Error, &error)];
            run.report.result = Outcome::Unhealthy;
            return Ok(());
        }
    };
    run.progress.step("Looking into everything");
    let who = format!("account {} as {}", session.caller.account, session.caller.arn);
    let mut findings = vec![Finding::new("credentials", Level::Ok, who)];
    let names = names(target, settings, Some(&session));
    let policy = permissions::policy(Purpose::Deploy, &names);
    let clients = &session.clients;
    let (servers, stack, bucket, quotas, permission, okta) = tokio::join!(
        server::find(&clients.transfer, &session.owner, None),
        stack::describe(&clients.cloudformation, &target.stack_name),
        bucket(&session, settings),
        doctor::quotas(&clients.iam, &clients.cloudformation),
        doctor::permission(&clients.iam, &session.caller.arn, &policy, "deploy"),
        okta(settings),
    );
    findings.push(permission);
    findings.extend(quotas);
    findings.push(okta);
    findings.extend(bucket);
    match servers {
        Ok(found) => {
            if let Some(server) = found.owned.first() {
                run.report.saw_server(server, &clients.region, session.url_suffix());
            }
            findings.extend(servers_found(&found));
        }
        Err(error) => findings.push(Finding::of_error("server", Level::Error, &error)),
    }
    match stack {
        Ok(Some(stack)) => {
            run.report.saw_stack(&stack);
            findings.extend(of_stack(&session, &stack).await);
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

/// Prints the policy that a role for `purpose` needs. Offline: what is not known has a name to be replaced.
///
/// # Errors
/// Never, as of now.
pub fn print_policy(purpose: Purpose, target: &Target, settings: Option<&Settings>, run: &mut Run<'_>) -> Result<()> {
    let names = names(target, settings, None);
    let policy = permissions::policy(purpose, &names);
    let text = policy.to_json();
    let unknown: Vec<&str> =
        [PARTITION, ACCOUNT, REGION, BUCKET].into_iter().filter(|name| text.contains(name)).collect();
    if !unknown.is_empty() {
        run.progress
            .warn(&format!("the configuration does not say these: replace {} in the policy", unknown.join(", ")));
    }
    if policy.length() > permissions::LONGEST_MANAGED {
        run.progress.warn(
            "this is longer than a managed policy may be (6,144 characters): make it an inline policy of the role",
        );
    }
    run.report.deployment.name = Some(target.name.clone());
    run.report.policy = serde_json::to_value(&policy).ok();
    run.report.text = Some(text);
    run.report.result = Outcome::Written;
    Ok(())
}

const PARTITION: &str = "PARTITION";
const ACCOUNT: &str = "ACCOUNT-ID";
const REGION: &str = "REGION-NAME";
const BUCKET: &str = "USERS-BUCKET";

/// What the policy names, from the caller where one is known, otherwise from the configuration.
fn names(target: &Target, settings: Option<&Settings>, session: Option<&Session>) -> Names {
    let or = |value: Option<String>, name: &str| value.unwrap_or_else(|| name.to_owned());
    let region = session.map(|session| session.clients.region.clone()).or_else(|| target.region.clone());
    let account = session.map(|session| session.caller.account.clone()).or_else(|| target.account.clone());
    let partition = match (session, region.as_deref()) {
        (Some(session), _) => session.caller.partition.clone(),
        (None, Some(region)) => partition(region).to_owned(),
        (None, None) => PARTITION.to_owned(),
    };
    let (region, account) = (or(region, REGION), or(account, ACCOUNT));
    let own = || format!("sftp-okta-artifacts-{account}-{region}");
    Names {
        artifact_bucket: target.artifact_bucket.clone().unwrap_or_else(own),
        deployment: target.name.clone(),
        stack: target.stack_name.clone(),
        bucket: or(settings.map(|settings| settings.storage.bucket.clone()), BUCKET),
        creates_bucket: settings.is_some_and(|settings| settings.storage.create_bucket),
        boundary: settings.and_then(|settings| settings.permissions_boundary.clone()),
        partition,
        account,
        region,
    }
}

/// The partition of a region (botocore's endpoint data).
fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
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

fn servers_found(found: &Found) -> Vec<Finding> {
    let mut findings = vec![doctor::servers(found.count, !found.owned.is_empty())];
    if let Err(Error { message, hint, .. }) = found.refuse_what_is_unclear() {
        findings.push(Finding { remedy: hint, ..Finding::new("server", Level::Error, message) });
    }
    findings.extend(found.owned.iter().flat_map(doctor::audit));
    if !found.unreadable.is_empty() {
        let message = format!("servers that may not be described: {}", found.unreadable.join(", "));
        findings
            .push(Finding::new("server", Level::Warning, message).remedy("grant transfer:DescribeServer on server/*"));
    }
    findings
}

/// The stack, and the API in it as it is now.
async fn of_stack(session: &Session, stack: &Stack) -> Vec<Finding> {
    let status = match (session.guard_stack(Some(stack)), stack.status.is_healthy()) {
        (Err(error), _) => Finding::of_error("stack", Level::Error, &error),
        (Ok(()), true) => Finding::new("stack", Level::Ok, format!("stack {} is {}", stack.name, stack.status)),
        (Ok(()), false) => Finding::new("stack", Level::Error, format!("stack {} is {}", stack.name, stack.status))
            .remedy("sftp-okta deploy, which says what is to be done first"),
    };
    let client = &session.clients.cloudformation;
    let (method, stage) =
        tokio::join!(stack::actual_properties(client, stack, METHOD), stack::actual_properties(client, stack, STAGE));
    let unread = |check, error: &Error| {
        Finding::new(check, Level::Info, format!("the API could not be looked at: {error}"))
            .remedy("grant cloudformation:DetectStackResourceDrift on the stack, and apigateway:GET on the API")
    };
    let mut findings = vec![status];
    match method {
        Ok(Some(method)) => findings.push(doctor::method(&method)),
        Ok(None) => {}
        Err(error) => findings.push(unread("api-authorization", &error)),
    }
    match stage {
        Ok(Some(stage)) => findings.extend(doctor::stage(&stage)),
        Ok(None) => {}
        Err(error) => findings.push(unread("api-cache", &error)),
    }
    findings
}
