//! The values of an access rule; the rules are the function's own.

use sftp_okta_lambda::access::{FolderPath, Network, Protocol, UserPattern};
use sftp_okta_lambda::home::FolderTarget;
use sftp_okta_lambda::ssh_key::PublicKey;

use super::super::origin::Wrong;
use super::okta::{HOME_REMEDY, why_and_remedy};

pub(in crate::settings) fn user(text: &str) -> Result<UserPattern, Wrong> {
    UserPattern::parse(text).map_err(|error| {
        wrong("is not a user pattern", &error.to_string(), "write a login or a pattern such as *@acme.com")
    })
}

pub(in crate::settings) fn group(text: &str) -> Result<String, Wrong> {
    if text.trim().is_empty() {
        return Err(Wrong::new("is not a group", "it has no name", "write the name or the id of an Okta group"));
    }
    Ok(text.to_owned())
}

pub(in crate::settings) fn network(text: &str) -> Result<Network, Wrong> {
    Network::parse(text).map_err(|error| {
        wrong("is not a network", &error.to_string(), "write one such as 203.0.113.0/24 or 2001:db8::/32")
    })
}

pub(in crate::settings) fn protocol(text: &str) -> Result<Protocol, Wrong> {
    Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == text).ok_or_else(|| {
        Wrong::new("is not a protocol of the server", "the server speaks sftp alone", "write sftp, or remove the line")
    })
}

pub(in crate::settings) fn folder_path(text: &str) -> Result<FolderPath, Wrong> {
    FolderPath::parse(text)
        .map_err(|error| wrong("cannot be used as a folder", &error.to_string(), "write a path such as /inbox"))
}

pub(in crate::settings) fn folder_target(text: &str) -> Result<FolderTarget, Wrong> {
    FolderTarget::parse(text).map_err(|error| wrong("cannot be used as a target", &error.to_string(), HOME_REMEDY))
}

/// The error does not repeat the text where that may be a private key.
pub(in crate::settings) fn public_key(text: &str) -> Result<PublicKey, Wrong> {
    PublicKey::parse(text).map_err(|error| {
        wrong("cannot be used as a public key", &error.to_string(), "write the line of the file that ends in .pub")
    })
}

fn wrong(what: &str, error: &str, otherwise: &str) -> Wrong {
    let (why, remedy) = why_and_remedy(error, otherwise);
    Wrong::new(what, why, remedy)
}
