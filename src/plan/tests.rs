//! What a deploy decides from what is there, as whole plans.

use std::collections::BTreeMap;

use super::*;
use crate::progress::Style;
use crate::server::fixtures::{server_as_wanted, spec};
use crate::server::{Found, ProviderRefs, Server, ServerState, StackRefs};
use crate::stack::StackStatus;
use crate::stack::fixtures::stack_in;

fn wanted() -> Wanted {
    Wanted {
        artifact_bucket: "artifacts".into(),
        artifact_key: format!("demo/{}.zip", "0123456789abcdef".repeat(4)),
        stack: Desired {
            name: "sftp-okta-demo".into(),
            template: "Resources: {}\n".into(),
            parameters: BTreeMap::from([("ArtifactKey".into(), "new.zip".into())]),
            tags: BTreeMap::from([("team".into(), "data".into())]),
            adopt: false,
        },
        server: spec_of_settings(ProviderRefs::Api { url: String::new(), invocation_role: String::new() }),
        termination_protection: false,
    }
}

/// The server as far as the settings tell.
fn spec_of_settings(identity_provider: ProviderRefs) -> Spec {
    let stack = StackRefs { identity_provider, logging_role: String::new(), log_group_arn: String::new() };
    Spec { stack, ..spec() }
}

fn stack(status: StackStatus) -> Stack {
    let Desired { name, parameters, tags, .. } = wanted().stack;
    Stack { name, parameters, tags, ..stack_in(status) }
}

fn found(server: Server) -> Found {
    let mut found = Found::default();
    found.owned.push(server);
    found
}

fn as_wanted() -> Seen {
    Seen {
        artifact_bucket: true,
        artifact: true,
        stack: Some(stack(StackStatus::CreateComplete)),
        template: Some("Resources: {}".into()),
        servers: found(server_as_wanted()),
    }
}

fn plan(seen: &Seen) -> String {
    match decide(&wanted(), seen, Some(&spec())) {
        Ok(changes) => render(&changes, Style::new(false)),
        Err(error) => format!("error: {error}\n{}\n", error.hint.clone().unwrap_or_default()),
    }
}

#[test]
fn nothing_there_means_everything_is_made() {
    insta::assert_snapshot!(plan(&Seen::default()), @"
      + create  artifact bucket  artifacts
      + create  artifact         demo/0123456789ab….zip
      + create  stack            sftp-okta-demo
      + create  server           sftp-okta-demo
    ");
}

#[test]
fn what_is_as_wanted_is_left_alone() {
    assert_eq!(plan(&as_wanted()), "");
    // The code that the stack runs may have left the bucket: the stack keeps running, so nothing is to be done.
    assert_eq!(plan(&Seen { artifact: false, ..as_wanted() }), "");
}

#[test]
fn each_difference_is_told_before_it_is_mended() {
    let mut seen = as_wanted();
    let mut old = stack(StackStatus::UpdateRollbackComplete);
    old.parameters = BTreeMap::from([("ArtifactKey".into(), "old.zip".into()), ("Gone".into(), "x".into())]);
    old.tags.clear();
    seen.stack = Some(old);
    seen.template = Some("Resources: {Old: {}}".into());
    seen.artifact = false;
    let mut server = server_as_wanted();
    server.security_policy = "TransferSecurityPolicy-2018-11".into();
    server.state = ServerState::Offline;
    seen.servers.owned = vec![server];
    insta::assert_snapshot!(plan(&seen), @r#"
      + create  artifact         demo/0123456789ab….zip
      ~ update  stack            sftp-okta-demo
          template: it was changed by hand at AWS, or by another tool; this version's takes its place
          parameter ArtifactKey: "old.zip" → "new.zip"
          parameter Gone: removed
          tag team: "data"
          it is in UPDATE_ROLLBACK_COMPLETE: the last update failed and was undone: it serves as before that
      ~ update  server           s-0123456789abcdef0
          SecurityPolicyName: "TransferSecurityPolicy-2018-11" → "TransferSecurityPolicy-2025-03"
          state: OFFLINE → ONLINE
    "#);
}

/// Other elastic IPs stop the server, and that is said aloud; where it stands still, nobody is interrupted.
#[test]
fn other_elastic_ips_interrupt_the_service() {
    let mut seen = as_wanted();
    let ids = vec!["eipalloc-1a2b3c4d".to_owned()];
    seen.servers.owned = vec![Server { elastic_ips: ids.clone(), ..server_as_wanted() }];
    insta::assert_snapshot!(plan(&seen), @r#"
      ~ update  server           s-0123456789abcdef0
          AddressAllocationIds: "eipalloc-1a2b3c4d" → ""
          ! interrupts the service: the server is stopped for this, and nobody can connect until it is ONLINE again
    "#);
    let json = serde_json::to_value(decide(&wanted(), &seen, Some(&spec())).unwrap()).unwrap();
    assert_eq!(json[0]["interrupts"], true);
    seen.servers.owned = vec![Server { state: ServerState::Offline, elastic_ips: ids, ..server_as_wanted() }];
    insta::assert_snapshot!(plan(&seen), @r#"
      ~ update  server           s-0123456789abcdef0
          AddressAllocationIds: "eipalloc-1a2b3c4d" → ""
          state: OFFLINE → ONLINE
    "#);
}

#[test]
fn a_server_that_only_stands_still_is_started() {
    let mut seen = as_wanted();
    seen.servers.owned = vec![Server { state: ServerState::Offline, ..server_as_wanted() }];
    insta::assert_snapshot!(plan(&seen), @"
      ~ start   server           s-0123456789abcdef0
          state: OFFLINE → ONLINE
    ");
}

#[test]
fn a_stack_that_never_worked_is_replaced_and_one_that_is_stuck_stops_the_deploy() {
    let with = |status| Seen { stack: Some(stack(status)), servers: Found::default(), ..as_wanted() };
    insta::assert_snapshot!(plan(&with(StackStatus::RollbackComplete)), @"
      ± replace stack            sftp-okta-demo
          it is in ROLLBACK_COMPLETE: its creation failed and was undone
      + create  server           sftp-okta-demo
    ");
    let protected = Stack { termination_protection: true, ..stack(StackStatus::RollbackComplete) };
    insta::assert_snapshot!(plan(&Seen { stack: Some(protected), ..as_wanted() }), @"
    error: stack sftp-okta-demo is protected against deletion
    if it may really go: `aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name sftp-okta-demo`, then run the same command again
    ");
    insta::assert_snapshot!(plan(&with(StackStatus::UpdateRollbackFailed)), @"
    error: stack sftp-okta-demo is in UPDATE_ROLLBACK_FAILED: an update failed and could not be undone
    remove the cause, run `aws cloudformation continue-update-rollback --stack-name sftp-okta-demo`, then deploy again
    ");
}

/// What nobody can start is not planned as a start, nor refused only after the stack was changed.
#[test]
fn a_server_that_failed_stops_the_deploy() {
    let with = |state| Seen { servers: found(Server { state, ..server_as_wanted() }), ..as_wanted() };
    insta::assert_snapshot!(plan(&with(ServerState::StartFailed)), @"
    error: server s-0123456789abcdef0 is START_FAILED: the service could not start it
    see the server's log group and the AWS Health Dashboard; then run `aws transfer start-server --server-id s-0123456789abcdef0`, or `sftp-okta teardown`, and deploy again
    ");
    for state in [ServerState::StopFailed, ServerState::Unknown("NEW_STATE".into())] {
        assert!(plan(&with(state)).starts_with("error: server s-0123456789abcdef0 is "));
    }
    // Other addresses may be what it needs.
    let mut seen = with(ServerState::StartFailed);
    seen.servers.owned[0].elastic_ips = vec!["eipalloc-1a2b3c4d".into()];
    insta::assert_snapshot!(plan(&seen), @r#"
      ~ update  server           s-0123456789abcdef0
          AddressAllocationIds: "eipalloc-1a2b3c4d" → ""
          state: START_FAILED → ONLINE
    "#);
}

/// Told before the stack is changed, whether or not that has its outputs: it must not be changed under a server that asks
/// what goes with the change.
#[test]
fn a_server_that_would_have_to_be_another_one_stops_the_deploy() {
    let api = || ProviderRefs::Api { url: String::new(), invocation_role: String::new() };
    let function = || ProviderRefs::Function { arn: String::new() };
    for (now, then, provider) in [("API_GATEWAY", "AWS_LAMBDA", function()), ("AWS_LAMBDA", "API_GATEWAY", api())] {
        let seen =
            Seen { servers: found(Server { identity_provider_type: now.into(), ..server_as_wanted() }), ..as_wanted() };
        let wanted = Wanted { server: spec_of_settings(provider), ..wanted() };
        let error = decide(&wanted, &seen, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "IdentityProviderType of server s-0123456789abcdef0 cannot be changed in place: it is {now:?} and should be {then:?}"
            )
        );
    }
    let elsewhere = Server { endpoint_type: "VPC".into(), ..server_as_wanted() };
    let seen = Seen { servers: found(elsewhere), ..Seen::default() };
    let error = decide(&wanted(), &seen, None).unwrap_err();
    assert!(error.message.starts_with("EndpointType of server"), "{error}");
}

/// A server whose stack is yet to be made follows it, and that is in the list.
#[test]
fn what_only_the_stacks_change_will_tell_is_named() {
    let mut server = server_as_wanted();
    server.security_policy = "TransferSecurityPolicy-2018-11".into();
    let orphan = Seen { servers: found(server), ..Seen::default() };
    insta::assert_snapshot!(plan(&orphan), @r#"
      + create  artifact bucket  artifacts
      + create  artifact         demo/0123456789ab….zip
      + create  stack            sftp-okta-demo
      ~ update  server           s-0123456789abcdef0
          SecurityPolicyName: "TransferSecurityPolicy-2018-11" → "TransferSecurityPolicy-2025-03"
          Url: known after the stack's change
          InvocationRole: known after the stack's change
          LoggingRole: known after the stack's change
          StructuredLogDestinations: known after the stack's change
    "#);
}

#[test]
fn a_server_follows_what_the_change_set_makes_anew() {
    let row = |logical_id: &str, action, replacement| ResourceChange {
        action,
        logical_id: logical_id.into(),
        resource_type: "AWS::X::Y".into(),
        physical_id: None,
        replacement,
        kept: false,
        iam: false,
        properties: Vec::new(),
    };
    let anew = |logical_id| row(logical_id, ResourceAction::Modify, Replacement::Always);
    let followed = |resources: Vec<ResourceChange>, server: Option<Change>, owned: &Server| {
        let stack = Change { resources, ..Change::new(Action::Update, Kind::Stack, "sftp-okta-demo", Vec::new()) };
        let mut changes = vec![stack];
        changes.extend(server);
        add_what_follows(&mut changes, &wanted(), Some(owned));
        changes.retain(|change| change.kind != Kind::Stack);
        render(&changes, Style::new(false))
    };
    let server = server_as_wanted();
    let in_place = row("TransferIdentityProviderApi", ResourceAction::Modify, Replacement::Never);
    // Nobody's field names the role of the users, nor this server's the function.
    assert_eq!(followed(vec![in_place, anew("UserAccessRole"), anew("IdentityProviderFunction")], None, &server), "");
    let all =
        || vec![anew("TransferIdentityProviderApi"), row("TransferLogGroup", ResourceAction::Add, Replacement::Never)];
    insta::assert_snapshot!(followed(all(), None, &server), @"
      ~ update  server           s-0123456789abcdef0
          Url: known after the stack's change
          StructuredLogDestinations: known after the stack's change
    ");
    let state = Detail::at_the_moment("state: OFFLINE → ONLINE".into());
    let starts = Change::new(Action::Start, Kind::Server, &server.id, vec![state]);
    insta::assert_snapshot!(followed(all(), Some(starts), &server), @"
      ~ update  server           s-0123456789abcdef0
          Url: known after the stack's change
          StructuredLogDestinations: known after the stack's change
          state: OFFLINE → ONLINE
    ");
    let made = Change::new(Action::Create, Kind::Server, "sftp-okta-demo", Vec::new());
    assert_eq!(followed(all(), Some(made), &server), "  + create  server           sftp-okta-demo\n");
}

#[test]
fn what_a_server_refers_to_is_in_the_template() {
    for (logical_id, _) in REFERENCES {
        assert!(crate::stack::TEMPLATE.contains(&format!("\n  {logical_id}:\n    ")), "{logical_id}");
    }
}

#[test]
fn a_template_that_another_version_made_is_no_change_by_hand() {
    let mut seen = as_wanted();
    let settings = crate::settings::resolve(
        &crate::settings::Given {
            name: Some(crate::settings::Value::flag("name", "demo")),
            okta_org: Some(crate::settings::Value::flag("okta-org", "https://acme.okta.com")),
            bucket: Some(crate::settings::Value::flag("bucket", "acme-files")),
            ..crate::settings::Given::default()
        },
        None,
    );
    seen.template = settings.ok().map(|settings| crate::stack::template(&settings));
    insta::assert_snapshot!(plan(&seen), @"
      ~ update  stack            sftp-okta-demo
          template: this version's
    ");
}

#[test]
fn a_stack_is_protected_where_configured_and_never_unprotected() {
    let with = |configured, protected| {
        let mut seen = as_wanted();
        seen.stack = Some(Stack { termination_protection: protected, ..stack(StackStatus::CreateComplete) });
        let wanted = Wanted { termination_protection: configured, ..wanted() };
        render(&decide(&wanted, &seen, Some(&spec())).unwrap(), Style::new(false))
    };
    insta::assert_snapshot!(with(true, false), @"
      ~ update  stack            sftp-okta-demo
          termination protection: off → on
    ");
    for unchanged in [with(true, true), with(false, true), with(false, false)] {
        assert_eq!(unchanged, "");
    }
}
