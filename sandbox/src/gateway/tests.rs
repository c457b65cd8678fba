use serde_json::{Value, json};

use super::*;
use crate::fixture::{self, Fixture, INVOCATION};
use crate::signature::{self, TemporaryKey};

const HOST: &str = "https://api1.execute-api.eu-west-1.amazonaws.com/prod";
const PATH: &str = "/servers/s-1/users/bob%40acme.com/config";

fn key(role: &str) -> TemporaryKey {
    signature::assume_role(role, "session", Duration::from_secs(900))
}

fn root() -> TemporaryKey {
    TemporaryKey { access_key: "test".into(), secret: "test".into(), token: String::new(), expires: 0 }
}

async fn get(fixture: &Fixture, url: &str, signed: Option<(&TemporaryKey, &str, &str)>) -> (u16, Value) {
    let host = url.split('/').nth(2).unwrap();
    let request = Request::get(url).header("host", host).header("PasswordBase64", "c2VjcmV0");
    let mut request = request.body(Bytes::new()).unwrap();
    if let Some((key, region, service)) = signed {
        signature::sign(&mut request, key, region, service).unwrap();
    }
    let (parts, body) = request.into_parts();
    let (status, text) = respond(&fixture.world, &parts, &body).await.status_and_text();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_call_reaches_the_function() {
    let fixture = fixture::deployed();
    let role = key(INVOCATION);
    for stage in [
        HOST,
        "http://127.0.0.1:4566/restapis/api1/prod/_user_request_",
        "http://127.0.0.1:4566/_aws/execute-api/api1/prod",
    ] {
        let url = format!("{stage}{PATH}?protocol=SFTP&sourceIp=203.0.113.9&a=1&a=%2F");
        let (status, event) = get(&fixture, &url, Some((&role, "eu-west-1", "execute-api"))).await;
        assert_eq!(status, 200, "{event}");
        assert_eq!(event["resource"], "/servers/{serverId}/users/{username}/config");
        assert_eq!(event["path"], PATH);
        assert_eq!(event["pathParameters"], json!({"serverId": "s-1", "username": "bob%40acme.com"}));
        assert_eq!(event["queryStringParameters"], json!({"protocol": "SFTP", "sourceIp": "203.0.113.9", "a": "/"}));
        assert_eq!(event["multiValueQueryStringParameters"]["a"], json!(["1", "/"]));
        assert_eq!(event["headers"]["passwordbase64"], "c2VjcmV0");
        assert_eq!(event["multiValueHeaders"]["passwordbase64"], json!(["c2VjcmV0"]));
        assert_eq!(event["headers"]["authorization"], Value::Null);
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&Value::Null, &json!(false)));
        let context = &event["requestContext"];
        assert_eq!(context["identity"]["userArn"], "arn:aws:sts::000000000000:assumed-role/invocation/session");
        assert_eq!(
            (&context["stage"], &context["apiId"], &context["httpMethod"]),
            (&json!("prod"), &json!("api1"), &json!("GET"))
        );
        assert_eq!(context["path"], format!("/prod{PATH}"));
    }
    let log = fixture.log("/access", "assumed-role").await;
    assert!(
        log.contains(
            r#""status":"200","caller":"arn:aws:sts::000000000000:assumed-role/invocation/session","error":"-"}"#
        ),
        "{log}"
    );
    function::stop(&fixture.world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused() {
    let fixture = fixture::deployed();
    let url = format!("{HOST}{PATH}");
    let (role, other) = (key(INVOCATION), key("arn:aws:iam::000000000000:role/other"));
    let wrong = TemporaryKey { secret: "wrong".into(), ..root() };
    let stranger = TemporaryKey { access_key: "AKIASTRANGER".into(), ..root() };
    for (key, region, service, expected) in [
        (None, "", "", "Missing Authentication Token"),
        (Some(&wrong), "eu-west-1", "execute-api", "The request signature we calculated does not match"),
        (Some(&stranger), "eu-west-1", "execute-api", "The security token included in the request is invalid."),
        (Some(&role), "us-east-1", "execute-api", "Credential should be scoped to a valid region"),
        (Some(&role), "eu-west-1", "s3", "Credential should be scoped to correct service: 'execute-api'."),
        (
            Some(&other),
            "eu-west-1",
            "execute-api",
            "User: arn:aws:sts::000000000000:assumed-role/other/session is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********0000:api1/prod/GET/servers/s-1/users/bob%40acme.com/config",
        ),
    ] {
        let (status, body) = get(&fixture, &url, key.map(|key| (key, region, service))).await;
        assert_eq!(status, 403);
        assert!(body.to_string().contains(expected), "{body}");
    }
    // What is not there, even where it is signed.
    for (url, expected) in [
        (format!("{HOST}/servers/s-1"), "Missing Authentication Token"),
        (format!("{HOST}{PATH}/more"), "Missing Authentication Token"),
        (format!("{HOST}//{PATH}"), "Missing Authentication Token"),
        (HOST.replace("/prod", "/test") + PATH, "Forbidden"),
        (HOST.replace("api1", "api2") + PATH, "Forbidden"),
    ] {
        let (status, body) = get(&fixture, &url, Some((&role, "eu-west-1", "execute-api"))).await;
        assert_eq!((status, body["message"].as_str()), (403, Some(expected)), "{url}: {body}");
    }
    fixture.log("/access", "MISSING_AUTHENTICATION_TOKEN").await;
}

/// The API's policy in both positions of its switch, back and forth: the server's own role is let in by each.
#[tokio::test(flavor = "multi_thread")]
async fn the_apis_own_policy() {
    let fixture = fixture::deployed();
    let denying = |condition: Value| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke",
            "Resource": "execute-api:/*", "Condition": condition}]})
    };
    let all_but_the_role = || denying(json!({"ArnNotEquals": {"aws:PrincipalArn": INVOCATION}}));
    let other_accounts = || denying(json!({"StringNotEquals": {"aws:PrincipalAccount": "000000000000"}}));
    let this_account = || denying(json!({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}));
    let url = format!("{HOST}{PATH}");
    let (root, role) = (root(), key(INVOCATION));
    let answers = async || {
        let (by_root, body) = get(&fixture, &url, Some((&root, "eu-west-1", "execute-api"))).await;
        if by_root == 403 {
            assert!(body["Message"].as_str().unwrap().ends_with("with an explicit deny"), "{body}");
        }
        (by_root, get(&fixture, &url, Some((&role, "eu-west-1", "execute-api"))).await.0)
    };
    assert_eq!(answers().await, (200, 200), "without a policy the root may do everything");
    for (policy, expected) in [
        (other_accounts(), (200, 200)),
        (all_but_the_role(), (403, 200)),
        (other_accounts(), (200, 200)),
        (this_account(), (403, 403)),
    ] {
        fixture.set("AWS::ApiGateway::RestApi", "api1", "Policy", policy.clone());
        assert_eq!(answers().await, expected, "{policy}");
    }
    fixture.set("AWS::ApiGateway::RestApi", "api1", "Policy", json!("not a policy"));
    assert_eq!(get(&fixture, &url, Some((&role, "eu-west-1", "execute-api"))).await.0, 403);
    function::stop(&fixture.world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_behind() {
    let fixture = fixture::deployed();
    let role = key(INVOCATION);
    let signed = Some((&role, "eu-west-1", "execute-api"));
    for word in ["do-crash", "do-fail", "do-nonsense", "do-hang"] {
        let (status, body) = get(&fixture, &format!("{HOST}/servers/s-1/users/{word}/config"), signed).await;
        assert_eq!((status, body), (502, json!({"message": "Internal server error"})), "{word}");
    }
    fixture.log("/access", "INTEGRATION_FAILURE").await;
    fixture.remove("AWS::Lambda::Permission", "permission");
    let (status, body) = get(&fixture, &format!("{HOST}{PATH}"), signed).await;
    assert_eq!((status, body), (500, json!({"message": "Internal server error"})));
    function::stop(&fixture.world).await;
}
