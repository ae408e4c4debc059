//! Calls that are made first and started later, so that others can find them before their bodies run.

use std::convert::identity;
use std::sync::Arc;

use super::BoxOutput;
use crate::call::path_of_enclosing_function;
use crate::cancel;
use crate::context::in_context;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::shared::Shared;
use crate::small_value::is_large;
use crate::task::{Body, Closure, Suspending, Task};

/// A call that has not been started. Dropped, it never is.
pub(crate) struct Prepared<T> {
    call: Shared<T>,
    start: Box<dyn FnOnce()>,
}

impl<T> Prepared<T> {
    pub(crate) fn call(&self) -> &Shared<T> {
        &self.call
    }

    /// Starts the call: it counts from now on.
    pub(crate) fn start(self) {
        (self.start)();
    }
}

/// Makes a call that belongs to no body, named after the function of the closure `F`.
pub(crate) fn prepare<F, B, T>(options: Options, body: B) -> Prepared<T>
where
    B: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let options = options.named_by(path_of_enclosing_function::<F>);
    if const { is_large::<T>() } {
        let body: Box<dyn FnOnce() -> Box<T> + Send> = Box::new(|| Box::new(body()));
        let task = hold(&options, in_context(Closure(body)));
        return prepared(Lazy::boxed(task.clone(), identity), options, task);
    }
    let body: Box<dyn FnOnce() -> T + Send> = Box::new(body);
    let task = hold(&options, in_context(Closure(body)));
    prepared(Lazy::pending(task.clone()), options, task)
}

/// As `prepare`, for a future, named after the function of the `async` block `F`.
pub(crate) fn prepare_async<F, A>(options: Options, future: A) -> Prepared<A::Output>
where
    A: Future + Send + 'static,
    A::Output: Send + 'static,
{
    let options = options.named_by(path_of_enclosing_function::<F>);
    if const { is_large::<A::Output>() } {
        let task = hold(&options, in_context(Suspending::new(BoxOutput::new(future))));
        return prepared(Lazy::boxed(task.clone(), identity), options, task);
    }
    let task = hold(&options, in_context(Suspending::new(future)));
    prepared(Lazy::pending(task.clone()), options, task)
}

fn hold<B: Body>(options: &Options, body: B) -> Arc<Task<B>> {
    cancel::outside(|| options.held_task(body))
}

fn prepared<B: Body, T>(call: Lazy<T>, options: Options, task: Arc<Task<B>>) -> Prepared<T> {
    let start = Box::new(move || task.await_dependencies(Vec::new(), options.timeouts()));
    Prepared { call: Lazy::share(call), start }
}
