//! Calls whose arguments may be the values of other calls. A call is queued when all of those have ended.

use std::convert::identity;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use super::{BoxOutput, Inputs, Needed, dispatch, dispatch_async, never_starts};
use crate::cancel;
use crate::context::{self, in_context};
use crate::error::{CallResult, Error};
use crate::events::CallEvents;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::panic::drop_catching;
use crate::small_value::is_large;
use crate::task::{Body, Closure, Dependency, Dependent, Handle, Job, Suspending};

/// Runs the body of a function with `#[lazy]` parameters. The options name the function.
pub(crate) fn dispatch_with_inputs<I, F, T>(options: Options, inputs: I, body: F) -> Lazy<T>
where
    I: Inputs,
    F: FnOnce(I::Values) -> T + Send + 'static,
    T: Send + 'static,
{
    let needed = needed(&inputs);
    if needed.is_empty() {
        return match inputs.take() {
            Ok(values) => dispatch(options, move || body(values)),
            Err(error) => failed(&options, body, error),
        };
    }
    let body = Box::new(body);
    if const { is_large::<T>() } {
        let body = when_given(inputs, |values| Box::new(body(values)));
        return Lazy::boxed(start_with_inputs(&options, Closure(body), needed), identity);
    }
    Lazy::pending(start_with_inputs(&options, Closure(when_given(inputs, body)), needed))
}

/// Polls the body of an `async` function with `#[lazy]` parameters. The options name the function.
pub(crate) fn dispatch_async_with_inputs<I, F, A>(
    options: Options,
    inputs: I,
    body: F,
) -> Lazy<A::Output>
where
    I: Inputs,
    F: FnOnce(I::Values) -> A + Send + 'static,
    A: Future + Send + 'static,
    A::Output: Send + 'static,
{
    let needed = needed(&inputs);
    if needed.is_empty() {
        return match inputs.take() {
            Ok(values) => dispatch_async(options, body(values)),
            Err(error) => failed(&options, body, error),
        };
    }
    if const { is_large::<A::Output>() } {
        let body = |values| BoxOutput::new(body(values));
        let body = Suspending::new(when_given_async(inputs, body));
        return Lazy::boxed(start_with_inputs(&options, body, needed), identity);
    }
    let body = |values| Box::pin(body(values));
    let body = Suspending::new(when_given_async(inputs, body));
    Lazy::pending(start_with_inputs(&options, body, needed))
}

/// Runs a body that makes a call, and ends as that call ends. Meanwhile the call holds no thread. The options
/// name the function.
pub(crate) fn dispatch_flat<I, F, T>(options: Options, inputs: I, body: F) -> Lazy<T>
where
    I: Inputs,
    F: FnOnce(I::Values) -> Lazy<T> + Send + 'static,
    T: Send + 'static,
{
    let needed = needed(&inputs);
    let body = Box::new(body);
    if const { is_large::<T>() } {
        let body = Suspending::new(flattened(inputs, body, Lazy::poll_boxed));
        return Lazy::boxed(start_with_inputs(&options, body, needed), identity);
    }
    let body = Suspending::new(flattened(inputs, body, Lazy::poll_outcome));
    Lazy::pending(start_with_inputs(&options, body, needed))
}

/// The outcome of the call that the body makes, by way of `poll`. If the outer call is closed, nothing needs the inner
/// one: it is cancelled then.
async fn flattened<I: Inputs, T, R>(
    inputs: I,
    body: Box<impl FnOnce(I::Values) -> Lazy<T>>,
    poll: fn(&mut Lazy<T>, &Waker) -> Poll<CallResult<R>>,
) -> CallResult<R> {
    match inputs.take() {
        Ok(values) => {
            let mut call = Lazy::cancel_on_drop(body(values));
            poll_fn(|context| poll(&mut call, context.waker())).await
        }
        Err(error) => {
            drop_catching(body);
            Err(error)
        }
    }
}

fn when_given<I: Inputs, T>(
    inputs: I,
    body: impl FnOnce(I::Values) -> T,
) -> impl FnOnce() -> CallResult<T> {
    move || match inputs.take() {
        Ok(values) => Ok(body(values)),
        Err(error) => {
            drop_catching(body);
            Err(error)
        }
    }
}

async fn when_given_async<I: Inputs, A: Future>(
    inputs: I,
    body: impl FnOnce(I::Values) -> A,
) -> CallResult<A::Output> {
    match inputs.take() {
        Ok(values) => Ok(body(values).await),
        Err(error) => {
            drop_catching(body);
            Err(error)
        }
    }
}

/// Makes a call that has failed because an argument has no value.
fn failed<F, T: Send + 'static>(options: &Options, body: F, error: Error) -> Lazy<T> {
    drop_catching(body);
    let outcome = Err(error);
    let function = Closure::<fn() -> T>::function(());
    CallEvents::created(|| options.key(function), || options.call_or(function)).ended(&outcome);
    Lazy::pending(options.ended_task::<Closure<fn() -> T>>((), outcome))
}

/// Returns the calls that must end first.
fn needed(inputs: &impl Inputs) -> Vec<Dependency> {
    let mut needed = Needed::default();
    inputs.list(&mut needed);
    needed.0
}

/// Makes the task of a call that is queued once its inputs have ended.
fn start_with_inputs<B, T>(options: &Options, body: B, inputs: Vec<Dependency>) -> Handle<T>
where
    B: Body<Output = CallResult<T>>,
    T: Send + 'static,
{
    let body = in_context(Dependent(body));
    let maker = cancel::stopped();
    if let Some(maker) = maker
        && cancel::may_unwind()
    {
        return never_starts(options, Box::new(body), maker).into();
    }
    context::made(|| options.site());
    let task = options.held_task(body);
    if maker.is_some() {
        // As in `start_task`.
        let job: &dyn Job = &*task;
        job.leave_maker();
    }
    task.await_dependencies(inputs, options.timeouts());
    task.into()
}
