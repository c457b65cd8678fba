//! Authentication transactions: what a state token stands for, and how a transaction is written.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::directory::{Factor, Person};
use super::message::{Reply, random_id};
use crate::clock::Millis;

/// How long a state token lives; each use begins it anew.
pub(super) const LIFE: Millis = 5 * 60 * 1000;

/// Where a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// A factor is to be verified.
    MfaRequired,
    /// A factor is being verified.
    MfaChallenge {
        /// Which.
        factor: Factor,
        /// Since when.
        since: Millis,
    },
    /// A factor must be enrolled.
    MfaEnroll {
        /// Whether that may be put off.
        skip: bool,
    },
    /// The password expires soon.
    PasswordWarn,
    /// Anything else that has a state token.
    Other(&'static str),
}

/// A transaction that has a state token.
#[derive(Debug, Clone)]
pub(super) struct Transaction {
    pub(super) person: Person,
    pub(super) stage: Stage,
    pub(super) expires: Millis,
}

impl Factor {
    /// Its id, for a person.
    pub(super) fn id(self, person: &Person) -> String {
        let (prefix, kind) = match self {
            Self::Totp => ("ost", "totp"),
            Self::GoogleTotp => ("uft", "google"),
            Self::PushApproves | Self::PushRejects | Self::PushNever | Self::PushNumber => ("opf", "push"),
            Self::Sms => ("sms", "sms"),
            Self::Email => ("emf", "email"),
            Self::Question => ("ufs", "question"),
        };
        format!("{prefix}sandbox{kind}{}", person.user.replace('-', ""))
    }

    /// Whether it is verified by a push.
    pub(super) fn is_push(self) -> bool {
        matches!(self, Self::PushApproves | Self::PushRejects | Self::PushNever | Self::PushNumber)
    }

    fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Totp => ("token:software:totp", "OKTA"),
            Self::GoogleTotp => ("token:software:totp", "GOOGLE"),
            Self::PushApproves | Self::PushRejects | Self::PushNever | Self::PushNumber => ("push", "OKTA"),
            Self::Sms => ("sms", "OKTA"),
            Self::Email => ("email", "OKTA"),
            Self::Question => ("question", "OKTA"),
        }
    }

    fn written(self, person: &Person, url: &str) -> Value {
        let (kind, provider) = self.kind();
        let id = self.id(person);
        json!({
            "id": id,
            "factorType": kind,
            "provider": provider,
            "vendorName": provider,
            // Empty for Okta Verify in a transaction that is not authenticated.
            "profile": {},
            "_links": {"verify": link(&format!("{url}/api/v1/authn/factors/{id}/verify"))},
        })
    }
}

fn link(href: &str) -> Value {
    json!({"href": href, "hints": {"allow": ["POST"]}})
}

fn time_text(at: Millis) -> String {
    let seconds = i64::try_from(at / 1000).unwrap_or_default();
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default().replace('Z', ".000Z")
}

fn user(person: &Person) -> Value {
    json!({"id": person.id(), "passwordChanged": "2026-01-01T00:00:00.000Z", "profile": person.short_profile()})
}

/// `SUCCESS`, with a session token.
pub(super) fn success(person: &Person, now: Millis) -> Reply {
    Reply::json(
        200,
        &json!({
            "expiresAt": time_text(now + LIFE),
            "status": "SUCCESS",
            "sessionToken": random_id("20111"),
            "_embedded": {"user": user(person)},
        }),
    )
}

/// `LOCKED_OUT`, which has no token.
pub(super) fn locked_out(url: &str) -> Reply {
    let mut next = link(&format!("{url}/api/v1/authn/recovery/unlock"));
    if let Value::Object(next) = &mut next {
        next.insert("name".to_owned(), json!("unlock"));
    }
    Reply::json(200, &json!({"status": "LOCKED_OUT", "_embedded": {}, "_links": {"next": next}}))
}

impl Transaction {
    /// As Okta writes it. `result` is the `factorResult` of a challenge.
    pub(super) fn reply(&self, token: &str, url: &str, result: Option<&str>) -> Reply {
        let (person, at) = (&self.person, |path: &str| format!("{url}/api/v1/authn{path}"));
        let mut embedded = json!({"user": user(person)});
        let mut links = json!({"cancel": link(&at("/cancel"))});
        let put = |map: &mut Value, name: &str, value: Value| {
            if let Value::Object(map) = map {
                map.insert(name.to_owned(), value);
            }
        };
        let status = match self.stage {
            Stage::MfaRequired => {
                let factors: Vec<_> =
                    person.sample().factors.iter().map(|factor| factor.written(person, url)).collect();
                put(&mut embedded, "factors", Value::Array(factors));
                let policy = json!({"allowRememberDevice": false, "rememberDeviceLifetimeInMinutes": 0,
                    "rememberDeviceByDefault": false});
                put(&mut embedded, "policy", policy);
                "MFA_REQUIRED"
            }
            Stage::MfaChallenge { factor, .. } => {
                let mut written = factor.written(person, url);
                if factor == Factor::PushNumber {
                    put(&mut written, "_embedded", json!({"challenge": {"correctAnswer": 42}}));
                }
                put(&mut embedded, "factor", written);
                let mut next = link(&at(&format!("/factors/{}/verify", factor.id(person))));
                put(&mut next, "name", json!(if factor.is_push() { "poll" } else { "verify" }));
                put(&mut links, "next", next);
                put(&mut links, "prev", link(&at("/previous")));
                "MFA_CHALLENGE"
            }
            Stage::MfaEnroll { skip } => {
                if skip {
                    put(&mut links, "skip", link(&at("/skip")));
                }
                put(&mut embedded, "factors", json!([{"factorType": "token:software:totp", "provider": "OKTA"}]));
                "MFA_ENROLL"
            }
            Stage::PasswordWarn => {
                put(&mut links, "skip", link(&at("/skip")));
                put(&mut embedded, "policy", json!({"expiration": {"passwordExpireDays": 5}}));
                "PASSWORD_WARN"
            }
            Stage::Other(status) => status,
        };
        let mut whole = Map::new();
        whole.insert("stateToken".to_owned(), json!(token));
        whole.insert("expiresAt".to_owned(), json!(time_text(self.expires)));
        whole.insert("status".to_owned(), json!(status));
        if let Some(result) = result {
            whole.insert("factorResult".to_owned(), json!(result));
        }
        whole.insert("_embedded".to_owned(), embedded);
        whole.insert("_links".to_owned(), links);
        Reply::json(200, &Value::Object(whole))
    }
}
