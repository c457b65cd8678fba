//! The requests of an authentication transaction.

use std::fmt;

use serde::Serialize;
use zeroize::Zeroizing;

use super::AUTHN_PATH;
use super::passcode::Typed;
use crate::secret::Secret;

#[derive(Serialize)]
struct Authn<'a> {
    username: &'a str,
    password: &'a str,
    options: Options,
}

/// Both are Okta's defaults. They are said aloud, since `warnBeforePasswordExpired` would make Okta answer with a state
/// that is not SUCCESS to a right password.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    multi_optional_factor_enroll: bool,
    warn_before_password_expired: bool,
}

/// Without a code this asks for a push, or what became of it, and for nothing else: it must never go to a factor that
/// answers it with a message.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verify<'a> {
    state_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass_code: Option<&'a str>,
}

/// A request of a transaction, to be sent by POST.
pub struct AuthnRequest {
    /// The path at the org. Never a link of an answer's: it is built here, and the host is the org's.
    pub path: String,
    /// The body, wiped when dropped.
    pub body: Zeroizing<Vec<u8>>,
}

impl AuthnRequest {
    /// Primary authentication: the one request with the password.
    #[must_use]
    pub fn password(login: &str, typed: &Typed) -> Self {
        Self { path: AUTHN_PATH.to_owned(), body: authn_body(login, typed) }
    }

    /// Verifies a factor by its code, or without one sends its push and asks what came of that.
    pub(super) fn verify(factor_id: &str, state_token: &Secret, code: Option<&Secret>) -> Self {
        Self { path: format!("{AUTHN_PATH}/factors/{factor_id}/verify"), body: verify_body(state_token, code) }
    }

    /// Ends the transaction.
    pub(super) fn cancel(state_token: &Secret) -> Self {
        Self { path: format!("{AUTHN_PATH}/cancel"), body: verify_body(state_token, None) }
    }
}

/// The body holds a password or a token.
impl fmt::Debug for AuthnRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthnRequest").field("path", &self.path).finish_non_exhaustive()
    }
}

/// The body of primary authentication, wiped when dropped. The one place where a password is serialised.
#[must_use]
pub fn authn_body(login: &str, typed: &Typed) -> Zeroizing<Vec<u8>> {
    let password = typed.password.expose();
    let options = Options { multi_optional_factor_enroll: false, warn_before_password_expired: false };
    body(&Authn { username: login, password, options }, login.len() + password.len())
}

/// The body that verifies a factor, or polls for its push, or cancels the transaction; wiped when dropped.
#[must_use]
fn verify_body(state_token: &Secret, code: Option<&Secret>) -> Zeroizing<Vec<u8>> {
    let (state_token, pass_code) = (state_token.expose(), code.map(Secret::expose));
    body(&Verify { state_token, pass_code }, state_token.len() + pass_code.map_or(0, str::len))
}

fn body(value: &impl Serialize, text: usize) -> Zeroizing<Vec<u8>> {
    // Room for each byte as \u0000, so that the buffer never moves and leaves a copy behind.
    let mut body = Zeroizing::new(Vec::with_capacity(256 + 6 * text));
    // Writing strings into memory does not fail; half a body would be refused by Okta.
    let _ = serde_json::to_writer(&mut *body, value);
    body
}

#[cfg(test)]
mod tests {
    use super::{Secret, Typed, authn_body, verify_body};

    #[test]
    fn exact_bytes_and_no_move() {
        let typed = Typed::whole(Secret::new(" s3\"\\cr\u{0}et é ".to_owned()));
        let body = authn_body("bob@example.com", &typed);
        insta::assert_snapshot!(String::from_utf8_lossy(&body), @r#"{"username":"bob@example.com","password":" s3\"\\cr\u0000et é ","options":{"multiOptionalFactorEnroll":false,"warnBeforePasswordExpired":false}}"#);

        let worst = Typed::whole(Secret::new("\u{1}".repeat(1024)));
        let body = authn_body("bob@example.com", &worst);
        assert!(body.capacity() == 256 + 6 * (15 + 1024), "the buffer grew");
    }

    #[test]
    fn a_code_or_nothing_but_the_token() {
        let token = Secret::new("00token".to_owned());
        let code = Secret::new("123456".to_owned());
        insta::assert_snapshot!(String::from_utf8_lossy(&verify_body(&token, Some(&code))), @r#"{"stateToken":"00token","passCode":"123456"}"#);
        insta::assert_snapshot!(String::from_utf8_lossy(&verify_body(&token, None)), @r#"{"stateToken":"00token"}"#);
    }
}
