//! The arguments of `explain`.

use std::net::IpAddr;

use clap::Args;

use super::settings::SettingsArgs;
use super::target::TargetArgs;
use crate::commands::explain::Question;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// Who signs in, as typed in an SFTP client
    #[arg(long, value_name = "LOGIN", help_heading = "The sign-in")]
    user: String,
    /// The user's groups in Okta, names or ids; an empty text for none. Not given: they are not known
    #[arg(long, value_name = "GROUPS", value_delimiter = ',', help_heading = "The sign-in")]
    groups: Option<Vec<String>>,
    /// The client's address
    #[arg(long, value_name = "ADDRESS", help_heading = "The sign-in")]
    source_ip: Option<IpAddr>,
    /// Okta's id of the user
    #[arg(long, value_name = "ID", help_heading = "The sign-in")]
    okta_id: Option<String>,
    /// An attribute of the user's profile; can be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = attribute, help_heading = "The sign-in")]
    attribute: Vec<(String, String)>,
    /// Ask about a key in place of a password
    #[arg(long, help_heading = "The sign-in")]
    public_key: bool,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

impl ExplainArgs {
    pub(super) fn question(self) -> Question {
        let Self { user, groups, source_ip, okta_id, attribute, public_key, .. } = self;
        let groups = groups.map(|groups| groups.into_iter().filter(|group| !group.is_empty()).collect());
        Question { user, groups, source_ip, okta_id, profile: attribute, public_key }
    }
}

fn attribute(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
