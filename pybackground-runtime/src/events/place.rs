//! Where a body runs.

/// Where a body runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On a thread that took the call from a queue.
    Worker,
    /// On the thread that joins the call.
    Joiner,
    /// On the thread that makes the call.
    Caller,
}
