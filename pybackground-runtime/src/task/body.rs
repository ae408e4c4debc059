//! What a task runs: a closure, a function with its arguments, or a future.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::call::{Path, path_of_enclosing_function};
use crate::error::{CallResult, Error, Progress};
use crate::panic::drop_catching;
use crate::small_closure::SmallClosure;
use crate::small_value::Moves;
#[cfg(not(debug_assertions))]
use crate::small_value::SmallValue;

/// Work that a task keeps until a thread runs it.
pub(crate) trait Body: Send + Sized + 'static {
    /// What the call returns.
    type Output: Send + 'static;

    /// What names the function, if the type of the body does not. A task keeps it after the body has gone.
    type Label: Copy + Send + Sync + UnwindSafe + RefUnwindSafe + 'static;

    /// Whether one run of the body returns the result. Only then does a joining thread gain by running it:
    /// a future may be suspended.
    const IS_SYNC: bool;

    /// The progress of a body that runs while its call is closed.
    const WHEN_CLOSED: Progress = Progress::Running;

    /// The progress of a body that is suspended while its call is closed.
    const WHEN_SUSPENDED: Progress = Progress::Suspended;

    /// Whether the call is part of a scope. The scope waits for it, so a stop of the scope's body always stops it.
    const BELONGS_TO_SCOPE: bool = false;

    /// How the value gets to the owner of the `Lazy`.
    const MOVES: Moves<Self::Output> = Moves::VALUE;

    fn label(&self) -> Self::Label;

    /// What finds the function's path, for messages.
    fn function(label: Self::Label) -> Path;

    /// Whether the body was polled before.
    fn has_started(&self) -> bool {
        false
    }

    /// Whether the call is linked to the body's own node in the cancellation tree, and not to its parent,
    /// while no thread runs the body.
    fn owns_node(&self) -> bool {
        false
    }

    /// Sets what `owns_node` returns, of a body that is suspended.
    fn set_owns_node(&mut self, _owns: bool) {
        unreachable!("only futures are suspended");
    }

    /// Runs the body, or polls it once.
    fn run(self, waker: impl FnOnce() -> Waker) -> Step<Self>;

    /// Whether the body has a `run_there`.
    const RUNS_THERE: bool = false;

    /// As `run`, without moving the body, of which nothing is left to drop.
    fn run_there(&mut self) -> Self::Output {
        unreachable!("`RUNS_THERE` says so")
    }
}

/// How a run of a body ended.
pub(crate) enum Step<B: Body> {
    /// It returned.
    Finished(B::Output),
    /// The future is pending; the waker that it was given says when to poll it again.
    Suspended(B),
    /// There is no value: a dependency has none, or the process of the body failed.
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
    type Label = ();
    const IS_SYNC: bool = true;

    fn label(&self) {}

    #[inline]
    fn function((): ()) -> Path {
        path_of_enclosing_function::<F>
    }

    #[inline]
    fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
        Step::Finished((self.0)())
    }
}

/// As [`Closure`], of a type that does not name it.
impl<T: Send + 'static> Body for SmallClosure<T> {
    type Output = T;
    type Label = Path;
    const IS_SYNC: bool = true;

    #[inline]
    fn label(&self) -> Path {
        self.path()
    }

    #[inline]
    fn function(label: Path) -> Path {
        label
    }

    #[inline]
    fn run(mut self, _: impl FnOnce() -> Waker) -> Step<Self> {
        Step::Finished(self.call())
    }
}

/// As [`SmallClosure`], of a type that names neither the closure nor what it returns.
#[cfg(not(debug_assertions))]
pub(crate) struct Small<W: 'static>(SmallClosure<SmallValue<W>>);

#[cfg(not(debug_assertions))]
impl<W: 'static> Small<W> {
    #[inline]
    pub(super) fn of<F, T>(closure: F) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        Self(SmallClosure::of_function::<F, _>(move || SmallValue::of(closure())))
    }
}

#[cfg(not(debug_assertions))]
impl<W: Send + 'static> Body for Small<W> {
    type Output = SmallValue<W>;
    type Label = Path;
    const IS_SYNC: bool = true;
    const MOVES: Moves<SmallValue<W>> = Moves::SMALL;
    const RUNS_THERE: bool = true;

    #[inline]
    fn label(&self) -> Path {
        self.0.path()
    }

    #[inline]
    fn function(label: Path) -> Path {
        label
    }

    #[inline]
    fn run(mut self, _: impl FnOnce() -> Waker) -> Step<Self> {
        Step::Finished(self.0.call())
    }

    #[inline]
    fn run_there(&mut self) -> SmallValue<W> {
        self.0.call()
    }
}

/// A closure that runs once, of a type that does not name it.
pub(crate) trait RunOnce: Send + 'static {
    fn run(self);
}

/// The closure of a call that is part of a scope, and what finds the path of its function.
pub(crate) struct ScopedClosure<F>(pub(crate) F, pub(crate) Path);

impl<F: RunOnce> Body for ScopedClosure<F> {
    type Output = ();
    type Label = Path;
    const IS_SYNC: bool = true;
    const BELONGS_TO_SCOPE: bool = true;

    #[inline]
    fn label(&self) -> Path {
        self.1
    }

    #[inline]
    fn function(label: Path) -> Path {
        label
    }

    #[inline]
    fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
        self.0.run();
        Step::Finished(())
    }
}

/// A body that takes the values of its dependencies, and ends in the error of one that has no value.
pub(crate) struct Dependent<B>(pub(crate) B);

impl<B, T> Body for Dependent<B>
where
    B: Body<Output = CallResult<T>>,
    T: Send + 'static,
{
    type Output = T;
    type Label = B::Label;
    const IS_SYNC: bool = B::IS_SYNC;

    fn label(&self) -> B::Label {
        self.0.label()
    }

    fn function(label: B::Label) -> Path {
        B::function(label)
    }

    fn has_started(&self) -> bool {
        self.0.has_started()
    }

    fn owns_node(&self) -> bool {
        self.0.owns_node()
    }

    fn set_owns_node(&mut self, owns: bool) {
        self.0.set_owns_node(owns);
    }

    fn run(self, waker: impl FnOnce() -> Waker) -> Step<Self> {
        match self.0.run(waker) {
            Step::Finished(Ok(value)) => Step::Finished(value),
            Step::Finished(Err(error)) | Step::Failed(error) => Step::Failed(error),
            Step::Suspended(body) => Step::Suspended(Self(body)),
        }
    }
}

/// The body of an `async` function.
///
/// A future that is never woken is dropped by the last owner of its call, on any thread, so a panic of its
/// destructor is caught here.
pub(crate) struct Suspending<T> {
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    path: Path,
    has_started: bool,
    owns_node: bool,
}

impl<T> Suspending<T> {
    pub(crate) fn new<F: Future<Output = T> + Send + 'static>(future: F) -> Self {
        Self::boxed(Box::pin(future), path_of_enclosing_function::<F>)
    }

    /// As `new`, of a future of the function with that path.
    pub(crate) fn boxed(future: Pin<Box<dyn Future<Output = T> + Send>>, path: Path) -> Self {
        Self { future: Some(future), path, has_started: false, owns_node: false }
    }
}

impl<T: Send + 'static> Body for Suspending<T> {
    type Output = T;
    type Label = Path;
    const IS_SYNC: bool = false;

    fn label(&self) -> Path {
        self.path
    }

    fn function(label: Path) -> Path {
        label
    }

    fn has_started(&self) -> bool {
        self.has_started
    }

    fn owns_node(&self) -> bool {
        self.owns_node
    }

    fn set_owns_node(&mut self, owns: bool) {
        self.owns_node = owns;
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

impl<T> Drop for Suspending<T> {
    fn drop(&mut self) {
        drop_catching(self.future.take());
    }
}
