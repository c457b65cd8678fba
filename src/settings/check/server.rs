//! The Transfer server's settings.

use std::net::IpAddr;

use super::super::origin::Wrong;
use super::super::resolved::{Authentication, IdentityProvider};

/// How the server asks the function.
pub(in crate::settings) fn identity_provider(text: &str) -> Result<IdentityProvider, Wrong> {
    match text {
        "api-gateway" => Ok(IdentityProvider::ApiGateway),
        "lambda" => Ok(IdentityProvider::Lambda),
        _ => {
            let remedy = "write api-gateway, or lambda for a server that asks the function directly";
            Err(Wrong::new("is not an identity provider", "there are api-gateway and lambda", remedy))
        }
    }
}

/// What a client must present.
pub(in crate::settings) fn authentication(text: &str) -> Result<Authentication, Wrong> {
    Authentication::ALL.into_iter().find(|method| method.as_str() == text).ok_or_else(|| {
        let why = "there are password, public-key, public-key-or-password and public-key-and-password";
        Wrong::new("is not a way to authenticate", why, "write one of the four")
    })
}

/// `Transfer[A-Za-z0-9]*SecurityPolicy-[A-Za-z0-9-]+`, at most 100 characters. The set grows, so no list is kept here.
pub(in crate::settings) fn security_policy(text: &str) -> Result<String, Wrong> {
    let remedy = "write a name such as TransferSecurityPolicy-2025-03; `aws transfer list-security-policies` shows all";
    let wrong = |why| Err(Wrong::new("is not the name of a Transfer security policy", why, remedy));
    if text.len() > 100 {
        return wrong("it has more than 100 characters");
    }
    let alphanumeric = |part: &str| part.chars().all(|each| each.is_ascii_alphanumeric());
    let named = text.split_once('-').is_some_and(|(family, version)| {
        let middle = family.strip_prefix("Transfer").and_then(|rest| rest.strip_suffix("SecurityPolicy"));
        middle.is_some_and(alphanumeric)
            && !version.is_empty()
            && version.chars().all(|each| each.is_ascii_alphanumeric() || each == '-')
    });
    if named { Ok(text.to_owned()) } else { wrong("it does not have the form TransferSecurityPolicy-VERSION") }
}

/// A host name by the rules of DNS, with at least one dot.
pub(in crate::settings) fn hostname(text: &str) -> Result<String, Wrong> {
    match domain_flaw(text) {
        None => Ok(text.to_owned()),
        Some(why) => {
            Err(Wrong::new("is not a host name", why, "write a name such as sftp.acme.com, without scheme or port"))
        }
    }
}

/// What is wrong with a domain name, if anything is.
pub(super) fn domain_flaw(text: &str) -> Option<&'static str> {
    let labels = || text.split('.');
    let legal = |each: char| each.is_ascii_alphanumeric() || each == '-';
    let flaws: [(bool, &str); 6] = [
        (text.is_empty() || text.len() > 253, "it has 1 to 253 characters"),
        (!text.chars().all(|each| legal(each) || each == '.'), "it holds only letters, digits, hyphens and dots"),
        (!text.contains('.'), "it has at least one dot"),
        (labels().any(|label| label.is_empty() || label.len() > 63), "each part between dots has 1 to 63 characters"),
        (labels().any(|label| label.starts_with('-') || label.ends_with('-')), "no part starts or ends with a hyphen"),
        (
            labels().next_back().is_some_and(|last| last.chars().all(|each| each.is_ascii_digit())),
            "its last part is not a number, as it is in an IP address",
        ),
    ];
    flaws.into_iter().find_map(|(applies, why)| applies.then_some(why))
}

/// Up to 4,096 printable ASCII characters, tabs and line ends.
pub(in crate::settings) fn banner(text: &str) -> Result<String, Wrong> {
    let remedy = "write up to 4096 printable ASCII characters, tabs and line ends, or leave it out";
    let wrong = |why| Err(Wrong::new("is not a banner Transfer takes", why, remedy));
    if text.is_empty() {
        return wrong("it is empty");
    }
    if text.len() > 4096 {
        return wrong("it has more than 4096 characters");
    }
    if !text.chars().all(|each| matches!(each, ' '..='~' | '\t' | '\n' | '\r')) {
        return wrong("it holds a character outside printable ASCII");
    }
    Ok(text.to_owned())
}

/// An id such as `vpc-0123456789abcdef0`: the prefix, then 8 or 17 hexadecimal digits.
fn resource_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|id| {
        (id.len() == 8 || id.len() == 17)
            && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

fn id(text: &str, prefix: &str, what: &str) -> Result<String, Wrong> {
    if resource_id(text, prefix) {
        return Ok(text.to_owned());
    }
    let why = format!("it is not {prefix} and 8 or 17 hexadecimal digits");
    Err(Wrong::new(format!("is not the id of a {what}"), why, format!("write an id such as {prefix}0123456789abcdef0")))
}

pub(in crate::settings) fn vpc(text: &str) -> Result<String, Wrong> {
    id(text, "vpc-", "VPC")
}

pub(in crate::settings) fn subnet(text: &str) -> Result<String, Wrong> {
    id(text, "subnet-", "subnet")
}

pub(in crate::settings) fn security_group(text: &str) -> Result<String, Wrong> {
    id(text, "sg-", "security group")
}

/// The allocation id of an elastic IP: an address in its place gets the command that shows its id.
pub(in crate::settings) fn elastic_ip(text: &str) -> Result<String, Wrong> {
    if resource_id(text, "eipalloc-") {
        return Ok(text.to_owned());
    }
    let wrong = |why: &str, remedy: String| Err(Wrong::new("is not the allocation id of an elastic IP", why, remedy));
    if text.parse::<IpAddr>().is_ok() {
        let remedy =
            format!("write its id, which `aws ec2 describe-addresses --public-ips {text}` shows as AllocationId");
        return wrong("it is the address itself", remedy);
    }
    let remedy = "write an id such as eipalloc-0123456789abcdef0".to_owned();
    wrong("it is not eipalloc- and 8 or 17 hexadecimal digits", remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> Result<String, Wrong>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(rule(text).as_deref(), Ok(*text));
        }
        for text in bad {
            assert!(rule(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn security_policies() {
        let good = [
            "TransferSecurityPolicy-2025-03",
            "TransferSecurityPolicy-FIPS-2024-05",
            "TransferSFTPConnectorSecurityPolicy-2024-03",
        ];
        let long = format!("TransferSecurityPolicy-{}", "a".repeat(78));
        check(
            security_policy,
            &good,
            &[
                "",
                "2025-03",
                "TransferSecurityPolicy-",
                "TransferSecurityPolicy",
                "Transfer-SecurityPolicy-1",
                "TransferSecurityPolicy-1 ",
                "x TransferSecurityPolicy-1",
                &long,
            ],
        );
    }

    #[test]
    fn hostnames() {
        let longest = format!("{}.com", "a".repeat(63));
        check(
            hostname,
            &["sftp.acme.com", "a.b", "1.a", &longest],
            &[
                "",
                "sftp",
                "sftp.acme.com.",
                "https://a.b",
                "a.b:22",
                "-a.b",
                "a-.b",
                "a..b",
                ".a.b",
                "1.2.3.4",
                "a_b.c",
                "ä.com",
                &format!("{}.com", "a".repeat(64)),
                &format!("{}a", "a.".repeat(127)),
            ],
        );
    }

    #[test]
    fn banners() {
        check(banner, &["Welcome\r\n\tto Acme", &"a".repeat(4096)], &["", "Grüße", "\u{7}", &"a".repeat(4097)]);
    }

    #[test]
    fn ids() {
        check(
            vpc,
            &["vpc-0123456789abcdef0", "vpc-1a2b3c4d"],
            &["", "vpc-", "vpc-xyz", "subnet-1a2b3c4d", "vpc-1A2B3C4D", "vpc-1a2b3c4"],
        );
        check(subnet, &["subnet-1a2b3c4d"], &["vpc-1a2b3c4d"]);
        check(security_group, &["sg-1a2b3c4d"], &["sg"]);
        check(
            elastic_ip,
            &["eipalloc-1a2b3c4d", "eipalloc-0123456789abcdef0"],
            &["", "eipalloc-", "eipassoc-1a2b3c4d", "203.0.113.7", "2001:db8::1"],
        );
    }
}
