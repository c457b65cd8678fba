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
                next: "see the server's log group and the AWS Health Dashboard; then start it in the console, or \
                       `sftp-okta teardown` and deploy again",
            },
            Self::StopFailed => ServerStep::Failed {
                why: "the service could not stop it",
                next: "see the AWS Health Dashboard; then stop and start it in the console",
            },
            Self::Unknown(_) => ServerStep::Failed {
                why: "this version does not know that state",
                next: "look at the server in the Transfer Family console, and update sftp-okta",
            },
        }
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
    use super::*;

    #[test]
    fn every_state_has_a_decision() {
        for (state, step) in [
            (ServerState::Online, "ready"),
            (ServerState::Starting, "wait"),
            (ServerState::Stopping, "wait"),
            (ServerState::Offline, "start"),
            (ServerState::StartFailed, "failed"),
            (ServerState::StopFailed, "failed"),
            (ServerState::Unknown("NEW".into()), "failed"),
        ] {
            let decided = match state.for_deploy() {
                ServerStep::Ready => "ready",
                ServerStep::Wait => "wait",
                ServerStep::Start => "start",
                ServerStep::Failed { .. } => "failed",
            };
            assert_eq!(decided, step, "{state}");
            assert_eq!(ServerState::parse(state.as_str()), state);
        }
    }
}
