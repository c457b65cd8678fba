//! The address of an Okta org, and nothing that could be mistaken for one.
//!
//! The password of every user goes to this address, so the grammar is far narrower than that of URLs: `https://` and a
//! DNS name. The one exception is plain `http` on a loopback host, for tests and the sandbox.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checked_text::checked_text;

/// Domains below which Okta gives every org one name (Okta developer documentation, "Find your Okta domain"; the
/// government clouds are known from their own sign-in pages).
const OKTA_DOMAINS: [&str; 5] = ["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"];

/// Names that never lead to Okta but to the network the caller stands in.
const LOCAL_DOMAINS: [&str; 4] = ["localhost", "local", "internal", "localdomain"];

/// The base address of an Okta org, such as `https://acme.okta.com`: lower case, no path, no final slash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OrgUrl(String);

/// Why a text is not the address of an Okta org, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrgUrlError {
    /// Nothing was given.
    #[error("the Okta org URL is empty: write https://your-org.okta.com")]
    Empty,
    /// The text holds something other than ASCII.
    #[error("the Okta org URL {0:?} holds characters outside ASCII: write the domain in its xn-- form")]
    NotAscii(String),
    /// The scheme is neither https nor http.
    #[error("{0:?} is not a scheme an Okta org answers: write https://{1}")]
    Scheme(String, String),
    /// Plain http to a host that is not this machine.
    #[error("passwords are never sent over plain http: write https://{0}")]
    Insecure(String),
    /// The URL carries a user name or password.
    #[error("the Okta org URL holds an '@': write only the host, https://your-org.okta.com")]
    UserInfo,
    /// The URL carries a path, query or fragment.
    #[error("the Okta org URL holds more than a host: write {0}")]
    MoreThanHost(String),
    /// The URL carries a port.
    #[error("the Okta org URL holds a port: write https://{0}")]
    Port(String),
    /// What follows the colon is not a port.
    #[error("{0:?} is not a port from 1 to 65535")]
    PortNumber(String),
    /// A loopback host over https.
    #[error("{0} is this machine: write http://{0} to use an Okta stand-in there, or https://your-org.okta.com")]
    Loopback(String),
    /// An IP address in place of a name.
    #[error("{0} is an IP address: write the name of the org, https://your-org.okta.com")]
    IpAddress(String),
    /// Not a DNS name.
    #[error("{0:?} is not a DNS name: write https://your-org.okta.com")]
    Host(String),
    /// A name that only resolves in a local network.
    #[error("{0} is a name of a local network: write https://your-org.okta.com")]
    Local(String),
    /// The host of the admin console.
    #[error("{0} is the admin console: write https://{1}")]
    Admin(String, String),
    /// Below an Okta domain, but not an org's name.
    #[error("{0} is not the name of an Okta org: write https://your-org.{1}")]
    NotAnOrg(String, String),
    /// Outside Okta's own domains, without saying so.
    #[error(
        "{0} is outside okta.com: set custom_domain = true if your Okta org really has this domain, or write https://your-org.okta.com"
    )]
    CustomDomain(String),
}

impl OrgUrl {
    /// Reads a URL or a bare host. One final slash and a pasted `/api/v1/authn` are dropped, case is lowered.
    ///
    /// A host outside Okta's own domains needs `custom_domain`.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str, custom_domain: bool) -> Result<Self, OrgUrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(OrgUrlError::Empty);
        }
        if !text.is_ascii() {
            return Err(OrgUrlError::NotAscii(text.to_owned()));
        }
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", &text));
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let rest = rest.strip_suffix("/api/v1/authn").unwrap_or(rest);

        let (authority, more) = match rest.find(['/', '\\', '?', '#']) {
            Some(at) => (rest.get(..at).unwrap_or_default(), true),
            None => (rest, false),
        };
        if authority.contains('@') {
            return Err(OrgUrlError::UserInfo);
        }
        let (host, port) = split_port(authority);
        match (scheme, is_loopback(host)) {
            ("http", true) => check_port(port)?,
            ("https", true) => return Err(OrgUrlError::Loopback(authority.to_owned())),
            ("https" | "http", false) => check_host(host, custom_domain)?,
            _ => return Err(OrgUrlError::Scheme(scheme.to_owned(), host.to_owned())),
        }
        if scheme == "http" && !is_loopback(host) {
            return Err(OrgUrlError::Insecure(host.to_owned()));
        }
        if scheme == "https" && port.is_some() {
            return Err(OrgUrlError::Port(host.to_owned()));
        }
        if more {
            return Err(OrgUrlError::MoreThanHost(format!("{scheme}://{authority}")));
        }
        Ok(Self(format!("{scheme}://{authority}")))
    }

    /// The address as text, without a final slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is a stand-in on this machine, reached over plain http, and not Okta.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.0.starts_with("http://")
    }
}

// For settings that were written by the deployer, which has already asked about a custom domain.
checked_text!(OrgUrl, OrgUrlError, true);

/// Host and port of an authority; the brackets of an IPv6 literal stay with the host.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let after_host = authority.rfind(']').unwrap_or(0);
    match authority.rfind(':') {
        Some(at) if at >= after_host => {
            (authority.get(..at).unwrap_or_default(), Some(authority.get(at + 1..).unwrap_or_default()))
        }
        _ => (authority, None),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

fn check_port(port: Option<&str>) -> Result<(), OrgUrlError> {
    match port {
        // In its shortest spelling, so that equal addresses are equal texts.
        Some(port) if !port.parse::<u16>().is_ok_and(|number| number != 0 && number.to_string() == port) => {
            Err(OrgUrlError::PortNumber(port.to_owned()))
        }
        _ => Ok(()),
    }
}

fn check_host(host: &str, custom_domain: bool) -> Result<(), OrgUrlError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let last = host.rsplit('.').next().unwrap_or_default();
    // A last label that begins with a digit is read as an IPv4 address by URL parsers, in all its spellings (127.1, 0x7f.1).
    if bare.parse::<Ipv6Addr>().is_ok() || last.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(OrgUrlError::IpAddress(host.to_owned()));
    }
    if !is_dns_name(host) {
        return Err(OrgUrlError::Host(host.to_owned()));
    }
    if LOCAL_DOMAINS.contains(&last) {
        return Err(OrgUrlError::Local(host.to_owned()));
    }
    for domain in OKTA_DOMAINS {
        if host == domain {
            return Err(OrgUrlError::NotAnOrg(host.to_owned(), domain.to_owned()));
        }
        let Some(org) = host.strip_suffix(domain).and_then(|org| org.strip_suffix('.')) else { continue };
        // Okta's certificates are for one label below these domains.
        if org.contains('.') {
            return Err(OrgUrlError::NotAnOrg(host.to_owned(), domain.to_owned()));
        }
        if let Some(org) = org.strip_suffix("-admin") {
            return Err(OrgUrlError::Admin(host.to_owned(), format!("{org}.{domain}")));
        }
        return Ok(());
    }
    if custom_domain { Ok(()) } else { Err(OrgUrlError::CustomDomain(host.to_owned())) }
}

/// Two labels or more of lower-case letters, digits and hyphens, as DNS and certificates know them.
pub(crate) fn is_dns_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.contains('.') && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::{Host, Url};

    use super::OrgUrl;

    #[test]
    fn accepted() {
        let cases = [
            ("https://acme.okta.com", "https://acme.okta.com"),
            ("acme.okta.com", "https://acme.okta.com"),
            (" HTTPS://ACME.Okta.com/ ", "https://acme.okta.com"),
            ("https://acme.okta.com/api/v1/authn", "https://acme.okta.com"),
            ("https://dev-123456.okta.com", "https://dev-123456.okta.com"),
            ("https://integrator-1234567.okta.com", "https://integrator-1234567.okta.com"),
            ("https://acme.oktapreview.com", "https://acme.oktapreview.com"),
            ("https://acme.okta-emea.com", "https://acme.okta-emea.com"),
            ("https://acme.okta-gov.com", "https://acme.okta-gov.com"),
            ("https://acme.okta.mil", "https://acme.okta.mil"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.9.9.9/", "http://127.9.9.9"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:8080/", "http://localhost:8080"),
        ];
        for (text, expected) in cases {
            assert_eq!(OrgUrl::parse(text, false).as_ref().map(OrgUrl::as_str), Ok(expected), "{text}");
        }
        assert!(OrgUrl::parse("login.acme.com", true).is_ok());
        assert!(OrgUrl::parse("http://localhost:1", false).is_ok_and(|url| url.is_loopback()));
        assert!(OrgUrl::parse("acme.okta.com", false).is_ok_and(|url| !url.is_loopback()));
    }

    #[test]
    fn refused_with_a_remedy() {
        let refused: Vec<String> = [
            "",
            "http://acme.okta.com",
            "ftp://acme.okta.com",
            "https://acme-admin.okta.com",
            "https://okta.com",
            "https://a.b.okta.com",
            "https://acme.okta.com:8443",
            "https://acme.okta.com/login",
            "https://acme.okta.com?x=1",
            "https://acme.okta.com#x",
            "https://acme.okta.com\\@evil.com",
            "https://acme.okta.com@evil.com",
            "https://evil.com/acme.okta.com",
            "https://acmeokta.com",
            "https://acme.okta.com.evil.com",
            "https://acme.оkta.com",
            "https://127.0.0.1",
            "https://localhost",
            "https://[::1]:443",
            "https://10.0.0.1",
            "https://169.254.169.254",
            "https://0x7f.1",
            "https://2130706433",
            "https://[fe80::1]",
            "https://metadata.google.internal",
            "https://acme",
            "https://acme..okta.com",
            "https://-acme.okta.com",
            "https://acme.okta.com.",
            "https://ac me.okta.com",
            "https://acme.okta.com//",
            "http://10.0.0.1:80",
            "http://0.0.0.0",
            "http://127.1",
            "http://localhost.evil.com",
            "http://localhost:0",
            "http://localhost:99999",
            "http://localhost:",
            "http://127.0.0.1:80@evil.com",
            "http://[::1]evil.com",
        ]
        .into_iter()
        .map(|text| match OrgUrl::parse(text, false) {
            Ok(url) => format!("{text} ACCEPTED {url}"),
            Err(error) => format!("{text} => {error}"),
        })
        .collect();
        insta::assert_snapshot!(refused.join("\n"));
    }

    proptest! {
        /// What is accepted means the same to the URL standard as here: this host, no more.
        #[test]
        fn agrees_with_the_url_standard(
            text in "(https?://)?([a-z0-9.@:\\[\\]/\\\\?#%-]{0,20}|127\\.0\\.0\\.1|localhost)(:[0-9]{0,5})?[/@.:a-z]{0,8}(\\.okta\\.com)?(/api/v1/authn)?/?"
        ) {
            if let Ok(org) = OrgUrl::parse(&text, true) {
                let url = Url::parse(org.as_str()).map_err(|error| TestCaseError::fail(format!("{org}: {error}")))?;
                prop_assert!(url.username().is_empty() && url.password().is_none());
                prop_assert_eq!(url.path(), "/");
                prop_assert!(url.query().is_none() && url.fragment().is_none());
                match url.host() {
                    Some(Host::Domain("localhost")) => prop_assert_eq!(url.scheme(), "http"),
                    Some(Host::Domain(name)) => {
                        prop_assert_eq!(url.scheme(), "https");
                        prop_assert_eq!(format!("https://{name}"), org.as_str());
                    }
                    Some(Host::Ipv4(address)) => prop_assert!(address.is_loopback() && url.scheme() == "http"),
                    Some(Host::Ipv6(address)) => prop_assert!(address.is_loopback() && url.scheme() == "http"),
                    None => prop_assert!(false, "{org} has no host"),
                }
                prop_assert_eq!(OrgUrl::parse(org.as_str(), true), Ok(org));
            }
        }
    }
}
