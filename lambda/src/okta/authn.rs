//! The request for primary authentication.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::user_name::UserName;

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

/// The body of the request, wiped when dropped. The one place where a password is serialised.
#[must_use]
pub fn authn_body(user: &UserName, password: &Secret) -> Zeroizing<Vec<u8>> {
    // Room for each byte as \u0000, so that the buffer never moves and leaves a copy behind.
    let room = 256 + user.as_str().len() + 6 * password.expose().len();
    let mut body = Zeroizing::new(Vec::with_capacity(room));
    let authn = Authn {
        username: user.as_str(),
        password: password.expose(),
        options: Options { multi_optional_factor_enroll: false, warn_before_password_expired: false },
    };
    // Writing strings into memory does not fail; half a body would be refused by Okta.
    let _ = serde_json::to_writer(&mut *body, &authn);
    body
}

#[cfg(test)]
mod tests {
    use super::{Secret, UserName, authn_body};

    #[test]
    fn exact_bytes_and_no_move() -> Result<(), crate::user_name::UserNameError> {
        let user = UserName::parse("bob@example.com", None)?;
        let body = authn_body(&user, &Secret::new(" s3\"\\cr\u{0}et é ".to_owned()));
        insta::assert_snapshot!(String::from_utf8_lossy(&body), @r#"{"username":"bob@example.com","password":" s3\"\\cr\u0000et é ","options":{"multiOptionalFactorEnroll":false,"warnBeforePasswordExpired":false}}"#);

        let worst = Secret::new("\u{1}".repeat(1024));
        let body = authn_body(&user, &worst);
        assert!(body.capacity() == 256 + 15 + 6 * 1024, "the buffer grew");
        Ok(())
    }
}
