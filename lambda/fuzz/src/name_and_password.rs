//! A user name and a password. Line 1: the login domain, or nothing. Line 2: the name. The rest: the password.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use sftp_okta_lambda::access::SkippedKeys;
use sftp_okta_lambda::decision::Decision;
use sftp_okta_lambda::okta::{Judgement, Spent, Typed, authn_body};
use sftp_okta_lambda::reason::Reason;
use sftp_okta_lambda::request::Origin;
use sftp_okta_lambda::secret::Secret;
use sftp_okta_lambda::user_name::{LONGEST, SHORTEST, UserName};

/// The canonical name is canonical, no byte of a password is lost or added, and both reach Okta as they are.
pub fn check(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut lines = text.splitn(3, '\n');
    let (domain, name, password) = (lines.next(), lines.next(), lines.next());
    // Settings hold only DNS names.
    let is_domain = |domain: &&str| {
        domain.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        }) && domain.len() + 2 <= LONGEST
    };
    let name = UserName::parse(name.unwrap_or_default(), domain.filter(is_domain));
    let login = match &name {
        Ok(name) => {
            check_name(name, domain.filter(is_domain));
            name.as_str()
        }
        Err(_) => "alice",
    };
    check_password(password.unwrap_or_default(), login);
    check_line(text);
    name.is_ok()
}

fn check_name(name: &UserName, domain: Option<&str>) {
    let text = name.as_str();
    assert!((SHORTEST..=LONGEST).contains(&text.len()), "{text:?}");
    assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.@".contains(&b)), "{text:?}");
    assert!(text.split('@').all(|part| !part.is_empty() && part != "." && part != ".."), "{text:?}");
    assert_eq!(UserName::parse(text, domain).as_ref(), Ok(name), "canonical twice is something else");
    assert_eq!(UserName::parse(&text.to_ascii_uppercase(), domain).as_ref(), Ok(name), "two spellings, two persons");
    if let Some(domain) = domain {
        let user = text.strip_suffix(domain).and_then(|user| user.strip_suffix('@'));
        assert!(user.is_some_and(|user| !user.contains('@')), "{text:?} is of another domain");
    }
}

fn check_password(typed: &str, login: &str) {
    let Typed { password, code } = Typed::split(Secret::new(typed.to_owned()));
    match &code {
        Some(code) => {
            assert!(code.expose().len() == 6 && code.expose().bytes().all(|byte| byte.is_ascii_digit()));
            assert!(!password.expose().trim().is_empty(), "a code and no password");
            assert_eq!(format!("{},{}", password.expose(), code.expose()), typed, "bytes were lost");
        }
        None => assert_eq!(password.expose(), typed, "bytes were lost"),
    }
    let typed = Typed { password, code };
    let body: Value = serde_json::from_slice(&authn_body(login, &typed)).expect("the body is JSON");
    assert_eq!(body["username"], login);
    assert_eq!(body["password"], typed.password.expose());
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(3));
    assert!(!format!("{typed:?}").contains(typed.password.expose()) || typed.password.expose().len() < 40);
}

/// Whatever a request says of itself, the log line is one line of printable JSON that tells nothing else.
fn check_line(text: &str) {
    let told = || Some(text.to_owned());
    let origin = Origin { login: told(), source_ip: told(), protocol: told(), server_id: told() };
    let decision = Decision {
        origin,
        credential: None,
        judgement: Judgement::of(Reason::UserNameMalformed),
        rule: None,
        skipped_keys: SkippedKeys::default(),
        spent: Spent::default(),
        time: SystemTime::UNIX_EPOCH,
        elapsed: Duration::ZERO,
        deployment: None,
    };
    let line = decision.line();
    assert!(line.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{line:?}");
    let line: Value = serde_json::from_str(&line).expect("the line is JSON");
    assert_eq!((&line["decision"], &line["reason"]), (&"refused".into(), &"user-name-malformed".into()));
    assert!(line["login"].as_str().is_some_and(|login| login.len() <= 128 * 10 + 3), "{line}");
}
