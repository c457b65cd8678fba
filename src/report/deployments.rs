//! Every deployment of account and region, of `status --all`.

use std::fmt::Write as _;

use serde::Serialize;

use crate::prices::Usd;
use crate::server::Server;

/// One deployment among all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeploymentRow {
    /// Its name.
    pub name: String,
    /// Its stack's name.
    pub stack: String,
    /// The stack's status; null where there is no stack.
    pub stack_status: Option<String>,
    /// Its servers.
    pub servers: Vec<RowServer>,
    /// What is wrong with it.
    pub faults: Vec<String>,
    /// What it costs while nobody uses it.
    pub usd_per_month: Usd,
}

/// A server of such a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowServer {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: String,
}

impl RowServer {
    /// The server, as far as it is told.
    #[must_use]
    pub fn of(server: &Server) -> Self {
        Self { id: server.id.clone(), state: server.state.to_string() }
    }
}

/// Servers with their states, on one line: "s-1 ONLINE, s-2 OFFLINE", or that there is none.
#[must_use]
pub fn servers_in_words(servers: &[RowServer]) -> String {
    match servers {
        [] => "no server".to_owned(),
        servers => {
            servers.iter().map(|server| format!("{} {}", server.id, server.state)).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Every deployment, a line each, and what is wrong with it below.
pub(super) fn lines(rows: &[DeploymentRow]) -> String {
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        let status = row.stack_status.as_deref().unwrap_or("no stack");
        let servers = servers_in_words(&row.servers);
        let _ = writeln!(text, "  {:<width$}  {status:<20}  {servers}  USD {} a month", row.name, row.usd_per_month);
        for fault in &row.faults {
            let _ = writeln!(text, "  {:<width$}  → {fault}", "");
        }
    }
    text
}
