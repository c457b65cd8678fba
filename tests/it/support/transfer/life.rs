//! The life of a server, all of it on this page.
//!
//! ```text
//! CreateServer -> STARTING -> ONLINE | START_FAILED
//! StopServer:  ONLINE | START_FAILED -> STOPPING -> OFFLINE
//! StartServer: OFFLINE | START_FAILED -> STARTING -> ONLINE | START_FAILED
//! DeleteServer: any -> still there for some looks -> ResourceNotFoundException
//! ```
//!
//! Time is counted in looks, that is answered DescribeServer calls, so that no test has to wait for a clock.

/// How a start goes, in looks that still show `STARTING`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    OnlineAfter(u32),
    FailsAfter(u32),
    Never,
}

/// Where a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Starting(Start),
    Online,
    StartFailed,
    Stopping {
        looks: u32,
    },
    StopFailed,
    Offline,
    /// Deleted, and for some more looks still shown in the state it had.
    Leaving {
        looks: u32,
        shown: &'static str,
    },
    Gone,
}

impl Life {
    /// The state DescribeServer shows; nothing for a server that is not there.
    pub(crate) fn state(self) -> Option<&'static str> {
        match self {
            Self::Starting(_) => Some("STARTING"),
            Self::Online => Some("ONLINE"),
            Self::StartFailed => Some("START_FAILED"),
            Self::Stopping { .. } => Some("STOPPING"),
            Self::StopFailed => Some("STOP_FAILED"),
            Self::Offline => Some("OFFLINE"),
            Self::Leaving { shown, .. } => Some(shown),
            Self::Gone => None,
        }
    }

    /// Time zero of a start.
    pub(crate) fn starting(start: Start) -> Self {
        Self::Starting(start).settled()
    }

    /// What one look leads to.
    pub(crate) fn after_a_look(self) -> Self {
        let next = match self {
            Self::Starting(Start::OnlineAfter(looks)) => Self::Starting(Start::OnlineAfter(looks.saturating_sub(1))),
            Self::Starting(Start::FailsAfter(looks)) => Self::Starting(Start::FailsAfter(looks.saturating_sub(1))),
            Self::Stopping { looks } => Self::Stopping { looks: looks.saturating_sub(1) },
            Self::Leaving { looks, shown } => Self::Leaving { looks: looks.saturating_sub(1), shown },
            Self::Starting(Start::Never)
            | Self::Online
            | Self::StartFailed
            | Self::StopFailed
            | Self::Offline
            | Self::Gone => self,
        };
        next.settled()
    }

    /// What StartServer leads to: nothing new for a server that is online or on its way.
    pub(crate) fn after_start(self, start: Start) -> Self {
        match self {
            Self::Offline | Self::StartFailed | Self::StopFailed => Self::starting(start),
            Self::Starting(_) | Self::Online | Self::Stopping { .. } | Self::Leaving { .. } | Self::Gone => self,
        }
    }

    /// What StopServer leads to.
    pub(crate) fn after_stop(self, looks: u32) -> Self {
        match self {
            Self::Online | Self::StartFailed | Self::StopFailed | Self::Starting(_) => {
                Self::Stopping { looks }.settled()
            }
            Self::Stopping { .. } | Self::Offline | Self::Leaving { .. } | Self::Gone => self,
        }
    }

    /// What DeleteServer leads to, whatever the state.
    pub(crate) fn after_delete(self, looks: u32) -> Self {
        match (self, self.state()) {
            (Self::Leaving { .. } | Self::Gone, _) | (_, None) => self,
            (_, Some(shown)) => Self::Leaving { looks, shown }.settled(),
        }
    }

    /// A wait that is over is the state it led to.
    fn settled(self) -> Self {
        match self {
            Self::Starting(Start::OnlineAfter(0)) => Self::Online,
            Self::Starting(Start::FailsAfter(0)) => Self::StartFailed,
            Self::Stopping { looks: 0 } => Self::Offline,
            Self::Leaving { looks: 0, .. } => Self::Gone,
            Self::Starting(_)
            | Self::Stopping { .. }
            | Self::Leaving { .. }
            | Self::Online
            | Self::StartFailed
            | Self::StopFailed
            | Self::Offline
            | Self::Gone => self,
        }
    }
}
