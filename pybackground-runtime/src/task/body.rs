//! What a task runs: a closure, a function with its arguments, or a future.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::call::path_of_enclosing_function;
use crate::error::{Error, Progress};
use crate::limit::Slot;
use crate::panic::drop_catching;

/// Work that a task carries until a thread takes it up.
pub(crate) trait Body: Send + Sized + 'static {
    /// What the call returns.
    type Output: Send + 'static;

    /// Whether a thread that waits for the call may run it itself.
    ///
    /// A closure comes back with the result; a future may come back with nothing yet, and the
    /// waiting thread would have gained nothing.
    const RUNS_TO_END: bool;

    /// How far a body is that runs while its call is closed.
    const WHEN_CLOSED: Progress = Progress::Running;

    /// Whether the call is part of a scope, which waits for it and so always takes it along.
    const BELONGS_TO_SCOPE: bool = false;

    /// The function's path, for messages.
    fn function() -> &'static str;

    /// Whether a step of it was run before.
    fn has_started(&self) -> bool {
        false
    }

    /// Gives the slot of its call to a body that waits to be woken, to give it back when it is dropped.
    fn keep_slot(&mut self, slot: Slot) {
        drop(slot);
    }

    /// Takes it back: the call gives it back when it ends.
    fn leave_slot_to_call(&mut self) {}

    /// Runs the body, or a step of it.
    fn run(self, waker: impl FnOnce() -> Waker) -> Step<Self>;
}

/// Where a body stands after it ran.
pub(crate) enum Step<B: Body> {
    /// It returned.
    Finished(B::Output),
    /// It waits for something; the waker it was given says when to run it again.
    Suspended(B),
    /// There is no value: an input has none, or the process of the body failed.
    Failed(Error),
}

/// The body of a function under the attribute, or a closure given to `spawn`.
pub(crate) struct Closure<F>(pub(crate) F);

impl<F, T> Body for Closure<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;
    const RUNS_TO_END: bool = true;

    fn function() -> &'static str {
        path_of_enclosing_function::<F>()
    }

    #[inline]
    fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
        Step::Finished((self.0)())
    }
}

/// The closure of a call that is part of a scope.
pub(crate) struct ScopedClosure<F>(pub(crate) F);

impl<F, T> Body for ScopedClosure<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;
    const RUNS_TO_END: bool = true;
    const BELONGS_TO_SCOPE: bool = true;

    fn function() -> &'static str {
        path_of_enclosing_function::<F>()
    }

    fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
        Step::Finished((self.0)())
    }
}

/// Values and closures of more bytes than this are moved in a box.
pub(crate) const LARGE: usize = 1024;

/// Whether values of the type are moved in a box. A build without optimizations copies a value each time
/// it is moved, and so moves all of them in boxes.
pub(crate) const fn is_large<T>() -> bool {
    cfg!(debug_assertions) || size_of::<T>() > LARGE
}

/// The body of an `async` function.
///
/// Nobody may come to wake it: then it goes with the last who knows of its call, whoever that is, and its
/// destructors are nothing to them.
pub(crate) struct Suspending<F> {
    future: Option<Pin<Box<F>>>,
    has_started: bool,
    /// While no thread has the body. Until it is dropped it may have more that the limit is there for.
    slot: Option<Slot>,
}

impl<F> Suspending<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(Box::pin(future)), has_started: false, slot: None }
    }
}

impl<F> Body for Suspending<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Output = F::Output;
    const RUNS_TO_END: bool = false;

    fn function() -> &'static str {
        path_of_enclosing_function::<F>()
    }

    fn has_started(&self) -> bool {
        self.has_started
    }

    fn keep_slot(&mut self, slot: Slot) {
        self.slot = Some(slot);
    }

    fn leave_slot_to_call(&mut self) {
        if let Some(slot) = self.slot.take() {
            slot.leave_to_call();
        }
    }

    fn run(mut self, waker: impl FnOnce() -> Waker) -> Step<Self> {
        self.has_started = true;
        let future = self.future.as_mut().expect("it is there until this is dropped");
        match future.as_mut().poll(&mut Context::from_waker(&waker())) {
            Poll::Ready(value) => Step::Finished(value),
            Poll::Pending => Step::Suspended(self),
        }
    }
}

impl<F> Drop for Suspending<F> {
    fn drop(&mut self) {
        drop_catching(self.future.take());
    }
}
