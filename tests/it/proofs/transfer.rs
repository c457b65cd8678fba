//! The scripted Transfer endpoint: life cycle, refusals, paging, and what goes wrong on request.

use std::io;

use serde_json::{Value, json};

use crate::support::fault::Fault;
use crate::support::loopback::{self, Reply};
use crate::support::transfer::{Life, Listing, Seed, Start, Transfer};

const SCOPE: &str =
    "AWS4-HMAC-SHA256 Credential=test/20300101/eu-west-1/transfer/aws4_request, SignedHeaders=host, Signature=0";

fn call(transfer: &Transfer, operation: &str, body: Value) -> io::Result<Reply> {
    let target = format!("TransferService.{operation}");
    let headers =
        [("authorization", SCOPE), ("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    loopback::post(&transfer.endpoint(), &headers, body.to_string())
}

/// The answer to a call that works.
#[track_caller]
fn done(transfer: &Transfer, operation: &str, body: Value) -> Value {
    let reply = call(transfer, operation, body).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    if reply.body.is_empty() { Value::Null } else { reply.json() }
}

/// Status, code and message of a call that does not.
#[track_caller]
fn refused(transfer: &Transfer, operation: &str, body: Value) -> (u16, String, String) {
    let reply = call(transfer, operation, body).unwrap();
    let error = reply.json();
    let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
    (reply.status, text("__type"), text("Message"))
}

fn wanted() -> Value {
    json!({
        "IdentityProviderType": "API_GATEWAY",
        "IdentityProviderDetails": {
            "Url": "https://abc123.execute-api.eu-west-1.amazonaws.com/prod",
            "InvocationRole": "arn:aws:iam::000000000000:role/invocation",
        },
        "LoggingRole": "arn:aws:iam::000000000000:role/logging",
        "SecurityPolicyName": "TransferSecurityPolicy-2025-03",
        "Tags": [{"Key": "owner", "Value": "demo"}],
    })
}

fn create(transfer: &Transfer) -> Value {
    let created = done(transfer, "CreateServer", wanted());
    json!({"ServerId": created["ServerId"]})
}

fn state(transfer: &Transfer, id: &Value) -> String {
    let reply = call(transfer, "DescribeServer", id.clone()).unwrap().json();
    reply["Server"]["State"].as_str().or(reply["__type"].as_str()).unwrap().to_owned()
}

#[test]
fn a_server_goes_through_its_life() {
    let transfer = Transfer::builder().start();
    let id = create(&transfer);
    let text = id["ServerId"].as_str().unwrap();
    assert!(text.len() == 19 && text.starts_with("s-"), "{text}");

    let server = done(&transfer, "DescribeServer", id.clone())["Server"].clone();
    assert_eq!(server["State"], "STARTING");
    assert_eq!(server["Arn"], format!("arn:aws:transfer:eu-west-1:000000000000:server/{text}"));
    assert_eq!(server["EndpointType"], "PUBLIC");
    assert_eq!(server["Protocols"], json!(["SFTP"]));
    assert_eq!(server["Tags"], wanted()["Tags"]);
    assert_eq!(server["SecurityPolicyName"], "TransferSecurityPolicy-2025-03");
    assert_eq!(server["IdentityProviderDetails"]["Url"], wanted()["IdentityProviderDetails"]["Url"]);
    assert_eq!(server["IdentityProviderDetails"]["SftpAuthenticationMethods"], "PUBLIC_KEY_OR_PASSWORD");
    assert!(server["HostKeyFingerprint"].as_str().is_some_and(|print| print.starts_with("SHA256:")));

    assert_eq!(state(&transfer, &id), "STARTING");
    assert_eq!(state(&transfer, &id), "ONLINE");
    done(&transfer, "StartServer", id.clone());
    assert_eq!(state(&transfer, &id), "ONLINE");
    done(&transfer, "StopServer", id.clone());
    assert_eq!([state(&transfer, &id), state(&transfer, &id)], ["STOPPING", "OFFLINE"]);
    done(&transfer, "StartServer", id.clone());
    assert_eq!(state(&transfer, &id), "STARTING");
    done(&transfer, "DeleteServer", id.clone());
    assert_eq!([state(&transfer, &id), state(&transfer, &id)], ["STARTING", "ResourceNotFoundException"]);
    assert_eq!(transfer.servers(), [Value::Null; 0]);

    let gone = call(&transfer, "DescribeServer", id.clone()).unwrap();
    let error = json!({"__type": "ResourceNotFoundException", "Message": "Unknown server",
                       "Resource": text, "ResourceType": "Server"});
    assert_eq!((gone.status, gone.json()), (400, error));

    let mutating: Vec<_> = transfer.mutating().into_iter().map(|call| call.operation).collect();
    assert_eq!(mutating, ["CreateServer", "StartServer", "StopServer", "StartServer", "DeleteServer"]);
    assert_eq!(transfer.calls()[0].body, wanted());
}

#[test]
fn starts_go_as_the_script_says() {
    let transfer =
        Transfer::builder().first_starts_are(&[Start::FailsAfter(1), Start::OnlineAfter(0)]).start_is(Start::Never);
    let transfer = transfer.start();
    let failing = create(&transfer);
    assert_eq!([state(&transfer, &failing), state(&transfer, &failing)], ["STARTING", "START_FAILED"]);
    let quick = create(&transfer);
    assert_eq!(state(&transfer, &quick), "ONLINE");
    let slow = create(&transfer);
    assert!((0..50).all(|_| state(&transfer, &slow) == "STARTING"));
    transfer.set_life(slow["ServerId"].as_str().unwrap(), Life::Offline);
    assert_eq!(state(&transfer, &slow), "OFFLINE");
}

#[test]
fn what_aws_refuses_is_refused() {
    let transfer = Transfer::builder().start();
    let without = |member: &str| {
        let mut body = wanted();
        body.as_object_mut().unwrap().remove(member);
        body
    };
    let with = |pointer: &str, value: Value| {
        let mut body = wanted();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let unmatched = "Must specify IdentityProviderType with IdentityProviderDetails";
    for body in [without("IdentityProviderType"), with("/IdentityProviderType", json!("SERVICE_MANAGED"))] {
        let (status, code, message) = refused(&transfer, "CreateServer", body);
        assert_eq!((status, code.as_str(), message.as_str()), (400, "InvalidRequestException", unmatched));
    }
    for body in [
        without("IdentityProviderDetails"),
        with("/IdentityProviderDetails/Url", json!("h".repeat(256))),
        with("/IdentityProviderDetails/InvocationRole", json!("invocation")),
        with("/SecurityPolicyName", json!("strict")),
        with("/Tags", json!([])),
        with("/Tags/0/Key", json!("aws:owner")),
        with("/IdentityProviderType", json!("OKTA")),
    ] {
        assert_eq!(refused(&transfer, "CreateServer", body).1, "InvalidRequestException");
    }
    assert_eq!(transfer.servers(), [Value::Null; 0]);

    let (_, code, message) = refused(&transfer, "ImportHostKey", json!({}));
    assert_eq!(code, "UnknownOperationException");
    assert!(message.contains("ImportHostKey"), "{message}");
    assert_eq!(refused(&transfer, "DescribeServer", json!({"ServerId": "s-1"})).1, "InvalidRequestException");
    let unsigned = loopback::post(&transfer.endpoint(), &[("x-amz-target", "TransferService.ListServers")], "{}");
    assert_eq!(unsigned.unwrap().status, 403);
}

#[test]
fn updates_and_tags_are_kept() {
    let transfer = Transfer::builder().start();
    let id = create(&transfer);
    let mut update = id.clone();
    update["LoggingRole"] = json!("");
    update["PreAuthenticationLoginBanner"] = json!("hello");
    update["S3StorageOptions"] = json!({"DirectoryListingOptimization": "ENABLED"});
    update["IdentityProviderDetails"] = json!({"Url": "https://new.example/prod", "InvocationRole": "arn:aws:iam::000000000000:role/other",
               "SftpAuthenticationMethods": "PASSWORD"});
    assert_eq!(done(&transfer, "UpdateServer", update.clone()), id);
    let server = &transfer.servers()[0];
    assert_eq!(server["LoggingRole"], Value::Null);
    assert_eq!(server["PreAuthenticationLoginBanner"], "hello");
    assert_eq!(server["S3StorageOptions"]["DirectoryListingOptimization"], "ENABLED");
    assert_eq!(server["IdentityProviderDetails"], update["IdentityProviderDetails"]);

    let mut moved = id.clone();
    moved["EndpointType"] = json!("VPC");
    moved["EndpointDetails"] = json!({"VpcId": "vpc-1"});
    assert_eq!(refused(&transfer, "UpdateServer", moved.clone()).1, "InvalidRequestException");
    transfer.set_life(id["ServerId"].as_str().unwrap(), Life::Offline);
    done(&transfer, "UpdateServer", moved);

    let arn = json!({"Arn": server["Arn"]});
    let mut tags = arn.clone();
    tags["Tags"] = json!([{"Key": "team", "Value": "data"}, {"Key": "owner", "Value": "other"}]);
    done(&transfer, "TagResource", tags);
    assert_eq!(transfer.tagged("owner", "other").len(), 1);
    let listed = done(&transfer, "ListTagsForResource", arn.clone());
    assert_eq!(listed["Tags"], json!([{"Key": "owner", "Value": "other"}, {"Key": "team", "Value": "data"}]));
    let mut untag = arn.clone();
    untag["TagKeys"] = json!(["team"]);
    done(&transfer, "UntagResource", untag);
    assert_eq!(transfer.tagged("team", "data").len(), 0);
}

#[test]
fn lists_are_paged_and_rows_bear_no_tags() {
    let mut builder = Transfer::builder().page_size(2).listing(Listing::ById);
    for _ in 0..4 {
        builder = builder.server(Seed::foreign().tag("owner", "somebody"));
    }
    let transfer = builder.server(Seed::foreign().hidden()).start();
    let (mut rows, mut sizes, mut request) = (Vec::new(), Vec::new(), json!({"MaxResults": 100}));
    loop {
        let page = done(&transfer, "ListServers", request.clone());
        sizes.push(page["Servers"].as_array().unwrap().len());
        rows.extend(page["Servers"].as_array().unwrap().clone());
        match page.get("NextToken") {
            Some(token) => request["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert!(rows.iter().all(|row| row.get("Tags").is_none() && row["State"] == "ONLINE"));
    assert!(rows.is_sorted_by_key(|row| row["ServerId"].as_str().unwrap().to_owned()));
    assert_eq!(refused(&transfer, "ListServers", json!({"NextToken": "?"})).1, "InvalidNextTokenException");
    assert_eq!(refused(&transfer, "ListServers", json!({"MaxResults": 0})).1, "InvalidRequestException");

    let states = rows.iter().map(|row| state(&transfer, &json!({"ServerId": row["ServerId"]})));
    let mut states: Vec<String> = states.collect();
    states.sort();
    assert_eq!(states, ["AccessDeniedException", "ONLINE", "ONLINE", "ONLINE", "ONLINE"]);
}

#[test]
fn answers_are_lost_and_calls_refused_at_their_turn() {
    let transfer = Transfer::builder()
        .role_not_assumable(1)
        .fault("CreateServer", 2..=2, Fault::lost_answer())
        .fault("CreateServer", 3..=3, Fault::answered_with(500, "InternalServiceError", "unknown"))
        .throttled("DescribeServer", 2)
        .start();
    let (status, code, message) = refused(&transfer, "CreateServer", wanted());
    assert_eq!((status, code.as_str()), (400, "InvalidRequestException"));
    assert!(message.contains("role cannot be assumed"), "{message}");
    assert_eq!(transfer.servers().len(), 0);
    assert!(call(&transfer, "CreateServer", wanted()).is_err());
    assert_eq!(transfer.servers().len(), 1);
    assert_eq!(refused(&transfer, "CreateServer", wanted()).0, 500);
    assert_eq!(transfer.servers().len(), 2);

    let id = create(&transfer);
    let throttled = "ThrottlingException";
    assert_eq!([0; 3].map(|_| state(&transfer, &id)), [throttled, throttled, "STARTING"]);
    assert_eq!((transfer.count("CreateServer"), transfer.count("*")), (4, 7));

    transfer.fault("DeleteServer", 1..=1, Fault::lost_request());
    assert!(call(&transfer, "DeleteServer", id.clone()).is_err());
    assert_eq!(transfer.servers().len(), 3);
}

/// A caller that waits for an answer that does not come, so that a test can interrupt it.
#[test]
fn a_silent_call_takes_effect_and_ends_with_the_endpoint() {
    let transfer = Transfer::builder().fault("CreateServer", 1..=1, Fault::silence()).start();
    std::thread::scope(|scope| {
        let (endpoint, body) = (transfer.endpoint(), wanted().to_string());
        let waiting = scope.spawn(move || {
            let headers = [("authorization", SCOPE), ("x-amz-target", "TransferService.CreateServer")];
            loopback::post(&endpoint, &headers, body)
        });
        transfer.wait_for("CreateServer", 1);
        assert_eq!(transfer.servers().len(), 1);
        assert!(!waiting.is_finished());
        drop(transfer);
        assert!(waiting.join().unwrap().is_err());
    });
}

/// The SDK reads what the endpoint writes: members, errors and their fields have the names of the model.
#[test]
fn the_sdk_understands_it() {
    use aws_sdk_transfer::config::{BehaviorVersion, Credentials, Region};
    use aws_sdk_transfer::error::ProvideErrorMetadata;
    use aws_sdk_transfer::types::{IdentityProviderDetails, IdentityProviderType, State, Tag};

    let transfer = Transfer::builder().start_is(Start::FailsAfter(1)).start();
    let config = aws_sdk_transfer::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(transfer.endpoint())
        .build();
    let client = aws_sdk_transfer::Client::from_conf(config);
    loopback::runtime().block_on(async {
        let details = IdentityProviderDetails::builder()
            .url("https://abc123.execute-api.eu-west-1.amazonaws.com/prod")
            .invocation_role("arn:aws:iam::000000000000:role/invocation");
        let created = client
            .create_server()
            .identity_provider_type(IdentityProviderType::ApiGateway)
            .identity_provider_details(details.build())
            .tags(Tag::builder().key("owner").value("demo").build().unwrap())
            .send()
            .await
            .unwrap();
        let look = || async { client.describe_server().server_id(created.server_id()).send().await };
        let server = look().await.unwrap().server.unwrap();
        assert_eq!((server.state(), server.tags()[0].key()), (Some(&State::Starting), "owner"));
        assert_eq!(look().await.unwrap().server.unwrap().state(), Some(&State::StartFailed));
        let listed = client.list_servers().max_results(1).send().await.unwrap();
        assert_eq!(listed.servers()[0].arn(), server.arn());
        for _ in 0..2 {
            client.delete_server().server_id(created.server_id()).send().await.unwrap();
            let _last_look = look().await;
            if transfer.servers().is_empty() {
                break;
            }
        }
        let gone = look().await.unwrap_err().into_service_error();
        assert_eq!(gone.code(), Some("ResourceNotFoundException"));
        assert!(gone.is_resource_not_found_exception());
    });
}

/// Of a caller's policy it knows the actions: what is not among them is refused before anything else is looked at.
#[test]
fn what_the_caller_may_not_do_is_refused_in_the_service_s_words_and_changes_nothing() {
    let transfer = Transfer::builder().fault("ListServers", 1..=1, Fault::lost_request()).start();
    let may = |actions: &[&str]| transfer.allow(Some(actions.iter().map(|action| (*action).to_owned()).collect()));
    may(&["transfer:CreateServer"]);
    let (status, code, message) = refused(&transfer, "CreateServer", wanted());
    assert_eq!((status, code.as_str()), (400, "AccessDeniedException"));
    assert_eq!(
        message,
        "User is not authorized to perform: transfer:TagResource on resource: \
         arn:aws:transfer:eu-west-1:000000000000:server/*"
    );
    assert_eq!(refused(&transfer, "ListServers", json!({})).1, "AccessDeniedException");
    assert_eq!(transfer.servers(), Vec::<Value>::new());

    may(&["transfer:CreateServer", "transfer:TagResource", "transfer:ListServers"]);
    create(&transfer);
    // The fault was for the first call that would have been answered.
    assert!(call(&transfer, "ListServers", json!({})).is_err());
    assert_eq!(done(&transfer, "ListServers", json!({}))["Servers"].as_array().map(Vec::len), Some(1));
    transfer.allow(None);
    let denied: Vec<_> = transfer.calls().into_iter().filter_map(|call| call.denied).collect();
    assert_eq!(denied, ["transfer:TagResource", "transfer:ListServers"]);
}
