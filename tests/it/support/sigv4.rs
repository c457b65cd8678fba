//! Calls to a deployed API as Transfer makes them: signed for `execute-api`.

use std::io;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;

use super::loopback::{self, Reply};

/// Signs a request whose URI is absolute, with the test credentials. The body is signed with it.
pub(crate) fn signed(
    mut request: Request<Full<Bytes>>,
    body: &[u8],
    service: &str,
    region: &str,
) -> Request<Full<Bytes>> {
    let identity = Credentials::new("test", "test", None, None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("signing parameters");
    let uri = request.uri().to_string();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(body))
        .expect("a request that can be signed");
    let (instructions, _signature) = sign(signable, &parameters.into()).expect("a signature").into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

/// A signed GET for `execute-api`, with the headers given.
pub(crate) fn get_request(url: &str, region: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    let mut request = Request::get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    signed(request.body(Full::default()).expect("a request"), b"", "execute-api", region)
}

/// A signed GET for `execute-api`, sent.
pub(crate) fn get(url: &str, region: &str, headers: &[(&str, &str)]) -> io::Result<Reply> {
    loopback::send(get_request(url, region, headers))
}

/// Where an emulator serves the stage of a REST API.
pub(crate) fn stage_url(endpoint: &str, api: &str, stage: &str) -> String {
    format!("{endpoint}/restapis/{api}/{stage}/_user_request_")
}

/// The same, for the URL that the stack's output names (`https://{api}.execute-api.{region}.{suffix}/{stage}`).
pub(crate) fn emulated(endpoint: &str, identity_provider_url: &str) -> Option<String> {
    let rest = identity_provider_url.strip_prefix("https://")?;
    let (host, stage) = rest.split_once('/')?;
    let (api, _) = host.split_once(".execute-api.")?;
    Some(stage_url(endpoint, api, stage.trim_end_matches('/')))
}
