//! A call and how many there are of it.

use std::fmt;
use std::panic::Location;

use crate::call::Call;
use crate::call_counts::CallCounts;

/// Calls of one function that were made at one place, and how many there are: part of a
/// [`Snapshot`](crate::Snapshot) and of an [`Unfinished`](crate::Unfinished).
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{CallCount, background, snapshot};
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
/// let held: &CallCount = &report.held[0];
/// assert!(held.function.ends_with("one_at_a_time"));
/// assert_eq!((held.called_at.file(), held.count), (file!(), 1));
/// drop(closed);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallCount {
    /// The path of the function.
    pub function: &'static str,
    /// Where the function was called.
    pub called_at: &'static Location<'static>,
    /// How many such calls there are.
    pub count: usize,
}

impl CallCount {
    pub(crate) fn new(call: Call, count: usize) -> Self {
        Self { function: call.function(), called_at: call.site(), count }
    }

    /// Counts equal calls.
    pub(crate) fn of_each(calls: impl IntoIterator<Item = Call>) -> Vec<Self> {
        let mut counts = CallCounts::new();
        for call in calls {
            counts.add(call);
        }
        Self::list(counts.as_slice())
    }

    /// Each of the calls with its number.
    pub(crate) fn list(counts: &[(Call, usize)]) -> Vec<Self> {
        counts.iter().map(|(call, count)| Self::new(*call, *count)).collect()
    }

    /// How many calls there are in all.
    pub(crate) fn sum(counts: &[Self]) -> usize {
        counts.iter().map(|calls| calls.count).sum()
    }
}

impl fmt::Display for CallCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count != 1 {
            write!(f, "{} × ", self.count)?;
        }
        Call::new(self.function, self.called_at).fmt(f)
    }
}
