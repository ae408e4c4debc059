//! Why a call has no value.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::call::Call;
use crate::sync::lock_leaf;
use crate::task::BodyIs;

/// Why a call has no value: it panicked, timed out or was refused.
///
/// [`Lazy::wait`](crate::Lazy::wait) and [`Lazy::join`](crate::Lazy::join) give it; using the value
/// directly panics with its message instead. A clone costs a reference count.
///
/// ```
/// use pybackground_runtime::{Lazy, spawn};
///
/// let x = spawn(|| -> u32 { panic!("no such host") });
/// let error = Lazy::join(x).unwrap_err();
/// assert!(error.is_panic());
/// assert_eq!(error.message(), Some("no such host"));
/// assert!(error.to_string().ends_with("panicked: no such host"));
/// ```
#[derive(Clone)]
pub struct Error(Arc<Report>);

struct Report {
    call: Call,
    cause: Cause,
}

enum Cause {
    Panicked { message: Option<String>, payload: Mutex<Option<Box<dyn Any + Send>>> },
    Timeout { after: Duration, body: BodyIs },
    Refused { why: String },
}

impl Error {
    fn new(call: Call, cause: Cause) -> Self {
        Self(Arc::new(Report { call, cause }))
    }

    pub(crate) fn panicked(call: Call, payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast_ref::<&'static str>() {
            Some(text) => Some((*text).to_owned()),
            None => payload.downcast_ref::<String>().cloned(),
        };
        Self::new(call, Cause::Panicked { message, payload: Mutex::new(Some(payload)) })
    }

    pub(crate) fn timeout(call: Call, after: Duration, body: BodyIs) -> Self {
        Self::new(call, Cause::Timeout { after, body })
    }

    pub(crate) fn refused(call: Call, why: impl Into<String>) -> Self {
        Self::new(call, Cause::Refused { why: why.into() })
    }

    /// Whether the body panicked.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, spawn};
    /// let x = spawn(|| -> u32 { panic!("boom") });
    /// assert!(Lazy::wait(&x).unwrap_err().is_panic());
    /// ```
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked { .. })
    }

    /// Whether the call's deadline passed before its body ended.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, spawn};
    /// # use std::{sync::mpsc, time::Duration};
    /// let (_never, received) = mpsc::channel::<u32>();
    /// let x = Lazy::with_timeout(spawn(move || received.recv()), Duration::from_millis(5));
    /// assert!(Lazy::wait(&x).unwrap_err().is_timeout());
    /// ```
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.cause, Cause::Timeout { .. })
    }

    /// Whether the call never started because there was no thread for it.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, spawn};
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
    /// # use pybackground_runtime::{Lazy, background};
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
    /// # use pybackground_runtime::{Lazy, spawn};
    /// let error = Lazy::join(spawn(|| panic!("boom"))).unwrap_err();
    /// assert_eq!(error.called_at().file(), file!());
    /// ```
    #[must_use]
    pub fn called_at(&self) -> &'static Location<'static> {
        self.0.call.site()
    }

    /// The panic's message, if the body panicked with a text.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, spawn};
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

    /// Goes on with the panic of the body if there was one, else panics with this error's message.
    ///
    /// The payload is the body's own. It exists once: the first use of the value that gets here
    /// takes it, a later one panics with a text that says so.
    ///
    /// # Panics
    ///
    /// Always.
    #[track_caller]
    pub(crate) fn raise(&self) -> ! {
        let Cause::Panicked { message, payload } = &self.0.cause else {
            panic!(
                "{self}; `Lazy::wait` and `Lazy::join` give this as an error instead of a panic"
            );
        };
        let Some(payload) = lock_leaf(payload).take() else {
            let message = message.as_deref().unwrap_or(NO_TEXT);
            panic!(
                "the panic of {} was already passed on to an earlier use: {message}",
                self.0.call
            );
        };
        // A text is thrown anew so that the panic hook tells the line of this use as well; the
        // payload that a `catch_unwind` sees is the same. Others cannot be thrown with a location.
        let payload = match payload.downcast::<&'static str>() {
            Ok(text) => std::panic::panic_any(*text),
            Err(payload) => payload,
        };
        match payload.downcast::<String>() {
            Ok(text) => std::panic::panic_any(*text),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }
}

const NO_TEXT: &str = "(its payload is not a text)";

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = self.0.call;
        match &self.0.cause {
            Cause::Panicked { message, .. } => {
                write!(f, "{call} panicked: {}", message.as_deref().unwrap_or(NO_TEXT))
            }
            Cause::Timeout { after, body } => {
                write!(f, "{call} timed out after {after:?}: ")?;
                f.write_str(match body {
                    BodyIs::NotStarted => "its body had not started and never will",
                    BodyIs::Stopped => "its body was waiting and will not go on",
                    BodyIs::Running => "its body still runs, and its result will be dropped",
                })
            }
            Cause::Refused { why } => write!(f, "{call} was refused and will not run: {why}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl std::error::Error for Error {}
