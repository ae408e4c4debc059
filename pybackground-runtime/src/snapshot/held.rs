//! Calls that no thread may have yet.

use std::panic::Location;

use crate::call::Call;
use crate::shutdown::counted;

/// Calls of one function and call site that wait for their turn, as with a `limit`, for their
/// inputs, or to be woken; see [`Snapshot::held`](crate::Snapshot::held),
/// [`Snapshot::dependent`](crate::Snapshot::dependent) and
/// [`Snapshot::suspended_calls`](crate::Snapshot::suspended_calls).
///
/// ```
/// use pybackground_runtime::{background, snapshot};
/// use std::sync::Mutex;
/// static GATE: Mutex<()> = Mutex::new(());
/// let closed = GATE.lock().unwrap();
/// #[background(limit = 1)]
/// fn one_at_a_time() {
///     drop(GATE.lock());
/// }
///
/// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
/// let report = snapshot();
/// let held: &pybackground_runtime::Held = &report.held()[0];
/// assert_eq!(held.calls(), 1);
/// drop(closed);
/// ```
#[derive(Clone, Debug)]
pub struct Held {
    pub(super) call: Call,
    pub(super) calls: usize,
}

impl Held {
    pub(super) fn all(calls: Vec<Call>) -> Vec<Self> {
        counted(calls).into_iter().map(|(call, calls)| Self { call, calls }).collect()
    }

    /// The path of the function.
    ///
    /// ```
    /// # use pybackground_runtime::{background, snapshot};
    /// # use std::sync::Mutex;
    /// # static GATE: Mutex<()> = Mutex::new(());
    /// # let closed = GATE.lock().unwrap();
    /// #[background(limit = 1)]
    /// fn one_at_a_time() {
    ///     drop(GATE.lock());
    /// }
    ///
    /// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
    /// let report = snapshot();
    /// assert!(report.held()[0].function().ends_with("one_at_a_time"));
    /// # drop(closed);
    /// ```
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.call.function()
    }

    /// Where it was called.
    ///
    /// ```
    /// # use pybackground_runtime::{background, snapshot};
    /// # use std::sync::Mutex;
    /// # static GATE: Mutex<()> = Mutex::new(());
    /// # let closed = GATE.lock().unwrap();
    /// #[background(limit = 1)]
    /// fn one_at_a_time() {
    ///     drop(GATE.lock());
    /// }
    ///
    /// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
    /// let report = snapshot();
    /// assert_eq!(report.held()[0].called_at().file(), file!());
    /// # drop(closed);
    /// ```
    #[must_use]
    pub fn called_at(&self) -> &'static Location<'static> {
        self.call.site()
    }

    /// How many of its calls wait.
    ///
    /// ```
    /// # use pybackground_runtime::{background, snapshot};
    /// # use std::sync::Mutex;
    /// # static GATE: Mutex<()> = Mutex::new(());
    /// # let closed = GATE.lock().unwrap();
    /// #[background(limit = 1)]
    /// fn one_at_a_time() {
    ///     drop(GATE.lock());
    /// }
    ///
    /// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
    /// let report = snapshot();
    /// assert_eq!(report.held()[0].calls(), 1);
    /// # drop(closed);
    /// ```
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls
    }
}
