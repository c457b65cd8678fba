//! Events as API Gateway sends them, and the deployment that answers them.

use std::time::Duration;

use serde_json::{Value, json};
use sftp_okta_lambda::identity_provider::IdentityProvider;
use sftp_okta_lambda::settings::Settings;
use sftp_okta_lambda::user_config::RoleArn;

/// A password that must never be seen again. It is none that a filter would drop by its look.
pub(crate) const CANARY: &str = "Canary-7f3a9c-hunter2";
pub(crate) const CANARY_BASE64: &str = "Q2FuYXJ5LTdmM2E5Yy1odW50ZXIy";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/sftp-user";

/// A sign-in of alice with the canary as password.
pub(crate) fn event() -> Value {
    json!({
        "resource": "/servers/{serverId}/users/{username}/config",
        "path": "/servers/s-0123456789abcdef0/users/alice/config",
        "httpMethod": "GET",
        "headers": {"PasswordBase64": CANARY_BASE64, "Password": CANARY},
        "multiValueHeaders": {"PasswordBase64": [CANARY_BASE64], "Password": [CANARY]},
        "queryStringParameters": {"protocol": "SFTP", "sourceIp": "203.0.113.9"},
        "multiValueQueryStringParameters": {"protocol": ["SFTP"], "sourceIp": ["203.0.113.9"]},
        "pathParameters": {"serverId": "s-0123456789abcdef0", "username": "alice"},
        "requestContext": {"stage": "prod"},
        "body": null,
        "isBase64Encoded": false,
    })
}

/// What Okta answers when all is well.
pub(crate) fn success() -> String {
    json!({
        "expiresAt": "2030-01-02T03:04:05.000Z",
        "status": "SUCCESS",
        "sessionToken": "00TokenExample",
        "_embedded": {"user": {"id": "00u1example", "profile": {"login": "Alice@Acme.com", "firstName": "Alice"}}},
    })
    .to_string()
}

pub(crate) fn settings(org_url: &str) -> String {
    json!({
        "schema": 1,
        "okta": {"org_url": org_url, "login_domain": "acme.com"},
        "bucket": "acme-files",
        "access": [{"home": "/{bucket}/home/{user}", "permissions": "read-write"}],
    })
    .to_string()
}

pub(crate) fn identity_provider(org_url: &str, timeout: Duration) -> IdentityProvider {
    let settings = Settings::from_json(settings(org_url).as_bytes()).unwrap();
    IdentityProvider::new(settings, RoleArn::parse(ROLE).unwrap(), timeout).unwrap()
}
