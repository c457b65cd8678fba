use serde_json::{Value, json};

use super::{Settings, SettingsError};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/// Settings in which everything is used.
fn full() -> Value {
    json!({
        "schema": 1,
        "okta": {
            "org_url": "https://acme.okta.com",
            "login_domain": "acme.com",
            "mfa": "auto",
            "mfa_methods": ["totp", "push"],
            "service_app": {
                "client_id": "0oa1", "key_id": "k1",
                "private_key_secret": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta-AbCdEf"
            },
            "ssh_keys_attribute": "sftpPublicKeys",
            "forward_source_ip": true,
            "aliases": {"alice-plus@acme.com": "Alice+sftp@acme.com"}
        },
        "authentication": "public-key-or-password",
        "bucket": "acme-files",
        "kms_key_arn": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
        "access": [
            {"users": ["bob@acme.com", "alice+sftp@acme.com"], "home": "/{bucket}/staff/{login}", "permissions": "read-write", "ssh_keys": [KEY]},
            {"groups": ["sftp-partners"], "permissions": "read-only", "allow_from": ["203.0.113.0/24"], "folders": [
                {"path": "/in", "target": "/{bucket}/partners/{login}/in", "permissions": "write-only"},
                {"path": "/out", "target": "/{bucket}/partners/{login}/out"},
                {"path": "/team", "target": "/{bucket}/teams/{profile.team}"},
                {"path": "/lists", "target": "/{bucket}/staff"}
            ]},
            {"home": "/{bucket}/home/{user}", "permissions": "read-write"}
        ]
    })
}

fn check(settings: &Value) -> Result<Settings, SettingsError> {
    Settings::from_json(settings.to_string().as_bytes())
}

#[test]
fn everything_at_once_is_sound() {
    let settings = check(&full());
    assert_eq!(
        settings.as_ref().map(Settings::to_json).map(|text| check(&serde_json::from_str(&text).unwrap())),
        Ok(settings.clone())
    );
    assert!(settings.is_ok_and(|settings| settings.access.len() == 3));
}

/// Changes the value at this place, or adds it there.
fn set(settings: &mut Value, at: &str, value: &Value) {
    let (parent, key) = at.rsplit_once('/').unwrap();
    let parent = settings.pointer_mut(parent).unwrap();
    match key.parse::<usize>() {
        Ok(at) => parent[at] = value.clone(),
        Err(_) => parent[key] = value.clone(),
    }
}

/// Each is the full settings with other values at some places.
#[test]
fn refused_with_a_remedy() {
    let without_app = json!(null);
    let long = |length: usize| format!("/{{bucket}}/{}/{{login}}", "x".repeat(length));
    let rule = |home: &str| json!({"home": home, "permissions": "read-only"});
    let cases: Vec<Vec<(&str, Value)>> = vec![
        vec![("/access", json!([]))],
        vec![("/okta/mfa_methods", json!([]))],
        vec![("/kms_key_arn", json!("arn:aws:kms:*:111122223333:key/*"))],
        vec![("/kms_key_arn", json!("arn:aws:kms:eu-west-1:111122223333:alias/x"))],
        vec![("/kms_key_arn", json!(""))],
        // Aliases.
        vec![("/okta/aliases", json!({"Alice@acme.com": "a+b@acme.com"}))],
        vec![("/okta/aliases", json!({"alice": "a+b@acme.com"}))],
        vec![("/okta/aliases", json!({"alice@other.com": "a+b@acme.com"}))],
        vec![("/okta/aliases", json!({"alice@acme.com": "a/b@acme.com"}))],
        vec![("/okta/aliases", json!({"alice@acme.com": "../b@acme.com"}))],
        vec![("/okta/aliases", json!({"alice@acme.com": "a@b@acme.com"}))],
        vec![("/okta/aliases", json!({"alice@acme.com": ""}))],
        vec![("/okta/aliases", json!({"alice@acme.com": "a+b@other.com"}))],
        // What needs the service app.
        vec![("/okta/service_app", without_app.clone())],
        vec![
            ("/okta/service_app", without_app.clone()),
            ("/access", json!([rule("/{bucket}/{profile.team}/{login}")])),
        ],
        vec![("/okta/service_app", without_app.clone()), ("/access", json!([rule("/{bucket}/{login}")]))],
        vec![
            ("/okta/service_app", without_app),
            ("/okta/ssh_keys_attribute", json!(null)),
            (
                "/access",
                json!([{"users": ["bob@acme.com"], "home": "/{bucket}/{login}", "permissions": "read-only", "ssh_keys": [KEY]}]),
            ),
        ],
        // Keys.
        vec![("/okta/ssh_keys_attribute", json!(null)), ("/access", json!([rule("/{bucket}/{login}")]))],
        vec![("/okta/ssh_keys_attribute", json!("profile.keys"))],
        vec![("/authentication", json!("password"))],
        vec![("/authentication", json!("password")), ("/okta/ssh_keys_attribute", json!(null))],
        vec![("/access/0/users", json!([]))],
        vec![("/access/0/users", json!(["bob@acme.com", "*@acme.com"]))],
        vec![("/access/0/ssh_keys", json!(vec![KEY; 51]))],
        // Rules.
        vec![("/access/0/users/0", json!("bob"))],
        vec![("/access/0/users/0", json!("bob@other.com"))],
        vec![("/access/0/users/0", json!("bob+x@acme.com"))],
        vec![("/access/0/users/0", json!("alice-plus@acme.com"))],
        vec![("/access/1/groups/0", json!(" "))],
        vec![("/access/0/home", json!(null))],
        vec![("/access/1/home", json!("/{bucket}/h/{login}"))],
        vec![
            ("/okta/login_domain", json!(null)),
            ("/access/0/users", json!(["bob", "alice+sftp@acme.com"])),
            ("/okta/aliases", json!({})),
        ],
        vec![
            ("/okta/login_domain", json!(null)),
            ("/okta/aliases", json!({})),
            ("/access", json!([rule("/{bucket}/{user}")])),
        ],
        vec![("/access/1/folders/0/path", json!("/out"))],
        vec![("/access/1/folders/0/path", json!("/out/sub"))],
        vec![("/access/1/folders/0/path", json!("/"))],
        vec![("/access/1/folders/0/path", json!("in"))],
        vec![("/access/1/folders/0/target", json!("/{bucket}/partners/{login}"))],
        vec![("/access/1/folders/0/target", json!("/elsewhere/{login}"))],
        vec![("/access/2/home", json!(long(390)))],
        vec![("/access/2/home", json!(long(1000)))],
        // Homes of different users.
        vec![("/access/2/home", json!("/{bucket}/partners/{user}"))],
        vec![("/access/2/home", json!("/{bucket}/{user}"))],
        vec![("/access/2/home", json!("/{bucket}/{profile.team}/{user}"))],
        vec![("/access/1/folders/2/target", json!("/{bucket}/home/{profile.team}"))],
    ];
    let refused: Vec<String> = cases
        .into_iter()
        .map(|changes| {
            let mut settings = full();
            for (at, value) in &changes {
                set(&mut settings, at, value);
            }
            let told: Vec<_> = changes.iter().map(|(at, value)| format!("{at} = {value}")).collect();
            let outcome = check(&settings).map_or_else(|error| error.to_string(), |_| "ACCEPTED".to_owned());
            format!("{}\n    {outcome}", told.join(", "))
        })
        .map(|text| text.replace(&"x".repeat(1000), "xxx").replace(&"x".repeat(390), "xxx"))
        .collect();
    let refused = refused.join("\n").replace(&format!("\"{KEY}\",").repeat(50), "…");
    assert!(!refused.contains("ACCEPTED"), "{refused}");
    insta::assert_snapshot!(refused);
}

/// Folders that are shared on purpose, and homes that cannot meet.
#[test]
fn accepted() {
    for changes in [
        // Partners' own folders, all of them seen by staff.
        vec![(
            "/access/2",
            json!({"permissions": "read-write", "folders": [
                {"path": "/partners", "target": "/{bucket}/partners"},
                {"path": "/mine", "target": "/{bucket}/home/{user}"}
            ]}),
        )],
        vec![
            ("/access/1/folders/0/target", json!("/{bucket}/partners/{login}/out")),
            ("/access/1/folders/0/permissions", json!("read-only")),
        ],
        vec![("/access/2/home", json!("/{bucket}/staff/{login}"))],
        // All logins end in @acme.com, so nobody is called staff.
        vec![("/access/2/home", json!("/{bucket}/{login}"))],
        vec![("/access/1/folders", json!([{"path": "/", "target": "/{bucket}/shared"}]))],
        vec![("/okta/mfa", json!("off")), ("/okta/mfa_methods", json!([]))],
        vec![
            ("/okta/service_app", json!(null)),
            ("/okta/ssh_keys_attribute", json!(null)),
            ("/authentication", json!("password")),
            ("/access", json!([{"users": ["*@acme.com"], "home": "/{bucket}/{okta_id}", "permissions": "read-only"}])),
        ],
    ] {
        let mut settings = full();
        for (at, value) in &changes {
            set(&mut settings, at, value);
        }
        assert_eq!(check(&settings).err(), None, "{changes:?}");
    }
}
