//! An Okta org of three users and a Secrets Manager, which answer at once: what is measured is the function and not these.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::service_app::{KEY, asks_for_secret, asks_for_token};
use crate::sign_in::PASSWORD;
use crate::stand_in::{StandIn, response};

/// The org; it ends with this value.
pub(crate) struct Okta {
    server: StandIn,
    secrets_manager: StandIn,
    requests: Arc<AtomicUsize>,
    secrets: Arc<AtomicUsize>,
}

/// The service app's token.
const TOKEN: &str = "example-access-token";

impl Okta {
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Where the service app's key is.
    pub(crate) fn secrets_manager_url(&self) -> String {
        self.secrets_manager.url()
    }

    /// Until now: requests and connections to Okta, and requests to Secrets Manager.
    pub(crate) fn asked(&self) -> [usize; 3] {
        let count = |counted: &AtomicUsize| counted.load(Ordering::SeqCst);
        [count(&self.requests), self.server.connections(), count(&self.secrets)]
    }
}

/// Alice signs in with the right password; Bob's answer is hers; a third must give a factor. Secret, token and groups are
/// only for who proves to be the service app.
pub(crate) fn start() -> io::Result<Okta> {
    let requests = Arc::new(AtomicUsize::new(0));
    let secrets = Arc::new(AtomicUsize::new(0));
    let (count, count_secrets) = (Arc::clone(&requests), Arc::clone(&secrets));
    let success = reply("200 OK", &success());
    let factor =
        reply("200 OK", r#"{"stateToken":"00StateExample","status":"MFA_REQUIRED","_embedded":{"factors":[]}}"#);
    let wrong = reply(
        "401 Unauthorized",
        r#"{"errorCode":"E0000004","errorSummary":"Authentication failed","errorLink":"E0000004","errorId":"oaeExample","errorCauses":[]}"#,
    );
    let groups = reply("200 OK", &groups());
    let token = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN, "scope": "okta.users.read"});
    let token = reply("200 OK", &token.to_string());
    let secret = reply("200 OK", &json!({"SecretString": KEY}).to_string());
    let secrets_manager = StandIn::start(move |request| {
        count_secrets.fetch_add(1, Ordering::SeqCst);
        Some(if asks_for_secret(request) { secret.clone() } else { response("400 Bad Request", "", "{}") })
    })?;
    let server = StandIn::start(move |request| {
        count.fetch_add(1, Ordering::SeqCst);
        if request.line.starts_with("GET /api/v1/users/00u1example/groups ") {
            let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
            return Some(if bearer == Some(TOKEN) { groups.clone() } else { wrong.clone() });
        }
        if request.line.starts_with("POST /oauth2/v1/token ") {
            return Some(if asks_for_token(request) { token.clone() } else { wrong.clone() });
        }
        let body = String::from_utf8_lossy(&request.body);
        let known = request.line.starts_with("POST /api/v1/authn ") && body.contains(PASSWORD);
        Some(if !known {
            wrong.clone()
        } else if body.contains("mfa-user") {
            factor.clone()
        } else {
            success.clone()
        })
    })?;
    Ok(Okta { server, secrets_manager, requests, secrets })
}

/// With the headers that Okta documents; a real answer has about twice as many.
fn reply(status: &str, body: &str) -> Vec<u8> {
    let headers = "Date: Mon, 23 Nov 2026 12:00:00 GMT\r\n\
        Server: nginx\r\n\
        Content-Type: application/json\r\n\
        X-Okta-Request-Id: Zk1xRequestExample\r\n\
        X-Rate-Limit-Limit: 600\r\n\
        X-Rate-Limit-Remaining: 599\r\n\
        X-Rate-Limit-Reset: 1893456000\r\n\
        Cache-Control: no-cache, no-store\r\n\
        Strict-Transport-Security: max-age=315360000\r\n";
    response(status, headers, body)
}

fn success() -> String {
    json!({
        "expiresAt": "2030-01-02T03:04:05.000Z",
        "status": "SUCCESS",
        "sessionToken": "00TokenExample",
        "_embedded": {"user": {
            "id": "00u1example",
            "passwordChanged": "2026-01-02T03:04:05.000Z",
            "profile": {
                "login": "Alice@Acme.com",
                "firstName": "Alice",
                "lastName": "Example",
                "locale": "en_US",
                "timeZone": "America/Los_Angeles",
            },
        }},
        "_links": {"cancel": {
            "href": "https://acme.okta.com/api/v1/authn/cancel",
            "hints": {"allow": ["POST"]},
        }},
    })
    .to_string()
}

/// The ten groups of Alice, as long as Okta tells them.
fn groups() -> String {
    let names = ["Everyone", "sftp-partners"].map(str::to_owned).into_iter();
    let groups = names.chain((2..10).map(|number| format!("team-{number}"))).map(|name| {
        json!({
            "id": format!("00g{name}"),
            "created": "2026-01-02T03:04:05.000Z",
            "lastUpdated": "2026-01-02T03:04:05.000Z",
            "lastMembershipUpdated": "2026-01-02T03:04:05.000Z",
            "objectClass": ["okta:user_group"],
            "type": "OKTA_GROUP",
            "profile": {"name": name, "description": null},
            "_links": {
                "logo": [{"name": "medium", "href": "https://acme.okta.com/img/logo.png", "type": "image/png"}],
                "users": {"href": format!("https://acme.okta.com/api/v1/groups/00g{name}/users")},
                "apps": {"href": format!("https://acme.okta.com/api/v1/groups/00g{name}/apps")},
            },
        })
    });
    groups.collect::<serde_json::Value>().to_string()
}
