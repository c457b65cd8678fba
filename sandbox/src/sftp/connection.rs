//! One SSH connection: sign-in, then SFTP sessions and nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session as Ssh, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Pty};

use super::pump;
use super::session::Session;
use super::settings::Settings;
use super::user::{User, is_asked_about};

/// Wrong passwords until the client is told to give up.
const TRIES: u32 = 3;
/// SFTP sessions on one connection (Transfer user guide).
const SESSIONS: usize = 10;

/// What the listener knows of a connection.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Whether somebody signed in.
    pub(super) is_signed_in: AtomicBool,
    sessions: AtomicUsize,
}

/// A connection. Not `Debug`: it is asked with passwords.
pub(super) struct Connection {
    settings: Arc<Settings>,
    source_ip: String,
    progress: Arc<Progress>,
    wrong_passwords: u32,
    /// The answer to the question for keys, and of whom: asked once for all keys that a client offers.
    asked_keys: Option<(String, Option<User>)>,
    /// Who proved a key, where a password must follow.
    proved: Option<String>,
    user: Option<Arc<User>>,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl Connection {
    pub(super) fn new(settings: Arc<Settings>, source_ip: String, progress: Arc<Progress>) -> Self {
        Self {
            settings,
            source_ip,
            progress,
            wrong_passwords: 0,
            asked_keys: None,
            proved: None,
            user: None,
            channels: HashMap::new(),
        }
    }

    /// What a client may try next.
    fn methods(&self) -> MethodSet {
        let mut methods = MethodSet::empty();
        if self.settings.methods.take_keys() && self.proved.is_none() {
            methods.push(MethodKind::PublicKey);
        }
        if self.settings.methods.take_password(self.proved.is_some()) {
            methods.push(MethodKind::Password);
        }
        methods
    }

    fn reject(&self) -> Auth {
        let methods = if self.wrong_passwords < TRIES { self.methods() } else { MethodSet::empty() };
        Auth::Reject { proceed_with_methods: Some(methods), partial_success: false }
    }

    fn accept(&mut self, user: User, method: &str) -> Auth {
        self.settings.log("CONNECTED", &user.name, &self.source_ip, method);
        self.user = Some(Arc::new(user));
        self.progress.is_signed_in.store(true, Ordering::Release);
        Auth::Accept
    }

    /// Asks the identity provider.
    async fn ask(&self, name: &str, password: Option<&str>) -> Option<User> {
        let answer = (self.settings.ask)(name.to_owned(), password.map(str::to_owned), self.source_ip.clone()).await;
        User::of(name, &answer, password.is_some())
    }

    /// Who the user is, if the key is one of theirs.
    async fn owner(&mut self, name: &str, key: &PublicKey) -> Option<User> {
        if !self.settings.methods.take_keys() || !is_asked_about(name) {
            return None;
        }
        if self.asked_keys.as_ref().is_none_or(|(asked, _)| asked != name) {
            self.asked_keys = Some((name.to_owned(), self.ask(name, None).await));
        }
        self.asked_keys.as_ref()?.1.as_ref().filter(|user| user.has_key(key)).cloned()
    }

    fn fail(channel: ChannelId, ssh: &mut Ssh) -> Result<(), russh::Error> {
        ssh.channel_failure(channel)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            self.settings.log("DISCONNECTED", &user.name, &self.source_ip, "");
        }
    }
}

impl Handler for Connection {
    type Error = russh::Error;

    async fn authentication_banner(&mut self) -> Result<Option<String>, Self::Error> {
        Ok(self.settings.banner.clone().map(|banner| if banner.ends_with('\n') { banner } else { banner + "\r\n" }))
    }

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Self::Error> {
        Ok(self.reject())
    }

    async fn auth_password(&mut self, name: &str, password: &str) -> Result<Auth, Self::Error> {
        let key_is_proved = self.proved.as_deref() == Some(name);
        if !self.settings.methods.take_password(key_is_proved) || self.wrong_passwords >= TRIES {
            return Ok(self.reject());
        }
        // An empty password would be the question for keys.
        let found =
            if is_asked_about(name) && !password.is_empty() { self.ask(name, Some(password)).await } else { None };
        if let Some(user) = found {
            return Ok(self.accept(user, if key_is_proved { "publickey,password" } else { "password" }));
        }
        self.wrong_passwords += 1;
        self.settings.log("AUTH_FAILURE", name, &self.source_ip, "password");
        Ok(self.reject())
    }

    async fn auth_publickey_offered(&mut self, name: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        let is_known = self.owner(name, offer.public_key).await.is_some();
        Ok(if is_known { Auth::Accept } else { self.reject() })
    }

    async fn auth_publickey(&mut self, name: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let Some(user) = self.owner(name, key.public_key).await else {
            self.settings.log("AUTH_FAILURE", name, &self.source_ip, "publickey");
            return Ok(self.reject());
        };
        if self.settings.methods.take_password(false) || !self.settings.methods.take_password(true) {
            return Ok(self.accept(user, "publickey"));
        }
        self.proved = Some(name.to_owned());
        Ok(Auth::Reject { proceed_with_methods: Some(self.methods()), partial_success: true })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _ssh: &mut Ssh,
    ) -> Result<(), Self::Error> {
        if self.channels.len() + self.progress.sessions.load(Ordering::Acquire) >= SESSIONS {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
        } else {
            self.channels.insert(channel.id(), channel);
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _ssh: &mut Ssh) -> Result<(), Self::Error> {
        self.channels.remove(&channel);
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, ssh: &mut Ssh) -> Result<(), Self::Error> {
        let (Some(user), "sftp") = (self.user.clone(), name) else { return Self::fail(id, ssh) };
        let Some(channel) = self.channels.remove(&id) else { return Self::fail(id, ssh) };
        if !self.settings.can_assume(&user) {
            // The sign-in was right, and nothing can be done with it: AWS closes the connection here too.
            self.settings.log("ERROR", &user.name, &self.source_ip, "Unable to assume the user's role");
            return ssh.disconnect(russh::Disconnect::ByApplication, "Unable to assume the user's role", "");
        }
        ssh.channel_success(id)?;
        let session = Session::new(Arc::clone(&self.settings.world), user, self.settings.ignores_setstat);
        let progress = Arc::clone(&self.progress);
        progress.sessions.fetch_add(1, Ordering::AcqRel);
        tokio::spawn(async move {
            pump::run(channel, session).await;
            progress.sessions.fetch_sub(1, Ordering::AcqRel);
        });
        Ok(())
    }

    async fn shell_request(&mut self, channel: ChannelId, ssh: &mut Ssh) -> Result<(), Self::Error> {
        Self::fail(channel, ssh)
    }

    async fn exec_request(&mut self, channel: ChannelId, _command: &[u8], ssh: &mut Ssh) -> Result<(), Self::Error> {
        Self::fail(channel, ssh)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _name: &str,
        _value: &str,
        ssh: &mut Ssh,
    ) -> Result<(), Self::Error> {
        Self::fail(channel, ssh)
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        ssh: &mut Ssh,
    ) -> Result<(), Self::Error> {
        Self::fail(channel, ssh)
    }
}
