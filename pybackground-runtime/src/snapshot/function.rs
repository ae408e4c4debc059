//! The counters of a function.

use std::sync::atomic::Ordering;

use crate::events::counters;

/// How many calls of a function there were, and what became of them; see
/// [`Snapshot::functions`](crate::Snapshot::functions).
///
/// The counters only grow, except `queued` and `running`, which say how many there are now. The calls that the counters do
/// not account for are suspended `async` bodies, or end while they are read.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{FunctionCounts, Lazy, background, snapshot};
///
/// #[background(name = "fetch")]
/// fn fetch(page: u32) -> u32 {
///     assert!(page > 0);
///     page
/// }
///
/// let outcomes: Vec<_> = (0..10).map(fetch).map(Lazy::join).collect();
/// let fetch: FunctionCounts = snapshot().functions.remove(0);
/// assert_eq!((fetch.function, fetch.made, fetch.returned, fetch.failed), ("fetch", 10, 9, 1));
/// # drop(outcomes);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionCounts {
    /// The path of the function, or its `name`.
    pub function: &'static str,
    /// How many calls were made.
    pub made: u64,
    /// How many calls have not started: they are queued, or held back by a limit or their arguments.
    pub queued: u64,
    /// How many bodies run on threads, including those that run on after their calls have ended.
    pub running: u64,
    /// How many calls ended with a value.
    pub returned: u64,
    /// How many calls panicked, were refused, or failed otherwise.
    pub failed: u64,
    /// How many calls timed out.
    pub timed_out: u64,
    /// How many calls were cancelled.
    pub cancelled: u64,
}

/// The counters of all functions, by their names.
pub(super) fn functions() -> Vec<FunctionCounts> {
    let mut functions = Vec::new();
    counters::each(|function, counters| {
        let gauge = |value: &std::sync::atomic::AtomicI64| {
            u64::try_from(value.load(Ordering::Relaxed)).unwrap_or(0)
        };
        functions.push(FunctionCounts {
            function,
            made: counters.made.load(Ordering::Relaxed),
            queued: gauge(&counters.queued),
            running: gauge(&counters.running),
            returned: counters.returned.load(Ordering::Relaxed),
            failed: counters.failed.load(Ordering::Relaxed),
            timed_out: counters.timed_out.load(Ordering::Relaxed),
            cancelled: counters.cancelled.load(Ordering::Relaxed),
        });
    });
    functions
}
