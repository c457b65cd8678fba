//! The small Okta org.

use serde_json::json;

use crate::support::loopback::{self, Reply};
use crate::support::okta::{Okta, Transaction};

fn authn(okta: &Okta, username: &str, password: &str) -> Reply {
    let body = json!({"username": username, "password": password}).to_string();
    loopback::post(&format!("{}/api/v1/authn", okta.org_url()), &[("content-type", "application/json")], body).unwrap()
}

#[test]
fn every_state_is_answered_as_okta_does() {
    let okta = Okta::builder()
        .user("bob@acme.com", "right", Transaction::Success)
        .user("lou@acme.com", "right", Transaction::LockedOut)
        .user("mia@acme.com", "right", Transaction::MfaRequired)
        .user("pat@acme.com", "right", Transaction::PasswordExpired)
        .user("rae@acme.com", "right", Transaction::RateLimited)
        .user("cut@acme.com", "right", Transaction::Cut)
        .start();

    let signed_in = authn(&okta, "BOB@acme.com", "right");
    assert_eq!((signed_in.status, &signed_in.json()["status"]), (200, &json!("SUCCESS")));
    assert_eq!(signed_in.json()["_embedded"]["user"]["profile"]["login"], "bob@acme.com");
    assert!(signed_in.json()["sessionToken"].is_string());
    assert!(signed_in.headers.contains_key("x-okta-request-id"));
    assert_eq!(authn(&okta, "bob", "right").json()["status"], "SUCCESS");

    for (name, password) in [("bob@acme.com", "wrong"), ("nobody@acme.com", "right")] {
        let refused = authn(&okta, name, password);
        assert_eq!((refused.status, &refused.json()["errorCode"]), (401, &json!("E0000004")));
    }
    // A lock-out is told whatever the password; the rest only for the right one.
    assert_eq!(authn(&okta, "lou@acme.com", "wrong").json()["status"], "LOCKED_OUT");
    assert_eq!(authn(&okta, "mia@acme.com", "right").json()["status"], "MFA_REQUIRED");
    assert_eq!(authn(&okta, "mia@acme.com", "wrong").status, 401);
    assert_eq!(authn(&okta, "pat@acme.com", "right").json()["status"], "PASSWORD_EXPIRED");
    let limited = authn(&okta, "rae@acme.com", "right");
    assert_eq!((limited.status, &limited.json()["errorCode"]), (429, &json!("E0000047")));
    assert_eq!(limited.headers["x-rate-limit-remaining"], "0");

    let body = json!({"username": "cut@acme.com", "password": "right"}).to_string();
    assert!(loopback::post(&format!("{}/api/v1/authn", okta.org_url()), &[], body).is_err());
    assert_eq!(loopback::get(&format!("{}/api/v1/users/me", okta.org_url())).unwrap().status, 404);

    assert_eq!(okta.sign_ins(), 10);
    let first = &okta.asked()[0];
    assert!(first.signs_in("BOB@acme.com", "right") && !first.signs_in("bob@acme.com", "right"));
    assert!(first.body_is(&json!({"username": "BOB@acme.com", "password": "right"})));
    assert!(!format!("{:?}", okta.asked()).contains("right"), "a record shows a password");
}
