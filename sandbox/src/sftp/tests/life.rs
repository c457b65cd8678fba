//! Listeners follow the servers, and a sign-in goes all the way through API Gateway and the function.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::client::{command, finish};
use super::stand::{ROLE, answer};
use crate::aws::{s3, transfer, wire::Call};
use crate::fixture::{self, ECHO, Fixture, INVOCATION, REGION};

async fn call(fixture: &Fixture, action: &str, input: Value) -> Value {
    let call = Call { action: action.to_owned(), region: REGION.to_owned() };
    transfer::answer(&fixture.world, &call, &input).await.unwrap()
}

/// The port of the one listener, once there is one; `None` once there is none.
async fn port(fixture: &Fixture, wanted: bool) -> Option<u16> {
    for _ in 0..500 {
        let open = fixture.world.status().sftp;
        if open.is_empty() != wanted {
            return open.first().map(|listener| listener.port);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the listeners do not follow the servers");
}

async fn offline(fixture: &Fixture, id: &str) {
    for _ in 0..1000 {
        if call(fixture, "DescribeServer", json!({"ServerId": id})).await["Server"]["State"] == "OFFLINE" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the server does not stop");
}

/// A function that lets everybody into alice's home.
fn deployed() -> Fixture {
    let fixture = fixture::deployed();
    let (before, after) = ECHO.split_once("path=response answer=\"{\\\"statusCode\\\"").unwrap();
    let rest = after.split_once(";;").unwrap().1;
    let script = format!("{before}path=response answer=$(cat \"$LAMBDA_TASK_ROOT/answer.json\") ;;{rest}");
    let body = answer("alice", &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]).to_string();
    let reply = json!({"statusCode": 200, "headers": {}, "body": body}).to_string();
    fixture.upload("code/1.zip", &fixture::zip(&[("bootstrap", &script, 0o755), ("answer.json", &reply, 0o644)]));
    let trust = json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "transfer.amazonaws.com"},
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:transfer:eu-west-1:000000000000:user/*"}}}});
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
    fixture.put(fixture::resource(
        "IAM::Role",
        "users",
        json!({"AssumeRolePolicyDocument": trust,
        "Policies": [{"PolicyName": "p", "PolicyDocument": policy}]}),
        &[("Arn", ROLE)],
    ));
    fixture.world.change(|state| {
        s3::create_bucket(state, &fixture.world.store, "files", REGION, &json!({})).unwrap();
        state.log_groups.set("/transfer", None, None);
    });
    fixture
}

#[tokio::test]
async fn a_listener_lives_as_its_server_does() {
    let fixture = deployed();
    let running = tokio::spawn(crate::sftp::run(Arc::clone(&fixture.world)));
    let server = json!({"IdentityProviderType": "API_GATEWAY",
        "StructuredLogDestinations": ["arn:aws:logs:eu-west-1:000000000000:log-group:/transfer:*"],
        "IdentityProviderDetails": {"InvocationRole": INVOCATION, "SftpAuthenticationMethods": "PASSWORD",
            "Url": "https://api1.execute-api.eu-west-1.amazonaws.com/prod"}});
    let id = call(&fixture, "CreateServer", server).await["ServerId"].as_str().unwrap().to_owned();
    let first = port(&fixture, true).await.unwrap();

    // The host key is the one that DescribeServer tells of.
    let folder = TempDir::new().unwrap();
    let key_file = fixture.world.folder().join("host-keys").join(&id);
    let key = russh::keys::load_secret_key(key_file, None).unwrap();
    let told = call(&fixture, "DescribeServer", json!({"ServerId": id})).await["Server"]["HostKeyFingerprint"].clone();
    assert_eq!(told, key.fingerprint(russh::keys::HashAlg::Sha256).to_string());
    let known = format!("[127.0.0.1]:{first} {}\n", key.public_key().to_openssh().unwrap());
    fs::write(folder.path().join("known_hosts"), known).unwrap();
    let options = ["-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=known_hosts"];
    fs::write(folder.path().join("hello"), "hello").unwrap();
    let sign_in = |user| command(folder.path(), first, user, "any", &options).spawn().unwrap();
    let ended = finish(sign_in("alice"), "put hello\n").await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(fixture.world.store.get("files", "home/alice/hello").unwrap(), b"hello");
    let ended = finish(sign_in("al"), "put hello\n").await;
    assert_eq!(ended.code, 255, "{ended:?}");
    let log = fixture.log("/transfer", "AUTH_FAILURE").await;
    assert!(log.contains("\"activity-type\":\"CONNECTED\"") && !log.contains("any"), "{log}");

    call(&fixture, "StopServer", json!({"ServerId": id})).await;
    assert_eq!(port(&fixture, false).await, None);
    assert!(TcpStream::connect(("127.0.0.1", first)).await.is_err());
    // Before STOPPING is over StartServer changes nothing.
    offline(&fixture, &id).await;
    call(&fixture, "StartServer", json!({"ServerId": id})).await;
    assert_eq!(port(&fixture, true).await, Some(first));
    let ended = finish(sign_in("alice"), "get hello back\n").await;
    assert_eq!(ended.code, 0, "{ended:?}");

    call(&fixture, "DeleteServer", json!({"ServerId": id})).await;
    assert_eq!(port(&fixture, false).await, None);
    for _ in 0..500 {
        if fixture.world.read(|state| state.sftp_ports.is_empty()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(fixture.world.read(|state| state.sftp_ports.is_empty()));

    fixture.world.ask_to_stop();
    tokio::time::timeout(Duration::from_secs(5), running).await.expect("it did not stop").unwrap();
    crate::function::stop(&fixture.world).await;
}
