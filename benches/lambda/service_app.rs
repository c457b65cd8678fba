//! What proves a service app: a request to Secrets Manager that AWS would take, and an assertion that Okta would.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

use crate::stand_in::Request;

pub(crate) const CLIENT_ID: &str = "0oa1example";
pub(crate) const KEY_ID: &str = "key-1";
pub(crate) const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta-AbCdEf";
/// Who asks Secrets Manager: each of the role's three credentials.
pub(crate) const CREDENTIAL: &str = "example";
/// The app's key, of the kind that Okta makes for one: that of RFC 7515, appendix A.2.
pub(crate) const KEY: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB","d":"Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ","p":"4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc","q":"uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc","dp":"BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0","dq":"h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU","qi":"IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"}"#;

/// Whether this asks for the secret, and is signed with the credentials that the function has.
pub(crate) fn asks_for_secret(request: &Request) -> bool {
    let body = serde_json::from_slice::<Value>(&request.body).unwrap_or_default();
    request.line.starts_with("POST / ")
        && body.get("SecretId").and_then(Value::as_str) == Some(SECRET)
        && request.header("x-amz-target") == Some("secretsmanager.GetSecretValue")
        && request.header("x-amz-security-token") == Some(CREDENTIAL)
        && is_signed(request) == Some(true)
}

/// AWS Signature Version 4 (IAM user guide, "Create a signed AWS API request").
fn is_signed(request: &Request) -> Option<bool> {
    let authorization = request.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let part = |name: &str| authorization.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (names, signature) = (part("SignedHeaders")?, part("Signature")?);
    let scope = part("Credential")?.strip_prefix(CREDENTIAL)?.strip_prefix('/')?;
    let mut canonical = "POST\n/\n\n".to_owned();
    for name in names.split(';') {
        writeln!(canonical, "{name}:{}", request.header(name)?).ok()?;
    }
    write!(canonical, "\n{names}\n{}", hex(digest(&SHA256, &request.body).as_ref())).ok()?;
    let canonical = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{canonical}", request.header("x-amz-date")?);
    let sign =
        |key: Vec<u8>, text: &str| hmac::sign(&hmac::Key::new(HMAC_SHA256, &key), text.as_bytes()).as_ref().to_vec();
    let key = scope.split('/').fold(format!("AWS4{CREDENTIAL}").into_bytes(), sign);
    let date = request.header("x-amz-date")?.get(..8)?;
    let is_for_this = scope == format!("{date}/eu-west-1/secretsmanager/aws4_request");
    let is_all_signed = ["host", "x-amz-date"].iter().all(|name| names.split(';').any(|signed| signed == *name));
    Some(is_for_this && is_all_signed && hex(&sign(key, &text)) == signature)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether this asks for a token with an assertion of the app, signed with its key.
pub(crate) fn asks_for_token(request: &Request) -> bool {
    request.line.starts_with("POST /oauth2/v1/token ") && is_asserted(&request.body) == Some(true)
}

fn is_asserted(form: &[u8]) -> Option<bool> {
    let assertion =
        std::str::from_utf8(form).ok()?.split('&').find_map(|field| field.strip_prefix("client_assertion="))?;
    let (message, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = message.split_once('.')?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let read = |part: &str| serde_json::from_slice::<Value>(&decoded(part)?).ok();
    let (header, claims) = (read(header)?, read(claims)?);
    let key = serde_json::from_str::<Value>(KEY).ok()?;
    let key = RsaPublicKeyComponents { n: decoded(key.get("n")?.as_str()?)?, e: decoded(key.get("e")?.as_str()?)? };
    let is_told = header.get("alg")? == "RS256"
        && header.get("kid")? == KEY_ID
        && claims.get("iss")? == CLIENT_ID
        && claims.get("sub")? == CLIENT_ID
        && claims.get("aud")?.as_str()?.ends_with("/oauth2/v1/token");
    let is_signed = key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &decoded(signature)?).is_ok();
    Some(is_told && is_signed)
}
