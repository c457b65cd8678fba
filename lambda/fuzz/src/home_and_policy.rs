//! A home and its session policy. Lines: the template, one name, another name, an Okta id, a profile attribute, a KMS key.

use serde_json::{Map, Value};
use sftp_okta_lambda::access::GrantedFolder;
use sftp_okta_lambda::home::{FolderTarget, Home, HomeTemplate, Values};
use sftp_okta_lambda::permissions::Permissions;
use sftp_okta_lambda::session_policy::{LONGEST, session_policy};
use sftp_okta_lambda::user_name::UserName;

const BUCKET: &str = "acme-files";
const DOMAIN: &str = "acme.com";

/// A home never leaves its bucket, two users' homes never meet, and its policy names it and nothing else.
pub fn check(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (written, one, other, id, attribute, key) = (line(), line(), line(), line(), line(), line());
    let target = FolderTarget::parse(written);
    let Ok(template) = HomeTemplate::parse(written) else {
        assert!(target.is_err() || target.is_ok_and(|target| target.is_shared()), "{written:?}");
        return false;
    };
    assert_eq!(template.as_str(), written);
    assert!(target.is_ok_and(|target| !target.is_shared()), "{written:?}");
    let profile: Map<String, Value> =
        attribute_names(written).into_iter().map(|name| (name, attribute.into())).collect();
    let home = |name: &str, id: &str| {
        let name = UserName::parse(name, Some(DOMAIN)).ok()?;
        let values = Values { login: name.as_str(), okta_id: Some(id), profile: Some(&profile) };
        Some((name.clone(), template.home(BUCKET, &values).ok()?))
    };
    let (first, second) = (home(one, id), home(other, &format!("{id}x")));
    for (_, home) in first.iter().chain(&second) {
        check_home(home, &template);
        for permissions in Permissions::ALL {
            check_policy(home, permissions, Some(key).filter(|key| !key.is_empty()));
        }
    }
    match (first, second) {
        (Some((one, first)), Some((other, second))) => {
            assert!(one == other || !first.overlaps(&second), "{first:?} {second:?}");
            true
        }
        (Some(_), None) | (None, Some(_)) | (None, None) => false,
    }
}

/// The names of all `{profile.NAME}` in a text.
pub fn attribute_names(text: &str) -> Vec<String> {
    text.split("{profile.").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
}

fn check_home(home: &Home, template: &HomeTemplate) {
    let prefix = home.prefix();
    assert_eq!(home.target(), format!("/{BUCKET}/{prefix}"));
    for segment in prefix.split('/') {
        assert!(!matches!(segment, "" | "." | ".."), "{prefix:?}");
        assert!(segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+=@,'".contains(&b)), "{prefix:?}");
    }
    assert!(format!("{prefix}/").starts_with(&template.literal_prefix()), "{prefix:?} {template}");
    assert_eq!(prefix.split('/').count(), template.as_str().split('/').count() - 2, "{prefix:?} {template}");
    assert!(home.overlaps(home));
}

fn check_policy(home: &Home, permissions: Permissions, key: Option<&str>) {
    let folder = GrantedFolder { path: "/".to_owned(), home: home.clone(), permissions };
    let Ok(policy) = session_policy(&[folder], key, "aws") else { return };
    assert!(policy.chars().count() <= LONGEST);
    let policy: Value = serde_json::from_str(&policy).expect("a policy is JSON");
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().expect("statements");
    assert_eq!(statements.len(), if key.is_some() { 3 } else { 2 });
    let prefix = home.prefix();
    assert_eq!(statements[0]["Resource"], format!("arn:aws:s3:::{BUCKET}"));
    let listed: Value = vec![prefix.to_owned(), format!("{prefix}/"), format!("{prefix}/*")].into();
    assert_eq!(statements[0]["Condition"]["StringLike"]["s3:prefix"], listed);
    assert_eq!(statements[1]["Resource"], format!("arn:aws:s3:::{BUCKET}/{prefix}/*"));
    let actions = statements[1]["Action"].as_array().map_or(0, Vec::len);
    assert_eq!(
        actions,
        match permissions {
            Permissions::ReadOnly => 2,
            Permissions::WriteOnly => 1,
            Permissions::ReadWrite => 4,
        }
    );
    if let Some(key) = key {
        assert_eq!(statements[2]["Resource"], key);
        assert!(!key.contains(['*', '?', '$']), "{key:?}");
    }
}
