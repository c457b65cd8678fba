//! A call of one action of one service, however it was sent.

use hyper::HeaderMap;
use url::form_urlencoded;

/// A call of awsQuery or awsJson.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The action, such as `CreateServer`.
    pub(crate) action: String,
    /// The region of the credential scope.
    pub(crate) region: String,
}

impl Call {
    /// The partition of the region.
    pub(crate) fn partition(&self) -> &'static str {
        partition(&self.region)
    }
}

/// The partition that a region belongs to.
pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// What the signature is for: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The region.
    pub(crate) region: String,
    /// The service's signing name; empty when there is no signature.
    pub(crate) service: String,
}

impl Scope {
    /// Reads it from the header, or from the query of a signed link.
    pub(crate) fn of(headers: &HeaderMap, query: Option<&str>) -> Self {
        let header = headers.get("authorization").and_then(|value| value.to_str().ok());
        let from_header = header.and_then(|value| {
            let (_, rest) = value.split_once("Credential=")?;
            rest.split([',', ' ']).next().map(ToOwned::to_owned)
        });
        let from_query = || {
            form_urlencoded::parse(query?.as_bytes())
                .find(|(name, _)| name == "X-Amz-Credential")
                .map(|(_, value)| value.into_owned())
        };
        Self::parse(&from_header.or_else(from_query).unwrap_or_default())
    }

    fn parse(credential: &str) -> Self {
        // An access key id has no slash; the fields are counted from the end all the same.
        let mut fields = credential.rsplitn(5, '/').skip(1);
        let service = fields.next().unwrap_or_default().to_owned();
        let region = fields.next().filter(|region| !region.is_empty()).unwrap_or("us-east-1").to_owned();
        Self { region, service }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn the_scope_comes_from_the_header_or_the_query() {
        let mut headers = HeaderMap::new();
        let unsigned = Scope { region: "us-east-1".into(), service: String::new() };
        assert_eq!(Scope::of(&headers, None), unsigned);
        let signed = Scope { region: "eu-west-1".into(), service: "sts".into() };
        let query = "X-Amz-Credential=test%2F20261123%2Feu-west-1%2Fsts%2Faws4_request";
        assert_eq!(Scope::of(&headers, Some(query)), signed);
        let value =
            "AWS4-HMAC-SHA256 Credential=test/20261123/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert("authorization", HeaderValue::from_static(value));
        assert_eq!(Scope::of(&headers, None), signed);
    }

    #[test]
    fn a_region_has_a_partition() {
        assert_eq!(partition("eu-west-1"), "aws");
        assert_eq!(partition("cn-north-1"), "aws-cn");
        assert_eq!(partition("us-gov-west-1"), "aws-us-gov");
    }
}
