//! A call with the type of its result: taking the outcome, and running the body in place.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use super::Task;
use super::body::Body;
use super::job::Job;
use super::permit::may_run_in_place;
use crate::cancel;
use crate::error::Outcome;
use crate::runtime;

/// A call with the type of its result, as a `Lazy` holds it.
pub(crate) trait Handle<T>: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// The call without its type.
    fn job(&self) -> &dyn Job;

    /// As `job`, with the ownership.
    fn into_job(self: Arc<Self>) -> Arc<dyn Job>;

    /// Takes the outcome, if the call has ended and the outcome has not been taken.
    fn take(&self) -> Option<Outcome<T>>;

    /// As `take`, with the value in a box.
    fn take_boxed(&self) -> Option<Outcome<Box<T>>> {
        Some(self.take()?.map(Box::new))
    }

    /// Runs the body on this thread if it is claimable, hands the outcome to `keep`, and ends the call
    /// after that: other waiters look where `keep` has put the outcome. Returns whether it did.
    fn run_in_place(&self, keep: &mut dyn FnMut(Outcome<T>)) -> bool;

    /// As `run_in_place`, with the value in a box.
    fn run_in_place_boxed(&self, keep: &mut dyn FnMut(Outcome<Box<T>>)) -> bool {
        self.run_in_place(&mut |outcome| keep(outcome.map(Box::new)))
    }

    /// Returns the outcome to the only owner of the `Lazy` if it need not block: the call has ended, or this
    /// thread may run it and does. Takes no lock if nothing else holds the task.
    fn join_at_once(self: Arc<Self>) -> Result<Outcome<T>, Arc<dyn Handle<T>>>;

    /// As `join_at_once`, with the value in a box.
    fn join_at_once_boxed(self: Arc<Self>) -> Result<Outcome<Box<T>>, Arc<dyn Handle<T>>> {
        Ok(self.join_at_once()?.map(Box::new))
    }
}

impl<B: Body> Handle<B::Output> for Task<B> {
    fn job(&self) -> &dyn Job {
        self
    }

    fn into_job(self: Arc<Self>) -> Arc<dyn Job> {
        self
    }

    fn take(&self) -> Option<Outcome<B::Output>> {
        self.header.events().used();
        self.state.lock().take_outcome()
    }

    fn run_in_place(&self, keep: &mut dyn FnMut(Outcome<B::Output>)) -> bool {
        self.end_in_place(keep)
    }

    fn join_at_once(self: Arc<Self>) -> Result<Outcome<B::Output>, Arc<dyn Handle<B::Output>>> {
        let done = self.state.word().is_done();
        let here = || self.state.word().is_claimable() && may_run_in_place(&*self);
        if !(done || here()) {
            return Err(self);
        }
        match Arc::try_unwrap(self) {
            Ok(task) => {
                if !done && task.state.word().is_done() {
                    runtime::look_after_own_calls();
                }
                Ok(task.into_outcome())
            }
            Err(shared) if done => Ok(shared.take().expect("its only owner takes the outcome")),
            Err(shared) => {
                let mut kept = None;
                shared.end_in_place(&mut |outcome| kept = Some(outcome));
                kept.ok_or(shared as _)
            }
        }
    }
}

impl<B: Body> Task<B> {
    /// The outcome of a claimable or ended call that has no other owner: nothing else can see its end.
    #[inline]
    pub(super) fn into_outcome(self) -> Outcome<B::Output> {
        let function = self.function();
        let Self { state, header, label: _ } = self;
        header.events().used();
        let (body, link, trailer) = match state.into_parts() {
            Ok(parts) => parts,
            Err(outcome) => return outcome,
        };
        let below = cancel::enter(link);
        let outcome = header.run_to_end(function, body);
        cancel::end(cancel::leave(below));
        header.events().ended(&outcome);
        trailer.notify();
        outcome
    }
}
