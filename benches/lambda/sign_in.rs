//! Sign-ins as API Gateway sends them.

use serde_json::{Value, json};

use crate::service_app::{CLIENT_ID, KEY_ID, SECRET};

pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/sftp-user";
pub(crate) const PASSWORD: &str = "correct horse battery staple";
const PASSWORD_BASE64: &str = "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==";

/// What a sign-in takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Job {
    /// A password that Okta judges: one request.
    #[default]
    Password,
    /// The same, and the user's groups: two requests. The first sign-in also reads the service app's key and gets a token with
    /// it, which is kept.
    Groups,
    /// One request, and then 1,000 access rules that name 10,000 users. None of them means who signs in but the last.
    Rules,
}

impl Job {
    /// Requests to Okta for each sign-in.
    pub(crate) fn requests(self) -> usize {
        match self {
            Self::Password | Self::Rules => 1,
            Self::Groups => 2,
        }
    }

    /// Requests of a whole life for a token, as many to Secrets Manager as to Okta.
    pub(crate) fn once(self) -> usize {
        usize::from(self == Self::Groups)
    }

    fn access(self) -> Value {
        let everyone = json!({"home": "/{bucket}/home/{user}", "permissions": "read-write"});
        match self {
            Self::Password => json!([everyone]),
            Self::Groups => {
                json!([{"groups": ["sftp-partners"], "home": "/{bucket}/home/{user}", "permissions": "read-write"}])
            }
            Self::Rules => {
                let logins = |rule: usize| (1..10).map(move |user| format!("user-{user}-of-team-{rule:03}@acme.com"));
                let users = |rule| logins(rule).chain([format!("*-guest-of-team-{rule:03}@acme.com")]);
                let team = |rule| {
                    let users: Vec<_> = users(rule).collect();
                    let home = format!("/{{bucket}}/partner-{rule:03}/{{login}}");
                    json!({"users": users, "home": home, "permissions": "read-write"})
                };
                (0..999).map(team).chain([everyone]).collect()
            }
        }
    }
}

/// What lies beside the function in its zip.
pub(crate) fn settings(org_url: &str, job: Job) -> String {
    let mut okta = json!({"org_url": org_url, "login_domain": "acme.com"});
    if let (Job::Groups, Some(okta)) = (job, okta.as_object_mut()) {
        let app = json!({"client_id": CLIENT_ID, "key_id": KEY_ID, "private_key_secret": SECRET});
        okta.insert("service_app".to_owned(), app);
    }
    let settings = json!({"schema": 1, "okta": okta, "bucket": "acme-files", "access": job.access()});
    format!("{settings:#}\n")
}

/// Alice with the right password. Her name comes in another spelling than the canonical one.
pub(crate) fn right() -> Value {
    by("Alice%40acme.com", Some(PASSWORD_BASE64))
}

fn by(user_name: &str, password: Option<&str>) -> Value {
    let mut headers = json!({
        "Accept": "application/json",
        "Host": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
        "User-Agent": "AWSTransfer",
        "X-Amzn-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793",
        "X-Forwarded-For": "203.0.113.200",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    });
    if let (Some(headers), Some(password)) = (headers.as_object_mut(), password) {
        headers.insert("PasswordBase64".to_owned(), password.into());
    }
    let lists = headers.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), json!([value])));
    let lists: Value = lists.collect::<serde_json::Map<_, _>>().into();
    json!({
        "resource": "/servers/{serverId}/users/{username}/config",
        "path": format!("/servers/s-0123456789abcdef0/users/{user_name}/config"),
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": lists,
        "queryStringParameters": {"protocol": "SFTP", "sourceIp": "203.0.113.9"},
        "multiValueQueryStringParameters": {"protocol": ["SFTP"], "sourceIp": ["203.0.113.9"]},
        "pathParameters": {"serverId": "s-0123456789abcdef0", "username": user_name},
        "stageVariables": null,
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "httpMethod": "GET",
            "identity": {"accountId": "111122223333", "sourceIp": "203.0.113.200", "userAgent": "AWSTransfer"},
            "path": format!("/prod/servers/s-0123456789abcdef0/users/{user_name}/config"),
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1_583_349_317_135_u64,
            "resourcePath": "/servers/{serverId}/users/{username}/config",
            "stage": "prod",
        },
        "body": null,
        "isBase64Encoded": false,
    })
}

/// Sign-ins that end in different ways, each with the reason that its log line must tell.
pub(crate) fn of_all_kinds() -> Vec<(Value, &'static str)> {
    let changed = |path: &str, to: Value| {
        let mut event = right();
        if let Some(value) = event.pointer_mut(path) {
            *value = to;
        }
        event
    };
    vec![
        (right(), "ok"),
        (by("alice", Some(PASSWORD_BASE64)), "ok"),
        (by("ALICE", Some(PASSWORD_BASE64)), "ok"),
        (by("alice", Some("d3Jvbmc=")), "bad-credentials"),
        (by("mfa-user", Some(PASSWORD_BASE64)), "mfa-required"),
        (by("bob", Some(PASSWORD_BASE64)), "login-mismatch"),
        (by("alice@evil.com", Some(PASSWORD_BASE64)), "user-name-other-domain"),
        (by("alice..x", Some(PASSWORD_BASE64)), "user-name-malformed"),
        (by("al%00ice", Some(PASSWORD_BASE64)), "user-name-malformed"),
        (by("al%ice", Some(PASSWORD_BASE64)), "user-name-malformed"),
        (by("\u{430}lice\u{202e}", Some(PASSWORD_BASE64)), "user-name-malformed"),
        (by("alice", None), "key-probe"),
        (by("alice", Some("ICAg")), "password-missing"),
        (by("alice", Some("not base64")), "password-encoding"),
        (by("alice", Some("/w==")), "password-encoding"),
        (by("alice", Some(&"QUFB".repeat(400))), "password-too-long"),
        (changed("/multiValueHeaders/PasswordBase64", json!(["d3Jvbmc=", "d3Jvbmc="])), "value-repeated"),
        (changed("/multiValueQueryStringParameters/protocol", json!(["SFTP", "SFTP"])), "value-repeated"),
        (changed("/queryStringParameters/sourceIp", json!("203.0.113.8")), "value-repeated"),
        (changed("/pathParameters/serverId", json!("s-0")), "server-id-malformed"),
        (changed("/resource", json!("/")), "route-unknown"),
        (changed("/httpMethod", json!("POST")), "route-unknown"),
        (json!({}), "event-malformed"),
        (right(), "ok"),
    ]
}
