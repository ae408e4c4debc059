//! What a subscriber of `tracing` is told of calls, with the feature of that name; without it, nothing.
//!
//! | file | subject |
//! |---|---|
//! | `call` | the span of a call, from the call to its outcome |
//! | `state` | what the span still has to tell, as pure data |
//! | `elsewhere` | what became of a body in another process |
//! | `wait` | the span of a wait that blocks, and the ring that a wait would close |
//! | `refusal` | threads that the system refused |
//! | `hook` | how a subscriber's code is run |
//! | `off` | the same names without the feature: of no size, and empty |
//!
//! A subscriber is code of the user's. It runs on the thread that makes the call, runs the body or waits;
//! under no lock, and not on the monitor: what that one decides is noted, and told by the next thread
//! that comes to the call.

#[cfg(feature = "tracing")]
mod call;
#[cfg(all(feature = "tracing", feature = "process"))]
mod elsewhere;
#[cfg(feature = "tracing")]
mod hook;
#[cfg(not(feature = "tracing"))]
mod off;
#[cfg(feature = "tracing")]
mod refusal;
#[cfg(feature = "tracing")]
mod state;
#[cfg(feature = "tracing")]
mod wait;

#[cfg(feature = "tracing")]
pub(crate) use self::{
    call::{Trace, inline},
    refusal::thread_was_refused,
    wait::WaitSpan,
};
#[cfg(not(feature = "tracing"))]
pub(crate) use off::{Trace, WaitSpan, inline, thread_was_refused};

/// Whether anything of this is compiled.
pub(crate) const IS_ON: bool = cfg!(feature = "tracing");

/// Where a body runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// On a thread that took it from a queue.
    Thread,
    /// On the thread that waits for the call.
    InPlace,
    /// On the thread that makes the call, where it is made.
    #[cfg(feature = "tracing")]
    Inline,
}
