//! The address of an Okta org, and nothing that could be mistaken for one.
//!
//! The password of every user goes to this address, so the grammar is far narrower than that of URLs: `https://` and a
//! DNS name. The one exception is plain `http` on a loopback host, for tests and the sandbox.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

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
    #[error("the Okta org URL holds a user name before '@': write only the host, https://{0}")]
    UserInfo(String),
    /// The URL carries a path, query or fragment.
    #[error("the Okta org URL holds more than a host: write https://{0}")]
    MoreThanHost(String),
    /// The URL carries a port.
    #[error("the Okta org URL holds a port: write https://{0}")]
    Port(String),
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
        if let Some((_, host)) = authority.rsplit_once('@') {
            return Err(OrgUrlError::UserInfo(host.to_owned()));
        }
        let (host, port) = split_port(authority);
        match scheme {
            "https" | "http" if more => return Err(OrgUrlError::MoreThanHost(host.to_owned())),
            "http" if is_loopback(host) => {
                if port.is_some_and(|port| {
                    !port.parse::<u16>().is_ok_and(|number| number.to_string() == port && number != 0)
                }) {
                    return Err(OrgUrlError::Host(authority.to_owned()));
                }
            }
            "http" => return Err(OrgUrlError::Insecure(host.to_owned())),
            "https" if is_loopback(host) => return Err(OrgUrlError::Loopback(authority.to_owned())),
            "https" => {
                check_host(host, custom_domain)?;
                if port.is_some() {
                    return Err(OrgUrlError::Port(host.to_owned()));
                }
            }
            _ => return Err(OrgUrlError::Scheme(scheme.to_owned(), host.to_owned())),
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

impl fmt::Display for OrgUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<OrgUrl> for String {
    fn from(url: OrgUrl) -> Self {
        url.0
    }
}

/// For settings that were written by the deployer, which has already asked about a custom domain.
impl TryFrom<String> for OrgUrl {
    type Error = OrgUrlError;

    fn try_from(text: String) -> Result<Self, OrgUrlError> {
        Self::parse(&text, true)
    }
}

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
