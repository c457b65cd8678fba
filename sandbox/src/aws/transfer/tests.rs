use std::time::Duration;

use serde_json::json;

use super::*;
use crate::fixture::{self, FUNCTION, Fixture, INVOCATION, REGION};

async fn call(fixture: &Fixture, action: &str, input: Value) -> Result<Value, Refusal> {
    let call = Call { action: action.to_owned(), region: REGION.to_owned() };
    answer(&fixture.world, &call, &input).await
}

fn api_server() -> Value {
    json!({"IdentityProviderType": "API_GATEWAY", "SecurityPolicyName": "TransferSecurityPolicy-2025-03",
        "LoggingRole": INVOCATION, "Tags": [{"Key": "a", "Value": "b"}], "PreAuthenticationLoginBanner": "hello",
        "StructuredLogDestinations": ["arn:aws:logs:eu-west-1:000000000000:log-group:/transfer:*"],
        "IdentityProviderDetails": {"InvocationRole": INVOCATION, "SftpAuthenticationMethods": "PASSWORD",
            "Url": "https://api1.execute-api.eu-west-1.amazonaws.com/prod"}})
}

async fn create(fixture: &Fixture) -> String {
    call(fixture, "CreateServer", api_server()).await.unwrap()["ServerId"].as_str().unwrap().to_owned()
}

async fn state(fixture: &Fixture, id: &str) -> Value {
    call(fixture, "DescribeServer", json!({"ServerId": id})).await.unwrap()["Server"]["State"].clone()
}

async fn becomes(fixture: &Fixture, id: &str, wanted: &str) {
    for _ in 0..300 {
        if state(fixture, id).await == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} does not become {wanted}");
}

#[tokio::test]
async fn a_server_lives() {
    let fixture = fixture::deployed();
    let mut changes = fixture.world.servers_changed();
    let id = create(&fixture).await;
    assert_eq!(state(&fixture, &id).await, "STARTING");
    assert!(fixture.world.read(|state| state.servers.online().is_empty()));
    becomes(&fixture, &id, "ONLINE").await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();

    let server = fixture.world.read(|state| state.servers.online()).remove(0);
    assert_eq!((server.methods(), server.banner(), server.log_group()), ("PASSWORD", Some("hello"), Some("/transfer")));
    let key = std::fs::read_to_string(server.host_key_file(fixture.world.folder())).unwrap();
    let fingerprint = host_key::describe(&host_key::parse(&key).unwrap(), "").fingerprint;
    let described = call(&fixture, "DescribeServer", json!({"ServerId": id})).await.unwrap()["Server"].clone();
    assert_eq!(described["HostKeyFingerprint"], fingerprint);
    assert_eq!(described["Arn"], format!("arn:aws:transfer:eu-west-1:000000000000:server/{id}"));
    assert_eq!(described["Tags"], json!([{"Key": "a", "Value": "b"}]));
    assert_eq!(described["S3StorageOptions"]["DirectoryListingOptimization"], "DISABLED");

    let named = json!({"ServerId": id});
    assert_eq!(call(&fixture, "StartServer", named.clone()).await, Ok(Value::Null), "nothing to do");
    assert_eq!(state(&fixture, &id).await, "ONLINE");
    call(&fixture, "StopServer", named.clone()).await.unwrap();
    assert_eq!(state(&fixture, &id).await, "STOPPING");
    assert!(changes.has_changed().unwrap());
    becomes(&fixture, &id, "OFFLINE").await;
    call(&fixture, "StartServer", named.clone()).await.unwrap();
    // Overtaken: the timer of the start must not bring it ONLINE.
    call(&fixture, "StopServer", named.clone()).await.unwrap();
    becomes(&fixture, &id, "OFFLINE").await;
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(state(&fixture, &id).await, "OFFLINE");

    call(&fixture, "DeleteServer", named.clone()).await.unwrap();
    let gone = call(&fixture, "DescribeServer", named.clone()).await.unwrap_err();
    assert_eq!((gone.code.as_str(), gone.message.as_str()), ("ResourceNotFoundException", "Unknown server"));
    assert_eq!((&gone.members["Resource"], &gone.members["ResourceType"]), (&json!(id), &json!("Server")));
    assert_eq!(call(&fixture, "DeleteServer", named).await.unwrap_err().code, "ResourceNotFoundException");
    assert!(!server.host_key_file(fixture.world.folder()).exists());
}

#[tokio::test]
async fn a_start_fails_on_request() {
    let fixture = fixture::empty(&["server-start"]);
    let id = call(&fixture, "CreateServer", json!({})).await.unwrap()["ServerId"].as_str().unwrap().to_owned();
    becomes(&fixture, &id, "START_FAILED").await;
    call(&fixture, "DeleteServer", json!({"ServerId": id})).await.unwrap();
}

#[tokio::test]
async fn pages_tags_and_keys() {
    let fixture = fixture::deployed();
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(create(&fixture).await);
    }
    ids.sort();
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = call(&fixture, "ListServers", json!({"MaxResults": 2, "NextToken": token})).await.unwrap();
        seen.extend(page["Servers"].as_array().unwrap().iter().map(|row| row["ServerId"].as_str().unwrap().to_owned()));
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let wrong = call(&fixture, "ListServers", json!({"NextToken": "from-99"})).await.unwrap_err();
    assert_eq!(wrong.code, "InvalidNextTokenException");
    assert_eq!(
        call(&fixture, "ListServers", json!({"MaxResults": 0})).await.unwrap_err().code,
        "InvalidRequestException"
    );

    let arn = format!("arn:aws:transfer:eu-west-1:000000000000:server/{}", ids[0]);
    call(&fixture, "TagResource", json!({"Arn": arn, "Tags": [{"Key": "c", "Value": "d"}]})).await.unwrap();
    call(&fixture, "UntagResource", json!({"Arn": arn, "TagKeys": ["a"]})).await.unwrap();
    let tags = call(&fixture, "ListTagsForResource", json!({"Arn": arn})).await.unwrap();
    assert_eq!(tags["Tags"], json!([{"Key": "c", "Value": "d"}]));

    let key = host_key::generate().unwrap().to_openssh(russh::keys::ssh_key::LineEnding::LF).unwrap().to_string();
    let import = json!({"ServerId": ids[0], "HostKeyBody": key, "Description": "new"});
    let imported = call(&fixture, "ImportHostKey", import.clone()).await.unwrap();
    assert_eq!(call(&fixture, "ImportHostKey", import).await.unwrap_err().code, "ResourceExistsException");
    let keys = call(&fixture, "ListHostKeys", json!({"ServerId": ids[0]})).await.unwrap();
    assert_eq!(keys["HostKeys"].as_array().unwrap().len(), 2);
    let shown = json!({"ServerId": ids[0], "HostKeyId": imported["HostKeyId"]});
    let shown = call(&fixture, "DescribeHostKey", shown).await.unwrap();
    assert_eq!(shown["HostKey"]["Description"], "new");
    let policies = call(&fixture, "ListSecurityPolicies", json!({})).await.unwrap();
    assert!(policies["SecurityPolicyNames"].as_array().unwrap().len() > 10);
    let policy = json!({"SecurityPolicyName": "TransferSecurityPolicy-2025-03"});
    assert_eq!(call(&fixture, "DescribeSecurityPolicy", policy).await.unwrap()["SecurityPolicy"]["Fips"], false);
    assert_eq!(call(&fixture, "CreateUser", json!({})).await.unwrap_err().code, "UnknownOperationException");
}

#[tokio::test]
async fn what_is_refused() {
    let fixture = fixture::deployed();
    let with = |pointer: &str, value: Value| {
        let mut server = api_server();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        server.pointer_mut(parent).unwrap()[member] = value;
        server
    };
    let other = "arn:aws:iam::000000000000:role/other";
    for (input, expected) in [
        (with("/IdentityProviderType", Value::Null), "Must specify IdentityProviderType with IdentityProviderDetails"),
        (
            with("/IdentityProviderType", json!("MAGIC")),
            "Value at 'identityProviderType' failed to satisfy constraint: Member must satisfy enum",
        ),
        (
            with("/IdentityProviderDetails", Value::Null),
            "Must specify Url and InvocationRole in IdentityProviderDetails",
        ),
        (with("/IdentityProviderDetails/Url", json!("x".repeat(256))), "'identityProviderDetails.url'"),
        (with("/IdentityProviderDetails/InvocationRole", json!("role")), "regular expression pattern: arn:.*role/\\S+"),
        (
            with("/IdentityProviderDetails/InvocationRole", json!(other)),
            "Transfer is unable to assume the role provided",
        ),
        (with("/LoggingRole", json!("arn:aws:iam::000000000000:role/none")), "Role does not exist"),
        (with("/SecurityPolicyName", json!("TransferSecurityPolicy-1999-01")), "does not exist"),
        (
            with("/StructuredLogDestinations", json!(["arn:aws:logs:eu-west-1:000000000000:log-group:x"])),
            "ending in :*",
        ),
        (with("/PreAuthenticationLoginBanner", json!("grüß")), "'preAuthenticationLoginBanner'"),
        (with("/EndpointDetails", json!({"VpcId": "vpc-1"})), "EndpointDetails cannot be specified"),
        (with("/Protocols", json!(["FTP"])), "SFTP only"),
        (with("/Protocols", json!([])), "greater than or equal to 1"),
        (with("/Tags", json!([{"Key": "aws:x", "Value": ""}])), "cannot begin with aws:"),
        (with("/Tags", json!([{"Key": "x", "Value": ""}, {"Key": "x", "Value": ""}])), "unique"),
        (with("/HostKey", json!("no key")), "not a valid private key"),
    ] {
        let refusal = call(&fixture, "CreateServer", input).await.unwrap_err();
        assert_eq!(refusal.code, "InvalidRequestException", "{}", refusal.message);
        assert!(refusal.message.contains(expected), "{}", refusal.message);
    }
    assert!(fixture.world.read(|state| state.servers.servers.is_empty()));

    let id = create(&fixture).await;
    becomes(&fixture, &id, "ONLINE").await;
    let update = json!({"ServerId": id, "EndpointType": "VPC", "EndpointDetails": {"VpcId": "vpc-1"}});
    let refusal = call(&fixture, "UpdateServer", update).await.unwrap_err();
    assert_eq!(refusal.message, "Server must be OFFLINE to change EndpointType");
    let update = json!({"ServerId": id, "PreAuthenticationLoginBanner": "other", "LoggingRole": ""});
    assert_eq!(call(&fixture, "UpdateServer", update).await, Ok(json!({"ServerId": id})));
    let described = call(&fixture, "DescribeServer", json!({"ServerId": id})).await.unwrap();
    assert_eq!(described["Server"]["PreAuthenticationLoginBanner"], "other");
    assert_eq!(described["Server"]["LoggingRole"], Value::Null);
    assert_eq!(described["Server"]["IdentityProviderDetails"], api_server()["IdentityProviderDetails"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_provider_is_really_called() {
    let fixture = fixture::deployed();
    let id = create(&fixture).await;
    let test = |user: &str| json!({"ServerId": id, "UserName": user, "UserPassword": "s3crét", "SourceIp": "203.0.113.9", "ServerProtocol": "SFTP"});
    let answer = call(&fixture, "TestIdentityProvider", test("bob@acme.com")).await.unwrap();
    assert_eq!((&answer["StatusCode"], &answer["Message"]), (&json!(200), &json!("")), "{answer}");
    let url = format!(
        "https://api1.execute-api.eu-west-1.amazonaws.com/prod/servers/{id}/users/bob%40acme.com/config?protocol=SFTP&sourceIp=203.0.113.9"
    );
    assert_eq!(answer["Url"], url);
    let event: Value = serde_json::from_str(answer["Response"].as_str().unwrap()).unwrap();
    assert_eq!(event["pathParameters"]["username"], "bob%40acme.com");
    assert_eq!(event["headers"]["passwordbase64"], "czNjcsOpdA==");
    assert_eq!(event["headers"]["password"], Value::Null, "it cannot hold this one");
    let user = event["requestContext"]["identity"]["userArn"].as_str().unwrap();
    assert_eq!(user, format!("arn:aws:sts::000000000000:assumed-role/invocation/{id}"));

    let crash = call(&fixture, "TestIdentityProvider", test("do-crash")).await.unwrap();
    assert_eq!((&crash["StatusCode"], &crash["Response"]), (&json!(502), &json!("")), "{crash}");
    assert_ne!(crash["Message"], "");
    for (member, value) in [("UserName", "ab"), ("UserName", "a/b/c"), ("SourceIp", "here"), ("ServerProtocol", "SSH")]
    {
        let mut input = test("bob");
        input[member] = json!(value);
        assert_eq!(
            call(&fixture, "TestIdentityProvider", input).await.unwrap_err().code,
            "InvalidRequestException",
            "{value}"
        );
    }
    let managed = call(&fixture, "CreateServer", json!({})).await.unwrap()["ServerId"].clone();
    let refusal =
        call(&fixture, "TestIdentityProvider", json!({"ServerId": managed, "UserName": "bob"})).await.unwrap_err();
    assert!(refusal.message.ends_with("not configured for external auth"), "{}", refusal.message);

    // Without the permission, and without the role.
    fixture.set("AWS::IAM::Role", "invocation", "Policies", json!([]));
    let denied = call(&fixture, "TestIdentityProvider", test("bob")).await.unwrap();
    assert_eq!(denied["StatusCode"], 403, "{denied}");
    fixture.remove("AWS::IAM::Role", "invocation");
    assert_eq!(call(&fixture, "TestIdentityProvider", test("bob")).await.unwrap()["StatusCode"], 500);
    crate::function::stop(&fixture.world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_is_called_directly() {
    let fixture = fixture::deployed();
    let input = json!({"IdentityProviderType": "AWS_LAMBDA", "IdentityProviderDetails": {"Function": FUNCTION}});
    let id = call(&fixture, "CreateServer", input).await.unwrap()["ServerId"].as_str().unwrap().to_owned();
    let test = json!({"ServerId": id, "UserName": "bob", "UserPassword": "x", "SourceIp": "203.0.113.9"});
    let denied = call(&fixture, "TestIdentityProvider", test.clone()).await.unwrap();
    assert_eq!(denied["StatusCode"], 500, "{denied}");
    fixture.put(fixture::resource(
        "Lambda::Permission",
        "direct",
        json!({"Action": "lambda:InvokeFunction",
        "FunctionName": "provider", "Principal": "transfer.amazonaws.com",
        "SourceArn": "arn:aws:transfer:eu-west-1:000000000000:server/*"}),
        &[],
    ));
    let answer = call(&fixture, "TestIdentityProvider", test).await.unwrap();
    assert_eq!((&answer["StatusCode"], &answer["Url"]), (&json!(200), &Value::Null), "{answer}");
    let said: Value = serde_json::from_str(answer["Response"].as_str().unwrap()).unwrap();
    let event: Value = serde_json::from_str(said["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        event,
        json!({"username": "bob", "password": "x", "protocol": "SFTP", "serverId": id, "sourceIp": "203.0.113.9"})
    );
    crate::function::stop(&fixture.world).await;
}

/// Elastic IPs come and go while the server is OFFLINE, one for each subnet, and no other way.
#[tokio::test]
async fn elastic_ips() {
    let fixture = fixture::deployed();
    let in_vpc = |more: Value| {
        let mut server = api_server();
        let mut endpoint =
            json!({"VpcId": "vpc-1", "SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]});
        endpoint.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server["EndpointType"] = json!("VPC");
        server["EndpointDetails"] = endpoint;
        server
    };
    let early = in_vpc(json!({"AddressAllocationIds": ["eipalloc-1", "eipalloc-2"]}));
    let refusal = call(&fixture, "CreateServer", early).await.unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        ("InvalidRequestException", "AddressAllocationIds cannot be set in CreateServer")
    );
    let id = call(&fixture, "CreateServer", in_vpc(json!({}))).await.unwrap()["ServerId"].as_str().unwrap().to_owned();
    becomes(&fixture, &id, "ONLINE").await;
    let update = |endpoint: Value| call(&fixture, "UpdateServer", json!({"ServerId": id, "EndpointDetails": endpoint}));
    let both = json!({"AddressAllocationIds": ["eipalloc-1", "eipalloc-2"]});
    let refusal = update(both.clone()).await.unwrap_err();
    assert_eq!(
        (refusal.code.as_str(), refusal.message.as_str()),
        ("InvalidRequestException", "Server must be OFFLINE to change AddressAllocationIds")
    );
    call(&fixture, "StopServer", json!({"ServerId": id})).await.unwrap();
    assert_eq!(update(both.clone()).await.unwrap_err().code, "InvalidRequestException", "it is STOPPING");
    becomes(&fixture, &id, "OFFLINE").await;
    for (endpoint, expected) in [
        (json!({"AddressAllocationIds": ["eipalloc-1"]}), "equal in length"),
        (json!({"AddressAllocationIds": ["eipalloc-1", "eipalloc-1"]}), "duplicates"),
        (json!({"AddressAllocationIds": ["eipalloc-1"], "SubnetIds": ["subnet-1"]}), "must exist in the server before"),
        (json!({"SecurityGroupIds": ["sg-2"]}), "Changing Security Group"),
        (json!({"VpcId": "vpc-2"}), "Changing VpcId"),
    ] {
        let refusal = update(endpoint).await.unwrap_err();
        assert!(refusal.message.contains(expected), "{}", refusal.message);
    }
    update(both).await.unwrap();
    let shown = call(&fixture, "DescribeServer", json!({"ServerId": id})).await.unwrap()["Server"].clone();
    assert_eq!(
        shown["EndpointDetails"],
        json!({"VpcId": "vpc-1", "SubnetIds": ["subnet-1", "subnet-2"], "AddressAllocationIds": ["eipalloc-1", "eipalloc-2"]})
    );
    let fewer = update(json!({"SubnetIds": ["subnet-1"], "AddressAllocationIds": []})).await.unwrap_err();
    assert!(fewer.message.contains("must be removed before"), "{}", fewer.message);
    let dual = json!({"ServerId": id, "IpAddressType": "DUALSTACK"});
    assert!(call(&fixture, "UpdateServer", dual).await.unwrap_err().message.contains("DUALSTACK"));
    update(json!({"AddressAllocationIds": []})).await.unwrap();
    update(json!({"SubnetIds": ["subnet-1"]})).await.unwrap();
    let shown = call(&fixture, "DescribeServer", json!({"ServerId": id})).await.unwrap()["Server"].clone();
    assert_eq!(shown["EndpointDetails"]["AddressAllocationIds"], json!([]));
}

#[tokio::test]
async fn a_server_is_known_in_its_own_region_only() {
    let fixture = fixture::deployed();
    let id = create(&fixture).await;
    let arn = format!("arn:aws:transfer:{REGION}:000000000000:server/{id}");
    for (action, input) in [
        ("DescribeServer", json!({"ServerId": id})),
        ("DeleteServer", json!({"ServerId": id})),
        ("TestIdentityProvider", json!({"ServerId": id, "UserName": "alice"})),
        ("ListTagsForResource", json!({"Arn": arn})),
    ] {
        let call = Call { action: action.to_owned(), region: "eu-central-1".to_owned() };
        let refused = answer(&fixture.world, &call, &input).await.unwrap_err();
        assert_eq!(refused.code, "ResourceNotFoundException", "{action}");
    }
    assert_eq!(state(&fixture, &id).await, "STARTING");
}
