//! What each role may do, word for word: a permission that is not written here is a finding.

use serde_json::{Value, json};

use crate::document::{
    Finding, all_resources, alternatives, catches, entries, finding, holds, items, resources, set, without,
};

/// The one method, as execute-api writes it.
const METHOD_ARN: &str = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${TransferIdentityProviderApi}/prod/GET/servers/*/users/*/config";

/// Every action a role may have. A wildcard is not in it.
fn allowed_actions(role: &str) -> &'static [&'static str] {
    match role {
        "TransferIdentityProviderRole" => &["execute-api:Invoke", "apigateway:GET"],
        "TransferSFTPCloudWatchLogsWriteLogs" => {
            &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        }
        "IdentityProviderFunctionRole" => {
            &["logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt", "secretsmanager:GetSecretValue"]
        }
        "UserAccessRole" => &[
            "s3:ListBucket",
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:GetObjectVersion",
            "s3:PutObject",
            "s3:DeleteObject",
            "kms:Decrypt",
            "kms:GenerateDataKey",
        ],
        _ => &[],
    }
}

/// The statements of a role, from its own policies and from policies that name it.
fn statements<'t>(template: &'t Value, role: &str) -> Vec<&'t Value> {
    let own = items(&template["Resources"][role]["Properties"]["Policies"]);
    let own = own.into_iter().flat_map(alternatives).map(|policy| &policy["PolicyDocument"]);
    let reference = json!({ "Ref": role });
    let policies = resources(template, "AWS::IAM::Policy").into_iter().map(|(_, policy)| &policy["Properties"]);
    let attached = policies.filter(|policy| items(&policy["Roles"]).contains(&&reference));
    let documents = own.chain(attached.map(|policy| &policy["PolicyDocument"]));
    documents.flat_map(|document| items(&document["Statement"])).flat_map(alternatives).collect()
}

fn actions_are_allowed(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (role, _) in resources(template, "AWS::IAM::Role") {
        for statement in statements(template, role) {
            if statement["Effect"] != "Allow"
                || !statement["NotAction"].is_null()
                || !statement["NotResource"].is_null()
            {
                found.push(finding(role, format!("a statement that is not a plain permission: {statement}")));
            }
            let known = |action: &&Value| action.as_str().is_some_and(|action| allowed_actions(role).contains(&action));
            for action in items(&statement["Action"]).into_iter().filter(|action| !known(action)) {
                found.push(finding(role, format!("it may do {action}")));
            }
        }
    }
    found
}

/// Which resource each action reaches. Exact, because a missing slash is the difference between one home and two.
fn resources_are_exact(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (role, _) in resources(template, "AWS::IAM::Role") {
        for statement in statements(template, role) {
            for action in items(&statement["Action"]).into_iter().filter_map(Value::as_str) {
                let actual: Vec<_> = items(&statement["Resource"]).into_iter().cloned().collect();
                if actual != reach(role, action, statement["Sid"].as_str()) {
                    found.push(finding(role, format!("{action} reaches {}", statement["Resource"])));
                }
            }
        }
    }
    found
}

fn reach(role: &str, action: &str, sid: Option<&str>) -> Vec<Value> {
    let sub = |text: &str| json!({ "Fn::Sub": text });
    let arn = |id: &str| json!({"Fn::GetAtt": [id, "Arn"]});
    let api = "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${TransferIdentityProviderApi}";
    match (role, action) {
        ("TransferIdentityProviderRole", "execute-api:Invoke") => vec![sub(METHOD_ARN)],
        ("TransferIdentityProviderRole", "apigateway:GET") => vec![sub(api), sub(&format!("{api}/*"))],
        ("TransferSFTPCloudWatchLogsWriteLogs", _) => vec![arn("TransferLogGroup")],
        ("IdentityProviderFunctionRole", "kms:Decrypt") if sid == Some("DecryptThisSecret") => {
            vec![sub("arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/*")]
        }
        ("IdentityProviderFunctionRole", "kms:Decrypt") => vec![arn("EncryptionKey")],
        ("IdentityProviderFunctionRole", "secretsmanager:GetSecretValue") => {
            vec![json!({"Ref": "ServiceAppSecretArn"})]
        }
        ("IdentityProviderFunctionRole", _) => vec![arn("IdentityProviderLogGroup")],
        ("UserAccessRole", "s3:ListBucket" | "s3:GetBucketLocation") => {
            vec![sub("arn:${AWS::Partition}:s3:::${BucketName}")]
        }
        ("UserAccessRole", "kms:Decrypt" | "kms:GenerateDataKey") => vec![json!({"Ref": "KmsKeyArn"})],
        ("UserAccessRole", _) => vec![sub("arn:${AWS::Partition}:s3:::${BucketName}/${UserPrefix}*")],
        _ => Vec::new(),
    }
}

/// Names below other homes are not a user's business either, and the users' key is for S3 only.
fn user_role_is_conditional(template: &Value) -> Vec<Finding> {
    let expected = |action: &str| match action {
        "s3:ListBucket" => json!({"StringLike": {"s3:prefix": {"Fn::Sub": "${UserPrefix}*"}}}),
        "kms:Decrypt" | "kms:GenerateDataKey" => {
            json!({"StringLike": {"kms:ViaService": {"Fn::Sub": "s3.*.${AWS::URLSuffix}"}}})
        }
        _ => Value::Null,
    };
    let mut found = Vec::new();
    for statement in statements(template, "UserAccessRole") {
        for action in items(&statement["Action"]).into_iter().filter_map(Value::as_str) {
            if statement["Condition"] != expected(action) {
                found.push(finding("UserAccessRole", format!("{action} has the condition {}", statement["Condition"])));
            }
        }
    }
    found
}

/// The key of the secret is not known here; what is known is the one secret that may be decrypted, and through whom.
/// And nothing of it is there where no secret is named.
fn secret_is_one_and_conditional(template: &Value) -> Vec<Finding> {
    let role = "IdentityProviderFunctionRole";
    let expected = json!({"StringEquals": {
        "kms:ViaService": {"Fn::Sub": "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"},
        "kms:EncryptionContext:SecretARN": {"Ref": "ServiceAppSecretArn"},
    }});
    let mut found = Vec::new();
    for statement in statements(template, role) {
        let any_key = statement["Resource"]["Fn::Sub"].as_str().is_some_and(|arn| arn.ends_with(":key/*"));
        if any_key && statement["Condition"] != expected {
            found.push(finding(role, format!("any key, under {}", statement["Condition"])));
        }
    }
    let policies = items(&template["Resources"][role]["Properties"]["Policies"]);
    let unconditional = policies.iter().filter(|policy| policy.to_string().contains("secretsmanager"));
    for policy in unconditional.filter(|policy| policy["Fn::If"][0] != "HasServiceAppSecret") {
        found.push(finding(role, format!("it may read a secret though none is named: {policy}")));
    }
    found
}

/// Managed policies are AWS's to widen. The one exception serves every API of the account, and is off by default.
fn no_managed_policies(template: &Value) -> Vec<Finding> {
    let push =
        json!([{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"}]);
    let mut found = Vec::new();
    for (id, role) in resources(template, "AWS::IAM::Role") {
        let managed = &role["Properties"]["ManagedPolicyArns"];
        let allowed = if id == "ApiGatewayLogRole" { *managed == push } else { managed.is_null() };
        if !allowed {
            found.push(finding(id, format!("managed policies {managed}")));
        }
    }
    found
}

/// API Gateway may call the function for the one method of the one API; or Transfer for this account's servers of this
/// Region. Never both, and nobody else at all.
fn function_permission_is_exact(template: &Value) -> Vec<Finding> {
    let expected = |condition: &str, principal: &str, source: &str| {
        json!({
            "Type": "AWS::Lambda::Permission",
            "Condition": condition,
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": {"Fn::GetAtt": ["IdentityProviderFunction", "Arn"]},
                "Principal": principal,
                "SourceAccount": {"Ref": "AWS::AccountId"},
                "SourceArn": {"Fn::Sub": source},
            },
        })
    };
    let servers = "arn:${AWS::Partition}:transfer:${AWS::Region}:${AWS::AccountId}:server/*";
    let permissions = resources(template, "AWS::Lambda::Permission");
    let mut found = Vec::new();
    if permissions.len() != 2 {
        found.push(finding("AWS::Lambda::Permission", format!("there are {}", permissions.len())));
    }
    for (id, permission) in permissions {
        let fine = match id {
            "IdentityProviderFunctionPermission" => expected("ThroughApi", "apigateway.amazonaws.com", METHOD_ARN),
            _ => expected("IsDirect", "transfer.amazonaws.com", servers),
        };
        if *permission != fine {
            found.push(finding(id, format!("it is {permission}")));
        }
    }
    for (id, _) in all_resources(template).into_iter().filter(|(_, resource)| resource["Type"] == "AWS::Lambda::Url") {
        found.push(finding(id, "the function has an address of its own"));
    }
    found
}

/// In a key policy `*` means this key. Beside the account's own administration only CloudWatch Logs is in it.
fn key_policy_is_minimal(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, key) in resources(template, "AWS::KMS::Key") {
        for statement in items(&key["Properties"]["KeyPolicy"]["Statement"]) {
            let account = json!({"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}});
            let logs = json!({"Service": {"Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}});
            let groups = items(&statement["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]);
            let bound = |group: &&Value| {
                let arn = group["Fn::Sub"].as_str().unwrap_or("*");
                arn.contains("${AWS::AccountId}") && arn.ends_with("/sftp-okta-${DeploymentName}") && !arn.contains('*')
            };
            let fine = statement["Principal"] == account
                || (statement["Principal"] == logs && groups.len() == 3 && groups.iter().all(bound));
            if !fine || entries(&statement["Condition"]).len() > 1 {
                found.push(finding(id, format!("a key policy statement too many: {statement}")));
            }
        }
        if key["Properties"]["EnableKeyRotation"] != true {
            found.push(finding(id, "the key is not rotated"));
        }
    }
    found
}

#[test]
fn the_template_holds() {
    holds(actions_are_allowed);
    holds(resources_are_exact);
    holds(user_role_is_conditional);
    holds(no_managed_policies);
    holds(function_permission_is_exact);
    holds(secret_is_one_and_conditional);
    holds(key_policy_is_minimal);
    let user = statements(&crate::document::template(), "UserAccessRole").len();
    assert_eq!(user, 4, "the rules above saw the user role's statements, the conditional one included");
}

#[test]
fn a_wider_role_is_caught() {
    let user = "/UserAccessRole/Properties/Policies/0/PolicyDocument/Statement";
    catches(actions_are_allowed, &format!("{user}/2/Action"), set(json!(["s3:*"])));
    catches(actions_are_allowed, &format!("{user}/2/Action/3"), set(json!("s3:DeleteObjectVersion")));
    catches(resources_are_exact, &format!("{user}/2/Resource"), set(json!("*")));
    let no_prefix = json!({"Fn::Sub": "arn:${AWS::Partition}:s3:::${BucketName}*"});
    catches(resources_are_exact, &format!("{user}/2/Resource"), set(no_prefix));
    catches(user_role_is_conditional, &format!("{user}/0"), without("Condition"));
    catches(user_role_is_conditional, &format!("{user}/3/Fn::If/1"), without("Condition"));
    let invocation = "/TransferIdentityProviderRolePolicy/Properties/PolicyDocument/Statement";
    catches(resources_are_exact, &format!("{invocation}/0/Resource"), set(json!("*")));
    catches(resources_are_exact, &format!("{invocation}/1/Resource"), set(json!("*")));
    catches(no_managed_policies, "/UserAccessRole/Properties", |role| {
        role["ManagedPolicyArns"] = json!([{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonS3FullAccess"}]);
    });
}

#[test]
fn a_wider_function_permission_is_caught() {
    for id in ["IdentityProviderFunctionPermission", "TransferFunctionPermission"] {
        let permission = format!("/{id}/Properties");
        catches(function_permission_is_exact, &permission, without("SourceAccount"));
        catches(function_permission_is_exact, &permission, without("SourceArn"));
        catches(function_permission_is_exact, &format!("{permission}/Principal"), set(json!("*")));
        catches(function_permission_is_exact, &format!("/{id}"), without("Condition"));
    }
    catches(function_permission_is_exact, "", |all| all["Url"] = json!({"Type": "AWS::Lambda::Url"}));
}

#[test]
fn a_wider_reach_for_secrets_is_caught() {
    let policy = "/IdentityProviderFunctionRole/Properties/Policies/1";
    let statements = format!("{policy}/Fn::If/1/PolicyDocument/Statement");
    catches(resources_are_exact, &format!("{statements}/0/Resource"), set(json!("*")));
    catches(secret_is_one_and_conditional, &format!("{statements}/1"), without("Condition"));
    let context = format!("{statements}/1/Condition/StringEquals");
    catches(secret_is_one_and_conditional, &context, without("kms:EncryptionContext:SecretARN"));
    catches(secret_is_one_and_conditional, policy, |policy| *policy = policy["Fn::If"][1].clone());
}

#[test]
fn a_wider_key_policy_is_caught() {
    let statement = "/EncryptionKey/Properties/KeyPolicy/Statement/1";
    catches(key_policy_is_minimal, statement, without("Condition"));
    catches(key_policy_is_minimal, &format!("{statement}/Principal"), set(json!("*")));
    catches(key_policy_is_minimal, "/EncryptionKey/Properties/EnableKeyRotation", set(json!(false)));
}
