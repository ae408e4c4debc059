//! Making a call: `spawn`, and what the attribute expands to.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::error::Error;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::pool;
use crate::task::{Body, Closure, Job, LARGE, LargeClosure, Suspending, Task};

/// Runs a closure in the background.
///
/// Returns at once, whatever the load. The closure runs on a thread of the runtime's.
///
/// ```
/// use pybackground_runtime::spawn;
///
/// let x = spawn(|| 6 * 7);
/// assert_eq!(x, 42);
/// ```
#[track_caller]
pub fn spawn<F, T>(body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    dispatch(Options::here(), body)
}

/// Runs a closure that burns CPU in the background, as `#[background(compute)]` does a function.
///
/// The closure may wait for other calls but for nothing else. A thread of the runtime that makes such
/// a call while all are busy and a few calls of its own wait runs the closure on the spot, which
/// costs next to nothing; so a recursion may split all the way down.
///
/// ```
/// use pybackground_runtime::spawn_compute;
///
/// fn sum(numbers: &'static [u64]) -> u64 {
///     if numbers.len() < 2 {
///         return numbers.iter().sum();
///     }
///     let (left, right) = numbers.split_at(numbers.len() / 2);
///     let left = spawn_compute(|| sum(left));
///     let right = spawn_compute(|| sum(right));
///     left + right
/// }
///
/// assert_eq!(sum(&[1, 2, 3, 4, 5]), 15);
/// ```
#[track_caller]
pub fn spawn_compute<F, T>(body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    dispatch(Options::here().compute(), body)
}

/// Runs the body of a function under the attribute.
///
/// What is not on the fast path is in functions of its own, which get options built anew: then the
/// compiler need not put them into memory on the way to the body.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the options are constants at the place of the call only")]
pub fn dispatch<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    #[cfg(debug_assertions)]
    let (options, body) = boxed(options, body);
    dispatch_closure(options, body)
}

/// The body behind a box, named by its own path.
///
/// A build without optimisations instantiates all that is generic over the body for every single
/// function, and takes its time. Behind a box there are as many instances as result types.
#[cfg(debug_assertions)]
fn boxed<F, T>(options: Options, body: F) -> (Options, Box<dyn FnOnce() -> T + Send>)
where
    F: FnOnce() -> T + Send + 'static,
{
    (options.named_by(crate::call::path_of_enclosing_function::<F>()), Box::new(body))
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "as `dispatch`")]
fn dispatch_closure<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if options.may_run_inline() && pool::runs_inline() {
        return match catch_unwind(AssertUnwindSafe(body)) {
            Ok(value) => Lazy::ready(value),
            Err(payload) => panicked_inline::<F, T>(options.rebuilt(), payload),
        };
    }
    if size_of::<F>() > LARGE {
        return start(options.rebuilt(), LargeClosure::new(body));
    }
    start(options.rebuilt(), Closure(body))
}

#[cold]
fn panicked_inline<F, T>(options: Options, payload: Box<dyn Any + Send>) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let call = options.call(Closure::<F>::function());
    Lazy::pending(Task::<Closure<F>>::ended(&options, Err(Error::panicked(call, payload))))
}

/// Polls the body of an `async` function under the attribute.
pub fn dispatch_async<F>(options: Options, future: F) -> Lazy<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    start(options, Suspending::new(future))
}

/// Makes the task of a call and queues it.
#[inline(never)]
pub(crate) fn start<B: Body>(options: Options, body: B) -> Lazy<B::Output> {
    let task = Task::new(&options, body);
    if options.time().is_some() || options.slots().is_some() {
        hand_over_with_conditions(&options, task.clone());
    } else {
        pool::submit(task.clone());
    }
    Lazy::pending(task)
}

fn hand_over_with_conditions(options: &Options, job: Arc<dyn Job>) {
    if let Some(timeout) = options.time() {
        pool::keep_deadline(&job, timeout);
    }
    match options.slots() {
        Some(limit) => limit.submit(job),
        None => pool::submit(job),
    }
}
