use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::Full;
use hyper::Request;
use ring::rand::SystemRandom;
use serde_json::{Value, json};

use super::stand::{Answer, Stand};
use crate::okta::token::{CLIENT_ID, DPOP_CLIENT_ID, KEY_ID, own_key};

fn claims(stand: &Stand) -> Value {
    let exp = crate::clock::now() / 1000 + 300;
    json!({"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": format!("{}/oauth2/v1/token", stand.url), "exp": exp})
}

fn assertion(stand: &Stand, header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let key = own_key(stand.folder.path()).unwrap();
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

async fn ask(stand: &Stand, assertion: &str, scope: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("scope", scope)
        .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .append_pair("client_assertion", assertion)
        .finish();
    stand.send(Request::post(format!("{}/oauth2/v1/token", stand.url)).body(Full::new(form.into())).unwrap()).await
}

async fn token(stand: &Stand, scope: &str) -> String {
    let header = json!({"alg": "ES256", "kid": KEY_ID});
    let answer = ask(stand, &assertion(stand, &header, &claims(stand)), scope).await;
    assert_eq!((answer.status, &answer.body["token_type"]), (200, &json!("Bearer")), "{}", answer.body);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn assertions() {
    let stand = Stand::new().await;
    let header = json!({"alg": "ES256", "kid": KEY_ID});
    let with = |name: &str, value: Value| {
        let mut claims = claims(&stand);
        claims[name] = value;
        assertion(&stand, &header, &claims)
    };
    let now = crate::clock::now() / 1000;
    let right = with("jti", json!("1"));
    let (signed, _) = right.rsplit_once('.').unwrap();
    for (assertion, scope, error) in [
        (right.clone(), "okta.users.read", None),
        (right.clone(), "okta.users.read okta.groups.read", None),
        (right.clone(), "okta.users.manage", Some("invalid_scope")),
        (right.clone(), "", Some("invalid_scope")),
        (with("iss", json!("other")), "okta.users.read", Some("invalid_client")),
        (with("sub", json!("other")), "okta.users.read", Some("invalid_client")),
        (with("aud", json!("https://other/oauth2/v1/token")), "okta.users.read", Some("invalid_client")),
        (with("exp", json!(now - 1)), "okta.users.read", Some("invalid_client")),
        (with("exp", json!(now + 3700)), "okta.users.read", Some("invalid_client")),
        (with("exp", json!("soon")), "okta.users.read", Some("invalid_client")),
        (
            assertion(&stand, &json!({"alg": "ES256", "kid": "other"}), &claims(&stand)),
            "okta.users.read",
            Some("invalid_client"),
        ),
        (
            assertion(&stand, &json!({"alg": "none", "kid": KEY_ID}), &claims(&stand)),
            "okta.users.read",
            Some("invalid_client"),
        ),
        (format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 64])), "okta.users.read", Some("invalid_client")),
        (format!("{signed}."), "okta.users.read", Some("invalid_client")),
        ("nonsense".to_owned(), "okta.users.read", Some("invalid_client")),
        (String::new(), "okta.users.read", Some("invalid_client")),
    ] {
        let answer = ask(&stand, &assertion, scope).await;
        assert_eq!(answer.body["error"].as_str(), error, "{assertion} {scope}: {}", answer.body);
        assert_eq!(answer.status == 200, error.is_none());
    }
}

/// An app as Okta makes new ones: everything is right, and still there is no token without proof of possession.
#[tokio::test]
async fn an_app_that_wants_proof_of_possession() {
    let stand = Stand::new().await;
    let mut claims = claims(&stand);
    claims["iss"] = json!(DPOP_CLIENT_ID);
    claims["sub"] = json!(DPOP_CLIENT_ID);
    let right = assertion(&stand, &json!({"alg": "ES256", "kid": KEY_ID}), &claims);
    let answer = ask(&stand, &right, "okta.users.read").await;
    assert_eq!((answer.status, &answer.body["error"]), (400, &json!("invalid_dpop_proof")), "{}", answer.body);
    let other = assertion(&stand, &json!({"alg": "ES256", "kid": "other"}), &claims);
    let answer = ask(&stand, &other, "okta.users.read").await;
    assert_eq!((answer.status, &answer.body["error"]), (401, &json!("invalid_client")), "{}", answer.body);
}

#[tokio::test]
async fn users_and_groups() {
    let stand = Stand::new().await;
    let token = token(&stand, "okta.users.read").await;
    let bearer = Some(token.as_str());
    let id =
        stand.authn("partner", "partner-password").await.body["_embedded"]["user"]["id"].as_str().unwrap().to_owned();
    for name in [&id, "partner", "partner%40example.com", "PARTNER@example.com"] {
        let user = stand.get(&format!("/api/v1/users/{name}"), bearer).await;
        assert_eq!(
            (user.status, &user.body["id"], &user.body["status"]),
            (200, &json!(id), &json!("ACTIVE")),
            "{name}"
        );
    }
    let names = |answer: &Answer| -> Vec<String> {
        answer
            .body
            .as_array()
            .unwrap()
            .iter()
            .map(|group| group["profile"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let groups = stand.get(&format!("/api/v1/users/{id}/groups"), bearer).await;
    assert_eq!(names(&groups), ["Everyone", "sftp-partners"]);
    let groups = stand.get("/api/v1/users/both/groups", bearer).await;
    assert_eq!(names(&groups), ["Everyone", "sftp-partners", "sftp-read-only"]);
    assert_eq!(stand.get("/api/v1/users/nobody", bearer).await.outcome(), "404 E0000007");
    assert_eq!(stand.get("/api/v1/users/00usandboxzz", bearer).await.outcome(), "404 E0000007");
    let key = &stand.get("/api/v1/users/keys", bearer).await.body["profile"]["sftpPublicKeys"][0];
    assert!(key.as_str().unwrap().starts_with("ssh-ed25519 AAAA"), "{key}");
}

#[tokio::test]
async fn many_groups_come_in_pages() {
    let stand = Stand::new().await;
    let token = token(&stand, "okta.users.read").await;
    let mut path = "/api/v1/users/many/groups".to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = stand.get(&path, Some(&token)).await;
        sizes.push(page.body.as_array().unwrap().len());
        let links: Vec<_> = page.headers.get_all("link").iter().map(|link| link.to_str().unwrap()).collect();
        let Some(next) = links.iter().find_map(|link| link.strip_suffix(">; rel=\"next\"")) else { break };
        path = next.strip_prefix(&format!("<{}", stand.url)).unwrap().to_owned();
    }
    assert_eq!(sizes, [200, 200, 50]);
    assert_eq!(stand.get("/api/v1/users/many/groups?limit=3", Some(&token)).await.body.as_array().unwrap().len(), 3);
    for query in ["limit=0", "limit=x", "after=made-up"] {
        let answer = stand.get(&format!("/api/v1/users/many/groups?{query}"), Some(&token)).await;
        assert_eq!(answer.outcome(), "400 E0000001", "{query}");
    }
}

#[tokio::test]
async fn tokens_and_scopes() {
    let stand = Stand::new().await;
    let groups_only = token(&stand, "okta.groups.read").await;
    for (bearer, outcome) in
        [(None, "401 E0000011"), (Some("made-up"), "401 E0000011"), (Some(groups_only.as_str()), "403 E0000006")]
    {
        assert_eq!(stand.get("/api/v1/users/alice", bearer).await.outcome(), outcome);
        assert_eq!(stand.get("/api/v1/users/alice/groups", bearer).await.outcome(), outcome);
    }
}

#[tokio::test]
async fn registered_keys() {
    let stand = Stand::new().await;
    // The example of RFC 7517, appendix A.1: an EC key and an RSA key, and one of a kind that is passed over.
    let set = json!({"keys": [
        {"kty": "EC", "crv": "P-256", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
         "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM", "use": "enc", "kid": "1"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"},
        {"kty": "oct", "k": "AAAA", "kid": "3"}]});
    std::fs::write(stand.folder.path().join("jwks.json"), set.to_string()).unwrap();
    for (alg, kid) in [("ES256", "1"), ("RS256", "1"), ("RS256", "2011-04-29"), ("ES256", "2011-04-29"), ("HS256", "3")]
    {
        let forged = assertion(&stand, &json!({"alg": alg, "kid": kid}), &claims(&stand));
        assert_eq!(ask(&stand, &forged, "okta.users.read").await.body["error"], "invalid_client", "{alg} {kid}");
    }
    token(&stand, "okta.users.read").await;
}
