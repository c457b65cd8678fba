//! Finding the deployment's server among all of the account.

use std::collections::HashSet;

use aws_sdk_transfer::Client;
use futures_util::StreamExt as _;
use futures_util::stream;

use super::describe::{Server, describe};
use super::ownership::{Claim, Owner, call_of};
use crate::aws::failure;
use crate::error::{Error, ErrorCode, Result};

/// How many servers are described at a time.
const AT_A_TIME: usize = 8;

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The deployment's servers, smallest id first. More than one is a fault to be reported.
    pub owned: Vec<Server>,
    /// Servers of a deployment of the same name with another stack: id and stack.
    pub namesakes: Vec<(String, String)>,
    /// Servers that may not be described: one of them could be the deployment's.
    pub unreadable: Vec<String>,
    /// How many servers the account has here, as far as they were counted: a hint that holds needs no list.
    pub count: usize,
    /// Ids of servers that belong to others, so that a further search need not ask again.
    foreign: HashSet<String>,
}

/// Looks for the deployment's server.
///
/// `hint` is the id at which it was last seen: where that still is the deployment's server, one call is enough.
/// Otherwise all servers are listed and described, since the list carries no tags (Transfer Family API reference, ListedServer).
///
/// # Errors
/// What Transfer Family says.
pub async fn find(client: &Client, owner: &Owner, hint: Option<&str>) -> Result<Found> {
    if let Some(id) = hint
        && let Ok(Some(server)) = describe(client, id).await
        && owner.claim(&server.tags) == Claim::Ours
    {
        return Ok(Found { owned: vec![server], count: 1, ..Found::default() });
    }
    Found::default().search(client, owner).await
}

impl Found {
    /// Searches again, asking only for servers not known to be others'.
    ///
    /// # Errors
    /// What Transfer Family says.
    pub(super) async fn search(self, client: &Client, owner: &Owner) -> Result<Self> {
        let ids = list(client).await?;
        let mut found = Self { count: ids.len(), foreign: self.foreign, ..Self::default() };
        let unknown = ids.into_iter().filter(|id| !found.foreign.contains(id)).collect::<Vec<_>>();
        let mut described = stream::iter(unknown)
            .map(|id| async move {
                let server = describe(client, &id).await;
                (id, server)
            })
            .buffer_unordered(AT_A_TIME);
        while let Some((id, server)) = described.next().await {
            match server {
                Ok(Some(server)) => match owner.claim(&server.tags) {
                    Claim::Ours => found.owned.push(server),
                    Claim::Namesake { stack } => found.namesakes.push((id, stack)),
                    Claim::Foreign => {
                        found.foreign.insert(id);
                    }
                },
                // Deleted since it was listed.
                Ok(None) => {}
                // A policy may allow only servers with the deployment's tags to be described.
                Err(error) if error.code == ErrorCode::Permission => found.unreadable.push(id),
                Err(error) => return Err(error),
            }
        }
        drop(described);
        found.owned.sort_by(|one, other| one.id.cmp(&other.id));
        found.namesakes.sort();
        found.unreadable.sort();
        Ok(found)
    }

    /// Two servers that name the same create call: one of them carries copied tags, and might be anybody's. Nothing is done
    /// to either before a person has said which.
    ///
    /// # Errors
    /// `ServerFailed`, naming both.
    pub fn refuse_copied_tags(&self) -> Result<()> {
        for (place, server) in self.owned.iter().enumerate() {
            let Some(call) = call_of(&server.tags) else { continue };
            let rest = self.owned.get(place + 1..).unwrap_or_default();
            let Some(other) = rest.iter().find(|other| call_of(&other.tags) == Some(call)) else { continue };
            return Err(Error::new(
                ErrorCode::ServerFailed,
                format!("servers {} and {} carry the tags of one and the same create call", server.id, other.id),
            )
            .cause("somebody copied the tags of one of them to the other, so neither is touched")
            .resource(&other.id)
            .hint(format!(
                "take the tags away from the one that sftp-okta did not make: `aws transfer untag-resource --arn ARN --tag-keys \
                 sftp-okta:deployment sftp-okta:stack sftp-okta:run` (the URLs they ask: {:?} and {:?})",
                server.url, other.url
            )));
        }
        Ok(())
    }

    /// More than one server, or one of a namesake: a person decides, nothing is adopted or deleted.
    ///
    /// # Errors
    /// `ServerFailed`, naming them all.
    pub fn refuse_what_is_unclear(&self) -> Result<()> {
        if let Some((id, stack)) = self.namesakes.first() {
            return Err(Error::new(
                ErrorCode::ServerFailed,
                format!("server {id} belongs to a deployment of the same name with stack {stack}"),
            )
            .resource(id)
            .hint(format!("deploy with --stack-name {stack}, or give this deployment another --name")));
        }
        self.refuse_copied_tags()?;
        if self.owned.len() > 1 {
            let ids: Vec<&str> = self.owned.iter().map(|server| server.id.as_str()).collect();
            return Err(Error::new(
                ErrorCode::ServerFailed,
                format!("this deployment has {} servers: {}", ids.len(), ids.join(", ")),
            )
            .cause("each is billed, and users may reach any of them")
            .hint("delete all but the one in use (`aws transfer delete-server --server-id …`), then deploy again"));
        }
        Ok(())
    }
}

/// All servers of the account and region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Everyone {
    /// Those that may be described, smallest id first.
    pub servers: Vec<Server>,
    /// Those that may not.
    pub unreadable: Vec<String>,
}

/// Describes every server of the account and region, a few at a time.
///
/// # Errors
/// What Transfer Family says.
pub async fn describe_all(client: &Client) -> Result<Everyone> {
    let mut described = stream::iter(list(client).await?)
        .map(|id| async move {
            let server = describe(client, &id).await;
            (id, server)
        })
        .buffer_unordered(AT_A_TIME);
    let mut all = Everyone::default();
    while let Some((id, server)) = described.next().await {
        match server {
            Ok(server) => all.servers.extend(server),
            Err(error) if error.code == ErrorCode::Permission => all.unreadable.push(id),
            Err(error) => return Err(error),
        }
    }
    all.servers.sort_by(|one, other| one.id.cmp(&other.id));
    all.unreadable.sort();
    Ok(all)
}

async fn list(client: &Client) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let mut pages = client.list_servers().into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("could not list the Transfer servers of the account", &error))?;
        ids.extend(page.servers.into_iter().filter_map(|server| server.server_id));
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::server_as_wanted;
    use super::*;

    fn server(id: &str, call: Option<&str>) -> Server {
        let mut server = Server { id: id.into(), ..server_as_wanted() };
        server.tags.remove("sftp-okta:run");
        server.tags.extend(call.map(|call| ("sftp-okta:run".to_owned(), call.to_owned())));
        server
    }

    fn found(servers: &[Server]) -> Found {
        Found { owned: servers.to_vec(), ..Found::default() }
    }

    #[test]
    fn copied_tags_are_known_by_the_create_call_they_name() {
        let copied = found(&[server("s-1", Some("a")), server("s-2", None), server("s-3", Some("a"))]);
        let error = copied.refuse_copied_tags().unwrap_err();
        assert!(error.message.contains("s-1") && error.message.contains("s-3"), "{error}");
        assert_eq!(copied.refuse_what_is_unclear().unwrap_err(), error);
        // Two servers of two calls, or of none that is known: each may go with the deployment.
        found(&[server("s-1", Some("a")), server("s-2", Some("b")), server("s-3", None), server("s-4", None)])
            .refuse_copied_tags()
            .unwrap();
    }
}
