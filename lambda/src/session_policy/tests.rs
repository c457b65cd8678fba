use proptest::prelude::*;
use serde_json::Value;

use super::{SessionPolicyError, session_policy};
use crate::access::GrantedFolder;
use crate::home::{FolderTarget, Values};
use crate::permissions::Permissions;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn folder(path: &str, target: &str, permissions: Permissions) -> GrantedFolder {
    let values = Values { login: "alice", okta_id: None, profile: None };
    let home = FolderTarget::parse(&format!("/{{bucket}}/{target}")).unwrap().home("acme-files", &values).unwrap();
    GrantedFolder { path: path.to_owned(), home, permissions }
}

fn home(permissions: Permissions) -> [GrantedFolder; 1] {
    [folder("/", "home/{login}", permissions)]
}

fn folders() -> [GrantedFolder; 3] {
    [
        folder("/in", "partners/{login}/in", Permissions::WriteOnly),
        folder("/out", "partners/{login}/out", Permissions::ReadOnly),
        folder("/lists", "shared/lists", Permissions::ReadOnly),
    ]
}

/// One statement a line.
fn statements(folders: &[GrantedFolder], key: Option<&str>) -> String {
    let policy: Value = serde_json::from_str(&session_policy(folders, key, "aws").unwrap()).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().unwrap().iter().map(ToString::to_string);
    statements.collect::<Vec<_>>().join("\n")
}

#[test]
fn read_write() {
    insta::assert_snapshot!(statements(&home(Permissions::ReadWrite), None));
}

#[test]
fn read_only() {
    insta::assert_snapshot!(statements(&home(Permissions::ReadOnly), Some(KEY)));
}

#[test]
fn write_only() {
    insta::assert_snapshot!(statements(&home(Permissions::WriteOnly), Some(KEY)));
}

#[test]
fn several_folders() {
    insta::assert_snapshot!(statements(&folders(), Some(KEY)));
}

#[test]
fn every_partition() {
    for partition in ["aws", "aws-cn", "aws-us-gov", "aws-eusc"] {
        let policy = session_policy(&folders(), None, partition).unwrap();
        assert_eq!(policy.matches("arn:").count(), policy.matches(&format!("arn:{partition}:")).count());
    }
}

#[test]
fn too_long_is_refused_and_not_dropped() {
    let long = ["x".repeat(200), "y".repeat(200), "z".repeat(200)].join("/");
    let policy = session_policy(&[folder("/", &long, Permissions::ReadWrite)], None, "aws");
    assert_eq!(policy, Err(SessionPolicyError::TooLong));
}

#[test]
fn wildcards_never_reach_it() {
    for bad in ["*", "a?", "$x", "{", "}"] {
        let of_partition = session_policy(&home(Permissions::ReadOnly), None, bad);
        let of_key = session_policy(&home(Permissions::ReadOnly), Some(bad), "aws");
        assert_eq!((of_partition, of_key), (Err(SessionPolicyError::Wildcard), Err(SessionPolicyError::Wildcard)));
    }
}

#[test]
fn there_is_none_of_nothing() {
    assert_eq!(session_policy(&[], Some(KEY), "aws"), Err(SessionPolicyError::Unwritable));
}

/// What IAM would say: whether a policy of this module's allows the action on the key, or listing with the prefix.
///
/// Stars stand for any characters; every other character for itself.
fn allows(policy: &Value, action: &str, key: &str) -> bool {
    let texts = |value: &Value| match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            panic!("neither a text nor a list: {value}")
        }
    };
    let fits = |pattern: &str, text: &str| match pattern.strip_suffix('*') {
        Some(start) => text.starts_with(start),
        None => pattern == text,
    };
    let is_list = action == "s3:ListBucket";
    let resource =
        if is_list { "arn:aws:s3:::acme-files".to_owned() } else { format!("arn:aws:s3:::acme-files/{key}") };
    policy["Statement"].as_array().unwrap().iter().any(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        let is_meant = texts(&statement["Action"]).iter().any(|given| given == action)
            && texts(&statement["Resource"]).iter().any(|given| fits(given, &resource));
        is_meant
            && (!is_list
                || texts(&statement["Condition"]["StringLike"]["s3:prefix"]).iter().any(|given| fits(given, key)))
    })
}

/// Which of list, get, get a version, put and delete are allowed on this key, a letter each.
fn rights(policy: &Value, key: &str) -> String {
    let actions = [
        ('l', "s3:ListBucket"),
        ('g', "s3:GetObject"),
        ('v', "s3:GetObjectVersion"),
        ('p', "s3:PutObject"),
        ('d', "s3:DeleteObject"),
    ];
    actions.into_iter().filter(|(_, action)| allows(policy, action, key)).map(|(letter, _)| letter).collect()
}

fn rights_of(permissions: Permissions) -> &'static str {
    match permissions {
        Permissions::ReadOnly => "lgv",
        Permissions::WriteOnly => "lp",
        Permissions::ReadWrite => "lgvpd",
    }
}

#[test]
fn what_each_allows() {
    let told = |folders: &[GrantedFolder], keys: &[&str]| {
        let policy = serde_json::from_str(&session_policy(folders, None, "aws").unwrap()).unwrap();
        let told = |key: &&str| {
            format!(
                "{key:?} {}",
                Some(rights(&policy, key)).filter(|it| !it.is_empty()).unwrap_or("nothing".to_owned())
            )
        };
        keys.iter().map(told).collect::<Vec<_>>().join("\n")
    };
    let keys = ["", "home", "home/", "home/alic", "home/alice/", "home/alice/x/y", "home/alice2/x", "home/bob/x", "x"];
    insta::assert_snapshot!(told(&home(Permissions::ReadWrite), &keys), @r#"
    "" nothing
    "home" nothing
    "home/" nothing
    "home/alic" nothing
    "home/alice/" lgvpd
    "home/alice/x/y" lgvpd
    "home/alice2/x" nothing
    "home/bob/x" nothing
    "x" nothing
    "#);
    let keys = [
        "",
        "partners/alice/",
        "partners/alice/x",
        "partners/alice/in/x",
        "partners/alice/out/x",
        "partners/bob/in/x",
        "shared/lists/x",
        "shared/lists2/x",
        "shared/x",
    ];
    insta::assert_snapshot!(told(&folders(), &keys), @r#"
    "" nothing
    "partners/alice/" nothing
    "partners/alice/x" nothing
    "partners/alice/in/x" lp
    "partners/alice/out/x" lgv
    "partners/bob/in/x" nothing
    "shared/lists/x" lgv
    "shared/lists2/x" nothing
    "shared/x" nothing
    "#);
}

fn permissions() -> impl Strategy<Value = Permissions> {
    prop::sample::select(Permissions::ALL.to_vec())
}

proptest! {
    /// Inside each folder exactly its own rights, outside of all nothing.
    #[test]
    fn no_more_and_no_less(given in prop::collection::btree_map("[ab]{1,2}(/[ab]{1,2})?", permissions(), 1..4), at in "[ab/]{0,6}") {
        let folders: Vec<_> = given.iter().map(|(target, permissions)| folder("/x", target, *permissions)).collect();
        let is_apart = folders.iter().enumerate().all(|(at, one)| {
            folders.iter().take(at).all(|other| one.permissions == other.permissions || !one.home.overlaps(&other.home))
        });
        prop_assume!(is_apart);
        let policy = serde_json::from_str(&session_policy(&folders, Some(KEY), "aws").unwrap()).unwrap();
        let holder = given.iter().find(|(target, _)| at.starts_with(&format!("{target}/")));
        match holder {
            Some((_, permissions)) => prop_assert_eq!(rights(&policy, &at), rights_of(*permissions)),
            // The folder itself may be listed.
            None => prop_assert_eq!(rights(&policy, &at), if given.contains_key(&at) { "l" } else { "" }),
        }
    }
}
