//! Why a running body has to stop.

use std::fmt;

use crate::call::Call;

/// A call that was closed while its body ran, and the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub(crate) call: Call,
    pub(crate) reason: StopReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    Cancelled,
    TimedOut,
    ShutDown,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, reason } = self;
        match reason {
            StopReason::Cancelled => write!(f, "{call} was cancelled"),
            StopReason::TimedOut => write!(f, "{call} timed out"),
            StopReason::ShutDown => write!(f, "{call} was running when the runtime was shut down"),
        }
    }
}
