//! The seam: what a place where bodies run has to offer to the rest of the runtime.
//!
//! Arguments travel to a backend as bytes, and the outcome comes back as bytes. `call` has the only body that uses a
//! backend. A backend is a type without values, so a call of one pays nothing for the others.

use std::task::Waker;

use super::frame::Panic;
use crate::error::{Failure, Progress};
use crate::task::Limit;

/// A place where bodies run that travel as bytes.
pub(crate) trait Backend: Send + 'static {
    /// What a call sends.
    type Order: Send + 'static;

    /// Whether `start` returns the answer. Only then does a joining thread gain by running the call itself.
    const IS_SYNC: bool;

    /// The progress of a body that runs while its call is closed.
    const WHEN_CLOSED: Progress;

    /// Returns the limit of all functions that have none of their own.
    fn limit() -> Option<&'static Limit>;

    /// Runs the call.
    ///
    /// # Blocking
    ///
    /// Until there is an answer, or the body of this thread is to stop.
    fn start(order: Self::Order, waker: impl FnOnce() -> Waker) -> Answer;
}

/// What a call came to.
pub(crate) enum Answer {
    /// The bytes of the value.
    Returned(Vec<u8>),
    Panicked(Panic),
    Failed(Failure),
    /// The body of this thread is to stop.
    Stopped,
}
