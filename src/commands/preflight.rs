//! Before anything is made: whether the configured Okta organisation is one.

use sftp_okta_lambda::org_url::OrgUrl;

use crate::error::{Error, ErrorCode, Result};
use crate::organisation::{self, Presence};

use super::Run;

/// Tells what is at the organisation's URL. Where this machine cannot ask, that is a warning: the function will ask from
/// AWS, and may well reach it.
///
/// # Errors
/// `Configuration` when what answers there is no Okta organisation.
pub(super) fn tell(org_url: &OrgUrl, presence: &Presence, run: &Run<'_>) -> Result<()> {
    match presence {
        Presence::Organisation(found) => {
            run.progress.done(&format!(
                "Okta organisation {} ({})",
                crate::progress::clean(&found.id),
                crate::progress::clean(found.pipeline.name())
            ));
            Ok(())
        }
        Presence::Unknown(why) => {
            run.progress.warn(&format!(
                "whether {org_url} is an Okta organisation could not be found out from here: {why}; it must be reachable \
                 from AWS"
            ));
            Ok(())
        }
        Presence::Another(why) => {
            Err(Error::new(ErrorCode::Configuration, format!("there is no Okta organisation at {org_url}"))
                .cause(why.clone())
                .resource(format!("{org_url}/.well-known/okta-organization"))
                .hint("correct okta.org_url (--okta-org): it is the address at which your users sign in to Okta"))
        }
    }
}

/// Asks what is there while the caller does something else; [`tell`] takes what comes.
pub(super) fn begin(org_url: &OrgUrl) -> tokio::task::JoinHandle<Presence> {
    let org_url = org_url.clone();
    tokio::spawn(async move { organisation::look(&org_url).await })
}

/// Waits for what [`begin`] began, and tells it.
///
/// # Errors
/// Those of [`tell`].
pub(super) async fn end(org_url: &OrgUrl, asked: tokio::task::JoinHandle<Presence>, run: &Run<'_>) -> Result<()> {
    let presence = asked.await.unwrap_or_else(|error| Presence::Unknown(error.to_string()));
    tell(org_url, &presence, run)
}
