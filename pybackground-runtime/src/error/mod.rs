//! The error of a call that has no value.

mod cause;
#[cfg(feature = "process")]
mod crash;
mod cycle;
#[cfg(feature = "process")]
mod failure;
#[cfg(feature = "process")]
mod isolated;
mod progress;
mod reason;
#[cfg(feature = "remote")]
mod remote;
mod unwind;
#[cfg(any(feature = "timeline", feature = "tracing"))]
mod verdict;

use std::any::Any;
use std::backtrace::Backtrace;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::call::Call;
use crate::deadline::Deadline;
use crate::sync::lock_leaf;
pub(crate) use cause::NO_TEXT;
use cause::{Cancelled, Cause};
#[cfg(feature = "process")]
pub use crash::Crash;
#[cfg(feature = "process")]
pub(crate) use crash::ProcessEnd;
pub(crate) use cycle::{LockDeadlock, Party, WaitEdge, WaitKind};
#[cfg(feature = "process")]
pub(crate) use failure::{Failure, Likely, Part};
pub(crate) use progress::Progress;
pub(crate) use reason::{StopReason, Stopped};
#[cfg(feature = "remote")]
pub(crate) use remote::Origin;
pub(crate) use unwind::{StopPayload, is_stop};
#[cfg(any(feature = "timeline", feature = "tracing"))]
pub(crate) use verdict::Verdict;

/// What a call came to: its value, or the reason why it has none.
pub(crate) type CallResult<T> = Result<T, Error>;

/// The reason why a call has no value: it panicked, timed out, was cancelled or refused, or the wait for it
/// would never have ended.
#[cfg_attr(
    feature = "process",
    doc = "A call with `process` may also have lost its process, or got none."
)]
///
/// [`Lazy::wait`](crate::Lazy::wait) and [`Lazy::join`](crate::Lazy::join) give it; using the value
/// directly panics with its message instead. A clone costs a reference count.
///
/// | what happened | predicate |
/// |---|---|
/// | the body panicked | [`is_panic`](Error::is_panic) |
/// | the call's own deadline passed | [`is_timeout`](Error::is_timeout) |
/// | it was cancelled, or stopped with the call whose body made it; the message says whether by a cancellation, a timeout or a shutdown | [`is_cancelled`](Error::is_cancelled) |
/// | the wait would never have ended | [`is_deadlock`](Error::is_deadlock) |
/// | it never started: there was no thread for it, or the runtime was shut down | [`is_refused`](Error::is_refused) |
#[cfg_attr(
    feature = "process",
    doc = "| with `process`: its process ended before its body did | [`is_crash`](Error::is_crash) |
| no process could be started for it | [`is_spawn_failure`](Error::is_spawn_failure) |
| the process that was started for it serves no calls | [`is_handshake_failure`](Error::is_handshake_failure) |
| an argument or the result could not be written or read | [`is_codec_failure`](Error::is_codec_failure) |
| the program that is started does not have the function | [`is_unregistered`](Error::is_unregistered) |"
)]
#[cfg_attr(
    feature = "remote",
    doc = "| with `remote`: a worker took it and disappeared | [`is_lost`](Error::is_lost) |
| no worker serves the function | [`is_unserved`](Error::is_unserved) |
| the server could not be reached, or refused this program | [`is_unreachable`](Error::is_unreachable) |"
)]
///
/// Exactly one of these is true. There is no [`source`](std::error::Error::source): no other error causes any
/// of these. An error that a body returns is its value, as in a `Lazy<Result<T, E>>`. The first use of the
/// value takes the payload of a panic.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, spawn};
///
/// let x = spawn(|| -> u32 { panic!("no such host") });
/// let error = Lazy::join(x).unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.message(), Some("no such host"));
/// assert!(error.to_string().contains("panicked: no such host (at "));
/// ```
#[derive(Clone)]
pub struct Error(Arc<ErrorDetails>);

struct ErrorDetails {
    call: Call,
    cause: Cause,
    #[cfg(feature = "remote")]
    origin: Option<Origin>,
}

impl Error {
    fn new(call: Call, cause: Cause) -> Self {
        Self(Arc::new(ErrorDetails {
            call,
            cause,
            #[cfg(feature = "remote")]
            origin: None,
        }))
    }

    /// The body unwound: it panicked, or it was cancelled and stopped.
    pub(crate) fn unwound(
        call: Call,
        payload: Box<dyn Any + Send>,
        stopped: Option<Stopped>,
    ) -> Self {
        if is_stop(&*payload) {
            return Self::new(call, Cause::Cancelled(Cancelled::Heeded(stopped)));
        }
        Self::new(call, Cause::panicked(payload))
    }

    pub(crate) fn cancelled(call: Call, body: Progress) -> Self {
        Self::new(call, Cause::Cancelled(Cancelled::Asked(body)))
    }

    /// The call was cancelled with the one whose body made it, before it started or resumed.
    pub(crate) fn cancelled_with(call: Call, maker: Stopped) -> Self {
        Self::new(call, Cause::Cancelled(Cancelled::With(maker)))
    }

    /// The body that waited for the call was cancelled.
    pub(crate) fn given_up(call: Call, waiter: Stopped) -> Self {
        Self::new(call, Cause::Cancelled(Cancelled::GivenUp(waiter)))
    }

    pub(crate) fn deadlock(call: Call, cycle: Vec<WaitEdge>) -> Self {
        Self::new(call, Cause::Deadlock { cycle })
    }

    /// The wait for the call, by a thread that holds the lock of `stream`, or by a formatter beside which no thread can go
    /// on.
    pub(crate) fn print_deadlock(
        call: Call,
        stream: Option<&'static str>,
        site: &'static Location<'static>,
        is_format: bool,
    ) -> Self {
        Self::new(call, Cause::PrintDeadlock { stream, site, is_format })
    }

    pub(crate) fn timeout(call: Call, deadline: &Deadline, body: Progress) -> Self {
        let (after, since) = (deadline.after(), deadline.since());
        Self::new(call, Cause::Timeout { after, since, body })
    }

    /// The body is not started, or not polled again.
    pub(crate) fn not_run(call: Call, why: &str, body: Progress) -> Self {
        let why = why.to_owned();
        Self::new(
            call,
            match body {
                Progress::NotStarted => Cause::Refused { why },
                _ => Cause::Cancelled(Cancelled::CutOff { why }),
            },
        )
    }

    /// Whether the body panicked.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let x = spawn(|| -> u32 { panic!("boom") });
    /// assert!(Lazy::wait(&x).unwrap_err().is_panic());
    /// ```
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked { .. })
    }

    /// Whether the call's own deadline passed before its body ended: the deadline of its `timeout` or of its
    /// `run_timeout`. The message says whether the body had started.
    ///
    /// A call that is stopped because the one that made it timed out is
    /// [cancelled](Error::is_cancelled), and its message says so.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (_never, received) = mpsc::channel::<u32>();
    /// let x = Lazy::with_timeout(spawn(move || received.recv()), Duration::from_millis(5));
    /// assert!(Lazy::wait(&x).unwrap_err().is_timeout());
    /// ```
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.cause, Cause::Timeout { .. })
    }

    /// Whether the call was cancelled by a shutdown of the runtime only.
    pub(crate) fn is_of_shutdown(&self) -> bool {
        matches!(
            self.0.cause,
            Cause::Cancelled(
                Cancelled::With(Stopped { reason: StopReason::ShutDown, .. })
                    | Cancelled::Heeded(Some(Stopped { reason: StopReason::ShutDown, .. }))
            )
        )
    }

    /// Whether the call was cancelled: by [`Lazy::cancel`](crate::Lazy::cancel), with the call
    /// whose body made it or waited for it, or by a shutdown after it had started.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, sleep, spawn};
    /// use std::time::Duration;
    ///
    /// let x = spawn(|| sleep(Duration::from_secs(3600)));
    /// Lazy::cancel(&x);
    /// assert!(Lazy::wait(&x).unwrap_err().is_cancelled());
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0.cause, Cause::Cancelled(_))
    }

    /// Whether the wait for the call would never have ended, because the call waits, directly or through
    /// others, for the call whose body waited.
    ///
    /// The message lists which call waits for which, and where. The call itself goes on: a later wait may
    /// return its value.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    /// use std::sync::mpsc;
    ///
    /// let (give, given) = mpsc::channel::<Lazy<bool>>();
    /// let x = spawn(move || Lazy::wait(&given.recv().unwrap()).unwrap_err().is_deadlock());
    /// let copy = spawn(|| true);
    /// give.send(copy).unwrap();
    /// # drop(x);
    /// ```
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        #[cfg(feature = "remote")]
        if self.is_within_own_limit() {
            return true;
        }
        matches!(self.0.cause, Cause::Deadlock { .. } | Cause::PrintDeadlock { .. })
    }

    /// Whether the body was running when the call was closed by its deadline or a cancellation, and runs on.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (release, wait) = mpsc::channel::<()>();
    /// let (start, started) = mpsc::channel();
    /// let x = spawn(move || {
    ///     start.send(()).unwrap();
    ///     wait.recv()
    /// });
    /// started.recv().unwrap();
    /// let x = Lazy::with_timeout(x, Duration::from_millis(1));
    /// assert!(Lazy::wait(&x).unwrap_err().body_runs_on());
    /// # drop(release);
    /// ```
    #[must_use]
    pub fn body_runs_on(&self) -> bool {
        let (Cause::Timeout { body, .. } | Cause::Cancelled(Cancelled::Asked(body))) =
            &self.0.cause
        else {
            return false;
        };
        *body == Progress::Running
    }

    /// The timeout of the call, or of its run, if that time passed.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (_never, received) = mpsc::channel::<u32>();
    /// let x = Lazy::with_timeout(spawn(move || received.recv()), Duration::from_millis(5));
    /// assert_eq!(Lazy::wait(&x).unwrap_err().timeout_after(), Some(Duration::from_millis(5)));
    /// ```
    #[must_use]
    pub fn timeout_after(&self) -> Option<Duration> {
        match self.0.cause {
            Cause::Timeout { after, .. } => Some(after),
            _ => None,
        }
    }

    /// Whether the call never started, because there was no thread for it or the runtime was shut down.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let x = spawn(|| -> u32 { panic!("boom") });
    /// assert!(!Lazy::wait(&x).unwrap_err().is_refused());
    /// ```
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self.0.cause, Cause::Refused { .. })
    }

    /// The path of the function that was called.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// fn shaky(_: u32) { panic!("boom") }
    /// let error = Lazy::join(background(shaky)(1)).unwrap_err();
    /// assert!(error.function().ends_with("shaky"));
    /// ```
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.0.call.function()
    }

    /// Where the function was called.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let error = Lazy::join(spawn(|| panic!("boom"))).unwrap_err();
    /// assert_eq!(error.called_at().file(), file!());
    /// ```
    #[must_use]
    pub fn called_at(&self) -> &'static Location<'static> {
        self.0.call.site()
    }

    /// The message of the panic, if the body panicked with a text.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let error = Lazy::join(spawn(|| panic!("page {}", 7))).unwrap_err();
    /// assert_eq!(error.message(), Some("page 7"));
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Panicked { message, .. } => message.as_deref(),
            _ => None,
        }
    }

    /// The file, line and column where the body panicked, if it did and the panic hook saw it.
    ///
    /// The first call adds a hook to the one that the program has then. A hook that the program sets later
    /// replaces it, unless it calls the earlier one. If the use of another call's value passed the panic on, this is the
    /// place of that use. The text of the error also names the place where the panic began.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let error = Lazy::join(spawn(|| -> u32 { panic!("boom") })).unwrap_err();
    /// assert!(error.panicked_at().unwrap().starts_with(file!()));
    /// ```
    #[must_use]
    pub fn panicked_at(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Panicked { at, .. } => at.as_deref(),
            _ => None,
        }
    }

    /// The file, line and column where the panic began: in this body, or in the body of a call whose value this body used.
    pub(crate) fn began_at(&self) -> Option<&str> {
        match &self.0.cause {
            Cause::Panicked { at, origin, .. } => origin.as_deref().or(at.as_deref()),
            _ => None,
        }
    }

    /// The stack at the panic of the body, if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE` is set and the panic hook saw
    /// the panic; see [`panicked_at`](Error::panicked_at). If the use of another call's value passed the panic on, it
    /// is the stack at that use. It is `None` for a body in another process.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let error = Lazy::join(spawn(|| -> u32 { panic!("boom") })).unwrap_err();
    /// match error.backtrace() {
    ///     Some(backtrace) => println!("{error}\n{backtrace}"),
    ///     None => println!("{error}"),
    /// }
    /// ```
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        match &self.0.cause {
            Cause::Panicked { backtrace, .. } => backtrace.as_ref(),
            _ => None,
        }
    }

    /// The call that has no value.
    pub(crate) fn call(&self) -> Call {
        self.0.call
    }

    /// Takes the payload of the body's panic, of which there is one.
    pub(crate) fn take_payload(&self) -> Payload {
        match &self.0.cause {
            Cause::Panicked { payload, .. } => {
                lock_leaf(payload).take().map_or(Payload::Taken, Payload::Here)
            }
            _ => Payload::None,
        }
    }
}

/// The payload of a body's panic.
pub(crate) enum Payload {
    /// The call failed for another reason than a panic.
    None,
    Here(Box<dyn Any + Send>),
    /// An earlier use of the value took the payload.
    Taken,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.cause.write(self.0.call, f)?;
        #[cfg(feature = "remote")]
        if let Some(worker) = self.worker() {
            write!(f, " [worker {worker}]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {}
