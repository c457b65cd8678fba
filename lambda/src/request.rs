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
mod tests {
    use base64::Engine;
    use serde_json::{Value, json};

    use super::{ProxyRequest, RequestError, SignIn};
    use crate::user_name::UserNameError;

    /// An event as API Gateway sends it, for alice and the password `s3cret`.
    fn event() -> Value {
        json!({
            "resource": "/servers/{serverId}/users/{username}/config",
            "path": "/servers/s-0123456789abcdef0/users/alice%40acme.com/config",
            "httpMethod": "GET",
            "headers": {"Host": "x", "PasswordBase64": "czNjcmV0", "Password": "s3cret"},
            "multiValueHeaders": {"Host": ["x"], "PasswordBase64": ["czNjcmV0"], "Password": ["s3cret"]},
            "queryStringParameters": {"protocol": "SFTP", "sourceIp": "203.0.113.9"},
            "multiValueQueryStringParameters": {"protocol": ["SFTP"], "sourceIp": ["203.0.113.9"]},
            "pathParameters": {"serverId": "s-0123456789abcdef0", "username": "alice%40acme.com"},
            "stageVariables": null,
            "requestContext": {"stage": "prod"},
            "body": null,
            "isBase64Encoded": false,
        })
    }

    fn sign_in(event: &Value) -> Result<SignIn, RequestError> {
        ProxyRequest::from_json(event.to_string().as_bytes())?.sign_in(None)
    }

    /// The event with some members replaced; null removes a multi-valued twin.
    fn with(changes: Value) -> Value {
        let mut event = event();
        for (key, value) in changes.as_object().into_iter().flatten() {
            if let Some(members) = event.as_object_mut() {
                members.insert(key.clone(), value.clone());
            }
        }
        event
    }

    fn password(headers: Value) -> Result<String, RequestError> {
        let sign_in = sign_in(&with(json!({"headers": headers, "multiValueHeaders": null})))?;
        Ok(sign_in.password.expose().to_owned())
    }

    #[test]
    fn as_transfer_sends_it() {
        let sign_in = sign_in(&event());
        assert!(sign_in.is_ok_and(|sign_in| {
            sign_in.user.as_str() == "alice@acme.com"
                && sign_in.password.expose() == "s3cret"
                && sign_in.source_ip == Some([203, 0, 113, 9].into())
                && format!("{sign_in:?}").contains("Secret(redacted)")
        }));
        let origin = ProxyRequest::from_json(event().to_string().as_bytes()).map(|request| request.origin());
        assert!(origin.is_ok_and(|origin| {
            origin.login.as_deref() == Some("alice@acme.com")
                && origin.server_id.as_deref() == Some("s-0123456789abcdef0")
                && origin.protocol.as_deref() == Some("SFTP")
                && origin.source_ip.as_deref() == Some("203.0.113.9")
        }));
    }

    #[test]
    fn passwords() {
        use RequestError::{PasswordEncoding, PasswordMissing, PasswordTooLong, Repeated};
        let long = "x".repeat(1024);
        let too_long = "x".repeat(1025);
        let base64 = |text: &str| super::STANDARD.encode(text);
        let table = [
            (json!({"PasswordBase64": "czNjcmV0"}), Ok("s3cret")),
            (json!({"passwordbase64": "czNjcmV0"}), Ok("s3cret")),
            (json!({"PASSWORD": "s3cret"}), Ok("s3cret")),
            (json!({"Password": "mangled", "PasswordBase64": base64("pässwörd")}), Ok("pässwörd")),
            (json!({"Password": "  s3 cret\"\\ "}), Ok("  s3 cret\"\\ ")),
            (json!({"PasswordBase64": base64(" '\"\\\u{0}\n{}€ ")}), Ok(" '\"\\\u{0}\n{}€ ")),
            (json!({"PasswordBase64": base64(&long)}), Ok(long.as_str())),
            (json!({"Password": long}), Ok(long.as_str())),
            (json!({"PasswordBase64": base64(&too_long)}), Err(PasswordTooLong)),
            (json!({"PasswordBase64": "A".repeat(1_000_000)}), Err(PasswordTooLong)),
            (json!({"Password": too_long}), Err(PasswordTooLong)),
            (json!({}), Err(PasswordMissing)),
            (json!({"Password": null}), Err(PasswordMissing)),
            (json!({"Password": ""}), Err(PasswordMissing)),
            (json!({"PasswordBase64": ""}), Err(PasswordMissing)),
            (json!({"PasswordBase64": "", "Password": "s3cret"}), Err(PasswordMissing)),
            (json!({"Password": " \t\u{a0}\u{3000}"}), Err(PasswordMissing)),
            (json!({"PasswordBase64": base64(" \n ")}), Err(PasswordMissing)),
            (json!({"PasswordBase64": "czNjcmV"}), Err(PasswordEncoding)),
            (json!({"PasswordBase64": "czNjcmV0="}), Err(PasswordEncoding)),
            (json!({"PasswordBase64": "czNj cmV0"}), Err(PasswordEncoding)),
            (json!({"PasswordBase64": "s3cret!!", "Password": "s3cret"}), Err(PasswordEncoding)),
            (json!({"PasswordBase64": "/w=="}), Err(PasswordEncoding)),
            (json!({"Password": "one", "password": "two"}), Err(Repeated)),
            (json!({"PasswordBase64": "czNjcmV0", "passwordBase64": "czNjcmV0"}), Err(Repeated)),
            (json!({"PasswordBase64": "czNjcmV0", "Password": "one", "password": "two"}), Err(Repeated)),
        ];
        for (headers, expected) in table {
            assert_eq!(password(headers.clone()), expected.map(str::to_owned), "{headers}");
        }
    }

    #[test]
    fn two_values_of_one_header() {
        let table = [
            (json!({"multiValueHeaders": {"PasswordBase64": ["czNjcmV0", "czNjcmV0"]}}), Err(RequestError::Repeated)),
            (json!({"multiValueHeaders": {"PasswordBase64": ["b3RoZXI="]}}), Err(RequestError::Repeated)),
            (
                json!({"multiValueHeaders": {"PasswordBase64": ["czNjcmV0"], "passwordbase64": ["czNjcmV0"]}}),
                Err(RequestError::Repeated),
            ),
            (json!({"headers": null}), Ok(())),
            (json!({"headers": null, "multiValueHeaders": null}), Err(RequestError::PasswordMissing)),
            (json!({"multiValueQueryStringParameters": {"protocol": ["SFTP", "FTP"]}}), Err(RequestError::Repeated)),
            (
                json!({"multiValueQueryStringParameters": {"sourceIp": ["203.0.113.9", "10.0.0.1"]}}),
                Err(RequestError::Repeated),
            ),
        ];
        for (changes, expected) in table {
            assert_eq!(sign_in(&with(changes.clone())).map(|_| ()), expected, "{changes}");
        }
    }

    #[test]
    fn routes_servers_and_protocols() {
        let server = |id: &str| json!({"pathParameters": {"serverId": id, "username": "alice"}});
        let table = [
            (json!({"httpMethod": "POST"}), RequestError::Route),
            (json!({"httpMethod": "get"}), RequestError::Route),
            (json!({"resource": "/servers/{serverId}/users/{username}/config/x"}), RequestError::Route),
            (json!({"pathParameters": null}), RequestError::Route),
            (json!({"pathParameters": {"serverId": "s-0123456789abcdef0"}}), RequestError::Route),
            (server("s-0123456789abcdef"), RequestError::ServerId),
            (server("s-0123456789abcdef01"), RequestError::ServerId),
            (server("s-0123456789ABCDEF0"), RequestError::ServerId),
            (server("s-0123456789abcdefg"), RequestError::ServerId),
            (server("x-0123456789abcdef0"), RequestError::ServerId),
            (server(""), RequestError::ServerId),
            (
                json!({"queryStringParameters": {"protocol": "FTP"}, "multiValueQueryStringParameters": null}),
                RequestError::Protocol,
            ),
            (
                json!({"queryStringParameters": {"protocol": "sftp"}, "multiValueQueryStringParameters": null}),
                RequestError::Protocol,
            ),
            (
                json!({"queryStringParameters": {"Protocol": "SFTP"}, "multiValueQueryStringParameters": null}),
                RequestError::Protocol,
            ),
            (json!({"queryStringParameters": null, "multiValueQueryStringParameters": null}), RequestError::Protocol),
        ];
        for (changes, expected) in table {
            assert_eq!(sign_in(&with(changes.clone())).map(|_| ()), Err(expected), "{changes}");
        }
    }

    #[test]
    fn user_names_are_decoded_once() {
        use UserNameError::{Character, Dots};
        let table = [
            ("alice", Ok("alice")),
            ("alice@acme.com", Ok("alice@acme.com")),
            ("alice%40acme.com", Ok("alice@acme.com")),
            ("%61lice", Ok("alice")),
            ("alice%2Eb", Ok("alice.b")),
            ("alice%2540acme.com", Err(RequestError::UserName(Character))),
            ("%2e%2e", Err(RequestError::UserName(UserNameError::Length))),
            ("%2e%2e%2e", Err(RequestError::UserName(Dots))),
            ("%2e%2e%2fbob", Err(RequestError::UserName(Character))),
            ("..%252fbob", Err(RequestError::UserName(Character))),
            ("alice%00", Err(RequestError::UserName(Character))),
            ("alice+b", Err(RequestError::UserName(Character))),
            ("alice%2Bb", Err(RequestError::UserName(Character))),
            ("alice%20b", Err(RequestError::UserName(Character))),
            ("%D0%B0lice", Err(RequestError::UserName(Character))),
            ("alice%", Err(RequestError::UserNameEncoding)),
            ("alice%4", Err(RequestError::UserNameEncoding)),
            ("alice%zz", Err(RequestError::UserNameEncoding)),
            ("alice%+4", Err(RequestError::UserNameEncoding)),
            ("alice%ff", Err(RequestError::UserNameEncoding)),
            ("alice%c0%ae", Err(RequestError::UserNameEncoding)),
        ];
        for (typed, expected) in table {
            let event = with(json!({"pathParameters": {"serverId": "s-0123456789abcdef0", "username": typed}}));
            let user = sign_in(&event).map(|sign_in| sign_in.user.as_str().to_owned());
            assert_eq!(user, expected.map(str::to_owned), "{typed}");
        }
    }

    #[test]
    fn a_source_address_need_not_parse() {
        let table = [
            (json!({"protocol": "SFTP", "sourceIp": "2001:db8::1"}), true),
            (json!({"protocol": "SFTP", "sourceIp": "2001:0db8:0000:0000:0000:0000:00"}), false),
            (json!({"protocol": "SFTP", "sourceIp": "203.0.113.9, 10.0.0.1"}), false),
            (json!({"protocol": "SFTP", "sourceIp": "1.2.3.4\r\nX-Evil: 1"}), false),
            (json!({"protocol": "SFTP", "sourceIp": ""}), false),
            (json!({"protocol": "SFTP"}), false),
        ];
        for (query, parses) in table {
            let event = with(json!({"queryStringParameters": query, "multiValueQueryStringParameters": null}));
            assert_eq!(sign_in(&event).map(|sign_in| sign_in.source_ip.is_some()), Ok(parses), "{event}");
        }
    }

    #[test]
    fn events_that_are_none() {
        let repeated = event().to_string().replacen("\"httpMethod\"", "\"httpMethod\":\"GET\",\"httpMethod\"", 1);
        let deep = event().to_string().replacen("\"stage\"", "\"stage\":\"x\",\"stage\"", 1);
        for text in ["", "null", "[]", "{}", "7", "{\"httpMethod\":7}", "{\"httpMethod\":\"GET\"", &repeated, &deep] {
            let refused = ProxyRequest::from_json(text.as_bytes()).map(|_| ());
            assert_eq!(refused, Err(RequestError::Event), "{text}");
        }
        let headers = with(json!({"headers": "canary"}));
        assert_eq!(sign_in(&headers).map(|_| ()), Err(RequestError::Event));
    }
}
