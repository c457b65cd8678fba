//! The names under which a request may come. A web page can find a port of this machine, and can make a name of its own lead
//! there (DNS rebinding); what it cannot do is leave out `Origin` from what it posts, or ask under a name that is not its own.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{HOST, ORIGIN};

/// Where the services of AWS are, in all partitions that are known here.
const AWS: [&str; 2] = [".amazonaws.com", ".amazonaws.com.cn"];

/// Whether a request comes under a name of this machine, and from no web page.
pub(crate) fn is_local(headers: &HeaderMap) -> bool {
    !headers.contains_key(ORIGIN) && host(headers).is_some_and(is_loopback)
}

/// The same, or under a name of AWS: `{bucket}.s3.…`, `{api}.execute-api.…`.
pub(crate) fn is_local_or_aws(headers: &HeaderMap) -> bool {
    !headers.contains_key(ORIGIN) && host(headers).is_some_and(|host| is_loopback(host) || is_aws(host))
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

fn is_loopback(host: &str) -> bool {
    let name = name_of(host);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
    name == "localhost" || name.ends_with(".localhost") || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn is_aws(host: &str) -> bool {
    let name = name_of(host);
    AWS.iter().any(|suffix| name.ends_with(suffix))
}

/// Without the port.
fn name_of(host: &str) -> String {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = host.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(host, |(name, _)| name);
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str) -> HeaderMap {
        HeaderMap::from_iter([(HOST, host.parse().unwrap())])
    }

    #[test]
    fn names_of_this_machine() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:4566",
            "localhost",
            "LocalHost:4566",
            "files.localhost:4566",
            "files.s3.localhost:4566",
            "[::1]:4566",
            "[::1]",
        ] {
            assert!(is_local(&headers(host)) && is_local_or_aws(&headers(host)), "{host}");
        }
    }

    #[test]
    fn names_of_aws() {
        for host in [
            "s3.amazonaws.com",
            "files.s3.eu-west-1.amazonaws.com:4566",
            "files.s3-eu-west-1.amazonaws.com",
            "api1.execute-api.eu-west-1.amazonaws.com",
            "api1.execute-api.cn-north-1.amazonaws.com.cn:4566",
        ] {
            assert!(!is_local(&headers(host)) && is_local_or_aws(&headers(host)), "{host}");
        }
    }

    #[test]
    fn names_that_may_be_a_web_page_s() {
        for host in [
            "",
            "evil.example",
            "evil.example:4566",
            "files.s3.evil.example",
            "api1.execute-api.evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "amazonaws.com.evil.example",
            "evilamazonaws.com",
            "files.localhost:4566.evil.example",
            "192.0.2.1",
        ] {
            assert!(!is_local(&headers(host)) && !is_local_or_aws(&headers(host)), "{host}");
        }
        assert!(!is_local_or_aws(&HeaderMap::new()), "no name");
        let mut from_page = headers("127.0.0.1:4566");
        from_page.insert(ORIGIN, "null".parse().unwrap());
        assert!(!is_local(&from_page) && !is_local_or_aws(&from_page));
    }
}
