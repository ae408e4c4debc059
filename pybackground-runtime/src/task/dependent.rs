//! A body that is given its inputs.

use std::task::Waker;

use super::body::{Body, Step};
use crate::error::Outcome;
use crate::limit::Slot;

/// A body that first takes what its inputs came to, and ends in the error of one that has no value.
pub(crate) struct Dependent<B>(pub(crate) B);

impl<B, T> Body for Dependent<B>
where
    B: Body<Output = Outcome<T>>,
    T: Send + 'static,
{
    type Output = T;
    const RUNS_TO_END: bool = B::RUNS_TO_END;

    fn function() -> &'static str {
        B::function()
    }

    fn has_started(&self) -> bool {
        self.0.has_started()
    }

    fn keep_slot(&mut self, slot: Slot) {
        self.0.keep_slot(slot);
    }

    fn leave_slot_to_call(&mut self) {
        self.0.leave_slot_to_call();
    }

    fn run(self, waker: impl FnOnce() -> Waker) -> Step<Self> {
        match self.0.run(waker) {
            Step::Finished(Ok(value)) => Step::Finished(value),
            Step::Finished(Err(error)) | Step::Failed(error) => Step::Failed(error),
            Step::Suspended(body) => Step::Suspended(Self(body)),
        }
    }
}
