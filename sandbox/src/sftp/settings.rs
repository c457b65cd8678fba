//! What a connection needs to know of its server.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::PrivateKey;
use russh::server::Config;
use russh::{MethodSet, Preferred, SshId, cipher};

use super::user::{Methods, User};
use crate::aws::logs;
use crate::identity_provider::SignInAnswer;
use crate::state::World;

/// All refusals take at least this long, whatever they are for.
const REFUSAL: Duration = Duration::from_millis(250);
/// When an idle client is cut off, and one that does not answer (Transfer user guide): 1,800 and 300 seconds.
const IDLE: Duration = Duration::from_secs(1800);
const UNRESPONSIVE: Duration = Duration::from_secs(100);

/// Asks the identity provider: user name, password (or the question for keys), source address.
pub(super) type Ask =
    Arc<dyn Fn(String, Option<String>, String) -> Pin<Box<dyn Future<Output = SignInAnswer> + Send>> + Send + Sync>;

/// A server, as its connections see it.
pub(super) struct Settings {
    pub(super) world: Arc<World>,
    pub(super) server_id: String,
    pub(super) region: String,
    pub(super) methods: Methods,
    pub(super) banner: Option<String>,
    pub(super) ignores_setstat: bool,
    /// Log group of the structured log.
    pub(super) log_group: Option<String>,
    pub(super) host_key: PrivateKey,
    pub(super) ask: Ask,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").field("server_id", &self.server_id).finish_non_exhaustive()
    }
}

impl Settings {
    /// Writes a line of the server's structured log (Transfer user guide, "CloudWatch log structure"): the members that a
    /// sandbox knows.
    pub(super) fn log(&self, activity: &str, user: &str, source_ip: &str, what: &str) {
        let Some(group) = &self.log_group else { return };
        let line = serde_json::json!({
            "activity-type": activity,
            "resource-arn": format!("arn:aws:transfer:{}:{}:server/{}", self.region, crate::ACCOUNT, self.server_id),
            "user": user,
            "source-ip": source_ip,
            if activity == "ERROR" { "message" } else { "method" }: what,
        });
        logs::append(&self.world, group, &format!("{}/sftp", self.server_id), &line.to_string());
    }

    /// Whether Transfer could assume the user's role.
    pub(super) fn can_assume(&self, user: &User) -> bool {
        self.world
            .read(|state| user.permission.can_be_assumed(&state.resources, &self.region, &self.server_id, &user.name))
    }

    /// What russh is to offer.
    pub(super) fn config(&self) -> Config {
        let none = MethodSet::empty();
        let mut methods = none;
        if self.methods.take_keys() {
            methods.push(russh::MethodKind::PublicKey);
        }
        if self.methods.take_password(false) {
            methods.push(russh::MethodKind::Password);
        }
        let ciphers = [
            cipher::AES_256_GCM,
            cipher::AES_128_GCM,
            cipher::CHACHA20_POLY1305,
            cipher::AES_256_CTR,
            cipher::AES_192_CTR,
            cipher::AES_128_CTR,
        ];
        Config {
            server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-AWS_SFTP_1.1-sandbox")),
            methods,
            auth_rejection_time: REFUSAL,
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![self.host_key.clone()],
            inactivity_timeout: Some(IDLE),
            keepalive_interval: Some(UNRESPONSIVE),
            keepalive_max: 3,
            nodelay: true,
            preferred: Preferred { cipher: Cow::Owned(ciphers.to_vec()), ..Preferred::default() },
            ..Config::default()
        }
    }
}
