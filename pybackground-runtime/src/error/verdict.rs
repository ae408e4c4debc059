//! How a call ended, in a word.

use std::any::Any;

use super::{Error, is_stop};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    Panicked,
    Timeout,
    Cancelled,
    Refused,
    /// The waker of its future was dropped.
    Dropped,
    /// Its process ended before its body did.
    #[cfg(feature = "process")]
    Crashed,
    /// No process could be started for it, or its arguments or its result could not be passed.
    #[cfg(feature = "process")]
    Failed,
}

impl Verdict {
    pub(crate) fn of(error: &Error) -> Self {
        if error.is_panic() {
            Self::Panicked
        } else if error.is_timeout() {
            Self::Timeout
        } else if error.is_refused() {
            Self::Refused
        } else {
            Self::of_process(error).unwrap_or(Self::Cancelled)
        }
    }

    /// The verdict on a body that ran where the call was made, and perhaps unwound.
    pub(crate) fn of_body(payload: Option<&(dyn Any + Send)>) -> Self {
        match payload {
            None => Self::Ok,
            Some(payload) if is_stop(payload) => Self::Cancelled,
            Some(_) => Self::Panicked,
        }
    }

    #[cfg(feature = "process")]
    fn of_process(error: &Error) -> Option<Self> {
        let verdict = if error.is_crash() { Self::Crashed } else { Self::Failed };
        error.is_of_processes().then_some(verdict)
    }

    #[cfg(not(feature = "process"))]
    fn of_process(_: &Error) -> Option<Self> {
        None
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Panicked => "panicked",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Dropped => "dropped",
            #[cfg(feature = "process")]
            Self::Crashed => "crashed",
            #[cfg(feature = "process")]
            Self::Failed => "failed",
        }
    }

    /// The word for `Verdict as u8`.
    #[cfg(feature = "timeline")]
    pub(crate) fn word_of(number: u8) -> &'static str {
        const ALL: &[Verdict] = &[
            Verdict::Ok,
            Verdict::Panicked,
            Verdict::Timeout,
            Verdict::Cancelled,
            Verdict::Refused,
            Verdict::Dropped,
            #[cfg(feature = "process")]
            Verdict::Crashed,
            #[cfg(feature = "process")]
            Verdict::Failed,
        ];
        ALL.get(usize::from(number)).map_or("", |verdict| verdict.word())
    }
}
