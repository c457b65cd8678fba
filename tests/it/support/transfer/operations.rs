//! The operations: what each does to the servers there are, and what it answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::life::{Life, Start};
use super::model;
use super::script::{Listing, Script, Seed};

/// An error of the service.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// For ResourceNotFoundException: what was not found, and its kind.
    pub(super) resource: Option<(String, &'static str)>,
}

impl Failure {
    pub(super) fn invalid(message: &str) -> Self {
        Self { status: 400, code: "InvalidRequestException", message: message.to_owned(), resource: None }
    }

    pub(super) fn unknown_server(what: &str) -> Self {
        let resource = Some((what.to_owned(), "Server"));
        Self { status: 400, code: "ResourceNotFoundException", message: "Unknown server".to_owned(), resource }
    }

    pub(super) fn denied(action: &str, arn: &str) -> Self {
        let message = format!("User is not authorized to perform: {action} on resource: {arn}");
        Self { status: 400, code: "AccessDeniedException", message, resource: None }
    }
}

/// One server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) life: Life,
    /// Members of DescribedServer, those of the other fields left out.
    pub(super) description: Map<String, Value>,
    pub(super) tags: BTreeMap<String, String>,
    /// Whether this caller is kept from it.
    hidden: bool,
}

/// The account's servers in one region.
pub(super) struct State {
    script: Script,
    servers: Vec<Server>,
    made: u64,
}

impl State {
    pub(super) fn new(script: Script) -> Self {
        Self { script, servers: Vec::new(), made: 0 }
    }

    /// The account whose servers these are.
    pub(super) fn account(&self) -> &str {
        &self.script.account
    }

    /// Does what an operation says. Only `region` comes from outside the body: it is in the signature.
    pub(super) fn perform(&mut self, operation: &str, region: &str, body: &Value) -> Result<Value, Failure> {
        match operation {
            "CreateServer" => self.create(region, body),
            "DescribeServer" => {
                let server = self.by_id(operation, body)?;
                let described = json!({"Server": server.shown()});
                server.life = server.life.after_a_look();
                Ok(described)
            }
            "ListServers" => self.list(body),
            "UpdateServer" => self.update(body),
            "StartServer" => {
                let start = self.next_start_if_stopped(body);
                let server = self.by_id(operation, body)?;
                server.life = server.life.after_start(start);
                Ok(Value::Null)
            }
            "StopServer" => {
                let looks = self.script.stop_looks;
                let server = self.by_id(operation, body)?;
                server.life = server.life.after_stop(looks);
                Ok(Value::Null)
            }
            "DeleteServer" => {
                let looks = self.script.delete_looks;
                let server = self.by_id(operation, body)?;
                server.life = server.life.after_delete(looks);
                Ok(Value::Null)
            }
            "TagResource" => {
                let tags = model::tags(&body["Tags"])?;
                self.by_arn(operation, body)?.tags.extend(tags);
                Ok(Value::Null)
            }
            "UntagResource" => {
                let server = self.by_arn(operation, body)?;
                for key in body["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                    server.tags.remove(key);
                }
                Ok(Value::Null)
            }
            "ListTagsForResource" => {
                let server = self.by_arn(operation, body)?;
                Ok(json!({"Arn": server.arn, "Tags": server.shown_tags()}))
            }
            unknown => Err(Failure {
                status: 400,
                code: "UnknownOperationException",
                message: format!("The operation TransferService.{unknown} is not known here"),
                resource: None,
            }),
        }
    }

    /// Puts a server there that nobody created through this endpoint, and gives its id.
    pub(super) fn seed(&mut self, seed: Seed) -> String {
        let mut server = self.fresh(&seed.region);
        model::apply(&mut server.description, &seed.members);
        server.tags = seed.tags;
        server.life = seed.life;
        server.hidden = seed.hidden;
        let id = server.id.clone();
        self.servers.push(server);
        id
    }

    /// The servers there are, oldest first.
    pub(super) fn present(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|server| server.life.state().is_some())
    }

    /// Changes the life of a server, as something outside would.
    pub(super) fn set_life(&mut self, id: &str, life: Life) {
        let server = self.servers.iter_mut().find(|server| server.id == id);
        server.unwrap_or_else(|| panic!("there is no server {id}")).life = life;
    }

    /// A server with a given id, if this caller may see it and the id is one.
    pub(super) fn by_id(&mut self, operation: &str, body: &Value) -> Result<&mut Server, Failure> {
        let id = body["ServerId"].as_str().unwrap_or_default().to_owned();
        let rest = id.strip_prefix("s-").unwrap_or_default();
        let legal = rest.len() == 17 && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !legal {
            return Err(Failure::invalid(&format!("ServerId must be s- and 17 hexadecimal digits, not '{id}'")));
        }
        self.visible(operation, &id, |server| server.id == id)
    }

    fn by_arn(&mut self, operation: &str, body: &Value) -> Result<&mut Server, Failure> {
        let arn = body["Arn"].as_str().unwrap_or_default().to_owned();
        self.visible(operation, &arn, |server| server.arn == arn)
    }

    fn visible(
        &mut self,
        operation: &str,
        what: &str,
        is_it: impl Fn(&Server) -> bool,
    ) -> Result<&mut Server, Failure> {
        let mut present = self.servers.iter_mut().filter(|server| server.life.state().is_some());
        match present.find(|server| is_it(server)) {
            Some(server) if server.hidden => Err(Failure::denied(&format!("transfer:{operation}"), &server.arn)),
            Some(server) => Ok(server),
            None => Err(Failure::unknown_server(what)),
        }
    }

    fn create(&mut self, region: &str, body: &Value) -> Result<Value, Failure> {
        model::check_members(body)?;
        let mut server = self.fresh(region);
        model::apply(&mut server.description, body);
        model::check_whole(body, &server.description, true)?;
        server.tags = model::tags(&body["Tags"])?;
        server.life = Life::starting(self.script.next_starts.pop_front().unwrap_or(self.script.start));
        let answer = json!({"ServerId": server.id});
        self.servers.push(server);
        Ok(answer)
    }

    fn update(&mut self, body: &Value) -> Result<Value, Failure> {
        model::check_members(body)?;
        let server = self.by_id("UpdateServer", body)?;
        let mut changed = server.description.clone();
        model::apply(&mut changed, body);
        model::check_whole(body, &changed, false)?;
        let addresses =
            |server: &Map<String, Value>| server.get("EndpointDetails").map(|own| own["AddressAllocationIds"].clone());
        for (member, is_changed) in [
            ("EndpointType", changed.get("EndpointType") != server.description.get("EndpointType")),
            ("IpAddressType", changed.get("IpAddressType") != server.description.get("IpAddressType")),
            ("AddressAllocationIds", addresses(&changed) != addresses(&server.description)),
        ] {
            if is_changed && server.life != Life::Offline {
                return Err(Failure::invalid(&format!("Server must be OFFLINE to change {member}")));
            }
        }
        if let Some(key) = body["HostKey"].as_str() {
            changed.insert("HostKeyFingerprint".to_owned(), json!(fingerprint(key)));
        }
        server.description = changed;
        Ok(json!({"ServerId": server.id}))
    }

    /// One page of rows. The token is where the next page starts, which is nobody's business but ours.
    fn list(&self, body: &Value) -> Result<Value, Failure> {
        let mut all: Vec<&Server> = self.present().collect();
        match self.script.listing {
            Listing::OldestFirst => {}
            Listing::NewestFirst => all.reverse(),
            Listing::ById => all.sort_by(|one, other| one.id.cmp(&other.id)),
        }
        let wanted = match body.get("MaxResults").map(Value::as_u64) {
            None => 1000,
            Some(Some(wanted @ 1..=1000)) => wanted as usize,
            Some(_) => return Err(Failure::invalid("MaxResults must be between 1 and 1000")),
        };
        let from = match body.get("NextToken").map(|token| token.as_str().and_then(|token| token.strip_prefix("from-")))
        {
            None => Some(0),
            Some(token) => token.and_then(|from| from.parse::<usize>().ok()),
        };
        let Some(from) = from.filter(|from| *from <= all.len()) else {
            let message = "The NextToken parameter is invalid".to_owned();
            return Err(Failure { status: 400, code: "InvalidNextTokenException", message, resource: None });
        };
        let until = all.len().min(from + wanted.min(self.script.page_size));
        let rows: Vec<Value> = all[from..until].iter().map(|server| server.row()).collect();
        let mut page = json!({"Servers": rows});
        if until < all.len() {
            page["NextToken"] = json!(format!("from-{until}"));
        }
        Ok(page)
    }

    /// Takes the next scripted start only if StartServer is going to use it.
    fn next_start_if_stopped(&mut self, body: &Value) -> Start {
        let stopped = |server: &&Server| {
            body["ServerId"] == server.id.as_str()
                && matches!(server.life, Life::Offline | Life::StartFailed | Life::StopFailed)
        };
        let planned =
            if self.present().any(|server| stopped(&server)) { self.script.next_starts.pop_front() } else { None };
        planned.unwrap_or(self.script.start)
    }

    /// A server as it is when nothing is said. Ids are the same in every run, and not in order.
    fn fresh(&mut self, region: &str) -> Server {
        self.made += 1;
        let digest = Sha256::digest(self.made.to_be_bytes());
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let id = format!("s-{}", &digits[..17]);
        let mut description = model::defaults();
        description.insert("HostKeyFingerprint".to_owned(), json!(fingerprint(&id)));
        let arn = format!("arn:aws:transfer:{region}:{}:server/{id}", self.script.account);
        Server { id, arn, life: Life::Online, description, tags: BTreeMap::new(), hidden: false }
    }
}

impl Server {
    /// The server as DescribeServer shows it.
    pub(super) fn shown(&self) -> Value {
        let mut shown = self.description.clone();
        shown.insert("Arn".to_owned(), json!(self.arn));
        shown.insert("ServerId".to_owned(), json!(self.id));
        shown.insert("State".to_owned(), json!(self.life.state()));
        shown.insert("Tags".to_owned(), self.shown_tags());
        shown.insert("UserCount".to_owned(), json!(0));
        Value::Object(shown)
    }

    /// The server as a row of ListServers: without tags.
    fn row(&self) -> Value {
        let mut row = json!({"Arn": self.arn, "ServerId": self.id, "State": self.life.state(), "UserCount": 0});
        for member in ["Domain", "IdentityProviderType", "EndpointType", "LoggingRole"] {
            if let Some(value) = self.description.get(member) {
                row[member] = value.clone();
            }
        }
        row
    }

    fn shown_tags(&self) -> Value {
        self.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
    }
}

/// A fingerprint in OpenSSH's form, the same for the same key.
fn fingerprint(key: &str) -> String {
    let digest = aws_smithy_types::base64::encode(Sha256::digest(key));
    format!("SHA256:{}", digest.trim_end_matches('='))
}
