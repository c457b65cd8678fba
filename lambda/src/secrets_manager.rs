//! One secret of AWS Secrets Manager: `GetSecretValue`, signed with the credentials that Lambda gives the function (Secrets
//! Manager API reference; Lambda developer guide, "Defined runtime environment variables").
//!
//! An AWS SDK would be larger than the rest of the function.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde::Deserialize;
use thiserror::Error;
use tokio::time::Instant;

use crate::http::Http;
use crate::json;
use crate::secret::Secret;
use crate::settings::SecretArn;

/// The longest answer that is read: a secret has at most 65,536 bytes (Secrets Manager quotas), and JSON may escape it.
const LONGEST_ANSWER: usize = 512 * 1024;

/// Where to ask, and as whom.
pub struct SecretsManager {
    http: Http,
    endpoint: String,
    credentials: Credentials,
}

/// Why Secrets Manager cannot be asked.
#[derive(Debug, Error)]
pub enum SecretsManagerError {
    /// Lambda sets these for every function.
    #[error("{0} is not set: the credentials of the function's role are missing")]
    Credentials(&'static str),
    /// An endpoint that is not on this machine.
    #[error("{0:?} is no endpoint on this machine: a secret is asked for at AWS, or on loopback for tests")]
    Endpoint(String),
    /// The TLS library refused its own settings.
    #[error("TLS could not be set up")]
    Tls(#[from] rustls::Error),
}

/// Why there is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the secret cannot be read")]
pub struct SecretUnreadable;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_string: Option<Secret>,
}

impl SecretsManager {
    /// For the region of a secret, with the function's environment.
    ///
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER` or `AWS_ENDPOINT_URL` leads elsewhere, to this machine only, for tests and the
    /// sandbox.
    ///
    /// # Errors
    /// No credentials, an endpoint on another machine, or no TLS.
    pub fn new(
        secret: &SecretArn,
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, SecretsManagerError> {
        let required = |name| variable(name).ok_or(SecretsManagerError::Credentials(name));
        let (key, secret_key) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
        let credentials = Credentials::new(key, secret_key, variable("AWS_SESSION_TOKEN"), None, "lambda");
        let given = variable("AWS_ENDPOINT_URL_SECRETS_MANAGER").or_else(|| variable("AWS_ENDPOINT_URL"));
        let endpoint = match &given {
            Some(url) => loopback(url).ok_or_else(|| SecretsManagerError::Endpoint(url.clone()))?,
            None => public_endpoint(secret),
        };
        Ok(Self { http: Http::new(given.is_some())?, endpoint, credentials })
    }

    /// Reads the text of the secret's current version before `until`. `time` is the time of day.
    ///
    /// # Errors
    /// There is no such secret, the role may not read it, it holds no text, or no answer came. Which of these, CloudTrail
    /// tells; an error text of the service is not passed on.
    pub async fn get(&self, secret: &SecretArn, time: SystemTime, until: Instant) -> Result<Secret, SecretUnreadable> {
        let body = serde_json::json!({"SecretId": secret.as_str()}).to_string();
        let request = self.request(secret.region(), body, time).ok_or(SecretUnreadable)?;
        let reply = self.http.send(request, LONGEST_ANSWER, until).await.map_err(|_| SecretUnreadable)?;
        if reply.status != 200 {
            return Err(SecretUnreadable);
        }
        let value: GetSecretValue = json::from_slice(&reply.body).map_err(|_| SecretUnreadable)?;
        value.secret_string.ok_or(SecretUnreadable)
    }

    fn request(&self, region: &str, body: String, time: SystemTime) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::post(&self.endpoint)
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", "secretsmanager.GetSecretValue")
            .body(Full::new(Bytes::from(body.clone())))
            .ok()?;
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name("secretsmanager")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .ok()?;
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new("POST", self.endpoint.as_str(), headers, body).ok()?;
        let signed = sign(signable, &parameters.into()).ok()?;
        signed.into_parts().0.apply_to_request_http1x(&mut request);
        Some(request)
    }
}

/// The region's endpoint, in the partition's own domain (AWS General Reference, "AWS Secrets Manager endpoints").
fn public_endpoint(secret: &SecretArn) -> String {
    let domain = match secret.as_str().split(':').nth(1) {
        Some("aws-cn") => "amazonaws.com.cn",
        Some("aws-eusc") => "amazonaws.eu",
        Some(_) | None => "amazonaws.com",
    };
    format!("https://secretsmanager.{}.{domain}/", secret.region())
}

/// The endpoint if it is plain http on this machine: the same rule as for an Okta stand-in.
fn loopback(url: &str) -> Option<String> {
    let url = crate::org_url::OrgUrl::parse(url, false).ok().filter(crate::org_url::OrgUrl::is_loopback)?;
    Some(format!("{url}/"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{SecretsManager, SecretsManagerError};
    use crate::settings::SecretArn;

    fn secrets_manager(arn: &str, endpoint: Option<&str>) -> Result<(SecretsManager, SecretArn), String> {
        let arn = SecretArn::parse(arn).map_err(|error| error.to_string())?;
        let variable = |name| match name {
            "AWS_ACCESS_KEY_ID" => Some("AKIDEXAMPLE".to_owned()),
            "AWS_SECRET_ACCESS_KEY" => Some("canary-secret-key".to_owned()),
            "AWS_SESSION_TOKEN" => Some("session-token".to_owned()),
            "AWS_ENDPOINT_URL" => endpoint.map(str::to_owned),
            _ => None,
        };
        Ok((SecretsManager::new(&arn, variable).map_err(|error| error.to_string())?, arn))
    }

    #[test]
    fn endpoints() {
        for (arn, endpoint, expected) in [
            (
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a",
                None,
                "https://secretsmanager.eu-west-1.amazonaws.com/",
            ),
            (
                "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:a",
                None,
                "https://secretsmanager.us-gov-west-1.amazonaws.com/",
            ),
            (
                "arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:a",
                None,
                "https://secretsmanager.cn-north-1.amazonaws.com.cn/",
            ),
            (
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a",
                Some("http://127.0.0.1:4566"),
                "http://127.0.0.1:4566/",
            ),
            (
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a",
                Some("http://localhost:4566/"),
                "http://localhost:4566/",
            ),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:a", Some("https://evil.example.com"), "refused"),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:a", Some("http://10.0.0.1:80"), "refused"),
            (
                "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a",
                Some("http://127.0.0.1.evil.example.com"),
                "refused",
            ),
            ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:a", Some(""), "refused"),
        ] {
            let found = secrets_manager(arn, endpoint).map(|(secrets_manager, _)| secrets_manager.endpoint);
            assert_eq!(found.as_deref().unwrap_or("refused"), expected, "{arn} {endpoint:?}");
        }
        let arn = SecretArn::parse("arn:aws:secretsmanager:eu-west-1:111122223333:secret:a");
        let none = arn.map(|arn| SecretsManager::new(&arn, |_| None).map(|_| ()));
        assert!(matches!(none, Ok(Err(SecretsManagerError::Credentials("AWS_ACCESS_KEY_ID")))));
    }

    /// Everything that leaves, at a fixed time. The key that signs is not in it.
    #[test]
    fn the_request() -> Result<(), String> {
        let (secrets_manager, arn) =
            secrets_manager("arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta", None)?;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let body = r#"{"SecretId":"arn:aws:secretsmanager:eu-west-1:111122223333:secret:okta"}"#;
        let request = secrets_manager.request(arn.region(), body.to_owned(), time).ok_or("no request")?;
        let headers = request.headers().iter();
        let mut lines: Vec<_> =
            headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default())).collect();
        lines.sort();
        insta::assert_snapshot!(format!("{} {}\n{}", request.method(), request.uri(), lines.join("\n")));
        assert!(!lines.join("\n").contains("canary"));
        Ok(())
    }
}
