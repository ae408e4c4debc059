//! Closures that borrow from the caller, as tasks of the shared pool.
//!
//! | file | subject |
//! |---|---|
//! | `erase` | the one place where a lifetime is erased, and the argument that this is sound |
//! | `open_calls` | the closures that have not ended, and what the scope waits for |
//! | `own_closures` | reports of a thread that runs closures of its scope for long |
//! | `slot` | the value of a closure, which belongs to its `Lazy` |
//!
//! A closure of a scope is the body of a task like any other. The task is enqueued, stolen, run in place by a worker
//! that joins it, cancelled with its parent, and named in reports. What differs is the end: the scope waits for all
//! of its closures, however its own body ends. Before it blocks, it runs those that no thread has started.

mod erase;
mod open_calls;
mod own_closures;
mod slot;

use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::call::{Path, path_of_enclosing_function};
use crate::cancel;
use crate::context::in_context;
use crate::count::Count;
use crate::dispatch::make_task;
use crate::error::Error;
use crate::join;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;
use crate::small_value::is_large;
use crate::task::{Body, ScopedClosure, Task};
use crate::waits::ScopedCalls;
use erase::Erased;
use open_calls::{CallsOfScope, ListedCall};
use own_closures::OwnClosures;
use slot::{ScopedHandle, ValueSlot};

/// Runs `f`, which can call closures that borrow in the background, and waits for all of them.
///
/// The closures may borrow, also mutably, whatever lives longer than the scope: when `scope` returns, each of them
/// has ended, and its captures are dropped. [`Scope::spawn`] returns a [`Lazy`] like any other. It joins on first
/// use, can be waited for with a time limit, can be cancelled, and is named in errors. [`Scope::launch`] is for
/// closures without a value.
///
/// The closures run on the threads of the runtime. At the end of the scope, its own thread runs closures that no
/// thread has started, as a join does. A thread of the runtime does so if it has
/// [`stack_size`](crate::Configure::stack_size) left. The stack of another thread is not known. So open a scope where
/// the stack has room for its closures, or set [`own_stack`](crate::Configure::own_stack), with which the thread only
/// waits.
///
/// The idea and the rules are those of [`std::thread::scope`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::scope;
///
/// let text = String::from("some slow words");
/// let mut longest = 0;
/// let count = scope(|s| {
///     let count = s.spawn(|| text.split(' ').count());
///     s.launch(|| longest = text.split(' ').map(str::len).max().unwrap_or(0));
///     *count
/// });
/// assert_eq!((count, longest), (3, 5));
/// ```
///
/// # Panics
///
/// If `f` panics: with that panic, after every closure has ended.
///
/// If a closure panicked, or was refused or stopped because the runtime was shut down or has no thread for it, and
/// no use of its `Lazy` reported that before the end of the scope: with a message that names the function
/// and the line of the call. [`Lazy::is_ready`] is no such use. A `Lazy` that was passed to another call, for
/// example to [`Lazy::map`], is used by that call.
///
/// # Blocking
///
/// Until every closure has ended. Inside a body, the thread gives up its slot while it blocks. A cancel or timeout
/// of the body around the scope does not end this wait: it cancels the closures, and the scope returns when they
/// have ended. A closure that was cancelled or has timed out while it runs still borrows, so the scope waits for its
/// body, although its `Lazy` has an error at once.
///
/// A closure that waits for the call around its scope gets a deadlock error.
///
/// In `async` code a scope blocks the thread of the executor: a future can be dropped at an `.await`, and nothing
/// would then wait for the closures. Move a scope into a call that owns its data, and `.await` that.
#[track_caller]
pub fn scope<'env, F, R>(f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    // Between here and `f` are several functions, each of which may copy the value.
    if const { is_large::<R>() } { *run(|scope| Box::new(f(scope))) } else { run(f) }
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "the only other use is not compiled")]
#[track_caller]
fn run<'env, F, R>(f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    let scope = Scope {
        calls: CallsOfScope::new(),
        has_thread: runtime::is_worker() || runtime::is_sequential() || runtime::has_thread(),
        lifetimes: PhantomData,
    };
    let result = {
        let _end = EndOfScope { scope: &scope, site: Location::caller() };
        catch_unwind(AssertUnwindSafe(|| f(&scope)))
    };
    let errors = scope.calls.take_errors();
    let value = result.unwrap_or_else(|panic| {
        errors.iter().cloned().for_each(drop_catching);
        resume_unwind(panic)
    });
    // While the thread panics already, another panic would end the process.
    if let Some(failure) = report(errors)
        && cancel::may_unwind()
    {
        drop_catching(value);
        panic!("{failure}");
    }
    value
}

/// Waits until no closure of the scope is left. It does so when it is dropped, so that the scope cannot return or
/// unwind without it.
struct EndOfScope<'a, 'scope, 'env> {
    scope: &'a Scope<'scope, 'env>,
    site: &'static Location<'static>,
}

impl Drop for EndOfScope<'_, '_, '_> {
    fn drop(&mut self) {
        let waited = catch_unwind(AssertUnwindSafe(|| self.scope.wait(self.site)));
        if waited.is_err() || !self.scope.calls.is_empty() {
            // Closures may still use what the frames below own.
            std::process::abort();
        }
    }
}

/// The place where closures that borrow are called; see [`scope`].
///
/// `'scope` is the time in which the closures may run, and in which their captures have to live. `'env` is the
/// lifetime of the values outside of the scope.
///
/// A closure may borrow the scope as well, and spawn others:
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::scope;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// let leaves = AtomicU32::new(0);
/// scope(|s| {
///     s.launch(|| {
///         s.launch(|| { leaves.fetch_add(1, Ordering::Relaxed); });
///         s.launch(|| { leaves.fetch_add(1, Ordering::Relaxed); });
///     });
/// });
/// assert_eq!(leaves.into_inner(), 2);
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    calls: CallsOfScope,
    /// If not, the system refuses threads, and each closure runs where it is spawned.
    has_thread: bool,
    /// As in `std::thread::Scope`, both lifetimes are invariant.
    lifetimes: PhantomData<(&'scope mut &'scope (), &'env mut &'env ())>,
}

impl<'scope> Scope<'scope, '_> {
    /// Runs a closure in the background. It has ended by the end of the scope.
    ///
    /// Returns at once, whatever the load. The closure may borrow, and so may its value.
    ///
    /// [`Lazy::cancel`] keeps a closure that has not started from ever starting, and drops what it captured.
    /// Dropping the `Lazy` lets the closure run.
    ///
    /// In sequential mode, and if the system gives the pool no thread, the closure is run to its end before this
    /// returns.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, scope};
    ///
    /// let numbers = [3, 1, 2];
    /// let largest: Lazy<Option<&i32>> = scope(|s| s.spawn(|| numbers.iter().max()));
    /// assert!(Lazy::is_ready(&largest));
    /// assert_eq!(*largest, Some(&3));
    /// ```
    ///
    /// A value that borrows from inside the scope cannot leave it:
    ///
    /// ```compile_fail
    /// # use pybackground_runtime as pybackground;
    /// let first = pybackground::scope(|s| {
    ///     let text = String::from("some words");
    ///     s.spawn(|| text.len())
    /// });
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, body: F) -> Lazy<T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let slot = ValueSlot::new();
        let closure = {
            let slot = slot.clone();
            move || slot.put(Box::new(body()))
        };
        let call = self.start(Options::here(), path_of_enclosing_function::<F>, closure);
        self.calls.list(call.clone());
        Lazy::pending(erase::handle(ScopedHandle { call: call.into(), slot }))
    }

    /// Runs a closure without a value in the background. It has ended by the end of the scope.
    ///
    /// As [`Scope::spawn`], for a closure that writes its result to a place outside. Several closures can change
    /// parts of one value at once. If a closure panics, the scope panics at its end.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// let mut pixels = vec![1_u8; 1000];
    /// pybackground::scope(|s| {
    ///     for line in pixels.chunks_mut(100) {
    ///         s.launch(|| line.fill(7));
    ///     }
    /// });
    /// assert!(pixels.iter().all(|pixel| *pixel == 7));
    /// ```
    #[track_caller]
    pub fn launch<F>(&'scope self, body: F)
    where
        F: FnOnce() + Send + 'scope,
    {
        self.calls.list(self.start(Options::here(), path_of_enclosing_function::<F>, body));
    }

    fn start(
        &self,
        options: Options,
        path: Path,
        closure: impl FnOnce() + Send + 'scope,
    ) -> Arc<Task<impl Body<Output = ()>>> {
        let body = ScopedClosure(Erased::new(closure, self.calls.open()), path);
        let task = match make_task(&options, in_context(body)) {
            Ok(task) => task,
            Err(ended) => return ended,
        };
        if self.has_thread {
            runtime::submit(task.clone());
        } else {
            task.clone().run();
        }
        task
    }

    /// Waits until every closure has ended, including those that other closures spawn meanwhile. First runs the
    /// closures that no thread has started.
    fn wait(&self, site: &'static Location<'static>) {
        let left =
            if OwnClosures::are_reported() { self.run_watched(site) } else { self.run_closures() };
        if left.is_empty() && self.calls.is_empty() {
            return;
        }
        self.calls.put_back(left);
        let calls: Arc<dyn ScopedCalls> = self.calls.0.clone();
        join::for_scope(&calls, site);
    }

    /// Runs the closures that no thread has started. Returns what the scope still needs to know of.
    #[inline]
    fn run_closures(&self) -> Vec<ListedCall> {
        let (mut left, mut calls) = (Vec::new(), Vec::new());
        loop {
            calls = self.calls.take_all(calls);
            if calls.is_empty() {
                return left;
            }
            let before = left.len();
            left.extend(calls.drain(..).rev().filter_map(run_unless_started));
            left[before..].reverse();
        }
    }

    /// As `run_closures`, which is reported if it takes long.
    #[cold]
    #[inline(never)]
    fn run_watched(&self, site: &'static Location<'static>) -> Vec<ListedCall> {
        let _watched = (!self.calls.is_empty()).then(|| OwnClosures::begin(&self.calls, site));
        self.run_closures()
    }
}

/// Runs the closure if no thread has started it and this thread may. Returns what the scope still needs to know of.
fn run_unless_started(listed: ListedCall) -> Option<ListedCall> {
    let ListedCall::Call(call) = listed else { return Some(listed) };
    if !call.is_done() && join::may_help(&*call) {
        return match call.run_here() {
            Ok(error) => error.map(ListedCall::Failed),
            Err(call) => Some(ListedCall::Call(call)),
        };
    }
    Some(ListedCall::Call(call))
}

/// Returns the message of the scope's panic, if a closure failed and no use of its `Lazy` reported that.
fn report(errors: Vec<Error>) -> Option<String> {
    if errors.is_empty() {
        return None;
    }
    let is_reported =
        |error: &Error| error.is_panic() || error.is_refused() || error.is_of_shutdown();
    let mut unseen = errors.iter().filter(|error| is_reported(error));
    let report = unseen.next().map(|first| {
        let report =
            format!("{first}; no use of its `Lazy` reported that before the end of the scope");
        match unseen.count() {
            0 => report,
            others => {
                format!("{report}, and {} failed too", Count(others, "other call", "other calls"))
            }
        }
    });
    // With the errors go the payloads of panics, each of which may panic when it is dropped.
    errors.into_iter().for_each(drop_catching);
    report
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
