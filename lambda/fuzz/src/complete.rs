//! What a complete answer is.

use serde_json::Value;
use sftp_okta_lambda::ssh_key::PublicKey;

/// The role of every user here.
pub const ROLE: &str = "arn:aws:iam::111122223333:role/sftp-user";
/// The bucket of every home here.
pub const BUCKET: &str = "acme-files";

/// Panics unless this is a whole user configuration: the role, logical directories that stay inside the bucket, and a session
/// policy for these directories and no others.
pub fn check(user_config: &str) {
    let config: Value = serde_json::from_str(user_config).expect("a user configuration is JSON");
    let members = config.as_object().expect("an object");
    for name in members.keys() {
        let known = ["Role", "HomeDirectoryType", "HomeDirectoryDetails", "Policy", "PublicKeys"];
        assert!(known.contains(&name.as_str()), "{name}");
    }
    assert_eq!((&config["Role"], &config["HomeDirectoryType"]), (&ROLE.into(), &"LOGICAL".into()));
    let inside = |name: &str| -> Value {
        let text = config[name].as_str().unwrap_or_else(|| panic!("{name} is no text: {config}"));
        assert!(name != "Policy" || text.chars().count() <= 2048, "{text}");
        serde_json::from_str(text).unwrap_or_else(|_| panic!("{name} holds no JSON: {text}"))
    };
    let (details, policy) = (inside("HomeDirectoryDetails"), inside("Policy"));
    let mut targets: Vec<&str> = details.as_array().expect("a list").iter().map(directory).collect();
    assert!(!targets.is_empty());
    targets.sort_unstable();

    let statements = policy["Statement"].as_array().expect("statements");
    assert_eq!(statements[0]["Action"], Value::from(vec!["s3:ListBucket"]));
    assert_eq!(statements[0]["Resource"], format!("arn:aws:s3:::{BUCKET}"));
    let prefixes = statements[0]["Condition"]["StringLike"]["s3:prefix"].as_array().expect("prefixes");
    assert_eq!(prefixes.len(), 3 * targets.len());
    let mut allowed: Vec<String> =
        statements[1..].iter().flat_map(|statement| resources(&statement["Resource"])).collect();
    allowed.sort_unstable();
    assert_eq!(
        allowed,
        targets.iter().map(|target| format!("arn:aws:s3::{target}/*").replacen("::/", ":::", 1)).collect::<Vec<_>>()
    );
    if let Some(keys) = members.get("PublicKeys") {
        let keys = keys.as_array().expect("a list of keys");
        assert!(!keys.is_empty());
        assert!(keys.iter().all(|key| PublicKey::parse(key.as_str().unwrap_or_default()).is_ok()), "{keys:?}");
    }
}

fn directory(mapping: &Value) -> &str {
    let (entry, target) = (mapping["Entry"].as_str().expect("an entry"), mapping["Target"].as_str().expect("a target"));
    assert!(entry.starts_with('/') && target.starts_with(&format!("/{BUCKET}/")), "{mapping}");
    assert!(target.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | "..")), "{mapping}");
    assert!(!target.contains(['*', '?', '$', '{', '}', '\\']), "{mapping}");
    target
}

fn resources(resource: &Value) -> Vec<String> {
    match resource {
        Value::String(one) => vec![one.clone()],
        Value::Array(more) => more.iter().map(|one| one.as_str().expect("a text").to_owned()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => panic!("{resource} is no resource"),
    }
}
