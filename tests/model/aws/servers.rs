//! Transfer Family: servers without an idempotency token.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{ACCOUNT, Answer, Asked, Aws, json_error, page};
use crate::invariant::Invariant;

#[derive(Debug, Default)]
pub(crate) struct Servers {
    pub(crate) servers: BTreeMap<String, Server>,
    made: u64,
    /// Starts that are to fail.
    pub(crate) starts_that_fail: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Server {
    pub(crate) state: &'static str,
    then: Option<(Instant, &'static str)>,
    pub(crate) said: Value,
    pub(crate) tags: BTreeMap<String, String>,
    /// Whether somebody gave it the tags of another one.
    copied: bool,
}

impl Server {
    pub(crate) fn is_ours(&self) -> bool {
        !self.copied
            && self.tags.get("sftp-okta:deployment").is_some_and(|name| name == "demo")
            && self.tags.get("sftp-okta:stack").is_some_and(|name| name == "sftp-okta-demo")
    }
}

impl Servers {
    pub(super) fn add_stranger(&mut self, similar: bool) {
        let id = self.next_id(false);
        let tags = if similar {
            vec![("sftp-okta:deployment", "demo-2"), ("sftp-okta:stack", "sftp-okta-demo")]
        } else {
            vec![]
        };
        let tags = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let said = json!({"IdentityProviderType": "SERVICE_MANAGED"});
        self.servers.insert(id, Server { state: "ONLINE", then: None, said, tags, copied: false });
    }

    /// Somebody gives the deployment's server's tags to a server of their own.
    pub(crate) fn copy_tags(&mut self, backwards: bool) {
        let Some(original) = self.ours().first().map(|(_, server)| (*server).clone()) else { return };
        let id = self.next_id(backwards);
        self.servers.insert(id, Server { state: "ONLINE", then: None, copied: true, ..original });
    }

    /// Whether there are servers of others, copies of ours among them.
    pub(crate) fn has_others(&self) -> bool {
        self.servers.values().any(|server| !server.is_ours())
    }

    /// Whether there are such copies.
    pub(crate) fn has_copied_tags(&self) -> bool {
        self.servers.values().any(|server| server.copied)
    }

    /// They take them away again. Whether there were any.
    pub(crate) fn take_copied_tags_away(&mut self) -> bool {
        let copies = self.servers.values_mut().filter(|server| server.copied);
        copies.map(|server| (server.copied, server.tags) = (false, BTreeMap::new())).count() > 0
    }

    /// Of several servers of the deployment, a person keeps one.
    pub(crate) fn keep_one(&mut self) {
        let more: Vec<String> = self.ours().into_iter().skip(1).map(|(id, _)| id.clone()).collect();
        for id in more {
            self.servers.remove(&id);
        }
    }

    fn next_id(&mut self, backwards: bool) -> String {
        self.made += 1;
        let number = if backwards { u64::MAX / 16 - self.made } else { self.made };
        format!("s-{number:017x}")
    }

    pub(super) fn go_on(&mut self, now: Instant) {
        self.servers.retain(|_, server| !matches!(server.then, Some((at, "GONE")) if at <= now));
        for server in self.servers.values_mut() {
            if let Some((at, next)) = server.then
                && at <= now
            {
                server.state = next;
                server.then = None;
            }
        }
    }

    /// The deployment's servers that are billed.
    pub(crate) fn ours(&self) -> Vec<(&String, &Server)> {
        self.servers.iter().filter(|(_, server)| server.is_ours()).collect()
    }

    /// What somebody does in the console: stops ours, or deletes it.
    pub(crate) fn meddle(&mut self, delete: bool) {
        let Some(id) = self.servers.iter().find(|(_, server)| server.is_ours()).map(|(id, _)| id.clone()) else {
            return;
        };
        if delete {
            // Without the original nobody could tell a copy from it.
            self.take_copied_tags_away();
            self.servers.remove(&id);
        } else if let Some(server) = self.servers.get_mut(&id).filter(|server| server.then.is_none()) {
            server.state = "OFFLINE";
        }
    }
}

pub(super) fn answer(aws: &mut Aws, asked: &Asked) -> Answer {
    let input: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let now = Instant::now();
    if asked.action == "ListServers" {
        return list(aws, &input);
    }
    if asked.action == "CreateServer" {
        return create(aws, &input, now);
    }
    let id = match input["Arn"].as_str() {
        Some(arn) => arn.rsplit('/').next().unwrap_or_default().to_owned(),
        None => input["ServerId"].as_str().unwrap_or_default().to_owned(),
    };
    let slow = aws.manners.server;
    let Some(server) = aws.servers.servers.get_mut(&id) else {
        return json_error(400, "ResourceNotFoundException", "Unknown server");
    };
    if asked.mutates() && !server.is_ours() {
        aws.crimes.push((Invariant::I3, format!("{} of somebody else's server {id}", asked.action)));
        return json_error(400, "AccessDeniedException", "not yours");
    }
    let fails = aws.servers.starts_that_fail > 0;
    match asked.action.as_str() {
        "DescribeServer" => return ok(&json!({"Server": described(&id, server)})),
        "UpdateServer" => {
            if let (Some(said), Some(new)) = (server.said.as_object_mut(), input.as_object()) {
                said.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            if !aws.stacks.has_role(server.said["LoggingRole"].as_str().unwrap_or_default()) {
                aws.crimes.push((Invariant::I12, "a server got the role of a stack that is not there".into()));
            }
        }
        "StartServer" => {
            if matches!(server.state, "OFFLINE" | "START_FAILED" | "STOP_FAILED") {
                server.state = "STARTING";
                let end = if fails { "START_FAILED" } else { "ONLINE" };
                server.then = Some((now + slow, end));
                aws.servers.starts_that_fail = aws.servers.starts_that_fail.saturating_sub(1);
            }
        }
        "TagResource" => {
            for tag in input["Tags"].as_array().into_iter().flatten() {
                let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
                server.tags.insert(text("Key"), text("Value"));
            }
        }
        "DeleteServer" => server.then = Some((now + slow / 4, "GONE")),
        other => {
            aws.crimes.push((Invariant::I3, format!("a call nobody foresaw: transfer {other}")));
            return json_error(400, "UnknownOperationException", other);
        }
    }
    ok(&json!({"ServerId": id}))
}

fn create(aws: &mut Aws, input: &Value, now: Instant) -> Answer {
    let role = input["IdentityProviderDetails"]["InvocationRole"].as_str().unwrap_or_default();
    if !aws.stacks.is_role_usable(role, now, aws.manners.roles) {
        return json_error(400, "InvalidRequestException", &format!("Unable to assume role {role}"));
    }
    let tags: BTreeMap<String, String> = input["Tags"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tag| (tag["Key"].as_str().unwrap_or_default().into(), tag["Value"].as_str().unwrap_or_default().into()))
        .collect();
    let id = aws.servers.next_id(aws.manners.backwards);
    let fails = aws.servers.starts_that_fail > 0;
    aws.servers.starts_that_fail = aws.servers.starts_that_fail.saturating_sub(1);
    let end = if fails { "START_FAILED" } else { "ONLINE" };
    let server = Server {
        state: "STARTING",
        then: Some((now + aws.manners.server, end)),
        said: input.clone(),
        tags,
        copied: false,
    };
    if !server.is_ours() {
        aws.crimes.push((Invariant::I3, format!("server {id} was made without its tags")));
    }
    aws.servers.servers.insert(id.clone(), server);
    let living = aws.servers.ours().len();
    if living > aws.most_servers {
        let most = aws.most_servers;
        aws.crimes.push((Invariant::I2, format!("server {id} is one of {living}, where there may be {most}")));
    }
    ok(&json!({"ServerId": id}))
}

fn list(aws: &Aws, input: &Value) -> Answer {
    let mut servers: Vec<(&String, &Server)> = aws.servers.servers.iter().collect();
    if aws.manners.backwards {
        servers.reverse();
    }
    let token = input["NextToken"].as_str().map(ToOwned::to_owned);
    let (servers, next) = page(&servers, token.as_ref(), aws.manners.page);
    let row = |(id, server): &(&String, &Server)| json!({"ServerId": id, "Arn": arn(id), "LoggingRole": server.said["LoggingRole"]});
    let rows: Vec<Value> = servers.iter().map(row).collect();
    ok(&json!({"Servers": rows, "NextToken": next}))
}

fn described(id: &str, server: &Server) -> Value {
    let tags: Vec<Value> = server.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let mut shown = server.said.clone();
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("ServerId".into(), id.into());
        shown.insert("Arn".into(), arn(id).into());
        shown.insert("State".into(), server.state.into());
        shown.insert("Tags".into(), tags.into());
        shown.entry("Protocols").or_insert_with(|| json!(["SFTP"]));
        shown.insert("HostKeyFingerprint".into(), "SHA256:x".into());
    }
    shown
}

fn arn(id: &str) -> String {
    format!("arn:aws:transfer:us-east-1:{ACCOUNT}:server/{id}")
}

fn ok(value: &Value) -> Answer {
    Answer::new(200, value.to_string()).with("content-type", "application/x-amz-json-1.1")
}
