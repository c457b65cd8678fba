//! Log groups: all made by the stack, with retention and a key.

use serde_json::{Value, json};

use crate::document::{Finding, catches, finding, holds, resources, set, template, without};

const GROUP: &str = "AWS::Logs::LogGroup";

fn groups_are_encrypted_and_expire(template: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, group) in resources(template, GROUP) {
        let properties = &group["Properties"];
        if properties["RetentionInDays"] != json!({"Ref": "LogRetentionDays"}) {
            found.push(finding(id, "its lines never expire"));
        }
        if properties["KmsKeyId"] != json!({"Fn::GetAtt": ["EncryptionKey", "Arn"]}) {
            found.push(finding(id, "not encrypted with the stack's key"));
        }
        // A group that stayed behind would make the next deployment of the same name fail, and could not be read: its key is gone.
        if group["DeletionPolicy"] != "Delete" {
            found.push(finding(id, "it outlives its key"));
        }
    }
    found
}

/// The key admits groups by name: one that is not in its policy could not be made.
fn the_key_knows_every_group(template: &Value) -> Vec<Finding> {
    let key = template["Resources"]["EncryptionKey"]["Properties"]["KeyPolicy"].to_string();
    let known = |group: &Value| {
        let name = group["Properties"]["LogGroupName"]["Fn::Sub"].as_str().unwrap_or("unnamed");
        key.contains(&format!(":log-group:{name}\""))
    };
    let unknown = resources(template, GROUP).into_iter().filter(|(_, group)| !known(group));
    unknown.map(|(id, _)| finding(id, "the key's policy does not name it")).collect()
}

#[test]
fn the_template_holds() {
    holds(groups_are_encrypted_and_expire);
    holds(the_key_knows_every_group);
    assert_eq!(resources(&template(), GROUP).len(), 3, "function, server and API have a group each");
}

#[test]
fn a_plain_or_endless_group_is_caught() {
    for id in ["IdentityProviderLogGroup", "TransferLogGroup", "ApiAccessLogGroup"] {
        catches(groups_are_encrypted_and_expire, &format!("/{id}/Properties"), without("RetentionInDays"));
        catches(groups_are_encrypted_and_expire, &format!("/{id}/Properties"), without("KmsKeyId"));
        catches(groups_are_encrypted_and_expire, &format!("/{id}/DeletionPolicy"), set(json!("Retain")));
        catches(
            the_key_knows_every_group,
            &format!("/{id}/Properties/LogGroupName"),
            set(json!({"Fn::Sub": "/other"})),
        );
    }
}
