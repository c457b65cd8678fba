use serde_json::{Value, json};

use crate::aws::wire::Call;
use crate::fixture::{self, Fixture, resource};
use crate::signature::Caller;

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:okta-service-app-AbCdEf";
const PEM: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

/// A sandbox with a key, and two roles: one may read the secret, one may not.
fn stand() -> Fixture {
    let fixture = fixture::empty(&[]);
    let okta = fixture.world.folder().join("okta");
    std::fs::create_dir_all(&okta).unwrap();
    std::fs::write(okta.join("service-app.pem"), PEM).unwrap();
    let allowed = json!([{"PolicyName": "Read", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": ARN}]}}]);
    for (name, policies) in [("reader", allowed), ("other", json!([]))] {
        let arn = format!("arn:aws:iam::000000000000:role/{name}");
        fixture.put(resource("IAM::Role", name, json!({"Policies": policies}), &[("Arn", &arn)]));
    }
    fixture
}

/// The answer's interesting member, or the error's code and message.
fn asked(fixture: &Fixture, role: Option<&str>, action: &str, input: &Value) -> String {
    let caller = Caller {
        access_key: "AKIA".into(),
        arn: role.map_or("arn:aws:iam::000000000000:root".into(), |role| {
            format!("arn:aws:sts::000000000000:assumed-role/{role}/function")
        }),
        user_id: "AIDA".into(),
        role: role.map(|role| format!("arn:aws:iam::000000000000:role/{role}")),
    };
    let call = Call { action: action.into(), region: "eu-west-1".into() };
    match super::answer(&fixture.world, &call, &caller, input) {
        Ok(value) => value.to_string(),
        Err(refusal) => format!("{} {}: {}", refusal.status, refusal.code, refusal.message),
    }
}

#[test]
fn whole_answers() {
    let fixture = stand();
    let id = json!({"SecretId": ARN});
    insta::assert_snapshot!(asked(&fixture, Some("reader"), "GetSecretValue", &id), @r#"{"ARN":"arn:aws:secretsmanager:eu-west-1:000000000000:secret:okta-service-app-AbCdEf","CreatedDate":1767225600.0,"Name":"okta-service-app","SecretString":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n","VersionId":"00000000-0000-4000-8000-000000000000","VersionStages":["AWSCURRENT"]}"#);
    insta::assert_snapshot!(asked(&fixture, None, "DescribeSecret", &id), @r#"{"ARN":"arn:aws:secretsmanager:eu-west-1:000000000000:secret:okta-service-app-AbCdEf","CreatedDate":1767225600.0,"Description":"Private key of the small Okta's service app","LastChangedDate":1767225600.0,"Name":"okta-service-app","VersionIdsToStages":{"00000000-0000-4000-8000-000000000000":["AWSCURRENT"]}}"#);
    insta::assert_snapshot!(asked(&fixture, None, "ListSecrets", &json!({})), @r#"{"SecretList":[{"ARN":"arn:aws:secretsmanager:eu-west-1:000000000000:secret:okta-service-app-AbCdEf","CreatedDate":1767225600.0,"Description":"Private key of the small Okta's service app","LastChangedDate":1767225600.0,"Name":"okta-service-app","SecretVersionsToStages":{"00000000-0000-4000-8000-000000000000":["AWSCURRENT"]}}]}"#);
}

#[test]
fn refusals() {
    let fixture = stand();
    let id = |id: &str| json!({"SecretId": id});
    insta::assert_snapshot!(asked(&fixture, Some("other"), "GetSecretValue", &id(ARN)), @"400 AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/other/function is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:000000000000:secret:okta-service-app-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action");
    insta::assert_snapshot!(asked(&fixture, None, "GetSecretValue", &id("another")), @"400 ResourceNotFoundException: Secrets Manager can't find the specified secret.");
    insta::assert_snapshot!(asked(&fixture, None, "GetSecretValue", &json!({"SecretId": ARN, "VersionStage": "AWSPENDING"})), @"400 ResourceNotFoundException: Secrets Manager can't find the specified secret value for staging label: AWSPENDING");
    insta::assert_snapshot!(asked(&fixture, None, "CreateSecret", &json!({})), @"400 UnknownOperationException: the sandbox's secretsmanager does not know CreateSecret");
    for (role, secret, is_there) in [
        (None, "okta-service-app", true),
        (None, ARN.trim_end_matches("-AbCdEf"), true),
        (Some("reader"), ARN, true),
        (Some("other"), "okta-service-app", false),
        (Some("missing"), ARN, false),
        (None, "", false),
        (None, "arn:aws:secretsmanager:eu-west-1:000000000000:secret:okta-service-app-XxXxXx", false),
    ] {
        let answer = asked(&fixture, role, "GetSecretValue", &id(secret));
        assert_eq!(answer.contains("PRIVATE KEY"), is_there, "{role:?} {secret}: {answer}");
    }
    // With a real org there is no app of ours, and so no key.
    std::fs::remove_file(fixture.world.folder().join("okta/service-app.pem")).unwrap();
    assert!(asked(&fixture, None, "GetSecretValue", &id(ARN)).contains("ResourceNotFoundException"));
    assert_eq!(asked(&fixture, None, "ListSecrets", &json!({})), r#"{"SecretList":[]}"#);
}
