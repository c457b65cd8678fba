//! Finding the deployment's server among all of the account.

use std::collections::HashSet;

use aws_sdk_transfer::Client;
use futures_util::StreamExt as _;
use futures_util::stream;

use super::describe::{Server, describe};
use super::ownership::{Owner, ServerClaim, call_of};
use crate::aws::failure;
use crate::error::{Error, ErrorCode, Result};
use crate::progress::Progress;

/// How many servers are described at a time.
const AT_A_TIME: usize = 8;
/// How many servers a page of the list may hold at most (Transfer Family API reference, ListServers).
const PAGE: i32 = 1000;

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The deployment's servers, smallest id first. More than one is a fault to be reported.
    pub owned: Vec<Server>,
    /// Servers of a deployment of the same name with another stack: id and stack.
    pub namesakes: Vec<(String, String)>,
    /// Servers that carry this deployment's tags and were not made by sftp-okta: somebody put the tags there. They are told,
    /// and never touched.
    pub not_made_by_us: Vec<String>,
    /// Servers that may not be described: one of them could be the deployment's.
    pub unreadable: Vec<String>,
    /// How many servers the account has here, as far as they were counted: a hint alone needs no list.
    pub count: usize,
    /// Ids of servers that belong to others, so that a further search need not ask again.
    foreign: HashSet<String>,
}

/// Looks for the deployment's server.
///
/// `hint` is the id at which it was last seen: where that still is the deployment's server, few calls are enough. With
/// `logging_role`, the role that the stack made for its server's logs, that is the list and a look at each server with that
/// role: so another server that was made for this stack is seen too. Without the role it is one look at the hinted server.
/// Otherwise all servers are listed and described, since the list carries no tags (Transfer Family API reference, ListedServer).
///
/// # Errors
/// What Transfer Family says.
pub async fn find(client: &Client, owner: &Owner, hint: Option<&str>, logging_role: Option<&str>) -> Result<Found> {
    match (hint, logging_role) {
        (None, _) => Found::default().search(client, owner).await,
        (Some(id), None) => match hinted(client, owner, id).await {
            Some(server) => Ok(Found { owned: vec![server], count: 1, ..Found::default() }),
            None => Found::default().search(client, owner).await,
        },
        (Some(id), Some(role)) => {
            let (hinted, rows) = tokio::join!(hinted(client, owner, id), list(client));
            let rows = rows?;
            let count = rows.len();
            let Some(hinted) = hinted else { return Found::default().search_rows(client, owner, rows).await };
            let of_the_stack =
                rows.into_iter().filter(|row| row.id != hinted.id && row.logging_role.as_deref() == Some(role));
            let mut found = Found::default().search_rows(client, owner, of_the_stack.collect()).await?;
            found.count = count;
            found.owned.push(hinted);
            found.sort();
            Ok(found)
        }
    }
}

/// The server with this id, where it is the deployment's.
async fn hinted(client: &Client, owner: &Owner, id: &str) -> Option<Server> {
    let server = describe(client, id).await.ok().flatten()?;
    (owner.claim_of_server(&server.tags) == ServerClaim::Ours).then_some(server)
}

impl Found {
    /// Searches again, asking only for servers not known to be others'.
    ///
    /// # Errors
    /// What Transfer Family says.
    pub(super) async fn search(self, client: &Client, owner: &Owner) -> Result<Self> {
        let rows = list(client).await?;
        self.search_rows(client, owner, rows).await
    }

    /// Describes each of these servers that is not known to be another's.
    async fn search_rows(self, client: &Client, owner: &Owner, rows: Vec<Row>) -> Result<Self> {
        let mut found = Self { count: rows.len(), foreign: self.foreign, ..Self::default() };
        let unknown = rows.into_iter().map(|row| row.id).filter(|id| !found.foreign.contains(id)).collect::<Vec<_>>();
        let mut described = stream::iter(unknown)
            .map(|id| async move {
                let server = describe(client, &id).await;
                (id, server)
            })
            .buffer_unordered(AT_A_TIME);
        while let Some((id, server)) = described.next().await {
            match server {
                Ok(Some(server)) => match owner.claim_of_server(&server.tags) {
                    ServerClaim::Ours => found.owned.push(server),
                    ServerClaim::NotMadeByUs => found.not_made_by_us.push(id),
                    ServerClaim::Namesake { stack } => found.namesakes.push((id, stack)),
                    ServerClaim::Foreign => {
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
        found.sort();
        Ok(found)
    }

    fn sort(&mut self) {
        self.owned.sort_by(|one, other| one.id.cmp(&other.id));
        self.namesakes.sort();
        self.not_made_by_us.sort();
        self.unreadable.sort();
    }

    /// Tells which servers only look like this deployment's.
    pub fn warn_of_copied_tags(&self, progress: &Progress) {
        for id in &self.not_made_by_us {
            progress.warn(&not_made_by_us(id));
        }
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

/// What is told of a server that only looks like a deployment's.
#[must_use]
pub fn not_made_by_us(id: &str) -> String {
    format!(
        "server {id} carries some of this deployment's tags and was not made by sftp-okta: it is not touched; take them away \
         (`aws transfer untag-resource --arn ARN --tag-keys sftp-okta:deployment sftp-okta:stack`)"
    )
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
        .map(|Row { id, .. }| async move {
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

/// What the list tells of a server, as far as it is of use.
struct Row {
    id: String,
    logging_role: Option<String>,
}

async fn list(client: &Client) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut pages = client.list_servers().into_paginator().page_size(PAGE).send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failure("could not list the Transfer servers of the account", &error))?;
        let listed = page.servers.into_iter();
        rows.extend(listed.filter_map(|server| Some(Row { id: server.server_id?, logging_role: server.logging_role })));
    }
    Ok(rows)
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
