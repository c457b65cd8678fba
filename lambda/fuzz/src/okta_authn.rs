//! Okta's answers in an authentication transaction. Line 1: `off`, `auto` or `required`, the methods such as `totp,push`, and
//! what was typed. Then the answers; see [`super::answers`].

use std::time::{Duration, SystemTime};

use serde_json::Value;
use sftp_okta_lambda::access::{Credential, SkippedKeys};
use sftp_okta_lambda::decision::Decision;
use sftp_okta_lambda::okta::{Answer, AuthnRequest, Cancellation, Detail, Dialogue, Judgement, Spent, Step, Typed};
use sftp_okta_lambda::reason::Reason;
use sftp_okta_lambda::request::Origin;
use sftp_okta_lambda::secret::Secret;
use sftp_okta_lambda::settings::{Mfa, MfaMethod};

use super::answers::{self, Answer as Written};

const LOGIN: &str = "alice@acme.com";

/// Only a complete SUCCESS for the login that was asked for is a sign-in; a code goes to two factors at most, and to no path
/// but those that verify a factor or end the transaction.
pub fn check(data: &[u8]) -> bool {
    let Some((line, answers)) = answers::read(data) else { return false };
    let mut words = line.splitn(3, ' ');
    let mfa = match words.next() {
        Some("auto") => Mfa::Auto,
        Some("required") => Mfa::Required,
        _ => Mfa::Off,
    };
    let methods = words.next().unwrap_or_default().split(',').filter_map(|method| match method {
        "totp" => Some(MfaMethod::Totp),
        "push" => Some(MfaMethod::Push),
        _ => None,
    });
    let methods: Vec<MfaMethod> = methods.take(3).collect();
    let typed = Secret::new(words.next().unwrap_or("secret").to_owned());
    let typed = Typed::read(typed, mfa, &methods);
    assert!(typed.code.is_none() || (mfa != Mfa::Off && methods.contains(&MfaMethod::Totp)), "a password cut in two");

    let mut dialogue = Dialogue::new(LOGIN, mfa, &methods, typed.code.as_ref());
    let (mut codes, mut pushes) = (0, 0);
    let mut last;
    let judgement = loop {
        let asked = codes + pushes;
        let step = match answers.get(asked) {
            Some(answer) => dialogue.next(&read(answer)),
            None => dialogue.unanswered(Detail::Timeout),
        };
        if let Step::Poll { too_late, .. } = &step {
            check_cancellation(too_late);
        }
        last = answers.get(asked);
        match step {
            Step::End(judgement) => break judgement,
            Step::Cancel(cancellation) => {
                check_cancellation(&cancellation);
                break cancellation.judgement;
            }
            Step::Verify(request) | Step::Poll { request, .. } => {
                assert_ne!(mfa, Mfa::Off, "a factor that nobody asked for");
                let AuthnRequest { path, body } = request;
                let id = path.strip_prefix("/api/v1/authn/factors/").and_then(|rest| rest.strip_suffix("/verify"));
                let is_id = |id: &str| {
                    (1..=64).contains(&id.len())
                        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
                };
                assert!(id.is_some_and(is_id), "{path:?}");
                match check_body(&body, typed.code.as_ref()) {
                    true => codes += 1,
                    false => pushes += 1,
                }
            }
        }
        assert!(codes <= 2 && (codes == 0 || pushes == 0), "{codes} codes and {pushes} pushes");
    };
    assert!(codes == 0 || methods.contains(&MfaMethod::Totp));
    assert!(pushes == 0 || methods.contains(&MfaMethod::Push));
    let is_ok = judgement.reason == Reason::Ok;
    if is_ok {
        assert!(mfa != Mfa::Required || codes + pushes > 0, "accepted without the factor that is required");
        check_success(last.expect("an answer"));
    }
    check_line(judgement);
    is_ok
}

fn read(answer: &Written) -> Answer<'_> {
    Answer {
        status: answer.status,
        content_type: answer.header("content-type"),
        content_encoding: answer.header("content-encoding"),
        body: &answer.body,
    }
}

fn check_cancellation(Cancellation { request, judgement }: &Cancellation) {
    assert_ne!(judgement.reason, Reason::Ok, "accepted and cancelled");
    assert_eq!(request.path, "/api/v1/authn/cancel");
    assert!(!check_body(&request.body, None), "a code to the cancellation");
}

/// Whether a body holds a code, which must then be the one that was typed.
fn check_body(body: &[u8], code: Option<&Secret>) -> bool {
    let body: Value = serde_json::from_slice(body).expect("the body is JSON");
    let members = body.as_object().expect("an object");
    assert!(members.get("stateToken").is_some_and(Value::is_string));
    let sent = members.get("passCode").map(|code| code.as_str().expect("a text"));
    assert_eq!(members.len(), 1 + usize::from(sent.is_some()));
    assert!(sent.is_none() || sent == code.map(Secret::expose));
    sent.is_some()
}

/// Reads the answer once more, in another way.
fn check_success(answer: &Written) {
    let body: Value = serde_json::from_slice(&answer.body).expect("accepted without JSON");
    let login = body["_embedded"]["user"]["profile"]["login"].as_str().unwrap_or_default();
    assert!(login.eq_ignore_ascii_case(LOGIN), "accepted for {login:?}");
    assert_eq!((answer.status, body["status"].as_str()), (200, Some("SUCCESS")));
    assert!(body["sessionToken"].as_str().is_some_and(|token| !token.trim().is_empty()), "accepted without a token");
    assert!(answer.header("content-encoding").is_none());
}

/// Ids are logged as they came, so they must look like ids.
fn check_line(judgement: Judgement) {
    for id in [&judgement.error_code, &judgement.error_id, &judgement.okta_id].into_iter().flatten() {
        assert!(id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)), "{id:?}");
    }
    let is_ok = judgement.reason == Reason::Ok;
    let decision = Decision {
        origin: Origin::default(),
        credential: Some(Credential::Password),
        judgement,
        rule: None,
        skipped_keys: SkippedKeys::default(),
        spent: Spent::default(),
        time: SystemTime::UNIX_EPOCH,
        elapsed: Duration::ZERO,
        deployment: None,
    };
    let line: Value = serde_json::from_str(&decision.line()).expect("the line is JSON");
    assert_eq!(line["decision"], if is_ok { "accepted" } else { "refused" });
}
