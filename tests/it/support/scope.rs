//! The credential scope of a signed request: which service in which region it was meant for.

use hyper::HeaderMap;

/// Region and signing name, from `Credential=AKID/date/region/service/aws4_request`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Scope {
    /// Reads the `Authorization` header; nothing if the request is not signed with version 4.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get("authorization")?.to_str().ok()?;
        let rest = text.strip_prefix("AWS4-HMAC-SHA256 ")?.split_once("Credential=")?.1;
        let mut parts = rest.split([',', ' ']).next()?.split('/').skip(2);
        let scope = Self { region: parts.next()?.to_owned(), service: parts.next()?.to_owned() };
        (parts.next() == Some("aws4_request")).then_some(scope)
    }
}
