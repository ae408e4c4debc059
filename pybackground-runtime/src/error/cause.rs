//! The reasons why a call has no value, and their messages.

use std::any::Any;
use std::backtrace::Backtrace;
use std::fmt;
use std::panic::Location;
use std::sync::Mutex;
use std::time::Duration;

use super::cycle::write_cycle;
#[cfg(feature = "process")]
use super::failure::Failure;
use super::{Progress, StopReason, Stopped, WaitEdge};
use crate::call::Call;
use crate::deadline::Since;
use crate::panic::{self, text_of};
use crate::site::UsedAt;

pub(super) enum Cause {
    Panicked {
        message: Option<String>,
        payload: Mutex<Option<Box<dyn Any + Send>>>,
        /// The file, line and column of the panic, if the panic hook saw it.
        at: Option<String>,
        /// The same of the panic that a use of another call's value passed on, if this is one.
        origin: Option<String>,
        backtrace: Option<Backtrace>,
        /// The body ran in another process.
        #[cfg(feature = "process")]
        in_child: bool,
    },
    Timeout {
        after: Duration,
        since: Since,
        body: Progress,
    },
    Cancelled(Cancelled),
    Deadlock {
        cycle: Vec<WaitEdge>,
    },
    /// The thread that formats the value holds the lock of a standard stream, and the body waits for the
    /// lock.
    PrintDeadlock {
        /// `None` if it holds another lock, which no thread that is not blocked for good can hold.
        stream: Option<&'static str>,
        site: &'static Location<'static>,
        /// Whether a formatter waits.
        is_format: bool,
    },
    Refused {
        why: String,
    },
    /// A failure that only a call in another process can have.
    #[cfg(feature = "process")]
    Isolated(Failure),
}

pub(super) enum Cancelled {
    /// By the holder of the `Lazy`.
    Asked(Progress),
    /// With the call whose body made it, while its own body was not running.
    With(Stopped),
    /// Its body polled for the cancellation and stopped; with the call given here, if it was that one's.
    Heeded(Option<Stopped>),
    /// Its body was suspended, and is not polled again.
    CutOff { why: String },
    /// The body that waited for it was cancelled.
    GivenUp(Stopped),
}

pub(crate) const NO_TEXT: &str = "(its payload is not a text)";

impl Cause {
    pub(super) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        let message = text_of(&*payload).map(str::to_owned);
        let (at, origin, backtrace) = panic::site_of(&*payload)
            .map_or((None, None, None), |site| (Some(site.at), site.origin, site.backtrace));
        Self::Panicked {
            message,
            at,
            origin,
            backtrace,
            payload: Mutex::new(Some(payload)),
            #[cfg(feature = "process")]
            in_child: false,
        }
    }

    /// Writes what happened to `call`.
    pub(super) fn write(&self, call: Call, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { message, at, origin, .. } => {
                write!(f, "{call} panicked: {}", message.as_deref().unwrap_or(NO_TEXT))?;
                let process = self.is_in_child().then_some("in another process");
                let from =
                    origin.as_ref().map_or_else(String::new, |at| format!(", passed on from {at}"));
                let at = at.as_ref().map(|at| format!("at {at}{from}"));
                match (process, at) {
                    (None, None) => Ok(()),
                    (Some(process), None) => write!(f, " ({process})"),
                    (None, Some(at)) => write!(f, " ({at})"),
                    (Some(process), Some(at)) => write!(f, " ({process}, {at})"),
                }
            }
            Self::Timeout { after, since: Since::Call, body: Progress::NotStarted } => write!(
                f,
                "{call} timed out after {after:?}, before it started, and will not run (`timeout` counts \
                 from the call, `run_timeout` from the start of the body)"
            ),
            Self::Timeout { after, since: Since::Call, body } => {
                write!(f, "{call} timed out after {after:?}: {}", outlook(*body))
            }
            Self::Timeout { after, since: Since::Start, body } => {
                write!(f, "{call} timed out {after:?} after it started: {}", outlook(*body))
            }
            Self::Cancelled(cancelled) => cancelled.write(call, f),
            Self::Deadlock { cycle } => {
                write!(f, "waiting for {call} would never have ended, because")?;
                write_cycle(cycle, f)?;
                f.write_str("\nbreak the cycle: at least one of these must not wait for the other")
            }
            Self::PrintDeadlock { stream, site, is_format } => {
                let site = UsedAt(site);
                write!(f, "waiting for {call} would never have ended: ")?;
                match stream {
                    None => write!(
                        f,
                        "the value is formatted{site}, and every other thread of the program is blocked in a lock or \
                         channel, so none can ever go on. A body that has to end first probably waits for a lock that is \
                         held while the value is formatted: a logger's, or that of the output that a test captures"
                    )?,
                    Some(stream) if *is_format => write!(
                        f,
                        "the value is printed{site} under the lock of {stream}, and a body that has to end first waits \
                         for that lock to print"
                    )?,
                    Some(stream) => {
                        return write!(
                            f,
                            "the thread that waits{site} holds the lock of {stream}, and a body that has to end first \
                             waits for that lock to print; wait before the lock is taken, or release the lock before"
                        );
                    }
                }
                f.write_str(
                    "; wait before printing: write `println!(\"{}\", *x)` instead of `println!(\"{x}\")`",
                )
            }
            Self::Refused { why } => write!(f, "{call} was refused and will not run: {why}"),
            #[cfg(feature = "process")]
            Self::Isolated(failure) => {
                write!(f, "{call} {failure}")
            }
        }
    }
}

impl Cause {
    fn is_in_child(&self) -> bool {
        #[cfg(feature = "process")]
        return matches!(self, Self::Panicked { in_child: true, .. });
        #[cfg(not(feature = "process"))]
        {
            let _ = self;
            false
        }
    }
}

impl Cancelled {
    fn write(&self, call: Call, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(body) => write!(f, "{call} was cancelled: {}", outlook(*body)),
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

fn outlook(body: Progress) -> &'static str {
    match body {
        Progress::NotStarted => "its body had not started and never will",
        Progress::Suspended => "its body was waiting and will not go on",
        Progress::Running => "its body still runs, and its result will be dropped",
        #[cfg(feature = "process")]
        Progress::Killed => "its process is killed, and all that it started",
        #[cfg(feature = "remote")]
        Progress::Withdrawn => "it is withdrawn, and a worker that runs its body kills it",
    }
}
