//! A call as its `Lazy` sees it: the outcome, and running the body for it.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::body::Body;
use super::job::Job;
use super::state::{Core, HandOver};
use super::{Task, tell_of_end};
use crate::error::Outcome;
use crate::panic::drop_catching;
use crate::runtime;
use crate::sync::lock;

/// A call as its `Lazy` sees it.
pub(crate) trait Handle<T>: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The call without its type.
    fn job(&self) -> &dyn Job;

    /// As `job`, by count.
    fn into_job(self: Arc<Self>) -> Arc<dyn Job>;

    /// The outcome, if the call has ended; whoever gets it is the only one.
    fn take(&self) -> Option<Outcome<T>>;

    /// Runs the body on this thread if nobody has started it, and returns the outcome without
    /// storing it. Others who wait hear of it by `announce`, so that the outcome can first be put
    /// where they will look.
    fn run_in_place(&self) -> Option<Outcome<T>>;

    fn announce(&self);

    /// The outcome for the only holder of the `Lazy`, unless it takes blocking: that of a call which
    /// has ended, or which this thread may run and now does. When no queue has the task either, no
    /// lock is taken.
    fn join_at_once(self: Arc<Self>) -> Result<Outcome<T>, Arc<dyn Handle<T>>>;
}

impl<B: Body> Handle<B::Output> for Task<B> {
    fn job(&self) -> &dyn Job {
        self
    }

    fn into_job(self: Arc<Self>) -> Arc<dyn Job> {
        self
    }

    fn take(&self) -> Option<Outcome<B::Output>> {
        lock(&self.core).take()
    }

    fn run_in_place(&self) -> Option<Outcome<B::Output>> {
        let body = self.start(Core::claim_in_place)?;
        let outcome = self.header.run_to_end(body);
        self.header.leave_slot();
        self.tell_end(&outcome);
        let mut core = lock(&self.core);
        tell_of_end(&mut core);
        match core.hand_over(outcome) {
            HandOver::Direct(outcome) => Some(outcome),
            HandOver::TooLate(late) => {
                drop(core);
                drop_catching(late);
                None
            }
        }
    }

    fn announce(&self) {
        let attached = {
            let mut core = lock(&self.core);
            self.phase.done();
            std::mem::take(core.attached())
        };
        attached.wake();
    }

    fn join_at_once(self: Arc<Self>) -> Result<Outcome<B::Output>, Arc<dyn Handle<B::Output>>> {
        let done = self.phase.is_done();
        let here = || self.phase.is_claimable() && runtime::may_run_in_place(&*self);
        if !(done || here()) {
            return Err(self);
        }
        match Arc::try_unwrap(self) {
            Ok(task) => {
                if !done && task.phase.is_done() {
                    runtime::look_after_own_calls();
                }
                Ok(task.into_outcome())
            }
            Err(shared) => {
                if done {
                    return Ok(shared.take().expect("its only owner takes the outcome"));
                }
                let Some((body, attached)) = shared.start(Core::claim_and_keep) else {
                    return Err(shared);
                };
                Ok(shared.header.run_for(body, attached))
            }
        }
    }
}
