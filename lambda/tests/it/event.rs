//! Events as API Gateway sends them, and the deployment that answers them.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};
use sftp_okta_lambda::clock::Clock;
use sftp_okta_lambda::identity_provider::{IdentityProvider, Surroundings};
use sftp_okta_lambda::okta::Timing;
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

/// A whole sign-in, for a machine that is busy with something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The identity provider of a deployment whose requests to Okta may take `timeout`.
pub(crate) fn identity_provider(org_url: &str, timeout: Duration) -> IdentityProvider {
    deployed(&settings(org_url), timeout, Clock::system())
}

/// The identity provider of these settings.
pub(crate) fn deployed(settings: &str, timeout: Duration, clock: Clock) -> IdentityProvider {
    let settings = Settings::from_json(settings.as_bytes()).unwrap();
    let timing = Timing { exchange: timeout, poll: Duration::from_millis(20), reserve: timeout / 4 };
    let variable = |name: &'static str| match name {
        "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
        "AWS_SECRET_ACCESS_KEY" => Some(AWS_CANARY.to_owned()),
        "AWS_SESSION_TOKEN" => Some("session-token".to_owned()),
        "AWS_ENDPOINT_URL" => SECRETS_MANAGER.with_borrow(Clone::clone),
        "DEPLOYMENT_NAME" => Some("partners".to_owned()),
        _ => None,
    };
    let surroundings = Surroundings { variable: &variable, timing, clock };
    IdentityProvider::new(settings, RoleArn::parse(ROLE).unwrap(), surroundings).unwrap()
}

/// The key with which requests to AWS are signed. It never leaves.
pub(crate) const AWS_CANARY: &str = "Canary-aws-5d1e";

thread_local! {
    /// Where this test's Secrets Manager is.
    pub(crate) static SECRETS_MANAGER: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The answer to an event, and the line of it.
pub(crate) struct Outcome {
    /// The user configuration, `{}` if refused.
    pub(crate) body: String,
    pub(crate) log: String,
}

impl Outcome {
    pub(crate) async fn of(provider: &IdentityProvider, event: &Value, time: Duration) -> Self {
        let mut log = Vec::new();
        let answer = provider.answer(event.to_string().as_bytes(), time, &mut log).await;
        Self { body: answer.user_config(), log: String::from_utf8(log).unwrap() }
    }

    /// The reason and the detail from the log.
    pub(crate) fn reason(&self) -> String {
        [&self.line()["reason"], &self.line()["detail"]]
            .into_iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(crate) fn line(&self) -> Value {
        serde_json::from_str(&self.log).unwrap()
    }
}
