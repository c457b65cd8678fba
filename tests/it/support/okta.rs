//! A small Okta org: `POST /api/v1/authn` over a table of users, and the organization probe.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::loopback::{Answer, Received, Reply, Server, at_once};

/// Where a right password leads.
#[derive(Clone, Debug)]
pub(crate) enum Transaction {
    /// Signed in, with a session token and the profile.
    Success,
    /// `SUCCESS` that does not hold what a sign-in needs: to be refused.
    SuccessWithoutToken,
    SuccessWithoutProfile,
    /// Locked, in an org that says so. Okta says it for any password.
    LockedOut,
    MfaRequired,
    MfaEnroll,
    PasswordWarn,
    PasswordExpired,
    PasswordReset,
    /// Any other state, known or not.
    Other(String),
    /// `E0000047` with the headers of an empty bucket.
    RateLimited,
    /// `E0000009`.
    InternalError,
    /// An answer that is not Okta's at all.
    Raw(u16, String),
    /// The connection ends without an answer.
    Cut,
}

/// One user of the org.
#[derive(Clone)]
struct User {
    id: String,
    login: String,
    password: String,
    transaction: Transaction,
}

impl User {
    /// A full login in any case, or the part before the `@`.
    fn is_called(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let login = self.login.to_lowercase();
        login == name || login.split('@').next() == Some(name.as_str())
    }
}

/// A request the org has got. The body holds a password: it can be compared and is never shown.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) user_agent: Option<String>,
    /// What was sent in `X-Okta-Request-Id` with the answer.
    pub(crate) request_id: String,
    body: Value,
}

impl Asked {
    /// Whether the body was exactly this.
    pub(crate) fn body_is(&self, expected: &Value) -> bool {
        self.body == *expected
    }

    /// Whether the body asked for this name with this password.
    pub(crate) fn signs_in(&self, username: &str, password: &str) -> bool {
        self.body["username"] == username && self.body["password"] == password
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} ({})", self.method, self.path, self.request_id)
    }
}

/// The org's users, before it starts.
#[derive(Clone, Default)]
pub(crate) struct Builder {
    users: Vec<User>,
}

impl Builder {
    /// Adds a user.
    pub(crate) fn user(mut self, login: &str, password: &str, transaction: Transaction) -> Self {
        self.users.push(User {
            id: format!("00u{:017}", self.users.len() + 1),
            login: login.to_owned(),
            password: password.to_owned(),
            transaction,
        });
        self
    }

    /// Starts the org on a free loopback port.
    pub(crate) fn start(self) -> Okta {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (users, record) = (Arc::new(self.users), Arc::clone(&asked));
        let server = Server::start(at_once(move |request: Received| {
            let mut asked = record.lock().unwrap();
            let request_id = format!("Zreq{:022}", asked.len() + 1);
            asked.push(Asked {
                method: request.method.to_string(),
                path: request.path().to_owned(),
                user_agent: request.header("user-agent").map(str::to_owned),
                request_id: request_id.clone(),
                body: serde_json::from_slice(&request.body).unwrap_or(Value::Null),
            });
            drop(asked);
            match answer(&users, &request) {
                Answer::Reply(reply) => Answer::Reply(reply.with("x-okta-request-id", &request_id)),
                Answer::Cut => Answer::Cut,
            }
        }));
        Okta { server, asked }
    }
}

/// A running org.
pub(crate) struct Okta {
    server: Server,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Okta {
    pub(crate) fn builder() -> Builder {
        Builder::default()
    }

    /// The org's URL, to be given as `okta.org_url`.
    pub(crate) fn org_url(&self) -> String {
        self.server.endpoint()
    }

    /// Every request so far, oldest first.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many sign-ins were asked for.
    pub(crate) fn sign_ins(&self) -> usize {
        self.asked().iter().filter(|asked| asked.path == "/api/v1/authn").count()
    }
}

/// What the org says to a request.
fn answer(users: &[User], request: &Received) -> Answer {
    match (request.method.as_str(), request.path()) {
        ("POST", "/api/v1/authn") => authn(users, &request.body),
        ("GET", "/.well-known/okta-organization") => {
            let origin = format!("http://{}", request.header("host").unwrap_or_default());
            reply(
                200,
                json!({"id": "00o1loopback", "pipeline": "idx",
                       "_links": {"organization": {"href": origin}, "alternate": null}}),
            )
        }
        _ => error(404, "E0000007", "Not found: Resource not found"),
    }
}

/// Primary authentication: the state of the transaction, or 401 for all that Okta does not tell apart.
fn authn(users: &[User], body: &[u8]) -> Answer {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return error(400, "E0000003", "The request body was not well-formed.");
    };
    let (Some(name), Some(password)) = (body["username"].as_str(), body["password"].as_str()) else {
        return error(400, "E0000001", "Api validation failed: authRequest");
    };
    let user = users.iter().find(|user| user.is_called(name));
    match user {
        Some(user) if matches!(user.transaction, Transaction::LockedOut) => state("LOCKED_OUT", json!({})),
        Some(user) if user.password == password => transaction(user),
        Some(_) | None => error(401, "E0000004", "Authentication failed"),
    }
}

/// The answer to a right password.
fn transaction(user: &User) -> Answer {
    let profile = json!({"login": user.login, "firstName": "Test", "lastName": "User",
                         "locale": "en_US", "timeZone": "America/Los_Angeles"});
    let embedded = json!({"user": {"id": user.id, "passwordChanged": "2029-06-01T00:00:00.000Z", "profile": profile}});
    let session = "00LoopbackSessionTokenLoopbackSession";
    let step = json!({"stateToken": "00LoopbackStateTokenLoopbackState", "_embedded": embedded});
    match &user.transaction {
        Transaction::Success => state("SUCCESS", json!({"sessionToken": session, "_embedded": embedded})),
        Transaction::SuccessWithoutToken => state("SUCCESS", json!({"_embedded": embedded})),
        Transaction::SuccessWithoutProfile => {
            state("SUCCESS", json!({"sessionToken": session, "_embedded": {"user": {"id": user.id}}}))
        }
        Transaction::LockedOut => state("LOCKED_OUT", json!({})),
        Transaction::MfaRequired => {
            let mut step = step;
            step["_embedded"]["factors"] = json!([{"id": "ostf1loopback", "factorType": "token:software:totp",
                "provider": "OKTA", "vendorName": "OKTA", "profile": {}}]);
            state("MFA_REQUIRED", step)
        }
        Transaction::MfaEnroll => state("MFA_ENROLL", step),
        Transaction::PasswordWarn => state("PASSWORD_WARN", step),
        Transaction::PasswordExpired => state("PASSWORD_EXPIRED", step),
        Transaction::PasswordReset => state("PASSWORD_RESET", step),
        Transaction::Other(name) => state(name, step),
        Transaction::RateLimited => {
            match error(429, "E0000047", "API call exceeded rate limit due to too many requests.") {
                Answer::Reply(reply) => Answer::Reply(reply.with("x-rate-limit-remaining", "0")),
                Answer::Cut => Answer::Cut,
            }
        }
        Transaction::InternalError => error(500, "E0000009", "Internal Server Error"),
        Transaction::Raw(status, body) => Answer::Reply(Reply::new(*status, "text/html", body.clone())),
        Transaction::Cut => Answer::Cut,
    }
}

/// A transaction in a state: always 200.
fn state(name: &str, mut members: Value) -> Answer {
    members["status"] = json!(name);
    members["expiresAt"] = json!("2099-01-02T03:04:05.000Z");
    reply(200, members)
}

/// An error in Okta's shape.
fn error(status: u16, code: &str, summary: &str) -> Answer {
    reply(
        status,
        json!({"errorCode": code, "errorSummary": summary, "errorLink": code,
               "errorId": "oaeLoopback", "errorCauses": []}),
    )
}

/// JSON with the rate-limit headers of every answer.
fn reply(status: u16, body: Value) -> Answer {
    let reply = Reply::new(status, "application/json", body.to_string())
        .with("x-rate-limit-limit", "600")
        .with("x-rate-limit-remaining", "599")
        .with("x-rate-limit-reset", "4070908800");
    Answer::Reply(reply)
}
