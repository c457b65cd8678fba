use super::{Answer, Detail, Judgement};
use crate::okta::{Dialogue, Step};
use crate::reason::Reason;
use crate::settings::Mfa;

const JSON: Option<&str> = Some("application/json");

/// What comes of an answer to the password, where no second factor is asked for.
fn judge(answer: &Answer<'_>, expected: &str) -> Judgement {
    match Dialogue::new(expected, Mfa::Off, &[], None).next(answer) {
        Step::End(judgement) => judgement,
        Step::Verify(_) | Step::Poll { .. } | Step::Cancel(_) => panic!("a factor that nobody asked for"),
    }
}

fn judged(status: u16, content_type: Option<&str>, body: &str) -> Judgement {
    let answer = Answer { status, content_type, content_encoding: None, body: body.as_bytes() };
    judge(&answer, "alice@acme.com")
}

fn reason(status: u16, body: &str) -> Reason {
    judged(status, JSON, body).reason
}

fn transaction(state: &str, token: &str, login: &str) -> String {
    format!(
        r#"{{"status":{state},"sessionToken":{token},"_embedded":{{"user":{{"id":"00u1","profile":{{"login":{login}}}}}}}}}"#
    )
}

/// Every state, even with a session token and the right login beside it.
#[test]
fn every_state() {
    let table = [
        ("SUCCESS", Reason::Ok),
        ("MFA_REQUIRED", Reason::MfaRequired),
        ("MFA_CHALLENGE", Reason::MfaChallenge),
        ("MFA_ENROLL", Reason::MfaEnroll),
        ("MFA_ENROLL_ACTIVATE", Reason::MfaEnrollActivate),
        ("PASSWORD_WARN", Reason::PasswordWarn),
        ("PASSWORD_EXPIRED", Reason::PasswordExpired),
        ("PASSWORD_RESET", Reason::PasswordReset),
        ("LOCKED_OUT", Reason::LockedOut),
        ("RECOVERY", Reason::Recovery),
        ("RECOVERY_CHALLENGE", Reason::RecoveryChallenge),
        ("UNAUTHENTICATED", Reason::Unauthenticated),
        ("SOMETHING_NEW", Reason::StateUnknown),
        ("success", Reason::StateUnknown),
        ("SUCCESS ", Reason::StateUnknown),
        ("", Reason::StateUnknown),
    ];
    for (state, expected) in table {
        let body = transaction(&format!("{state:?}"), "\"00tok\"", "\"alice@acme.com\"");
        assert_eq!(reason(200, &body), expected, "{state}");
    }
}

#[test]
fn success_must_be_complete() {
    let token = "\"00tok\"";
    let login = "\"alice@acme.com\"";
    let table = [
        (transaction("\"SUCCESS\"", token, "\"Alice@ACME.com\""), Reason::Ok),
        (transaction("null", token, login), Reason::StateUnknown),
        (transaction("true", token, login), Reason::OktaUnavailable),
        (transaction("\"SUCCESS\"", "\"\"", login), Reason::SessionTokenMissing),
        (transaction("\"SUCCESS\"", "\" \"", login), Reason::SessionTokenMissing),
        (transaction("\"SUCCESS\"", "null", login), Reason::SessionTokenMissing),
        (transaction("\"SUCCESS\"", "7", login), Reason::OktaUnavailable),
        (transaction("\"SUCCESS\"", token, "\"bob@acme.com\""), Reason::LoginMismatch),
        (transaction("\"SUCCESS\"", token, "\"alice\""), Reason::LoginMismatch),
        (transaction("\"SUCCESS\"", token, "\" alice@acme.com\""), Reason::LoginMismatch),
        (transaction("\"SUCCESS\"", token, "\"alice@acme.com.evil.com\""), Reason::LoginMismatch),
        (transaction("\"SUCCESS\"", token, "\"\u{430}lice@acme.com\""), Reason::LoginMismatch),
        (transaction("\"SUCCESS\"", token, "\"\""), Reason::LoginMismatch),
        (transaction("\"SUCCESS\"", token, "null"), Reason::LoginMismatch),
        (transaction("\"SUCCESS\"", token, "[]"), Reason::OktaUnavailable),
        (r#"{"status":"SUCCESS","sessionToken":"00tok"}"#.to_owned(), Reason::LoginMismatch),
        (r#"{"status":"SUCCESS","sessionToken":"00tok","_embedded":{}}"#.to_owned(), Reason::LoginMismatch),
        (r#"{"status":"SUCCESS","sessionToken":"00tok","_embedded":{"user":{}}}"#.to_owned(), Reason::LoginMismatch),
        (r#"{"sessionToken":"00tok"}"#.to_owned(), Reason::StateUnknown),
        (r#"{"status":"LOCKED_OUT","status":"SUCCESS"}"#.to_owned(), Reason::OktaUnavailable),
        ("{}".to_owned(), Reason::StateUnknown),
        ("[]".to_owned(), Reason::OktaUnavailable),
        (String::new(), Reason::OktaUnavailable),
        ("SUCCESS".to_owned(), Reason::OktaUnavailable),
        (format!("{} ", transaction("\"SUCCESS\"", token, login)), Reason::Ok),
        (format!("{}x", transaction("\"SUCCESS\"", token, login)), Reason::OktaUnavailable),
    ];
    for (body, expected) in table {
        assert_eq!(reason(200, &body), expected, "{body}");
    }
}

#[test]
fn a_short_name_is_not_a_login() {
    let body = transaction("\"SUCCESS\"", "\"00tok\"", "\"alice@acme.com\"");
    let answer = Answer { status: 200, content_type: JSON, content_encoding: None, body: body.as_bytes() };
    assert_eq!(judge(&answer, "alice").reason, Reason::LoginMismatch);
    assert_eq!(judge(&answer, "alice@acme.com").reason, Reason::Ok);
}

#[test]
fn every_error_code() {
    let table = [
        (400, "E0000001", Reason::OktaRefused),
        (400, "E0000003", Reason::OktaRefused),
        (401, "E0000004", Reason::BadCredentials),
        (403, "E0000006", Reason::Config),
        (404, "E0000007", Reason::Config),
        (500, "E0000009", Reason::OktaUnavailable),
        (401, "E0000011", Reason::Config),
        (403, "E0000014", Reason::OktaRefused),
        (401, "E0000015", Reason::Config),
        (429, "E0000047", Reason::RateLimited),
        (401, "E0000064", Reason::PasswordExpired),
        (403, "E0000068", Reason::MfaFailed),
        (403, "E0000069", Reason::LockedOut),
        (403, "E0000079", Reason::OktaRefused),
        (403, "E0000082", Reason::MfaFailed),
        (403, "E0000083", Reason::MfaFailed),
        (429, "E0000109", Reason::RateLimited),
        (429, "E0000133", Reason::RateLimited),
        (403, "E0000119", Reason::LockedOut),
        (503, "E0000181", Reason::OktaUnavailable),
        (401, "E0000207", Reason::BadCredentials),
        // A code that is not known, by its status.
        (400, "E9999999", Reason::OktaRefused),
        (401, "E9999999", Reason::BadCredentials),
        (403, "E9999999", Reason::OktaRefused),
        (404, "E9999999", Reason::Config),
        (429, "E9999999", Reason::RateLimited),
        (500, "E9999999", Reason::OktaUnavailable),
        (599, "E9999999", Reason::OktaUnavailable),
        (201, "E9999999", Reason::OktaUnavailable),
    ];
    for (status, code, expected) in table {
        let body = format!(
            r#"{{"errorCode":"{code}","errorSummary":"s","errorLink":"{code}","errorId":"oae1","errorCauses":[]}}"#
        );
        let judgement = judged(status, JSON, &body);
        let detail = (expected == Reason::OktaUnavailable).then_some(Detail::Status);
        let expected = Judgement {
            status: Some(status),
            detail,
            error_code: Some(code.to_owned()),
            error_id: Some("oae1".to_owned()),
            ..Judgement::of(expected)
        };
        assert_eq!(judgement, expected, "{status} {code}");
    }
}

#[test]
fn no_status_but_200_signs_in() {
    let body = transaction("\"SUCCESS\"", "\"00tok\"", "\"alice@acme.com\"");
    for status in (100..600).filter(|status| *status != 200) {
        assert_ne!(reason(status, &body), Reason::Ok, "{status}");
    }
    for status in 300..400 {
        assert_eq!(judged(status, JSON, &body).detail, Some(Detail::Redirect));
    }
}

#[test]
fn only_plain_json_is_read() {
    let body = transaction("\"SUCCESS\"", "\"00tok\"", "\"alice@acme.com\"");
    let table = [
        (JSON, true),
        (Some("Application/JSON;charset=UTF-8"), true),
        (Some("text/html"), false),
        (Some("text/html; application/json"), false),
        (Some("application/jsonp"), false),
        (Some(""), false),
        (None, false),
    ];
    for (content_type, read) in table {
        let expected = if read { Reason::Ok } else { Reason::OktaUnavailable };
        assert_eq!(judged(200, content_type, &body).reason, expected, "{content_type:?}");
    }
    let answer = Answer { status: 200, content_type: JSON, content_encoding: Some("gzip"), body: body.as_bytes() };
    assert_eq!(judge(&answer, "alice@acme.com").detail, Some(Detail::NotJson));
}

/// Error texts and anything that does not look like an id stay out of the judgement, and so out of the log.
#[test]
fn nothing_quoted_is_kept() {
    let judgement = judged(
        401,
        JSON,
        r#"{"errorCode":"hunter2 !","errorId":"a b","errorSummary":"hunter2","errorCauses":[{"errorSummary":"hunter2"}]}"#,
    );
    assert_eq!(judgement, Judgement { status: Some(401), ..Judgement::of(Reason::BadCredentials) });
}

/// The id goes into the path of later requests.
#[test]
fn the_id_of_who_signed_in() {
    let body = transaction("\"SUCCESS\"", "\"00tok\"", "\"alice@acme.com\"");
    let id = |id: &str| judged(200, JSON, &body.replace("\"00u1\"", id)).okta_id;
    assert_eq!(id("\"00u1\"").as_deref(), Some("00u1"));
    for none in ["null", "\"\"", "\"../groups\"", "\"00u1/x\"", "\"00u1?x\"", "\"00u1%2f\""] {
        assert_eq!(id(none), None, "{none}");
    }
}
