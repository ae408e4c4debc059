//! The observer of the feature `tracing`: a span for each call and for each wait that blocks.
//!
//! | file | subject |
//! |---|---|
//! | `call` | the span of a call, from the call to its outcome |
//! | `state` | what the span has yet to report, as pure data |
//! | `outside` | the end of a body in another process |
//! | `remote` | the worker that answered a call, and the trace that the call is part of |
//! | `top` | the innermost call that runs on the thread |
//! | `wait` | the span of a wait that blocks, and the cycle that a wait would close |
//! | `refusal` | threads that the system refused |
//! | `subscriber` | how a subscriber's code is run |
//!
//! A subscriber is code of the user. It runs on the thread that makes the call, runs the body or
//! waits, with no lock held, and never on the monitor. What the monitor decides is noted, and reported
//! by the next thread that comes to the call.

mod call;
#[cfg(feature = "process")]
mod outside;
mod refusal;
#[cfg(feature = "remote")]
mod remote;
mod state;
mod subscriber;
#[cfg(feature = "remote")]
mod top;
mod wait;

use tracing::level_filters::LevelFilter;

pub(super) use call::{CallSpan, EnteredSpan};
pub(super) use refusal::thread_refused;
#[cfg(feature = "remote")]
pub(super) use remote::{answered_by, part_of};
pub(super) use wait::WaitSpan;

/// Whether any subscriber is interested in anything.
#[inline]
pub(super) fn is_enabled() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}
