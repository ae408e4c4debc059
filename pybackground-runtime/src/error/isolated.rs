//! The errors of calls with `process`.

use std::sync::Mutex;

use super::cause::{Cancelled, Cause, NO_TEXT};
use super::crash::Crash;
use super::failure::Failure;
use super::{Error, Stopped};
use crate::call::Call;

impl Error {
    /// The call failed as only a call in another process can.
    pub(crate) fn isolated(call: Call, failure: Failure) -> Self {
        Self::new(call, Cause::Isolated(failure))
    }

    /// The body panicked in another process, at this file, line and column if the hook saw one.
    pub(crate) fn panicked_in_child(
        call: Call,
        message: Option<String>,
        at: Option<String>,
    ) -> Self {
        // The payload of the panic that the use of the value raises.
        let payload = message.clone().unwrap_or_else(|| NO_TEXT.to_owned());
        let payload = Mutex::new(Some(Box::new(payload) as Box<_>));
        let (origin, backtrace) = (None, None);
        let cause = Cause::Panicked { message, payload, at, origin, backtrace, in_child: true };
        Self::new(call, cause)
    }

    /// The child was killed because the body was to stop.
    pub(crate) fn stopped_in_child(call: Call, stopped: Option<Stopped>) -> Self {
        Self::new(call, Cause::Cancelled(Cancelled::Heeded(stopped)))
    }

    pub(super) fn failure(&self) -> Option<&Failure> {
        match &self.0.cause {
            Cause::Isolated(failure) => Some(failure),
            _ => None,
        }
    }

    /// Whether the call failed as only a call with `process` can.
    #[cfg(any(feature = "timeline", feature = "tracing"))]
    pub(crate) fn is_of_processes(&self) -> bool {
        self.failure().is_some()
    }

    /// Whether this is the error of `call` itself and not of one of its dependencies.
    #[cfg(feature = "tracing")]
    pub(crate) fn is_of(&self, call: Call) -> bool {
        self.0.call == call
    }

    /// Whether the body panicked in another process.
    #[cfg(feature = "tracing")]
    pub(crate) fn panicked_elsewhere(&self) -> bool {
        matches!(self.0.cause, Cause::Panicked { in_child: true, .. })
    }

    /// Whether the process of the body ended before the body did, by a signal or by itself.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// #[background(process)]
    /// fn leave() { std::process::exit(3) }
    ///
    /// let error = Lazy::join(leave()).unwrap_err();
    /// assert!(error.is_crash());
    /// assert!(error.to_string().ends_with("its process ended by itself in mid-call, with exit code 3"));
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "process")))]
    pub fn is_crash(&self) -> bool {
        self.crash().is_some()
    }

    /// Returns how the process of the body ended before the body did, if it did.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(process)]
    /// # fn leave() { std::process::exit(3) }
    /// let error = Lazy::join(leave()).unwrap_err();
    /// assert_eq!(error.crash().unwrap().code(), Some(3));
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "process")))]
    pub fn crash(&self) -> Option<&Crash> {
        match self.failure() {
            Some(Failure::Crashed(crash)) => Some(crash),
            _ => None,
        }
    }

    /// Whether the call did not run because no process could be started for it, or none lived until its body began.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(process)]
    /// # fn leave() { std::process::exit(3) }
    /// assert!(!Lazy::join(leave()).unwrap_err().is_spawn_failure());
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "process")))]
    pub fn is_spawn_failure(&self) -> bool {
        matches!(self.failure(), Some(Failure::Spawn(_)))
    }

    /// Whether the call did not run because the process that was started for it does not serve calls: it ended
    /// earlier, or runs a program that only loads this library.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(process)]
    /// # fn leave() { std::process::exit(3) }
    /// assert!(!Lazy::join(leave()).unwrap_err().is_handshake_failure());
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "process")))]
    pub fn is_handshake_failure(&self) -> bool {
        matches!(self.failure(), Some(Failure::Handshake { .. }))
    }

    /// Whether the arguments or the result could not be passed from one process to the other: a `Serialize` or a
    /// `Deserialize` failed, or the result needs more stack than a thread of this program has.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(untagged)] // needs a format that says what comes
    /// enum Word { Number(u32), Text(String) }
    ///
    /// #[background(process)]
    /// fn print(_word: Word) {}
    ///
    /// assert!(Lazy::join(print(Word::Number(7))).unwrap_err().is_codec_failure());
    /// # let _ = Word::Text;
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "process")))]
    pub fn is_codec_failure(&self) -> bool {
        matches!(self.failure(), Some(Failure::Codec { .. } | Failure::TooDeep { .. }))
    }

    /// Whether the call did not run because a child would not have the function: it is in a library that was loaded
    /// later.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(process)]
    /// # fn leave() { std::process::exit(3) }
    /// assert!(!Lazy::join(leave()).unwrap_err().is_unregistered());
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "process")))]
    pub fn is_unregistered(&self) -> bool {
        matches!(self.failure(), Some(Failure::Unregistered))
    }
}
