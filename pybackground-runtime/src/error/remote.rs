//! The errors of calls with `remote`.

use std::sync::Arc;
use std::time::Duration;

use super::cause::Cause;
use super::failure::Failure;
use super::{Error, Progress};
use crate::call::Call;
use crate::deadline::Since;

/// Which worker answered a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The worker's machine and process, as `host:pid`.
    pub(crate) worker: String,
    /// How often the call was given to a worker that started its body, if known.
    pub(crate) attempts: u32,
    /// How long the call waited at the worker and how long its body ran, by the worker's clock.
    #[cfg_attr(not(feature = "tracing"), allow(dead_code, reason = "only spans tell"))]
    pub(crate) times: Option<(Duration, Duration)>,
}

impl Error {
    /// A worker killed the body so long after its start.
    pub(crate) fn overran(call: Call, after: Duration) -> Self {
        Self::new(call, Cause::Timeout { after, since: Since::Start, body: Progress::Killed })
    }

    /// Whether the bodies that wait for the call have all permits of its function's limit.
    pub(super) fn is_within_own_limit(&self) -> bool {
        matches!(self.failure(), Some(Failure::OwnLimit { .. }))
    }

    /// The same error, of a body that a worker ran.
    pub(crate) fn by_worker(mut self, origin: Origin) -> Self {
        if let Some(report) = Arc::get_mut(&mut self.0) {
            report.origin = Some(origin);
        }
        self
    }

    /// Whether a worker took the call and disappeared. Its body may have run, in part or to its end.
    ///
    /// With `retry = N` this is so only once N repetitions were lost as well.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// #[background(remote)]
    /// fn leave() { std::process::exit(3) }
    ///
    /// let error = Lazy::join(leave()).unwrap_err();
    /// assert!(error.is_crash() && !error.is_lost(), "the process of the body ended, and its worker reports it");
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
    pub fn is_lost(&self) -> bool {
        matches!(self.failure(), Some(Failure::Lost { .. }))
    }

    /// Whether no worker serves the function as this program knows it. The body did not run.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(remote)]
    /// # fn leave() { std::process::exit(3) }
    /// assert!(!Lazy::join(leave()).unwrap_err().is_unserved(), "without a server the program serves itself");
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
    pub fn is_unserved(&self) -> bool {
        matches!(self.failure(), Some(Failure::Unserved { .. }))
    }

    /// Whether the server could not be reached, or refused this program. The body did not run.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(remote)]
    /// # fn leave() { std::process::exit(3) }
    /// assert!(!Lazy::join(leave()).unwrap_err().is_unreachable());
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
    pub fn is_unreachable(&self) -> bool {
        matches!(self.failure(), Some(Failure::Unreachable { .. }))
    }

    /// Returns how often a body of the call was started by a worker, if a worker answered or the call was lost.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(remote)]
    /// # fn leave() { std::process::exit(3) }
    /// assert_eq!(Lazy::join(leave()).unwrap_err().attempts(), None, "no worker took part");
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
    pub fn attempts(&self) -> Option<u32> {
        self.0.origin.as_ref().map(|origin| origin.attempts)
    }

    /// Returns the worker that answered the call, as `host:pid`.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(remote)]
    /// # fn leave() { std::process::exit(3) }
    /// assert_eq!(Lazy::join(leave()).unwrap_err().worker(), None, "no worker took part");
    /// ```
    #[must_use]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
    pub fn worker(&self) -> Option<&str> {
        let origin = self.0.origin.as_ref()?;
        (!origin.worker.is_empty()).then_some(origin.worker.as_str())
    }
}
