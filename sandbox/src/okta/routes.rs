//! Which path leads where, and the rate limit of all of them.

use hyper::Method;
use serde_json::{Value, json};

use super::error::OktaError;
use super::message::{Asked, Reply, random_id};
use super::org::{Memory, Org};
use super::rate_limit::{self, Bucket};
use super::{authn, factors, token, users_api};
use crate::clock::Millis;

/// Which of the org's calls a path is.
enum Call<'a> {
    Authn,
    Verify(&'a str),
    Cancel,
    Skip,
    Previous,
    Organization,
    Token,
    User(&'a str),
    Groups(&'a str),
}

impl<'a> Call<'a> {
    fn of(path: &'a str) -> Option<Self> {
        Some(match path {
            "/api/v1/authn" => Self::Authn,
            "/api/v1/authn/cancel" => Self::Cancel,
            "/api/v1/authn/skip" => Self::Skip,
            "/api/v1/authn/previous" => Self::Previous,
            "/.well-known/okta-organization" => Self::Organization,
            "/oauth2/v1/token" => Self::Token,
            _ => {
                if let Some(rest) = path.strip_prefix("/api/v1/authn/factors/") {
                    return rest.strip_suffix("/verify").filter(|id| is_segment(id)).map(Self::Verify);
                }
                let rest = path.strip_prefix("/api/v1/users/")?;
                match rest.strip_suffix("/groups") {
                    Some(id) if is_segment(id) => Self::Groups(id),
                    None if is_segment(rest) => Self::User(rest),
                    Some(_) | None => return None,
                }
            }
        })
    }

    fn method(&self) -> Method {
        match self {
            Self::Authn | Self::Verify(_) | Self::Cancel | Self::Skip | Self::Previous | Self::Token => Method::POST,
            Self::Organization | Self::User(_) | Self::Groups(_) => Method::GET,
        }
    }

    /// The bucket that the call is counted in.
    fn bucket(&self) -> &'static str {
        match self {
            Self::Authn => "/api/v1/authn",
            Self::Verify(_) | Self::Cancel | Self::Skip | Self::Previous => "/api/v1/authn/factors",
            Self::Organization => "/.well-known",
            Self::Token => "/oauth2/v1/token",
            Self::User(_) | Self::Groups(_) => "/api/v1/users",
        }
    }
}

fn is_segment(id: &str) -> bool {
    !id.is_empty() && !id.contains('/')
}

/// Answers a request. Every answer has a request id and the headers of its bucket.
pub(super) fn answer(org: &Org, asked: &Asked, now: Millis) -> Reply {
    let mut memory = org.memory();
    let call = Call::of(&asked.path);
    let kind = call.as_ref().map_or("other", Call::bucket);
    let whole = memory.limits.org(kind, rate_limit::ORG, now);
    let (reply, bucket) = match call {
        _ if whole.is_over => (OktaError::RateLimit.reply(), whole),
        None => (OktaError::NotFound.reply(), whole),
        Some(call) if call.method() != asked.method => (OktaError::Method.reply(), whole),
        Some(call) => respond(org, &mut memory, &call, asked, now, whole),
    };
    reply
        .with("x-okta-request-id", random_id("Z"))
        .with("x-rate-limit-limit", bucket.limit)
        .with("x-rate-limit-remaining", bucket.remaining)
        .with("x-rate-limit-reset", bucket.reset)
}

/// The reply, and the bucket that its call was counted in.
fn respond(
    org: &Org,
    memory: &mut Memory,
    call: &Call<'_>,
    asked: &Asked,
    now: Millis,
    whole: Bucket,
) -> (Reply, Bucket) {
    let body = || {
        let body = serde_json::from_slice::<Value>(&asked.body).ok();
        body.filter(Value::is_object).ok_or_else(|| OktaError::NotJson.reply())
    };
    let reply = match call {
        Call::Organization => Ok(organization(org)),
        Call::Token => Ok(token::answer(org, memory, asked, now)),
        Call::User(id) => Ok(users_api::user(org, memory, asked, id, now)),
        Call::Groups(id) => Ok(users_api::groups(org, memory, asked, id, now)),
        Call::Verify(factor) => body().map(|body| factors::verify(org, memory, factor, &body, now)),
        Call::Cancel => body().map(|body| authn::cancel(memory, &body, now)),
        Call::Skip => body().map(|body| authn::skip(memory, &body, now)),
        Call::Previous => body().map(|body| authn::previous(org, memory, &body, now)),
        Call::Authn => match body() {
            Ok(body) => {
                let (reply, bucket) = authn::primary(org, memory, &body, now);
                return (reply, bucket.unwrap_or(whole));
            }
            Err(reply) => Err(reply),
        },
    };
    (reply.unwrap_or_else(|refusal| refusal), whole)
}

fn organization(org: &Org) -> Reply {
    Reply::json(
        200,
        &json!({
            "id": "00osandbox",
            "pipeline": "idx",
            "settings": {"analyticsCollectionEnabled": false, "bugReportingEnabled": false, "omEnabled": false},
            "_links": {"organization": {"href": org.url}},
        }),
    )
}
