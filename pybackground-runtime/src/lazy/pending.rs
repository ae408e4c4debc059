//! A value on its way: the call, and the place where the outcome is put at the first join.
//!
//! The outcome moves from the task into the `Lazy`, so that the value can be borrowed, mutably as
//! well, and moved out. Several threads may wait through one `&Lazy`: whoever is first to see the end
//! moves the outcome, inside `OnceLock`, where nothing blocks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::pool;
use crate::sync::{OnceLock, chaos};
use crate::task::{Handle, Outcome};
use crate::wait;

pub(super) struct Pending<T> {
    outcome: OnceLock<Outcome<T>>,
    handle: Arc<dyn Handle<T>>,
}

impl<T> Pending<T> {
    pub(super) fn new(handle: Arc<dyn Handle<T>>) -> Self {
        Self { outcome: OnceLock::new(), handle }
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
        wait::until_done(&*self.handle, || {
            let Some(outcome) = self.handle.run_in_place() else {
                return false;
            };
            chaos();
            let stored = self.outcome.set(outcome).is_ok();
            debug_assert!(stored, "whoever claimed the body is the only one with an outcome");
            chaos();
            // Others who wait through this `Lazy` look here when they hear of it.
            self.handle.announce();
            true
        });
        self.arrived()
    }

    pub(super) fn wait_until(&self, end: Instant) -> Option<&Outcome<T>> {
        if self.outcome.get().is_none() && !wait::until(&*self.handle, end) {
            return None;
        }
        Some(self.arrived())
    }

    pub(super) fn peek(&self) -> Option<&Outcome<T>> {
        match self.outcome.get() {
            None if self.handle.is_done() => Some(self.arrived()),
            outcome => outcome,
        }
    }

    pub(super) fn wait_mut(&mut self) -> &mut Outcome<T> {
        self.wait();
        self.outcome.get_mut().expect("it was waited for")
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "moved once more, it would cost as much as the wait")]
    pub(super) fn into_outcome(mut self) -> Outcome<T> {
        match self.outcome.take() {
            Some(outcome) => outcome,
            None => wait::outcome(self.handle),
        }
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        if !self.handle.is_done() {
            pool::keep_deadline(&self.handle.clone().job(), timeout);
        }
    }

    pub(super) fn call(&self) -> Call {
        self.handle.call()
    }

    /// The outcome of a call that has ended, moved here if it was not before.
    fn arrived(&self) -> &Outcome<T> {
        self.outcome.get_or_init(|| {
            self.handle.take().expect("the outcome is in the task until it is moved here")
        })
    }
}
