//! An Okta org of three users, which answers at once: what is measured is the function and not Okta.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::sign_in::PASSWORD;
use crate::stand_in::{StandIn, response};

/// The org; it ends with this value.
pub(crate) struct Okta {
    server: StandIn,
    requests: Arc<AtomicUsize>,
}

impl Okta {
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Requests and connections until now.
    pub(crate) fn asked(&self) -> [usize; 2] {
        [self.requests.load(Ordering::SeqCst), self.server.connections()]
    }
}

/// Alice signs in with the right password; Bob's answer is hers; a third must give a factor.
pub(crate) fn start() -> io::Result<Okta> {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let success = reply("200 OK", &success());
    let factor =
        reply("200 OK", r#"{"stateToken":"00StateExample","status":"MFA_REQUIRED","_embedded":{"factors":[]}}"#);
    let wrong = reply(
        "401 Unauthorized",
        r#"{"errorCode":"E0000004","errorSummary":"Authentication failed","errorLink":"E0000004","errorId":"oaeExample","errorCauses":[]}"#,
    );
    let server = StandIn::start(move |request| {
        count.fetch_add(1, Ordering::SeqCst);
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
    Ok(Okta { server, requests })
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
