use base64::Engine;
use serde_json::{Value, json};

use super::{Request, RequestError, SignIn};
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
    Request::from_json(event.to_string().as_bytes())?.sign_in(None)
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
    Ok(sign_in.password.map_or_else(|| "(none)".to_owned(), |password| password.expose().to_owned()))
}

#[test]
fn as_transfer_sends_it() {
    let sign_in = sign_in(&event());
    assert!(sign_in.is_ok_and(|sign_in| {
        sign_in.user.as_str() == "alice@acme.com"
            && sign_in.password.as_ref().is_some_and(|password| password.expose() == "s3cret")
            && sign_in.source_ip == Some([203, 0, 113, 9].into())
            && format!("{sign_in:?}").contains("Secret(redacted)")
    }));
    let origin = Request::from_json(event().to_string().as_bytes()).map(|request| request.origin());
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
        (json!({}), Ok("(none)")),
        (json!({"Password": null}), Ok("(none)")),
        (json!({"Password": ""}), Ok("(none)")),
        (json!({"PasswordBase64": ""}), Ok("(none)")),
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
        let refused = Request::from_json(text.as_bytes()).map(|_| ());
        assert_eq!(refused, Err(RequestError::Event), "{text}");
    }
    let headers = with(json!({"headers": "canary"}));
    assert_eq!(sign_in(&headers).map(|_| ()), Err(RequestError::Event));
}

/// An event as Transfer itself sends it.
fn direct() -> Value {
    json!({"username": "alice@acme.com", "password": "s3cret", "protocol": "SFTP",
        "serverId": "s-0123456789abcdef0", "sourceIp": "203.0.113.9"})
}

#[test]
fn what_transfer_itself_sends() {
    let with = |changes: Value| {
        let mut event = direct();
        for (key, value) in changes.as_object().into_iter().flatten() {
            event[key] = value.clone();
        }
        event
    };
    let read = |event: &Value| {
        let sign_in = sign_in(event)?;
        let password = sign_in.password.map_or_else(|| "(none)".to_owned(), |password| password.expose().to_owned());
        Ok(format!("{} {password} {}", sign_in.user, sign_in.source_ip.is_some()))
    };
    let table = [
        (json!({}), Ok("alice@acme.com s3cret true")),
        (json!({"username": "Alice"}), Ok("alice s3cret true")),
        (json!({"password": ""}), Ok("alice@acme.com (none) true")),
        (json!({"password": null}), Ok("alice@acme.com (none) true")),
        (json!({"password": " p\u{e4}ss "}), Ok("alice@acme.com  p\u{e4}ss  true")),
        (json!({"password": "   "}), Err(RequestError::PasswordMissing)),
        (json!({"password": "x".repeat(1025)}), Err(RequestError::PasswordTooLong)),
        (json!({"sourceIp": null}), Ok("alice@acme.com s3cret false")),
        (json!({"sourceIp": "nonsense"}), Ok("alice@acme.com s3cret false")),
        (json!({"newMember": {"of": "Transfer's"}}), Ok("alice@acme.com s3cret true")),
        (json!({"protocol": "FTP"}), Err(RequestError::Protocol)),
        (json!({"serverId": "s-1"}), Err(RequestError::ServerId)),
        // Nothing is decoded here: a percent sign is no character of a user name.
        (json!({"username": "alice%40acme.com"}), Err(RequestError::UserName(UserNameError::Character))),
        (json!({"username": "../bob"}), Err(RequestError::UserName(UserNameError::Character))),
        (json!({"username": 7}), Err(RequestError::Event)),
        (json!({"password": ["s3cret"]}), Err(RequestError::Event)),
        // Members of both shapes: whoever wrote this wants two readers to see two things.
        (json!({"httpMethod": "GET"}), Err(RequestError::Event)),
        (json!({"headers": {}}), Err(RequestError::Event)),
        (json!({"requestContext": {}}), Err(RequestError::Event)),
    ];
    for (changes, expected) in table {
        assert_eq!(read(&with(changes.clone())), expected.map(str::to_owned), "{changes}");
    }
    for missing in ["username", "protocol", "serverId"] {
        let mut event = direct();
        event.as_object_mut().map(|members| members.remove(missing));
        assert_eq!(read(&event), Err(RequestError::Event), "{missing}");
    }
    let request = Request::from_json(direct().to_string().as_bytes());
    assert!(request.is_ok_and(|request| {
        let origin = request.origin();
        request.form() == super::Form::Direct
            && origin.login.as_deref() == Some("alice@acme.com")
            && origin.source_ip.as_deref() == Some("203.0.113.9")
    }));
    let proxy = Request::from_json(event().to_string().as_bytes()).map(|request| request.form());
    assert_eq!(proxy, Ok(super::Form::Proxy));
    let mut both = event();
    both["username"] = json!("bob");
    assert!(Request::from_json(both.to_string().as_bytes()).is_err());
}
