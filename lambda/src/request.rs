//! The sign-in request, as API Gateway or Transfer itself hands it to the function.
//!
//! Transfer calls `GET /servers/{serverId}/users/{username}/config?protocol=…&sourceIp=…` with the password in a header,
//! and API Gateway's proxy integration turns that into one JSON event. A server with the identity provider type
//! `AWS_LAMBDA` invokes the function without an API in between, with an event of five members (Transfer user guide, "Using
//! AWS Lambda to integrate your identity provider"). Nothing in either is believed: it can be sent by anyone who may
//! invoke the API or the function.
//!
//! Without a password the event asks for the user's public keys.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use thiserror::Error;
use zeroize::Zeroize;

use crate::access::{Credential, Protocol};
use crate::json;
use crate::secret::Secret;
use crate::user_name::{UserName, UserNameError};

/// The one route of the API.
const RESOURCE: &str = "/servers/{serverId}/users/{username}/config";
/// The longest password that Transfer passes on, in bytes (Transfer API reference, `UserPassword`).
pub const LONGEST_PASSWORD: usize = 1024;

/// A sign-in to be judged: everything in it has been checked, except whether the password is right.
#[derive(Debug)]
pub struct SignIn {
    /// Who wants to sign in.
    pub user: UserName,
    /// The password, byte for byte as it was typed. None: Transfer asks which keys the user has.
    pub password: Option<Secret>,
    /// The client's address, if Transfer told one that can be read: a long IPv6 text does not fit into its field.
    pub source_ip: Option<IpAddr>,
    /// How the client speaks to the server.
    pub protocol: Protocol,
}

impl SignIn {
    /// What Transfer asks about.
    #[must_use]
    pub fn credential(&self) -> Credential {
        if self.password.is_some() { Credential::Password } else { Credential::PublicKey }
    }
}

/// Which shape an event has, and its answer must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// From API Gateway's proxy integration.
    Proxy,
    /// From Transfer itself.
    Direct,
}

/// What a request says about itself, for the log only: none of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The user name, percent-decoded where that was possible.
    pub login: Option<String>,
    /// The client's address.
    pub source_ip: Option<String>,
    /// The protocol.
    pub protocol: Option<String>,
    /// The Transfer server.
    pub server_id: Option<String>,
}

/// Why a request is refused without asking Okta. Holds nothing of the request itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Neither a proxy event nor one of Transfer's own, or one with a repeated key.
    #[error("the event is neither an API Gateway proxy event nor one of Transfer's own")]
    Event,
    /// Another method or path.
    #[error("the request is not for the user configuration")]
    Route,
    /// A header or query parameter that is given more than once.
    #[error("a header or parameter has more than one value")]
    Repeated,
    /// Not the id of a Transfer server.
    #[error("the server id is not one of a Transfer server")]
    ServerId,
    /// Anything but SFTP.
    #[error("the protocol is not SFTP")]
    Protocol,
    /// The user name is not percent-encoded UTF-8.
    #[error("the user name is not percent-encoded text")]
    UserNameEncoding,
    /// The user name is illegal.
    #[error(transparent)]
    UserName(#[from] UserNameError),
    /// Only white space. A directory behind Okta could take it for an anonymous bind.
    #[error("the password is blank")]
    PasswordMissing,
    /// Longer than Transfer passes on.
    #[error("the password is longer than 1,024 bytes")]
    PasswordTooLong,
    /// Not base64, or not UTF-8 inside.
    #[error("the password is not base64 of UTF-8 text")]
    PasswordEncoding,
}

/// An event that has been read, but not judged.
pub struct Request(Event);

enum Event {
    Proxy(Box<ProxyEvent>),
    Direct(DirectEvent),
}

/// By which members an event is told from the other kind. One that has both kinds' members is neither.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    http_method: Option<IgnoredAny>,
    request_context: Option<IgnoredAny>,
    path_parameters: Option<IgnoredAny>,
    headers: Option<IgnoredAny>,
    username: Option<IgnoredAny>,
    server_id: Option<IgnoredAny>,
    password: Option<IgnoredAny>,
}

impl Shape {
    fn form(&self) -> Option<Form> {
        let is_proxy = [&self.http_method, &self.request_context, &self.path_parameters, &self.headers];
        let is_direct = [&self.username, &self.server_id, &self.password];
        match (is_proxy.into_iter().any(Option::is_some), is_direct.into_iter().any(Option::is_some)) {
            (true, false) => Some(Form::Proxy),
            (false, true) => Some(Form::Direct),
            (true, true) | (false, false) => None,
        }
    }
}

/// What Transfer itself sends. Not `Debug`: it holds the password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DirectEvent {
    username: String,
    password: Option<Secret>,
    protocol: String,
    server_id: String,
    source_ip: Option<String>,
}

/// The members of the event that matter. Not `Debug`: the headers hold the password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProxyEvent {
    http_method: String,
    resource: Option<String>,
    path_parameters: Option<Single<String>>,
    query_string_parameters: Option<Single<String>>,
    multi_value_query_string_parameters: Option<Multiple<String>>,
    headers: Option<Single<Secret>>,
    multi_value_headers: Option<Multiple<Secret>>,
}

type Single<V> = BTreeMap<String, Option<V>>;
type Multiple<V> = BTreeMap<String, Option<Vec<V>>>;

impl Request {
    /// Reads the event.
    ///
    /// # Errors
    /// The event is not JSON, repeats a key at any depth, or has neither shape.
    pub fn from_json(event: &[u8]) -> Result<Self, RequestError> {
        // serde's message is dropped: it may quote a value.
        let shape: Shape = json::from_slice(event).map_err(|_| RequestError::Event)?;
        let event = match shape.form() {
            Some(Form::Proxy) => serde_json::from_slice(event).map(|event| Event::Proxy(Box::new(event))),
            Some(Form::Direct) => serde_json::from_slice(event).map(Event::Direct),
            None => return Err(RequestError::Event),
        };
        event.map(Self).map_err(|_| RequestError::Event)
    }

    /// The shape that the answer must have.
    #[must_use]
    pub fn form(&self) -> Form {
        match self.0 {
            Event::Proxy(_) => Form::Proxy,
            Event::Direct(_) => Form::Direct,
        }
    }

    /// What the request says about itself, for the log.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match &self.0 {
            Event::Proxy(event) => event.origin(),
            Event::Direct(event) => Origin {
                login: Some(event.username.clone()),
                source_ip: event.source_ip.clone(),
                protocol: Some(event.protocol.clone()),
                server_id: Some(event.server_id.clone()),
            },
        }
    }

    /// Checks everything that can be checked without Okta.
    ///
    /// # Errors
    /// The first thing found that is not as Transfer sends it.
    pub fn sign_in(&self, login_domain: Option<&str>) -> Result<SignIn, RequestError> {
        match &self.0 {
            Event::Proxy(event) => event.sign_in(login_domain),
            Event::Direct(event) => event.sign_in(login_domain),
        }
    }
}

impl DirectEvent {
    fn sign_in(&self, login_domain: Option<&str>) -> Result<SignIn, RequestError> {
        check_server_id(&self.server_id)?;
        let protocol = protocol(Some(&self.protocol))?;
        let source_ip = self.source_ip.as_deref().and_then(|text| text.parse().ok());
        let user = UserName::parse(&self.username, login_domain)?;
        let password = match &self.password {
            Some(password) => check_password(password)?.then(|| Secret::new(password.expose().to_owned())),
            None => None,
        };
        Ok(SignIn { user, password, source_ip, protocol })
    }
}

impl ProxyEvent {
    fn origin(&self) -> Origin {
        let login = self.path_parameter("username");
        Origin {
            login: login.map(|name| percent_decode(name).unwrap_or_else(|| name.to_owned())),
            source_ip: self.query("sourceIp").ok().flatten().map(str::to_owned),
            protocol: self.query("protocol").ok().flatten().map(str::to_owned),
            server_id: self.path_parameter("serverId").map(str::to_owned),
        }
    }

    fn sign_in(&self, login_domain: Option<&str>) -> Result<SignIn, RequestError> {
        let route = self.resource.as_deref().is_none_or(|resource| resource == RESOURCE);
        if !route || self.http_method != "GET" {
            return Err(RequestError::Route);
        }
        check_server_id(self.path_parameter("serverId").ok_or(RequestError::Route)?)?;
        let protocol = protocol(self.query("protocol")?)?;
        let source_ip = self.query("sourceIp")?.and_then(|text| text.parse().ok());
        let name = self.path_parameter("username").ok_or(RequestError::Route)?;
        let name = percent_decode(name).ok_or(RequestError::UserNameEncoding)?;
        let user = UserName::parse(&name, login_domain)?;
        let password = self.password()?;
        Ok(SignIn { user, password, source_ip, protocol })
    }

    fn path_parameter(&self, name: &str) -> Option<&str> {
        self.path_parameters.as_ref()?.get(name)?.as_deref()
    }

    fn query(&self, name: &str) -> Result<Option<&str>, RequestError> {
        let (single, multiple) = (&self.query_string_parameters, &self.multi_value_query_string_parameters);
        the_one(single.as_ref(), multiple.as_ref(), |given| given == name, String::as_str)
    }

    fn header(&self, name: &str) -> Result<Option<&str>, RequestError> {
        let (single, multiple) = (&self.headers, &self.multi_value_headers);
        the_one(single.as_ref(), multiple.as_ref(), |given| given.eq_ignore_ascii_case(name), Secret::expose)
    }

    /// `PasswordBase64` whenever it is there, since `Password` is mangled outside US-ASCII and the two may honestly differ.
    fn password(&self) -> Result<Option<Secret>, RequestError> {
        let (encoded, plain) = (self.header("PasswordBase64")?, self.header("Password")?);
        let password = match (encoded, plain) {
            (Some(encoded), _) => decode_password(encoded)?,
            (None, Some(plain)) => Secret::new(plain.to_owned()),
            (None, None) => return Ok(None),
        };
        let is_there = check_password(&password)?;
        if !is_there && plain.is_some_and(|plain| !plain.is_empty()) {
            return Err(RequestError::PasswordMissing);
        }
        Ok(is_there.then_some(password))
    }
}

/// Whether there is a password that can be asked about; an empty one is none.
fn check_password(password: &Secret) -> Result<bool, RequestError> {
    let password = password.expose();
    if password.is_empty() {
        return Ok(false);
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(RequestError::PasswordTooLong);
    }
    if password.trim().is_empty() {
        return Err(RequestError::PasswordMissing);
    }
    Ok(true)
}

fn check_server_id(text: &str) -> Result<(), RequestError> {
    if is_server_id(text) { Ok(()) } else { Err(RequestError::ServerId) }
}

/// In Transfer's own spelling and no other.
fn protocol(text: Option<&str>) -> Result<Protocol, RequestError> {
    match text {
        Some("SFTP") => Ok(Protocol::Sftp),
        Some(_) | None => Err(RequestError::Protocol),
    }
}

/// The one value of a header or parameter, which API Gateway tells twice: once alone, once as a list.
fn the_one<'a, V>(
    single: Option<&'a Single<V>>,
    multiple: Option<&'a Multiple<V>>,
    is_named: impl Fn(&str) -> bool,
    text: impl Fn(&'a V) -> &'a str,
) -> Result<Option<&'a str>, RequestError> {
    let alone = single.into_iter().flatten().filter(|(name, _)| is_named(name)).filter_map(|(_, value)| value.as_ref());
    let listed =
        multiple.into_iter().flatten().filter(|(name, _)| is_named(name)).flat_map(|(_, list)| list.iter().flatten());
    let (mut alone, mut listed) = (alone.map(&text), listed.map(&text));
    match (alone.next(), alone.next(), listed.next(), listed.next()) {
        (value, None, None, None) | (None, None, value, None) => Ok(value),
        (Some(alone), None, Some(listed), None) if alone == listed => Ok(Some(alone)),
        _ => Err(RequestError::Repeated),
    }
}

fn decode_password(encoded: &str) -> Result<Secret, RequestError> {
    if encoded.len() > LONGEST_PASSWORD.div_ceil(3) * 4 {
        return Err(RequestError::PasswordTooLong);
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| RequestError::PasswordEncoding)?;
    String::from_utf8(bytes).map(Secret::new).map_err(|error| {
        error.into_bytes().zeroize();
        RequestError::PasswordEncoding
    })
}

/// Pattern of the Transfer API reference, `ServerId`.
fn is_server_id(text: &str) -> bool {
    text.strip_prefix("s-")
        .is_some_and(|id| id.len() == 17 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}

/// Decodes `%40` and the like exactly once; `+` stays `+`, as in any path.
///
/// Once is always safe: no legal user name holds a `%`, so one that is left over is refused with the name.
fn percent_decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
