//! What can keep a call from having a value, and how it is told.

use std::any::Any;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

#[cfg(feature = "process")]
use super::failure::Failure;
use super::{Progress, StopReason, Stopped, WaitEdge};
use crate::call::Call;

pub(super) enum Cause {
    Panicked {
        message: Option<String>,
        payload: Mutex<Option<Box<dyn Any + Send>>>,
        /// Of a panic in another process.
        #[cfg(feature = "process")]
        elsewhere: Option<Elsewhere>,
    },
    Timeout {
        after: Duration,
        body: Progress,
    },
    Cancelled(Cancelled),
    Deadlock {
        cycle: Vec<WaitEdge>,
    },
    Refused {
        why: String,
    },
    /// As only a call in another process can fail.
    #[cfg(feature = "process")]
    Isolated(Failure),
}

/// Where a body in another process panicked.
#[cfg(feature = "process")]
pub(super) struct Elsewhere {
    /// The file, line and column; none if the hook was not told.
    pub(super) at: Option<String>,
}

pub(super) enum Cancelled {
    /// By whoever has the `Lazy`.
    Asked(Progress),
    /// With the call whose body made it; its own body was not running.
    With(Stopped),
    /// Its body was to stop, and did; perhaps with the one that made the call.
    Heeded(Option<Stopped>),
    /// Its body waited, and nothing will run it any more.
    CutOff { why: String },
    /// The body that waited for it was to stop.
    GivenUp(Stopped),
}

pub(crate) const NO_TEXT: &str = "(its payload is not a text)";

/// What a panic with this payload says.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<&'static str>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<String>().map(String::as_str),
    }
}

impl Cause {
    pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        let message = text_of(&*payload).map(str::to_owned);
        Self::Panicked {
            message,
            payload: Mutex::new(Some(payload)),
            #[cfg(feature = "process")]
            elsewhere: None,
        }
    }

    /// Tells what happened to `call`.
    pub(super) fn tell(&self, call: Call, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { message, .. } => {
                write!(f, "{call} panicked: {}", message.as_deref().unwrap_or(NO_TEXT))?;
                #[cfg(feature = "process")]
                if let Self::Panicked { elsewhere: Some(Elsewhere { at }), .. } = self {
                    let (at, place) = at.as_deref().map_or(("", ""), |place| (", at ", place));
                    write!(f, " (in another process{at}{place})")?;
                }
                Ok(())
            }
            Self::Timeout { after, body } => {
                write!(f, "{call} timed out after {after:?}: {}", told(*body))
            }
            Self::Cancelled(cancelled) => cancelled.tell(call, f),
            Self::Deadlock { cycle } => {
                write!(f, "waiting for {call} would never have ended, because")?;
                for (at, edge) in cycle.iter().enumerate() {
                    let and = if at == 0 { "" } else { ", and" };
                    write!(f, "{and}\n  {edge}")?;
                }
                f.write_str("\nso one of these has to do without the other's value")
            }
            Self::Refused { why } => write!(f, "{call} was refused and will not run: {why}"),
            #[cfg(feature = "process")]
            Self::Isolated(failure) => {
                write!(f, "{call} {failure}")
            }
        }
    }
}

impl Cancelled {
    fn tell(&self, call: Call, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(body) => write!(f, "{call} was cancelled: {}", told(*body)),
            Self::With(maker) => {
                write!(
                    f,
                    "{call} was cancelled and will not run, because the call that made it is over: {maker}"
                )
            }
            Self::CutOff { why } => {
                write!(f, "{call} was cancelled while it waited, and will not go on: {why}")
            }
            Self::Heeded(stopped) => {
                write!(f, "{call} was cancelled, and its body has stopped")?;
                match stopped {
                    None => Ok(()),
                    Some(Stopped { reason: StopReason::ShutDown, .. }) => {
                        f.write_str(", because the runtime was shut down")
                    }
                    Some(maker) => {
                        write!(f, ", because the call that made it is over: {maker}")
                    }
                }
            }
            Self::GivenUp(waiter) => {
                write!(
                    f,
                    "the wait for {call} was given up, because the call that waited is over: {waiter}"
                )
            }
        }
    }
}

fn told(body: Progress) -> &'static str {
    match body {
        Progress::NotStarted => "its body had not started and never will",
        Progress::Suspended => "its body was waiting and will not go on",
        Progress::Running => "its body still runs, and its result will be dropped",
        #[cfg(feature = "process")]
        Progress::Killed => "its process is killed, and all that it started",
    }
}
