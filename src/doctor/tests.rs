//! Every finding in every wording, in one place to read them.

use serde_json::json;

use super::*;
use crate::server::fixtures::server_as_wanted;
use crate::server::{Server, ServerState};
use crate::settings::IdentityProvider;
use crate::storage::{Encryption, Inspection, Presence};

const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

fn quotas_told() -> Vec<Finding> {
    let quota = |used| Some(Quota { used, limit: 1000 });
    vec![
        servers(3, false),
        servers(50, true),
        servers(50, false),
        roles(quota(996)),
        roles(quota(997)),
        roles(None),
        stacks((Some(12), Some(2000))),
        stacks((Some(2000), Some(2000))),
        stacks((None, Some(2000))),
        stacks((Some(12), None)),
    ]
}

fn buckets() -> Vec<Finding> {
    let here = || Presence::Present(Default::default());
    let kms = |key: &str| Encryption::Kms(Some(key.into()));
    let cases = [
        (Presence::Absent, None, Encryption::S3, true, None),
        (Presence::Absent, None, Encryption::S3, false, None),
        (Presence::Refused, None, Encryption::S3, false, None),
        (Presence::Unknown, None, Encryption::S3, false, None),
        (here(), Some("eu-west-1"), Encryption::S3, false, None),
        (here(), Some("us-east-1"), Encryption::S3, false, Some(KEY)),
        (here(), None, kms(KEY), false, Some(KEY)),
        (here(), None, kms(KEY), false, None),
        (here(), None, Encryption::Kms(None), false, Some(KEY)),
        (here(), None, Encryption::Unreadable("AccessDenied".into()), false, None),
    ];
    let told = cases.into_iter().flat_map(|(presence, region, encryption, created, key)| {
        let found = Inspection { presence, region: region.map(ToOwned::to_owned), encryption };
        bucket("acme-files", &found, "eu-west-1", created, key)
    });
    told.collect()
}

fn deployed() -> Vec<Finding> {
    let mut all = audit(&server_as_wanted());
    let mut server = server_as_wanted();
    server.security_policy = "TransferSecurityPolicy-2018-11".into();
    server.directory_listing_optimization = false;
    server.log_destinations.clear();
    server.endpoint_type = "VPC".into();
    for state in [ServerState::Offline, ServerState::StartFailed, ServerState::parse("DREAMING")] {
        server.state = state;
        all.extend(audit(&server));
    }
    server.security_policy = "TransferSecurityPolicy-New".into();
    all.extend(audit(&server));
    let direct = |function: &str| Server {
        identity_provider_type: "AWS_LAMBDA".into(),
        function: function.into(),
        ..server_as_wanted()
    };
    let outputs =
        [("IdentityProviderFunctionArn".to_owned(), "arn:aws:lambda:eu-west-1:111122223333:function:own".to_owned())];
    let outputs = outputs.into();
    all.extend([
        identity_provider(&direct("arn:aws:lambda:eu-west-1:111122223333:function:own"), &outputs),
        identity_provider(&direct("arn:aws:lambda:eu-west-1:999999999999:function:theirs"), &outputs),
        identity_provider(&server_as_wanted(), &outputs),
        identity_provider(&Server { identity_provider_type: "SERVICE_MANAGED".into(), ..server_as_wanted() }, &outputs),
    ]);
    all.extend([method(&json!({"AuthorizationType": "AWS_IAM"})), method(&json!({"AuthorizationType": "NONE"}))]);
    all.extend(stage(&json!({})));
    all.extend(stage(&json!({"CacheClusterEnabled": true, "MethodSettings": [{"DataTraceEnabled": true}]})));
    let by = |provider, service: &str, principal: &str, source: serde_json::Value| {
        let scope = format!("arn:aws:{service}:eu-west-1:{ACCOUNT}:");
        let properties = json!({"Principal": principal, "SourceAccount": source, "SourceArn": format!("{scope}x")});
        function_permission(&properties, provider, ACCOUNT, &scope)
    };
    all.extend([
        by(IdentityProvider::Lambda, "transfer", "transfer.amazonaws.com", json!(ACCOUNT)),
        by(IdentityProvider::ApiGateway, "execute-api", "apigateway.amazonaws.com", json!(ACCOUNT)),
        by(IdentityProvider::Lambda, "transfer", "*", json!(null)),
        function_permission(&json!({}), IdentityProvider::Lambda, ACCOUNT, "arn:aws:transfer:"),
        egress(&json!({})),
        egress(&json!({"VpcConfig": {"SubnetIds": ["subnet-1"]}})),
    ]);
    all
}

#[test]
fn every_finding_has_its_words_and_what_is_wrong_its_remedy() {
    let mut told = String::new();
    for (title, findings) in [("quotas", quotas_told()), ("buckets", buckets()), ("deployed", deployed())] {
        told.push_str(&format!("{title}\n"));
        for Finding { check, level, message, remedy } in findings {
            assert!(level < Level::Warning || remedy.is_some(), "{check}: {message}");
            told.push_str(&format!("  {level:?} {check}: {message}\n"));
            told.extend(remedy.map(|remedy| format!("      → {remedy}\n")));
        }
    }
    insta::assert_snapshot!(told);
}
