//! A value on its way: the call, and the place where the outcome is put at the first join.
//!
//! The outcome moves from the task into the `Lazy`, so that the value can be borrowed, mutably as
//! well, and moved out. Several threads may wait through one `&Lazy`: whoever is first to see the end
//! moves the outcome, inside `OnceLock`, where nothing blocks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::error::Error;
use crate::pool;
use crate::sync::{OnceLock, chaos};
use crate::task::{Handle, Job, Outcome};
use crate::wait;

pub(super) struct Pending<T> {
    outcome: OnceLock<Outcome<T>>,
    /// `None` if there never was a task.
    handle: Option<Arc<dyn Handle<T>>>,
}

impl<T> Pending<T> {
    pub(super) fn new(handle: Arc<dyn Handle<T>>) -> Self {
        Self { outcome: OnceLock::new(), handle: Some(handle) }
    }

    /// The outcome of a call that was over when it returned.
    pub(super) fn failed(error: Error) -> Self {
        Self { outcome: OnceLock::from(Err(error)), handle: None }
    }

    #[inline]
    pub(super) fn wait(&self) -> &Outcome<T> {
        match self.outcome.get() {
            Some(outcome) => outcome,
            None => self.wait_for_end(),
        }
    }

    #[cold]
    fn wait_for_end(&self) -> &Outcome<T> {
        let handle = self.handle();
        wait::until_done(&**handle, || {
            let Some(outcome) = handle.run_in_place() else {
                return false;
            };
            chaos();
            let stored = self.outcome.set(outcome).is_ok();
            debug_assert!(stored, "whoever claimed the body is the only one with an outcome");
            chaos();
            // Others who wait through this `Lazy` look here when they hear of it.
            handle.announce();
            true
        });
        self.arrived()
    }

    pub(super) fn wait_until(&self, end: Instant) -> Option<&Outcome<T>> {
        if self.outcome.get().is_none() && !wait::until(&**self.handle(), end) {
            return None;
        }
        Some(self.arrived())
    }

    pub(super) fn peek(&self) -> Option<&Outcome<T>> {
        match self.outcome.get() {
            None if self.handle().is_done() => Some(self.arrived()),
            outcome => outcome,
        }
    }

    pub(super) fn wait_mut(&mut self) -> &mut Outcome<T> {
        self.wait();
        self.outcome.get_mut().expect("it was waited for")
    }

    #[inline]
    pub(super) fn into_outcome(self) -> Outcome<T> {
        let Self { outcome, handle } = self;
        match (outcome.into_inner(), handle) {
            (Some(outcome), _) => outcome,
            (None, Some(handle)) => wait::outcome(handle),
            (None, None) => unreachable!("without a task there is an outcome from the start"),
        }
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        if let Some(handle) = &self.handle
            && !handle.is_done()
        {
            let job: Arc<dyn Job> = handle.clone();
            pool::keep_deadline(&job, timeout);
        }
    }

    pub(super) fn call(&self) -> Option<Call> {
        self.handle.as_ref().map(|handle| handle.call())
    }

    /// The outcome of a call that has ended, moved here if it was not before.
    fn arrived(&self) -> &Outcome<T> {
        self.outcome.get_or_init(|| {
            self.handle().take().expect("the outcome is in the task until it is moved here")
        })
    }

    fn handle(&self) -> &Arc<dyn Handle<T>> {
        self.handle.as_ref().expect("without a task there is an outcome from the start")
    }
}
