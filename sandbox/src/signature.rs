//! Signature Version 4: who sent a request, and requests of our own (IAM User Guide, "Create a signed AWS API request").

mod canonical;
mod key;

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request};
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use crate::ACCOUNT;
use crate::aws::wire::Refusal;
use crate::resources::{Resource, Resources};

pub(crate) use key::{TemporaryKey, assume_role};

/// How far the sender's clock may be off.
const SKEW: Duration = Duration::minutes(15);

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The access key id.
    pub(crate) access_key: String,
    /// ARN of the root, or of the role's session.
    pub(crate) arn: String,
    /// The unique id, as GetCallerIdentity tells it.
    pub(crate) user_id: String,
    /// ARN of the role; `None` for the root.
    pub(crate) role: Option<String>,
}

/// A request whose signature is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    /// Who sent it.
    pub(crate) caller: Caller,
    /// The region it was signed for.
    pub(crate) region: String,
    /// The service it was signed for.
    pub(crate) service: String,
    /// What was signed of the body: its digest, or a word such as `UNSIGNED-PAYLOAD`.
    pub(crate) payload: String,
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignatureError {
    /// There is none.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// It lacks a part.
    #[error("Authorization header requires 'Credential', 'SignedHeaders', 'Signature' and a date")]
    Incomplete,
    /// Nobody has this key, or the session token is not the key's.
    #[error("The security token included in the request is invalid")]
    UnknownKey,
    /// The temporary key is too old.
    #[error("The security token included in the request is expired")]
    ExpiredKey,
    /// The sender's clock is off, or the request was kept too long.
    #[error("Signature expired: the difference between the request time and the current time is too large")]
    Skewed,
    /// Another secret, or a request that was changed on its way.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// Who signed a request, as the request says; nothing is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    access_key: String,
    date: String,
    /// The region of the credential scope.
    pub(crate) region: String,
    /// The service of the credential scope.
    pub(crate) service: String,
    signed_headers: Vec<String>,
    signature: String,
}

/// Reads the Authorization header.
pub(crate) fn claim(headers: &HeaderMap) -> Result<Claim, SignatureError> {
    let header = headers.get("authorization").ok_or(SignatureError::Missing)?;
    let header = header.to_str().map_err(|_| SignatureError::Incomplete)?;
    let rest = header.strip_prefix("AWS4-HMAC-SHA256").ok_or(SignatureError::Missing)?;
    let part = |name: &str| {
        let mut parts = rest.split(',').map(str::trim);
        parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).ok_or(SignatureError::Incomplete)
    };
    let mut scope = part("Credential")?.rsplit('/');
    let mut next = || scope.next().filter(|part| !part.is_empty()).ok_or(SignatureError::Incomplete);
    let (end, service, region, date, access_key) = (next()?, next()?, next()?, next()?, next()?);
    if end != "aws4_request" {
        return Err(SignatureError::Incomplete);
    }
    Ok(Claim {
        access_key: access_key.to_owned(),
        date: date.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        signed_headers: part("SignedHeaders")?.split(';').map(str::to_owned).collect(),
        signature: part("Signature")?.to_owned(),
    })
}

/// Checks the signature of a request. `body` is left out where it is streamed: then what was signed of it must stand in a
/// header, and whoever reads the body compares.
pub(crate) fn verify(resources: &Resources, parts: &Parts, body: Option<&[u8]>) -> Result<Signed, SignatureError> {
    let claim = claim(&parts.headers)?;
    let now = OffsetDateTime::now_utc();
    let token = text(&parts.headers, "x-amz-security-token");
    let (secret, caller) = owner(resources, &claim.access_key, token, now)?;

    let stamp = text(&parts.headers, "x-amz-date").ok_or(SignatureError::Incomplete)?;
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    let sent = PrimitiveDateTime::parse(stamp, format).map_err(|_| SignatureError::Incomplete)?.assume_utc();
    if (now - sent).abs() > SKEW || !stamp.starts_with(&claim.date) {
        return Err(SignatureError::Skewed);
    }
    // Without these, parts of the request could be changed.
    if !claim.signed_headers.iter().any(|name| name == "host") {
        return Err(SignatureError::Incomplete);
    }
    let payload = match (text(&parts.headers, "x-amz-content-sha256"), body) {
        (Some(said), Some(body)) if is_digest(said) && said != canonical::digest(body) => {
            return Err(SignatureError::Mismatch);
        }
        (Some(said), _) => said.to_owned(),
        (None, Some(body)) => canonical::digest(body),
        (None, None) => return Err(SignatureError::Incomplete),
    };
    let is_right = canonical::paths(parts.uri.path(), claim.service == "s3").iter().any(|path| {
        let request = canonical::request(parts, path, &claim.signed_headers, &payload);
        let wanted = canonical::signature(&secret, stamp, [&claim.date, &claim.region, &claim.service], &request);
        is_same(wanted.as_bytes(), claim.signature.as_bytes())
    });
    if !is_right {
        return Err(SignatureError::Mismatch);
    }
    Ok(Signed { caller, region: claim.region, service: claim.service, payload })
}

/// Checks the signature of a call of the control plane. Whoever has a key may call; policies are not asked.
///
/// # Errors
/// In the words of the services (IAM User Guide, "Common errors"): those with awsQuery say it otherwise than those with
/// awsJson.
pub(crate) fn verify_call(
    resources: &Resources,
    parts: &Parts,
    body: &[u8],
    service: &str,
    is_json: bool,
) -> Result<Caller, Refusal> {
    let refusal = |query: &str, json: &str, message: &str| {
        if is_json { Refusal::new(json, message) } else { Refusal::new(query, message).status(403) }
    };
    let mismatch = |message: &str| refusal("SignatureDoesNotMatch", "InvalidSignatureException", message);
    let refused = |error: SignatureError| {
        let message = error.to_string();
        match error {
            SignatureError::Missing => {
                refusal("MissingAuthenticationToken", "MissingAuthenticationTokenException", &message)
            }
            SignatureError::Incomplete => refusal("IncompleteSignature", "IncompleteSignatureException", &message),
            SignatureError::UnknownKey => refusal("InvalidClientTokenId", "UnrecognizedClientException", &message),
            SignatureError::ExpiredKey => refusal("ExpiredToken", "ExpiredTokenException", &message),
            SignatureError::Skewed | SignatureError::Mismatch => mismatch(&message),
        }
    };
    if claim(&parts.headers).map_err(refused)?.service != service {
        return Err(mismatch(&format!("Credential should be scoped to correct service: '{service}'.")));
    }
    verify(resources, parts, Some(body)).map(|signed| signed.caller).map_err(refused)
}

/// Whether this is a digest, and not a word such as `UNSIGNED-PAYLOAD`.
pub(crate) fn is_digest(payload: &str) -> bool {
    payload.len() == 64 && payload.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Signs a request with an absolute URI.
pub(crate) fn sign(
    request: &mut Request<Bytes>,
    key: &TemporaryKey,
    region: &str,
    service: &str,
) -> Result<(), String> {
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};

    let token = Some(key.token.clone());
    let identity = aws_credential_types::Credentials::new(&key.access_key, &key.secret, token, None, "sandbox").into();
    let parameters = aws_sigv4::sign::v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(std::time::SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| error.to_string())?;
    let uri = request.uri().to_string();
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(request.body());
    let signable =
        SignableRequest::new(request.method().as_str(), uri, headers, body).map_err(|error| error.to_string())?;
    let signed = sign(signable, &parameters.into()).map_err(|error| error.to_string())?;
    signed.into_parts().0.apply_to_request_http1x(request);
    Ok(())
}

/// The role with this ARN, if a stack made it.
pub(crate) fn role_by_arn<'a>(resources: &'a Resources, arn: &str) -> Option<&'a Resource> {
    resources.of_kind("AWS::IAM::Role").find(|role| role.attribute("Arn") == Some(arn))
}

/// The secret of a key, and who it belongs to.
fn owner(
    resources: &Resources,
    access_key: &str,
    token: Option<&str>,
    now: OffsetDateTime,
) -> Result<(String, Caller), SignatureError> {
    if access_key == "test" {
        let caller = Caller {
            access_key: access_key.to_owned(),
            arn: format!("arn:aws:iam::{ACCOUNT}:root"),
            user_id: ACCOUNT.to_owned(),
            role: None,
        };
        return Ok(("test".to_owned(), caller));
    }
    let known = token.and_then(|token| key::look_up(access_key, token)).ok_or(SignatureError::UnknownKey)?;
    let role = role_by_arn(resources, &known.role).ok_or(SignatureError::UnknownKey)?;
    if now.unix_timestamp() >= known.expires {
        return Err(SignatureError::ExpiredKey);
    }
    let id = role.attribute("RoleId").unwrap_or("AROASANDBOX");
    let partition = known.role.split(':').nth(1).unwrap_or("aws");
    let caller = Caller {
        access_key: access_key.to_owned(),
        arn: format!("arn:{partition}:sts::{ACCOUNT}:assumed-role/{}/{}", role.physical_id, known.session),
        user_id: format!("{id}:{}", known.session),
        role: Some(known.role),
    };
    Ok((known.secret, caller))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Compares without telling by its time where the difference is.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (one, other)| all | (one ^ other)) == 0
}

#[cfg(test)]
#[path = "signature/tests.rs"]
mod tests;
