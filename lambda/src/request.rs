//! The sign-in request, as API Gateway hands it to the function.
//!
//! Transfer calls `GET /servers/{serverId}/users/{username}/config?protocol=…&sourceIp=…` with the password in a header,
//! and API Gateway's proxy integration turns that into one JSON event. Nothing in the event is believed: it can be sent by
//! anyone who may invoke the API.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroize;

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
    /// The password, byte for byte as it was typed.
    pub password: Secret,
    /// The client's address, if Transfer told one that can be read: a long IPv6 text does not fit into its field.
    pub source_ip: Option<IpAddr>,
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
    /// Not a proxy event, or one with a repeated key.
    #[error("the event is not an API Gateway proxy event")]
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
    /// No password, an empty one, or only white space. A directory behind Okta could take it for an anonymous bind.
    #[error("the password is missing or blank")]
    PasswordMissing,
    /// Longer than Transfer passes on.
    #[error("the password is longer than 1,024 bytes")]
    PasswordTooLong,
    /// Not base64, or not UTF-8 inside.
    #[error("the password is not base64 of UTF-8 text")]
    PasswordEncoding,
}

/// An API Gateway proxy event that has been read, but not judged.
pub struct ProxyRequest {
    event: ProxyEvent,
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

impl ProxyRequest {
    /// Reads the event.
    ///
    /// # Errors
    /// The event is not JSON, repeats a key at any depth, or lacks the shape of a proxy event.
    pub fn from_json(event: &[u8]) -> Result<Self, RequestError> {
        // serde's message is dropped: it may quote a value.
        json::from_slice(event).map(|event| Self { event }).map_err(|_| RequestError::Event)
    }

    /// What the request says about itself, for the log.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let login = self.path_parameter("username");
        Origin {
            login: login.map(|name| percent_decode(name).unwrap_or_else(|| name.to_owned())),
            source_ip: self.query("sourceIp").ok().flatten().map(str::to_owned),
            protocol: self.query("protocol").ok().flatten().map(str::to_owned),
            server_id: self.path_parameter("serverId").map(str::to_owned),
        }
    }

    /// Checks everything that can be checked without Okta.
    ///
    /// # Errors
    /// The first thing found that is not as Transfer sends it.
    pub fn sign_in(&self, login_domain: Option<&str>) -> Result<SignIn, RequestError> {
        let route = self.event.resource.as_deref().is_none_or(|resource| resource == RESOURCE);
        if !route || self.event.http_method != "GET" {
            return Err(RequestError::Route);
        }
        let server_id = self.path_parameter("serverId").ok_or(RequestError::Route)?;
        if !is_server_id(server_id) {
            return Err(RequestError::ServerId);
        }
        if self.query("protocol")? != Some("SFTP") {
            return Err(RequestError::Protocol);
        }
        let source_ip = self.query("sourceIp")?.and_then(|text| text.parse().ok());
        let name = self.path_parameter("username").ok_or(RequestError::Route)?;
        let name = percent_decode(name).ok_or(RequestError::UserNameEncoding)?;
        let user = UserName::parse(&name, login_domain)?;
        let password = self.password()?;
        Ok(SignIn { user, password, source_ip })
    }

    fn path_parameter(&self, name: &str) -> Option<&str> {
        self.event.path_parameters.as_ref()?.get(name)?.as_deref()
    }

    fn query(&self, name: &str) -> Result<Option<&str>, RequestError> {
        let (single, multiple) = (&self.event.query_string_parameters, &self.event.multi_value_query_string_parameters);
        the_one(single.as_ref(), multiple.as_ref(), |given| given == name, String::as_str)
    }

    fn header(&self, name: &str) -> Result<Option<&str>, RequestError> {
        let (single, multiple) = (&self.event.headers, &self.event.multi_value_headers);
        the_one(single.as_ref(), multiple.as_ref(), |given| given.eq_ignore_ascii_case(name), Secret::expose)
    }

    /// `PasswordBase64` whenever it is there, since `Password` is mangled outside US-ASCII and the two may honestly differ.
    fn password(&self) -> Result<Secret, RequestError> {
        let (encoded, plain) = (self.header("PasswordBase64")?, self.header("Password")?);
        let password = match (encoded, plain) {
            (Some(encoded), _) => decode_password(encoded)?,
            (None, Some(plain)) => Secret::new(plain.to_owned()),
            (None, None) => return Err(RequestError::PasswordMissing),
        };
        if password.expose().len() > LONGEST_PASSWORD {
            return Err(RequestError::PasswordTooLong);
        }
        if password.expose().trim().is_empty() {
            return Err(RequestError::PasswordMissing);
        }
        Ok(password)
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
