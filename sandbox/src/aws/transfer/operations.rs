//! The operations: what each does to the servers there are, and what it answers.

use std::sync::Arc;

use serde_json::{Value, json};

use super::constraint::{invalid, violated};
use super::{Server, ServerState, endpoint, host_key, life, model, roles, security_policy};
use crate::ACCOUNT;
use crate::aws::wire::{Call, Refusal};
use crate::state::{State, World};

/// The most rows a page holds.
const PAGE: usize = 1000;

/// Answers every call but TestIdentityProvider. Operations without output answer with null.
pub(super) fn answer(world: &Arc<World>, call: &Call, input: &Value) -> Result<Value, Refusal> {
    match call.action.as_str() {
        "CreateServer" => create(world, call, input),
        "DescribeServer" => read(world, input, |server| json!({"Server": server.shown()})),
        "ListServers" => list(world, &call.region, input),
        "UpdateServer" => update(world, input),
        "StartServer" => start_or_stop(world, input, ServerState::after_start),
        "StopServer" => start_or_stop(world, input, ServerState::after_stop),
        "DeleteServer" => delete(world, input),
        "TagResource" => {
            let tags = model::tags(input.get("Tags"))?;
            change_tagged(world, input, |server| server.tags.extend(tags))
        }
        "UntagResource" => {
            let keys = input.get("TagKeys").and_then(Value::as_array).cloned().unwrap_or_default();
            change_tagged(world, input, |server| server.tags.retain(|key, _| !keys.contains(&json!(key))))
        }
        "ListTagsForResource" => world.read(|state| {
            let server = by_arn(state, input)?;
            Ok(json!({"Arn": server.arn, "Tags": server.shown_tags()}))
        }),
        "ListSecurityPolicies" => page(input, "SecurityPolicyNames", security_policy::names()),
        "DescribeSecurityPolicy" => security_policy::describe(text(input, "SecurityPolicyName")),
        "ImportHostKey" => import_host_key(world, input),
        "ListHostKeys" => {
            let rows = world.read(|state| {
                let server = by_id(state, input)?;
                Ok::<_, Refusal>(server.host_keys.iter().map(|key| server.host_key_row(key)).collect())
            })?;
            let mut answer = page(input, "HostKeys", rows)?;
            if let Some(members) = answer.as_object_mut() {
                members.insert("ServerId".to_owned(), json!(text(input, "ServerId")));
            }
            Ok(answer)
        }
        "DescribeHostKey" => world.read(|state| {
            let server = by_id(state, input)?;
            let wanted = text(input, "HostKeyId");
            let key = server.host_keys.iter().find(|key| key.id == wanted);
            let key = key.ok_or_else(|| not_found("Unknown host key", wanted, "HostKey"))?;
            Ok(json!({"HostKey": server.host_key_shown(key)}))
        }),
        unknown => Err(Refusal::new("UnknownOperationException", format!("Unknown operation {unknown}"))),
    }
}

fn create(world: &Arc<World>, call: &Call, input: &Value) -> Result<Value, Refusal> {
    model::check_members(input)?;
    let mut description = model::defaults();
    model::apply(&mut description, input);
    model::check_whole(input, &description, true)?;
    let tags = model::tags(input.get("Tags"))?;
    let id = format!("s-{}", digits());
    let region = call.region.clone();
    let arn = format!("arn:{}:transfer:{region}:{ACCOUNT}:server/{id}", call.partition());
    world.read(|state| roles::check(&state.resources, &description, &arn))?;
    let key = match input.get("HostKey").and_then(Value::as_str) {
        Some(given) => host_key::parse(given)?,
        None => host_key::generate()?,
    };
    host_key::keep(world.folder(), &id, &key)?;
    let host_keys = vec![host_key::describe(&key, "")];
    let state = ServerState::Starting;
    let server = Server { id: id.clone(), arn, region, state, turn: 0, description, tags, host_keys };
    world.change(|state| state.servers.servers.insert(id.clone(), server));
    life::go_on(world, &id);
    Ok(json!({"ServerId": id}))
}

fn update(world: &Arc<World>, input: &Value) -> Result<Value, Refusal> {
    model::check_members(input)?;
    let key = input.get("HostKey").and_then(Value::as_str).map(host_key::parse).transpose()?;
    let id = world.change(|state| {
        let server = by_id(state, input)?;
        let mut changed = server.description.clone();
        model::apply(&mut changed, input);
        model::check_whole(input, &changed, false)?;
        endpoint::check_change(&server.description, &changed, server.state)?;
        roles::check(&state.resources, &changed, &server.arn)?;
        if let Some(key) = &key {
            host_key::keep(world.folder(), &server.id, key)?;
        }
        let id = server.id.clone();
        let server = by_id_mut(state, input)?;
        server.description = changed;
        if let (Some(key), Some(first)) = (&key, server.host_keys.first_mut()) {
            *first = host_key::describe(key, "");
        }
        Ok(id)
    })?;
    world.tell_servers_changed();
    Ok(json!({"ServerId": id}))
}

fn start_or_stop(
    world: &Arc<World>,
    input: &Value,
    next: impl Fn(ServerState) -> Option<ServerState>,
) -> Result<Value, Refusal> {
    let moved = world.change(|state| {
        let server = by_id_mut(state, input)?;
        Ok::<_, Refusal>(next(server.state).map(|next| {
            server.enter(next);
            server.id.clone()
        }))
    })?;
    if let Some(id) = moved {
        life::go_on(world, &id);
    }
    Ok(Value::Null)
}

fn delete(world: &Arc<World>, input: &Value) -> Result<Value, Refusal> {
    let id = world.change(|state| {
        let id = by_id(state, input)?.id.clone();
        state.servers.servers.remove(&id);
        state.sftp_ports.remove(&id);
        Ok::<_, Refusal>(id)
    })?;
    host_key::remove(world.folder(), &id);
    world.tell_servers_changed();
    Ok(Value::Null)
}

fn import_host_key(world: &Arc<World>, input: &Value) -> Result<Value, Refusal> {
    let key = host_key::parse(text(input, "HostKeyBody"))?;
    let key = host_key::describe(&key, text(input, "Description"));
    world.change(|state| {
        let server = by_id_mut(state, input)?;
        if server.host_keys.iter().any(|known| known.fingerprint == key.fingerprint) {
            return Err(Refusal::new("ResourceExistsException", "The host key exists already")
                .member("Resource", key.fingerprint.clone())
                .member("ResourceType", "HostKey"));
        }
        let answer = json!({"ServerId": server.id, "HostKeyId": key.id});
        server.host_keys.push(key);
        Ok(answer)
    })
}

fn read(world: &World, input: &Value, shown: impl Fn(&Server) -> Value) -> Result<Value, Refusal> {
    world.read(|state| by_id(state, input).map(shown))
}

fn change_tagged(world: &World, input: &Value, change: impl FnOnce(&mut Server)) -> Result<Value, Refusal> {
    world.change(|state| {
        let id = by_arn(state, input)?.id.clone();
        let server = state.servers.servers.get_mut(&id).ok_or_else(|| unknown_server(&id))?;
        let before = server.tags.clone();
        change(server);
        if server.tags.len() > 50 {
            server.tags = before;
            return Err(invalid("A server cannot have more than 50 tags"));
        }
        Ok(Value::Null)
    })
}

fn list(world: &World, region: &str, input: &Value) -> Result<Value, Refusal> {
    let in_region = |server: &&Server| server.region == region;
    let rows = world.read(|state| state.servers.servers.values().filter(in_region).map(Server::row).collect());
    page(input, "Servers", rows)
}

/// One page of rows. The token is where the next page starts, which is nobody's business but ours.
fn page(input: &Value, name: &str, rows: Vec<Value>) -> Result<Value, Refusal> {
    let wanted = match input.get("MaxResults").filter(|wanted| !wanted.is_null()) {
        None => PAGE,
        Some(wanted) => match wanted.as_u64().and_then(|wanted| usize::try_from(wanted).ok()) {
            Some(wanted @ 1..=PAGE) => wanted,
            Some(_) | None => {
                return Err(violated("/MaxResults", "Member must have value between 1 and 1000"));
            }
        },
    };
    let from = match input.get("NextToken").filter(|token| !token.is_null()) {
        None => 0,
        Some(token) => token
            .as_str()
            .and_then(|token| token.strip_prefix("from-")?.parse().ok())
            .filter(|from| *from <= rows.len())
            .ok_or_else(|| Refusal::new("InvalidNextTokenException", "The NextToken parameter is invalid"))?,
    };
    let until = rows.len().min(from + wanted);
    let mut answer = json!({});
    if let Some(members) = answer.as_object_mut() {
        members.insert(name.to_owned(), rows.get(from..until).unwrap_or_default().into());
        if until < rows.len() {
            members.insert("NextToken".to_owned(), json!(format!("from-{until}")));
        }
    }
    Ok(answer)
}

/// A server is known in its own region only.
pub(super) fn refuse_other_regions(world: &World, region: &str, input: &Value) -> Result<(), Refusal> {
    let (id, arn) = (text(input, "ServerId"), text(input, "Arn"));
    let is_named = |server: &&Server| server.id == id || server.arn == arn;
    let named = world.read(|state| state.servers.servers.values().find(is_named).map(|server| server.region.clone()));
    match named {
        Some(home) if home != region => Err(unknown_server(if id.is_empty() { arn } else { id })),
        Some(_) | None => Ok(()),
    }
}

/// The server that a call names.
pub(super) fn by_id<'a>(state: &'a State, input: &Value) -> Result<&'a Server, Refusal> {
    let id = text(input, "ServerId");
    state.servers.get(id).ok_or_else(|| unknown_server(id))
}

fn by_id_mut<'a>(state: &'a mut State, input: &Value) -> Result<&'a mut Server, Refusal> {
    let id = text(input, "ServerId");
    state.servers.servers.get_mut(id).ok_or_else(|| unknown_server(id))
}

fn by_arn<'a>(state: &'a State, input: &Value) -> Result<&'a Server, Refusal> {
    let arn = text(input, "Arn");
    let found = state.servers.servers.values().find(|server| server.arn == arn);
    found.ok_or_else(|| unknown_server(arn))
}

fn unknown_server(what: &str) -> Refusal {
    not_found("Unknown server", what, "Server")
}

fn not_found(message: &str, resource: &str, kind: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", message).member("Resource", resource).member("ResourceType", kind)
}

fn text<'a>(input: &'a Value, member: &str) -> &'a str {
    input.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// 17 random hexadecimal digits, as ids of Transfer have them.
pub(super) fn digits() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().rev().take(17).collect()
}

impl Server {
    /// The server as DescribeServer shows it. Security groups are not shown, as on AWS.
    fn shown(&self) -> Value {
        let mut shown = self.description.clone();
        if let Some(endpoint) = shown.get_mut("EndpointDetails").and_then(Value::as_object_mut) {
            endpoint.remove("SecurityGroupIds");
        }
        shown.insert("Arn".to_owned(), json!(self.arn));
        shown.insert("HostKeyFingerprint".to_owned(), json!(self.host_keys.first().map(|key| &key.fingerprint)));
        shown.insert("ServerId".to_owned(), json!(self.id));
        shown.insert("State".to_owned(), json!(self.state.name()));
        shown.insert("Tags".to_owned(), self.shown_tags());
        shown.insert("UserCount".to_owned(), json!(0));
        Value::Object(shown)
    }

    /// The server as a row of ListServers: without tags.
    fn row(&self) -> Value {
        let mut row = serde_json::Map::new();
        for member in ["Domain", "IdentityProviderType", "EndpointType", "LoggingRole"] {
            if let Some(value) = self.description.get(member) {
                row.insert(member.to_owned(), value.clone());
            }
        }
        row.insert("Arn".to_owned(), json!(self.arn));
        row.insert("ServerId".to_owned(), json!(self.id));
        row.insert("State".to_owned(), json!(self.state.name()));
        row.insert("UserCount".to_owned(), json!(0));
        Value::Object(row)
    }

    fn shown_tags(&self) -> Value {
        self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
    }

    fn host_key_row(&self, key: &host_key::HostKey) -> Value {
        let arn = format!("{}/{}", self.arn.replacen(":server/", ":host-key/", 1), key.id);
        json!({"Arn": arn, "HostKeyId": key.id, "Fingerprint": key.fingerprint, "Description": key.description,
               "Type": key.kind, "DateImported": key.imported})
    }

    fn host_key_shown(&self, key: &host_key::HostKey) -> Value {
        let mut shown = self.host_key_row(key);
        if let Some(members) = shown.as_object_mut() {
            let fingerprint = members.remove("Fingerprint").unwrap_or_default();
            members.insert("HostKeyFingerprint".to_owned(), fingerprint);
            members.insert("Tags".to_owned(), json!([]));
        }
        shown
    }
}
