//! Calls in optimised builds. The functions that return a type share one task type, which holds the body and its value
//! in place.

use std::any::Any;
use std::convert::identity;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{BoxOutput, panicked, start, start_task};
use crate::call::path_of_enclosing_function;
use crate::context::in_context;
use crate::events;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::small_closure::SmallClosure;
use crate::task::{LARGE, Suspending};

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
    if options.may_run_inline() {
        if !events::may_be_observed() && runtime::runs_inline() {
            return match catch_unwind(AssertUnwindSafe(body)) {
                Ok(value) => Lazy::ready(value),
                Err(payload) => panicked_inline::<F, T>(options.rebuilt(), payload),
            };
        }
        if const { events::HAS_OBSERVERS } {
            return start_compute(options.rebuilt(), body);
        }
    }
    start(options.rebuilt(), SmallClosure::of(body))
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
    let body = SmallClosure::of(move || Box::new(body()));
    Lazy::boxed(start_task(&options, in_context(body)), identity)
}

/// Makes a `compute` call that may be observed, or that is queued: one slow path, so that the fast one stays small.
#[inline(never)]
fn start_compute<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if !runtime::runs_inline() {
        return start(options, SmallClosure::of(body));
    }
    // If no observer wants to know about the call, its events are empty.
    let path = path_of_enclosing_function::<F>;
    match events::run_observed(options.key(path), || options.call_or(path), body) {
        Ok(value) => Lazy::ready(value),
        Err(payload) => panicked_inline::<F, T>(options, payload),
    }
}

#[cold]
fn panicked_inline<F, T>(options: Options, payload: Box<dyn Any + Send>) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Lazy::pending(panicked::<SmallClosure<T>>(&options, path_of_enclosing_function::<F>, payload))
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
