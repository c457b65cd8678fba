//! Every server state and what it means for deploy.

use std::fmt;

use crate::progress::Mood;

/// The state of a server (Transfer Family API reference, DescribedServer).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the service's own states")]
pub enum ServerState {
    Offline,
    Online,
    Starting,
    Stopping,
    StartFailed,
    StopFailed,
    /// A state this version does not know.
    Unknown(String),
}

/// What deploy does with a server in some state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerStep {
    /// It serves.
    Ready,
    /// It is on its way: look again.
    Wait,
    /// It stands still: StartServer.
    Start,
    /// It will not get there by itself. Says why, and what to do next.
    Failed {
        /// Why it will not.
        why: &'static str,
        /// The next step. `{server}` stands for the server's id.
        next: &'static str,
    },
}

/// What deploy does with a server in some state, before its elastic IPs can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElasticIpStep {
    /// It is on its way: look again.
    Wait,
    /// It has to stand still first: StopServer.
    Stop,
    /// It stands still: UpdateServer, and StartServer after it.
    Change,
    /// As [`ServerStep::Failed`].
    Failed {
        /// Why it will not get there.
        why: &'static str,
        /// The next step.
        next: &'static str,
    },
}

impl ServerState {
    /// Every state that the service documents.
    pub const ALL: [Self; 6] =
        [Self::Offline, Self::Online, Self::Starting, Self::Stopping, Self::StartFailed, Self::StopFailed];

    /// The state that the service calls `text`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
    }

    /// The service's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Offline => "OFFLINE",
            Self::Online => "ONLINE",
            Self::Starting => "STARTING",
            Self::Stopping => "STOPPING",
            Self::StartFailed => "START_FAILED",
            Self::StopFailed => "STOP_FAILED",
            Self::Unknown(text) => text,
        }
    }

    /// What deploy does with a server in this state. A new server starts by itself, so OFFLINE is never "still starting".
    #[must_use]
    pub fn for_deploy(&self) -> ServerStep {
        match self {
            Self::Online => ServerStep::Ready,
            Self::Starting | Self::Stopping => ServerStep::Wait,
            Self::Offline => ServerStep::Start,
            Self::StartFailed => ServerStep::Failed {
                why: "the service could not start it",
                next: "see the server's log group and the AWS Health Dashboard; then run `aws transfer start-server \
                       --server-id {server}`, or `sftp-okta teardown`, and deploy again",
            },
            Self::StopFailed => ServerStep::Failed {
                why: "the service could not stop it",
                next: "see the AWS Health Dashboard; then run `aws transfer stop-server --server-id {server}`, and deploy \
                       again",
            },
            Self::Unknown(_) => ServerStep::Failed {
                why: "this version does not know that state",
                next: "look at the server in the Transfer Family console, and update sftp-okta",
            },
        }
    }

    /// What deploy does with a server in this state whose elastic IPs are not as wanted: "The Transfer Family server must be
    /// offline" (API reference, EndpointDetails). One that could not be started serves nobody, and other addresses may be
    /// what it needs.
    #[must_use]
    pub fn for_elastic_ips(&self) -> ElasticIpStep {
        match self {
            Self::Online | Self::StartFailed => ElasticIpStep::Stop,
            Self::Starting | Self::Stopping => ElasticIpStep::Wait,
            Self::Offline => ElasticIpStep::Change,
            Self::StopFailed | Self::Unknown(_) => match self.for_deploy() {
                ServerStep::Failed { why, next } => ElasticIpStep::Failed { why, next },
                ServerStep::Ready | ServerStep::Wait | ServerStep::Start => ElasticIpStep::Wait,
            },
        }
    }

    /// What the state says about the deployment, as it goes on after "server X is STATE: ".
    #[must_use]
    pub fn meaning(&self) -> &'static str {
        match self {
            Self::Online => "users can connect",
            Self::Starting => "it is on its way to ONLINE",
            Self::Stopping => "somebody stopped it, and it is on its way to OFFLINE",
            Self::Offline => "somebody stopped it: nobody can connect, and it is billed all the same",
            Self::StartFailed => "the service could not start it: nobody can connect, and it is billed all the same",
            Self::StopFailed => "the service could not stop it",
            Self::Unknown(_) => "this version does not know that state",
        }
    }

    /// What a person who sees a server in this state does next; `{server}` stands for its id. Nothing where all is well.
    #[must_use]
    pub fn next_step(&self) -> Option<&'static str> {
        match self.for_deploy() {
            ServerStep::Ready => None,
            ServerStep::Wait => Some("`sftp-okta deploy` waits until it is ONLINE, and starts it if need be"),
            ServerStep::Start => Some("`sftp-okta deploy` starts it"),
            ServerStep::Failed { next, .. } => Some(next),
        }
    }

    /// What there is to say about server `id` in this state, and what to do next. Nothing where all is well.
    #[must_use]
    pub fn remark(&self, id: &str) -> Option<String> {
        let next = self.next_step()?.replace("{server}", id);
        Some(format!("server {id} is {self}: {}; {next}", self.meaning()))
    }

    /// How the state is shown.
    #[must_use]
    pub fn mood(&self) -> Mood {
        match self.for_deploy() {
            ServerStep::Ready => Mood::Good,
            ServerStep::Wait | ServerStep::Start => Mood::Running,
            ServerStep::Failed { .. } => Mood::Bad,
        }
    }
}

impl fmt::Display for ServerState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Every state, and for every command what is decided, in a sentence, with what to do next.
    #[test]
    fn every_state_has_a_decision() {
        let mut table = String::new();
        for state in ServerState::ALL.into_iter().chain([ServerState::Unknown("NEW_STATE".into())]) {
            assert_eq!(ServerState::parse(state.as_str()), state);
            let deploy = match state.for_deploy() {
                ServerStep::Ready => "done".to_owned(),
                ServerStep::Wait => "wait, then decide again".to_owned(),
                ServerStep::Start => "start, once".to_owned(),
                ServerStep::Failed { why, next } => format!("stop: {why}; {next}"),
            };
            let status = state.remark("s-1").map_or("healthy".to_owned(), |remark| format!("not healthy: {remark}"));
            let addresses = match state.for_elastic_ips() {
                ElasticIpStep::Wait => "wait, then decide again".to_owned(),
                ElasticIpStep::Stop => "stop, once".to_owned(),
                ElasticIpStep::Change => "change them, then start".to_owned(),
                ElasticIpStep::Failed { why, next } => format!("stop: {why}; {next}"),
            };
            let _ = writeln!(table, "{state}\n  deploy    {deploy}\n  other elastic IPs  {addresses}");
            // DeleteServer has no precondition (API reference, DeleteServer).
            let _ = writeln!(table, "  status    {status}\n  teardown  delete");
        }
        insta::assert_snapshot!(table);
    }
}
