//! The users' bucket: private, encrypted, reached over TLS only, and never deleted by us.

use serde_json::{Value, json};

use crate::document::{Finding, alternatives, catches, finding, holds, items, resources, set, without};

const BUCKET: &str = "AWS::S3::Bucket";
const POLICY: &str = "AWS::S3::BucketPolicy";

/// Kept with its policy: a kept bucket that lost its policy would take plain HTTP. The account-wide log role is kept, too,
/// because other APIs use it.
fn what_is_not_ours_is_retained(template: &Value) -> Vec<Finding> {
    let kinds = [BUCKET, POLICY, "AWS::ApiGateway::Account"];
    let mut kept: Vec<_> = kinds.into_iter().flat_map(|kind| resources(template, kind)).collect();
    kept.push(("ApiGatewayLogRole", &template["Resources"]["ApiGatewayLogRole"]));
    let retained =
        |resource: &Value| resource["DeletionPolicy"] == "Retain" && resource["UpdateReplacePolicy"] == "Retain";
    let lost = kept.into_iter().filter(|(_, resource)| !retained(resource));
    lost.map(|(id, _)| finding(id, "it is lost with the stack or on replacement")).collect()
}

fn bucket_is_tls_only(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, bucket) in resources(template, BUCKET) {
        let arn = json!({"Fn::GetAtt": [id, "Arn"]});
        let keys = json!({"Fn::Sub": format!("${{{id}.Arn}}/*")});
        let denies = |statement: &&Value| {
            statement["Effect"] == "Deny"
                && statement["Principal"] == "*"
                && statement["Action"] == "s3:*"
                && items(&statement["Resource"]) == [&arn, &keys]
                && statement["Condition"] == json!({"Bool": {"aws:SecureTransport": false}})
        };
        let protects = |(_, policy): &(&str, &Value)| {
            policy["Condition"] == bucket["Condition"]
                && policy["Properties"]["Bucket"] == json!({ "Ref": id })
                && items(&policy["Properties"]["PolicyDocument"]["Statement"]).iter().any(denies)
        };
        if !resources(template, POLICY).iter().any(protects) {
            found.push(finding(id, "no policy of its own denies access without TLS"));
        }
    }
    found
}

fn bucket_is_private_and_versioned(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, bucket) in resources(template, BUCKET) {
        let properties = &bucket["Properties"];
        let blocks = &properties["PublicAccessBlockConfiguration"];
        for block in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
            if blocks[block] != true {
                found.push(finding(id, format!("{block} is off")));
            }
        }
        if properties["OwnershipControls"]["Rules"] != json!([{"ObjectOwnership": "BucketOwnerEnforced"}]) {
            found.push(finding(id, "ACLs are in force"));
        }
        if properties["VersioningConfiguration"]["Status"] != "Enabled" {
            found.push(finding(id, "no versions are kept"));
        }
    }
    found
}

fn bucket_is_encrypted(template: &Value) -> Vec<Finding> {
    let kms = json!({
        "BucketKeyEnabled": true,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KmsKeyArn"}},
    });
    let own = json!({"BucketKeyEnabled": false, "ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}});
    let encrypted = |bucket: &Value| {
        let rules = items(&bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]);
        rules.into_iter().flat_map(alternatives).eq([&kms, &own])
    };
    let open = resources(template, BUCKET).into_iter().filter(|(_, bucket)| !encrypted(bucket));
    open.map(|(id, _)| finding(id, "not encrypted with the key given, or with S3's own without one")).collect()
}

#[test]
fn the_template_holds() {
    holds(what_is_not_ours_is_retained);
    holds(bucket_is_tls_only);
    holds(bucket_is_private_and_versioned);
    holds(bucket_is_encrypted);
}

#[test]
fn data_that_is_not_retained_is_caught() {
    for id in ["UserBucket", "UserBucketPolicy", "ApiGatewayAccount", "ApiGatewayLogRole"] {
        catches(what_is_not_ours_is_retained, &format!("/{id}"), without("DeletionPolicy"));
        catches(what_is_not_ours_is_retained, &format!("/{id}/UpdateReplacePolicy"), set(json!("Delete")));
    }
}

#[test]
fn access_without_tls_is_caught() {
    catches(bucket_is_tls_only, "", without("UserBucketPolicy"));
    let statement = "/UserBucketPolicy/Properties/PolicyDocument/Statement/0";
    catches(bucket_is_tls_only, &format!("{statement}/Effect"), set(json!("Allow")));
    catches(bucket_is_tls_only, &format!("{statement}/Condition/Bool/aws:SecureTransport"), set(json!(true)));
    catches(bucket_is_tls_only, &format!("{statement}/Resource/1"), set(json!("arn:x")));
    catches(bucket_is_tls_only, "/UserBucketPolicy", |policy| policy["Condition"] = json!("IsRestricted"));
}

#[test]
fn a_public_or_plain_bucket_is_caught() {
    let bucket = "/UserBucket/Properties";
    catches(bucket_is_private_and_versioned, bucket, without("PublicAccessBlockConfiguration"));
    catches(bucket_is_private_and_versioned, bucket, without("OwnershipControls"));
    catches(bucket_is_private_and_versioned, bucket, without("VersioningConfiguration"));
    catches(bucket_is_encrypted, bucket, without("BucketEncryption"));
}
