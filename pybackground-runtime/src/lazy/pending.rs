//! A value on its way: the call, and the place where the outcome is put at the first join.
//!
//! The outcome moves from the task into the `Lazy`, so that the value can be borrowed, mutably as
//! well, and moved out. Several threads may wait through one `&Lazy`: whoever is first to see the end
//! moves the outcome, inside `OnceLock`, where nothing blocks.

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread::panicking;
use std::time::{Duration, Instant};

use super::shown::{NoValue, Shown, spent};
use crate::call::Call;
use crate::cancel;
use crate::error::{CallResult, Error};
use crate::join;
use crate::sync::{OnceLock, chaos};
use crate::task::{self, AwaiterList, Dependency, Handle, Job, any_was_awaited_or_shared};

pub(super) struct Pending<T> {
    /// In a box, so that a large value is not moved any more.
    outcome: OnceLock<CallResult<Box<T>>>,
    handle: HeldCall<T>,
}

/// The call, for as long as somebody wants its value.
struct HeldCall<T>(CallOrSpent<T>);

/// As large as the call alone: see the test.
enum CallOrSpent<T> {
    Call(Handle<T>),
    /// An `.await` had the value, of a call made here if it was one.
    Spent(Option<&'static Location<'static>>),
}

impl<T> HeldCall<T> {
    #[inline]
    #[track_caller]
    fn give_away(self) -> Handle<T> {
        // Nothing is left to drop, which the compiler would not see.
        match std::mem::replace(&mut ManuallyDrop::new(self).0, CallOrSpent::Spent(None)) {
            CallOrSpent::Call(handle) => handle,
            CallOrSpent::Spent(site) => spent(site),
        }
    }

    /// The call, unless its value is spent.
    #[inline]
    fn get(&self) -> Option<&Handle<T>> {
        match &self.0 {
            CallOrSpent::Call(handle) => Some(handle),
            CallOrSpent::Spent(_) => None,
        }
    }
}

impl<T> Deref for HeldCall<T> {
    type Target = Handle<T>;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &Handle<T> {
        match &self.0 {
            CallOrSpent::Call(handle) => handle,
            CallOrSpent::Spent(site) => spent(*site),
        }
    }
}

/// A call that nobody waits for runs all the same, but not when it is to stop with the one that made it;
/// and it wakes nobody who awaited it.
impl<T> Drop for HeldCall<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(handle) = self.get()
            && (cancel::is_any() || any_was_awaited_or_shared())
        {
            task::disown(handle.job());
        }
    }
}

impl<T> Pending<T> {
    pub(super) fn new(handle: Handle<T>) -> Self {
        Self { outcome: OnceLock::new(), handle: HeldCall(CallOrSpent::Call(handle)) }
    }

    /// What is left of a value that an `.await` had, of a call made at `site` if it was one.
    pub(super) fn spent(site: Option<&'static Location<'static>>) -> Self {
        Self { outcome: OnceLock::new(), handle: HeldCall(CallOrSpent::Spent(site)) }
    }

    /// Gives the outcome if the call has ended, and has `waker` woken when it does if not. The outcome
    /// is given once.
    pub(super) fn poll<R>(
        &mut self,
        waker: &Waker,
        unboxed: impl FnOnce(Box<T>) -> R,
        take: impl FnOnce(&Handle<T>) -> Option<CallResult<R>>,
    ) -> Poll<CallResult<R>> {
        let outcome = match self.outcome.take() {
            Some(outcome) => outcome.map(unboxed),
            None => match task::failure_of(self.handle.job()) {
                Some(deadlock) => {
                    self.handle.job().clear_awaiter();
                    Err(deadlock)
                }
                None if self.handle.job().set_awaiter(waker) => {
                    task::note(|| self.job(), waker);
                    return Poll::Pending;
                }
                None => take(&self.handle).expect("only its owner takes the outcome"),
            },
        };
        *self = Self::spent(Some(self.handle.job().call().site()));
        Poll::Ready(outcome)
    }

    /// See [`Lazy::set_awaiters`](super::Lazy::set_awaiters).
    pub(super) fn set_awaiters(&self, waker: &Waker, list: Arc<dyn AwaiterList>) -> bool {
        self.outcome.get().is_none() && self.handle.job().set_awaiters(waker, list)
    }

    /// See [`Lazy::failure_of_await`](super::Lazy::failure_of_await).
    pub(super) fn failure_of_await(&self) -> Option<Error> {
        task::failure_of(self.handle.get()?.job())
    }

    #[inline]
    #[track_caller]
    pub(super) fn wait(&self) -> Result<&T, &Error> {
        match self.outcome.get() {
            Some(outcome) => by_reference(outcome),
            None => self.wait_for_end(),
        }
    }

    #[cold]
    #[track_caller]
    fn wait_for_end(&self) -> Result<&T, &Error> {
        self.wait_to_end()?;
        by_reference(self.arrived())
    }

    /// Waits until the call ends, or runs it here. The outcome may be in the task or here then.
    #[track_caller]
    fn wait_to_end(&self) -> Result<(), &Error> {
        let waited = join::until_done(self.handle.call(), &|| {
            // Others who wait through this `Lazy` look here when the call has ended.
            self.handle.run_in_place_boxed(&mut |outcome| {
                chaos();
                let stored = self.outcome.set(outcome).is_ok();
                debug_assert!(stored, "whoever claimed the body is the only one with an outcome");
                chaos();
            })
        });
        waited.map_err(|error| self.handle.job().keep_wait_error(error))
    }

    /// Whether the call timed out. Any other error stays where it is, to be seen by the first use.
    #[track_caller]
    pub(super) fn is_timeout(&self) -> bool {
        if self.outcome.get().is_none()
            && let Err(error) = self.wait_to_end()
        {
            error.raise();
        }
        let stored = |outcome: &CallResult<Box<T>>| outcome.as_ref().err().cloned();
        let error = match self.outcome.get() {
            Some(outcome) => stored(outcome),
            None => self.handle.job().unobserved_error().or_else(|| stored(self.arrived())),
        };
        match error {
            Some(error) if !error.is_timeout() => {
                cancel::checkpoint();
                false
            }
            error => error.is_some(),
        }
    }

    /// Waits on behalf of a formatter, which may hold the lock of a standard stream.
    #[track_caller]
    fn wait_to_print(&self) -> Result<&T, &Error> {
        let _printing = join::printing();
        self.wait()
    }

    /// What a formatter prints.
    #[track_caller]
    pub(super) fn shown(&self) -> Shown<'_, T> {
        let call = match &self.handle.0 {
            CallOrSpent::Call(handle) => handle.job().call(),
            CallOrSpent::Spent(site) => return Shown::NoValue(NoValue::Spent(*site)),
        };
        let outcome = if panicking() { self.peek() } else { Some(self.wait_to_print()) };
        match outcome {
            Some(Ok(value)) => Shown::Value(value),
            Some(Err(error)) => Shown::NoValue(NoValue::Failed(error)),
            None => Shown::NoValue(NoValue::Pending(call)),
        }
    }

    #[track_caller]
    pub(super) fn wait_until(&self, end: Instant) -> Option<Result<&T, &Error>> {
        if self.outcome.get().is_none() {
            match join::until(self.handle.call(), end) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(self.handle.job().keep_wait_error(error))),
            }
        }
        Some(by_reference(self.arrived()))
    }

    /// Whether the outcome is here or would be at once. It stays where it is.
    pub(super) fn is_ready(&self) -> bool {
        self.outcome.get().is_some() || self.handle.job().is_done()
    }

    pub(super) fn peek(&self) -> Option<Result<&T, &Error>> {
        match self.outcome.get() {
            None if self.handle.job().is_done() => Some(by_reference(self.arrived())),
            outcome => outcome.map(by_reference),
        }
    }

    #[track_caller]
    pub(super) fn wait_mut(&mut self) -> Result<&mut T, Error> {
        self.wait().map_err(Error::clone)?;
        let outcome = self.outcome.get_mut().expect("it was waited for");
        outcome.as_mut().map(|value| &mut **value).map_err(|error| error.clone())
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "moved once more, it would cost as much as the wait")]
    #[track_caller]
    pub(super) fn into_outcome(self) -> CallResult<T> {
        if self.outcome.get().is_some() {
            return self.into_arrived();
        }
        let Self { outcome, handle } = self;
        // It is empty, which the compiler does not see.
        std::mem::forget(outcome);
        join::outcome(handle.give_away())
    }

    /// The outcome that is here. Apart, so that a join which finds none has no box to drop.
    #[inline(never)]
    fn into_arrived(mut self) -> CallResult<T> {
        self.outcome.take().expect("it was seen here").map(|value| *value)
    }

    /// As `into_outcome`, with the value in a box.
    #[track_caller]
    pub(super) fn into_boxed(mut self) -> CallResult<Box<T>> {
        match self.outcome.take() {
            Some(outcome) => outcome,
            None => join::outcome_boxed(self.handle.give_away()),
        }
    }

    pub(super) fn set_timeout(&self, timeout: Duration) {
        if let Some(job) = self.job()
            && !job.is_done()
        {
            job.set_timeout(timeout);
        }
    }

    /// Returns whether the call had not ended.
    pub(super) fn cancel(&self) -> bool {
        self.outcome.get().is_none()
            && self.handle.get().is_some_and(|handle| handle.job().cancel())
    }

    pub(super) fn detach(&self) {
        if let Some(job) = self.job() {
            task::detach(&*job);
        }
    }

    /// Has the call go on when the one whose body made it is stopped, until nothing holds the `Lazy`.
    pub(super) fn share(&self) {
        if let Some(job) = self.job() {
            task::share(&*job);
        }
    }

    /// The call as an input of another, unless it has ended.
    pub(super) fn input(&self) -> Option<Dependency> {
        let job = self.job().filter(|job| self.outcome.get().is_none() && !job.is_done())?;
        Some(Dependency { job, is_owned: true })
    }

    pub(super) fn job(&self) -> Option<Arc<dyn Job>> {
        self.handle.get().map(Handle::to_job)
    }

    pub(super) fn call(&self) -> Option<Call> {
        self.handle.get().map(|handle| handle.job().call())
    }

    /// The outcome of a call that has ended, moved here if it was not before.
    fn arrived(&self) -> &CallResult<Box<T>> {
        self.outcome.get_or_init(|| {
            self.handle.take_boxed().expect("the outcome is in the task until it is moved here")
        })
    }
}

#[inline]
fn by_reference<T>(outcome: &CallResult<Box<T>>) -> Result<&T, &Error> {
    outcome.as_ref().map(|value| &**value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_spent_takes_no_room() {
        assert_eq!(size_of::<HeldCall<u8>>(), size_of::<Arc<dyn Job>>());
    }
}
