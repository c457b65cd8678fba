//! What a deploy decides from what is there, as whole plans.

use std::collections::BTreeMap;

use super::*;
use crate::server::fixtures::{server_as_wanted, spec};
use crate::server::{Found, Server, ServerState};
use crate::stack::StackStatus;

fn wanted() -> Wanted {
    Wanted {
        artifact_bucket: "artifacts".into(),
        artifact_key: format!("demo/{}.zip", "0123456789abcdef".repeat(4)),
        identity_provider_type: "API_GATEWAY",
        stack: Desired {
            name: "sftp-okta-demo".into(),
            template: "Resources: {}\n".into(),
            parameters: BTreeMap::from([("ArtifactKey".into(), "new.zip".into())]),
            tags: BTreeMap::from([("team".into(), "data".into())]),
            adopt: false,
        },
        termination_protection: false,
    }
}

fn stack(status: StackStatus) -> Stack {
    let Desired { name, parameters, tags, .. } = wanted().stack;
    Stack {
        name,
        arn: "arn:aws:cloudformation:eu-west-1:111122223333:stack/sftp-okta-demo/1".into(),
        status,
        reason: None,
        last_updated: None,
        parameters,
        tags,
        outputs: BTreeMap::new(),
        termination_protection: false,
    }
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
    let with = |status| Seen { stack: Some(stack(status)), ..as_wanted() };
    insta::assert_snapshot!(plan(&with(StackStatus::RollbackComplete)), @"
      ± replace stack            sftp-okta-demo
          it is in ROLLBACK_COMPLETE: its creation failed and was undone
    ");
    insta::assert_snapshot!(plan(&with(StackStatus::UpdateRollbackFailed)), @"
    error: stack sftp-okta-demo is in UPDATE_ROLLBACK_FAILED: an update failed and could not be undone
    remove the cause, run `aws cloudformation continue-update-rollback --stack-name sftp-okta-demo`, then deploy again
    ");
}

/// Even where the stack has not the outputs for the other one: it must not be changed under a server that asks it.
#[test]
fn another_kind_of_identity_provider_stops_the_deploy() {
    for (now, then) in [("API_GATEWAY", "AWS_LAMBDA"), ("AWS_LAMBDA", "API_GATEWAY")] {
        let seen =
            Seen { servers: found(Server { identity_provider_type: now.into(), ..server_as_wanted() }), ..as_wanted() };
        let wanted = Wanted { identity_provider_type: then, ..wanted() };
        let error = decide(&wanted, &seen, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "IdentityProviderType of server s-0123456789abcdef0 cannot be changed in place: it is {now:?} and should be {then:?}"
            )
        );
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
