//! Users and groups, for a service app (Core Okta API; management OpenAPI description).

use serde_json::{Value, json};

use super::directory::Person;
use super::error::OktaError;
use super::message::{Asked, Reply};
use super::org::{Memory, Org};
use crate::clock::Millis;

/// The scope that both calls need.
const SCOPE: &str = "okta.users.read";
/// The most groups in one answer.
const PAGE: usize = 200;

/// Answers `GET /api/v1/users/{id}`.
pub(super) fn user(org: &Org, memory: &mut Memory, asked: &Asked, id: &str, now: Millis) -> Reply {
    match find(memory, asked, id, now) {
        Ok(person) => Reply::json(
            200,
            &json!({
                "id": person.id(),
                "status": person.sample().status,
                "created": "2026-01-01T00:00:00.000Z",
                "profile": person.profile(&super::token::public_key(&org.folder)),
                "_links": {"self": {"href": format!("{}/api/v1/users/{}", org.url, person.id())}},
            }),
        ),
        Err(error) => error.reply(),
    }
}

/// Answers `GET /api/v1/users/{id}/groups`, a page at a time.
pub(super) fn groups(org: &Org, memory: &mut Memory, asked: &Asked, id: &str, now: Millis) -> Reply {
    let person = match find(memory, asked, id, now) {
        Ok(person) => person,
        Err(error) => return error.reply(),
    };
    let limit = match asked.query_value("limit").map(|limit| limit.parse::<usize>()) {
        None => PAGE,
        Some(Ok(limit)) if limit > 0 => limit.min(PAGE),
        Some(_) => return OktaError::Validation.reply(),
    };
    let after = asked.query_value("after");
    let groups = person.groups();
    let start = match &after {
        None => 0,
        Some(cursor) => match groups.iter().position(|group| group.get("id").and_then(Value::as_str) == Some(cursor)) {
            Some(place) => place + 1,
            None => return OktaError::Validation.reply(),
        },
    };
    let page: Vec<_> = groups.iter().skip(start).take(limit).cloned().collect();
    let at = format!("{}/api/v1/users/{id}/groups", org.url);
    let own = after.map_or_else(|| format!("limit={limit}"), |after| format!("after={after}&limit={limit}"));
    let mut reply = Reply::json(200, &json!(page)).with("link", format!("<{at}?{own}>; rel=\"self\""));
    let last = page.last().and_then(|group| group.get("id")).and_then(Value::as_str);
    if let Some(last) = last.filter(|_| start + page.len() < groups.len()) {
        reply = reply.with("link", format!("<{at}?after={last}&limit={limit}>; rel=\"next\""));
    }
    reply
}

fn find(memory: &mut Memory, asked: &Asked, id: &str, now: Millis) -> Result<Person, OktaError> {
    let token = asked.bearer.as_deref().ok_or(OktaError::Token)?;
    let scopes = memory.access_tokens.scopes(token, now).ok_or(OktaError::Token)?;
    if !scopes.split(' ').any(|scope| scope == SCOPE) {
        return Err(OktaError::Forbidden);
    }
    let id = percent_encoding::percent_decode_str(id).decode_utf8().map_err(|_| OktaError::NotFound)?;
    Person::by_id(&id).ok_or(OktaError::NotFound)
}
