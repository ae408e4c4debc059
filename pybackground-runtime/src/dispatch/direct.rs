//! Calls in optimised builds. Each function has a task type of its own, which holds the body and its value
//! in place.

use std::any::Any;
use std::convert::identity;

use super::{BoxOutput, panicked, start, start_task};
use crate::call::path_of_enclosing_function;
use crate::context::in_context;
use crate::events;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::task::{Closure, LARGE, Suspending};

/// Runs the body of a function under the attribute.
///
/// The slow paths are in other functions, which get rebuilt options. So the compiler need not store the
/// options in memory on the fast path.
#[inline(always)]
#[allow(clippy::inline_always, reason = "only at the call are the options constants")]
pub fn dispatch<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    // Decided while compiling: of each function only one of the two is compiled.
    if const { size_of::<F>() > LARGE || size_of::<T>() > LARGE } {
        return dispatch_large(options.rebuilt(), Box::new(body));
    }
    if options.may_run_inline() && runtime::runs_inline() {
        let call = || options.rebuilt().call(path_of_enclosing_function::<F>());
        let key = || options.rebuilt().key(path_of_enclosing_function::<F>);
        return match events::run_inline(key, call, body) {
            Ok(value) => Lazy::ready(value),
            Err(payload) => panicked_inline::<F, T>(options.rebuilt(), payload),
        };
    }
    start(options.rebuilt(), Closure(body))
}

/// A closure that captured much, or returns much, is moved between threads as a pointer, and so is its
/// value.
#[inline(never)]
fn dispatch_large<F, T>(options: Options, body: Box<F>) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let options = options.named_by(path_of_enclosing_function::<F>);
    let body = Closure(move || Box::new(body()));
    Lazy::boxed(start_task(&options, in_context(body)), identity)
}

#[cold]
fn panicked_inline<F, T>(options: Options, payload: Box<dyn Any + Send>) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Lazy::pending(panicked::<Closure<F>>(&options, payload))
}

/// Polls the body of an `async` function under the attribute.
pub fn dispatch_async<F>(options: Options, future: F) -> Lazy<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if const { size_of::<F::Output>() > LARGE } {
        let options = options.named_by(path_of_enclosing_function::<F>);
        let body = Suspending::new(BoxOutput::new(future));
        return Lazy::boxed(start_task(&options, in_context(body)), identity);
    }
    start(options, Suspending::new(future))
}
