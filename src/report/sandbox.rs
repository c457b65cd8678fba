//! The sandbox: where it answers, who can sign in, and how to try it.

use std::fmt::Write as _;

use serde::Serialize;

/// A running sandbox, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxReport {
    /// Where it answers as AWS.
    pub endpoint_url: String,
    /// Where its Okta organisation is.
    pub okta_url: String,
    /// Where it keeps everything.
    pub folder: String,
    /// Who can sign in.
    pub users: Vec<SandboxUser>,
    /// The app that reads its Okta's users and groups, for `okta.service_app`.
    pub service_app: Option<SandboxServiceApp>,
    /// Where.
    pub sftp: Vec<SandboxServer>,
}

/// The service app of the sandbox's Okta, as `okta.service_app` names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxServiceApp {
    /// Its client id.
    pub client_id: String,
    /// The id of its key.
    pub key_id: String,
    /// The secret that holds the key.
    pub private_key_secret: String,
}

/// A user of the sandbox's Okta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxUser {
    /// The Okta login.
    pub login: String,
    /// What to type as the user name.
    pub user: String,
    /// The password, which is no secret: it opens nothing but the sandbox.
    pub password: String,
    /// What happens at sign-in.
    pub state: String,
}

/// An SFTP port of the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxServer {
    /// The server it stands for.
    pub server_id: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The sign-in to try in the sandbox: the user who needs a password alone, or anybody of a real organisation.
pub(super) fn in_sandbox(sandbox: &SandboxReport, server_id: &str) -> Option<String> {
    let server = sandbox.sftp.iter().find(|server| server.server_id == server_id)?;
    let (port, host) = (server.port, &server.host);
    let user = sandbox.users.iter().find(|user| user.user == "alice").or(sandbox.users.first());
    Some(match user {
        Some(user) => format!(
            "Now try:  sftp -P {port} {}@{host}\n          password: {}    (more users: sftp-okta sandbox status)",
            user.user, user.password
        ),
        None => format!("Now try:  sftp -P {port} USER@{host}\n          with an account of {}", sandbox.okta_url),
    })
}

/// Who can sign in to the sandbox, a line each, and another one for what belongs to a user beside.
pub(super) fn users(sandbox: &SandboxReport) -> String {
    let widest = |text: fn(&SandboxUser) -> &str| sandbox.users.iter().map(|user| text(user).len()).max().unwrap_or(0);
    let (name, password) = (widest(|user| &user.user), widest(|user| &user.password));
    let mut text = String::new();
    for user in &sandbox.users {
        let mut said = user.state.split("; ");
        let state = said.next().unwrap_or_default();
        let _ = writeln!(text, "  {:<name$}  {:<password$}  {state}", user.user, user.password);
        for more in said {
            // Below the password: beside it a secret would make the line longer than a terminal is wide.
            let _ = writeln!(text, "  {:<name$}  {more}", "");
        }
    }
    text
}
