//! How far a body had come when its call was closed.

/// The state of a body at the moment its call was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The body never started and never will.
    NotStarted,
    /// The body had started, was suspended, and is not polled again.
    Suspended,
    /// The body still runs. It ends early only if it polls for cancellation.
    Running,
    /// The body ran in another process, which is killed.
    #[cfg(feature = "process")]
    Killed,
    /// The body may run on another machine, which is told to kill it.
    #[cfg(feature = "remote")]
    Withdrawn,
}
