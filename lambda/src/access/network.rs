//! Networks from which a client may come.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A network such as `203.0.113.0/24` or `2001:db8::/32`; a single address is a network of one.
///
/// IPv4 addresses in their IPv6 form (`::ffff:203.0.113.9`) count as the IPv4 addresses they are, on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    /// The first address: all bits after the prefix are zero.
    first: IpAddr,
    /// Bits that all addresses of the network share.
    prefix: u8,
}

/// Why a text is not a network, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// Not an address with or without a prefix length.
    #[error("{0:?} is not a network: write one such as 203.0.113.0/24, 2001:db8::/32 or 203.0.113.9")]
    Form(String),
    /// Bits are set after the prefix: which of the two is meant cannot be told.
    #[error("{0:?} has an address inside the network in place of the network's own: write {1}")]
    HostBits(String, Network),
}

impl Network {
    /// Reads an address, or an address and a prefix length.
    ///
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError::Form(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if written.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(digits) => {
                let number: u8 = digits.parse().map_err(|_| wrong())?;
                // In its shortest spelling: `08` and `+8` are typing errors.
                if number > bits || number.to_string() != digits {
                    return Err(wrong());
                }
                number
            }
        };
        let (address, prefix) = match written.to_canonical() {
            // A mapped network shorter than ::ffff:0:0/96 holds more than IPv4.
            canonical if written.is_ipv6() && canonical.is_ipv4() => {
                (canonical, prefix.checked_sub(96).ok_or_else(wrong)?)
            }
            canonical => (canonical, prefix),
        };
        let first = masked(address, prefix);
        let network = Self { first, prefix };
        if first == address { Ok(network) } else { Err(NetworkError::HostBits(text.to_owned(), network)) }
    }

    /// Whether the address lies in the network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix) == self.first
    }

    /// Whether all addresses of the other network lie in this one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.contains(other.first)
    }
}

/// The address with all bits after the prefix set to zero.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let zeros = |bits: u8| u32::from(bits.saturating_sub(prefix));
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(zeros(32)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(zeros(128)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{IpAddr, Network, NetworkError};

    fn contains(network: &str, address: &str) -> Option<bool> {
        let address: IpAddr = address.parse().ok()?;
        Some(Network::parse(network).ok()?.contains(address))
    }

    #[test]
    fn inside_and_outside() {
        let cases = [
            ("203.0.113.0/24", "203.0.113.0", true),
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.0/24", "203.0.112.255", false),
            ("203.0.113.9", "203.0.113.9", true),
            ("203.0.113.9", "203.0.113.8", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.9", false),
            ("::/0", "::ffff:203.0.113.9", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("2001:db8::1", "2001:0db8:0:0::1", true),
            // An IPv4 address in its IPv6 form is the IPv4 address.
            ("203.0.113.0/24", "::ffff:203.0.113.9", true),
            ("203.0.113.0/24", "::ffff:203.0.114.9", false),
            ("::ffff:203.0.113.0/120", "203.0.113.9", true),
            ("::ffff:0:0/96", "203.0.113.9", true),
            // The old IPv4-compatible form is an IPv6 address of its own.
            ("203.0.113.0/24", "::203.0.113.9", false),
            ("127.0.0.0/8", "::1", false),
        ];
        for (network, address, expected) in cases {
            assert_eq!(contains(network, address), Some(expected), "{address} in {network}");
        }
    }

    #[test]
    fn refused_with_a_remedy() {
        for bad in [
            "",
            "/",
            "acme.com",
            "203.0.113",
            "203.0.113.0/33",
            "203.0.113.0/",
            "203.0.113.0/08",
            "203.0.113.0/+8",
            "203.0.113.0/-1",
            "203.0.113.0/24/24",
            "203.0.113.0/255.255.255.0",
            "203.0.113.*",
            " 203.0.113.0/24",
            "010.0.0.0/8",
            "2001:db8::/129",
            "[2001:db8::]/32",
            "fe80::1%eth0",
            "::ffff:0:0/95",
        ] {
            assert_eq!(Network::parse(bad), Err(NetworkError::Form(bad.to_owned())), "{bad}");
        }
        let error = Network::parse("203.0.113.9/24").map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("\"203.0.113.9/24\" has an address inside the network in place of the network's own: write 203.0.113.0/24"
                .to_owned())
        );
    }

    proptest! {
        #[test]
        fn agrees_with_counting_bits(network: u32, prefix in 0u8..=32, address: u32) {
            let first = u32::from_str_radix(
                &format!("{network:032b}").chars().enumerate()
                    .map(|(at, bit)| if at < usize::from(prefix) { bit } else { '0' }).collect::<String>(), 2).unwrap_or(0);
            let text = format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(first));
            let parsed = Network::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(parsed.to_string(), text);
            let shared = |bits: u32| format!("{bits:032b}").chars().take(usize::from(prefix)).collect::<String>();
            prop_assert_eq!(parsed.contains(std::net::Ipv4Addr::from_bits(address).into()), shared(address) == shared(first));
        }
    }
}
