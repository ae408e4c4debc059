//! The backend of `thread:`: bodies run on threads of this process, with arguments and results as bytes, for debugging.

use std::task::Waker;

use super::function::Function;
use crate::error::{Failure, Part, Progress};
use crate::process::expansion::{Arguments, ChildFunction};
use crate::process::{Answer, Backend, Never, Started, run_on_this_thread};

/// A call of a function on a thread.
pub(super) struct ThreadOrder {
    function: &'static ChildFunction,
    arguments: Vec<u8>,
}

impl ThreadOrder {
    pub(super) fn new(function: &'static Function, arguments: Arguments) -> Result<Self, Failure> {
        let arguments =
            arguments.into_bytes().map_err(|why| Failure::Codec { what: Part::Arguments, why })?;
        Ok(Self { function: function.child(), arguments })
    }
}

/// Bodies run on threads of the runtime. A panic unwinds there as in any call, and `cancelled` tells of a stop.
pub(super) struct OnThread;

impl Backend for OnThread {
    type Order = ThreadOrder;
    type InFlight = Never;
    const IS_SYNC: bool = true;
    const WHEN_CLOSED: Progress = Progress::Running;

    fn start(order: ThreadOrder, _: impl FnOnce() -> Waker) -> Started<Never> {
        let ThreadOrder { function, arguments } = order;
        Started::Answered(match run_on_this_thread(function, &arguments) {
            Ok(value) => Answer::Returned(value),
            Err(failure) => Answer::Failed(failure),
        })
    }
}
