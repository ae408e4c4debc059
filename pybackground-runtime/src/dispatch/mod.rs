//! Making a call: `spawn`, and the functions that the attribute's expansion calls.
//!
//! | file | subject |
//! |---|---|
//! | [`argument`] | how an argument moves from the caller to the body |
//! | [`inputs`] | arguments whose value may not exist yet |
//! | `direct` | optimised builds: tasks that hold the body and its value in place, for the fastest calls |
//! | `boxed` | other builds: all functions share one task type, for the fastest builds |
//! | `dataflow` | calls that wait for the values of other calls first |
//! | `prepared` | calls that are made first and started later |

pub(crate) mod argument;
#[cfg(debug_assertions)]
mod boxed;
mod dataflow;
#[cfg(not(debug_assertions))]
mod direct;
pub(crate) mod inputs;
mod prepared;

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cancel;
use crate::context::{self, in_context};
use crate::error::{Error, Stopped};
use crate::events::CallEvents;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::panic::drop_catching;
use crate::runtime;
use crate::task::{Body, Job, Limited, Permit, Task};

pub(crate) use argument::{BackgroundCall, Given};
#[cfg(debug_assertions)]
pub use boxed::{dispatch, dispatch_async};
pub(crate) use dataflow::{dispatch_async_with_inputs, dispatch_flat, dispatch_with_inputs};
#[cfg(not(debug_assertions))]
pub use direct::{dispatch, dispatch_async};
pub(crate) use inputs::{Expected, GivesInputs, Inputs, Needed, Settled, ValuesOf};
pub(crate) use prepared::{Prepared, prepare, prepare_async};

/// Runs a closure in the background.
///
/// Returns at once, under any load. The closure runs on a thread of the runtime.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::spawn;
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

/// Runs a closure that computes in the background, as `#[background(compute)]` runs a function.
///
/// The closure may wait for other calls, but must not block otherwise. If all threads of the runtime are
/// busy, a thread that makes such a call may run the closure in place, at about the cost of a function
/// call. So a recursion may split down to the smallest parts.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::spawn_compute;
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

/// A future that puts its output into a box where it is returned.
struct BoxOutput<F>(Pin<Box<F>>);

impl<F> BoxOutput<F> {
    fn new(future: F) -> Self {
        Self(Box::pin(future))
    }
}

impl<F: Future> Future for BoxOutput<F> {
    type Output = Box<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Box<F::Output>> {
        match self.0.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Box::new(value)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// Makes the task of a call and queues it.
#[inline(never)]
pub(crate) fn start<B: Body>(options: Options, body: B) -> Lazy<B::Output> {
    Lazy::pending(start_task(&options, in_context(body)))
}

/// Makes a call whose body passes it to an engine and then suspends. The calling thread runs the body up to that point, which
/// saves a switch to a thread of the pool.
#[cfg(feature = "remote")]
pub(crate) fn start_here<B: Body>(options: &Options, body: B) -> Lazy<B::Output> {
    let task = match make_task(options, in_context(body)) {
        Ok(task) => task,
        Err(ended) => return Lazy::pending(ended),
    };
    let job: Arc<dyn Job> = task.clone();
    job.set_timeouts(options.timeouts());
    if runtime::lets_in() {
        job.run();
    } else {
        job.refuse(runtime::SHUT_DOWN);
    }
    Lazy::pending(task)
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "its callers know the options")]
fn start_task<B: Body>(options: &Options, body: B) -> Arc<Task<B>> {
    let task = match make_task(options, body) {
        Ok(task) => task,
        Err(ended) => return ended,
    };
    if options.have_conditions() {
        hand_over_with_conditions(&options.rebuilt(), task.clone());
    } else {
        runtime::submit(task.clone());
    }
    task
}

/// Makes the task of a call that the caller submits.
///
/// # Errors
///
/// If the call is never to start: the task has ended.
#[inline(always)]
#[allow(clippy::inline_always, reason = "its callers know the options")]
pub(crate) fn make_task<B: Body>(options: &Options, body: B) -> Result<Arc<Task<B>>, Arc<Task<B>>> {
    context::made(|| options.site());
    let maker = cancel::stopped();
    if let Some(maker) = maker
        && cancel::may_unwind()
    {
        // Rebuilt, so that the compiler need not store the options in memory for the other calls.
        // In a box, so that the body of another call need not be where it could be passed on.
        return Err(never_starts(&options.rebuilt(), Box::new(body), maker));
    }
    let task = options.task(body);
    if maker.is_some() {
        // A destructor of a body that unwinds may make calls, which must run.
        let job: &dyn Job = &*task;
        job.leave_maker();
    }
    Ok(task)
}

/// Makes the call of a stopped body: it ends at once.
#[cold]
fn never_starts<B: Body>(options: &Options, body: Box<B>, maker: Stopped) -> Arc<Task<B>> {
    let label = body.label();
    drop_catching(body);
    let call = options.call_or(B::function(label));
    let outcome = Err(Error::cancelled_with(call, maker));
    CallEvents::created(|| call.key(), || call).ended(&outcome);
    options.ended_task(label, outcome)
}

fn hand_over_with_conditions(options: &Options, job: Arc<dyn Job>) {
    job.set_timeouts(options.timeouts());
    match options.slots() {
        Some(limit) => {
            let job: Arc<dyn Limited> = job;
            limit.submit(&job);
        }
        None if options.has_own_stack() => Permit::without_limit().grant_new(job),
        None => runtime::submit(job),
    }
}

/// Makes the call of a body that ran in place and panicked.
fn panicked<B: Body>(
    options: &Options,
    label: B::Label,
    payload: Box<dyn Any + Send>,
) -> Arc<Task<B>> {
    let call = options.call_or(B::function(label));
    let stopped = cancel::stopped();
    options.ended_task(label, Err(Error::unwound(call, payload, stopped)))
}
