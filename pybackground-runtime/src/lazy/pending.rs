//! A value on its way: the call, and the place where the outcome is put at the first join.
//!
//! The outcome moves from the task into the `Lazy`, so that the value can be borrowed, mutably as
//! well, and moved out. Several threads may wait through one `&Lazy`: whoever is first to see the end
//! moves the outcome, inside `OnceLock`, where nothing blocks.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::cancel::overruns;
use crate::error::Error;
use crate::pool;
use crate::sync::{OnceLock, chaos};
use crate::task::{Handle, Job, Outcome};
use crate::wait;

pub(super) struct Pending<T> {
    outcome: OnceLock<Outcome<T>>,
    handle: Held<T>,
}

/// The call, for as long as somebody wants its value.
struct Held<T>(Option<Arc<dyn Handle<T>>>);

impl<T> Held<T> {
    #[inline]
    fn give_away(self) -> Arc<dyn Handle<T>> {
        // Nothing is left to drop, which the compiler would not see.
        ManuallyDrop::new(self).0.take().expect("it is given away once")
    }
}

impl<T> Deref for Held<T> {
    type Target = Arc<dyn Handle<T>>;

    #[inline]
    fn deref(&self) -> &Arc<dyn Handle<T>> {
        self.0.as_ref().expect("it was not given away")
    }
}

/// A call that nobody waits for runs all the same, but not when it is to stop with the one that made it.
impl<T> Drop for Held<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(handle) = &self.0
            && overruns::is_any()
            && overruns::stopped(handle.maker()).is_some()
        {
            handle.cancel();
        }
    }
}

impl<T> Pending<T> {
    pub(super) fn new(handle: Arc<dyn Handle<T>>) -> Self {
        Self { outcome: OnceLock::new(), handle: Held(Some(handle)) }
    }

    #[inline]
    #[track_caller]
    pub(super) fn wait(&self) -> Result<&T, &Error> {
        match self.outcome.get() {
            Some(outcome) => outcome.as_ref(),
            None => self.wait_for_end(),
        }
    }

    #[cold]
    #[track_caller]
    fn wait_for_end(&self) -> Result<&T, &Error> {
        let waited = wait::until_done(&self.handle, || {
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
        match waited {
            Ok(()) => self.arrived().as_ref(),
            Err(error) => Err(self.handle.keep_verdict(error)),
        }
    }

    #[track_caller]
    pub(super) fn wait_until(&self, end: Instant) -> Option<Result<&T, &Error>> {
        if self.outcome.get().is_none() {
            match wait::until(&self.handle, end) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(self.handle.keep_verdict(error))),
            }
        }
        Some(self.arrived().as_ref())
    }

    pub(super) fn peek(&self) -> Option<&Outcome<T>> {
        match self.outcome.get() {
            None if self.handle.is_done() => Some(self.arrived()),
            outcome => outcome,
        }
    }

    #[track_caller]
    pub(super) fn wait_mut(&mut self) -> Result<&mut T, Error> {
        self.wait().map_err(Error::clone)?;
        let outcome = self.outcome.get_mut().expect("it was waited for");
        outcome.as_mut().map_err(|error| error.clone())
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "moved once more, it would cost as much as the wait")]
    #[track_caller]
    pub(super) fn into_outcome(mut self) -> Outcome<T> {
        match self.outcome.take() {
            Some(outcome) => outcome,
            None => wait::outcome(self.handle.give_away()),
        }
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        if !self.handle.is_done() {
            pool::keep_deadline(&self.job(), timeout);
        }
    }

    /// Returns whether the call had not ended.
    pub(super) fn cancel(&self) -> bool {
        self.outcome.get().is_none() && self.handle.cancel()
    }

    pub(super) fn detach(&self) {
        self.handle.detach();
    }

    pub(super) fn job(&self) -> Arc<dyn Job> {
        Arc::clone(&self.handle).job()
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
