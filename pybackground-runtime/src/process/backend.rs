//! The trait of a backend: a place where bodies run, such as a child or another machine.
//!
//! Arguments travel to a backend as bytes, and the outcome comes back as bytes. `call` has the only body that uses a
//! backend. A backend is a type without values, so a call of one costs nothing for the others.

use std::task::Waker;
#[cfg(feature = "remote")]
use std::time::Duration;

use super::frame::Panic;
#[cfg(feature = "remote")]
use crate::error::Origin;
use crate::error::{Failure, Progress};
use crate::task::Limit;

/// A place where bodies run that travel as bytes.
pub(crate) trait Backend: Send + 'static {
    /// What a call sends.
    type Order: Send + 'static;

    /// A call that was sent and not answered yet.
    type InFlight: InFlight;

    /// Whether `start` returns the answer. Only then does a joining thread gain by running the call itself.
    const IS_SYNC: bool;

    /// The progress of a body that runs while its call is closed.
    const WHEN_CLOSED: Progress;

    /// Returns the limit of all functions that have none of their own.
    fn limit() -> Option<&'static Limit> {
        None
    }

    /// Runs or sends the call. A call in flight wakes the waker when it is answered.
    ///
    /// # Blocking
    ///
    /// A backend that is sync blocks until there is an answer, or the body of this thread is to stop.
    fn start(order: Self::Order, waker: impl FnOnce() -> Waker) -> Started<Self::InFlight>;
}

/// How far a call has come that was started.
pub(crate) enum Started<F> {
    Answered(Answer),
    InFlight(F),
}

/// A call that was sent. Dropping it withdraws the call.
pub(crate) trait InFlight: Send + 'static {
    /// Returns the answer if it has come, and otherwise keeps the waker until then.
    fn answer(&mut self, waker: impl FnOnce() -> Waker) -> Option<Answer>;
}

/// The type of calls in flight of a backend that answers at once.
pub(crate) enum Never {}

impl InFlight for Never {
    fn answer(&mut self, _: impl FnOnce() -> Waker) -> Option<Answer> {
        match *self {}
    }
}

/// What a call came to.
pub(crate) enum Answer {
    /// The bytes of the value.
    Returned(Vec<u8>),
    Panicked(Panic),
    Failed(Failure),
    /// The body of this thread is to stop.
    Stopped,
    /// The worker killed the body so long after its start.
    #[cfg(feature = "remote")]
    Overran(Duration),
    /// The answer of a worker.
    #[cfg(feature = "remote")]
    From(Box<(Answer, Origin)>),
}
