//! Calls in optimised builds. Each function has a task type of its own, which holds the body and its value
//! in place.

use std::any::Any;

use super::{panicked, start};
use crate::call::path_of_enclosing_function;
use crate::events;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::task::{Closure, LARGE, LargeClosure, Suspending};

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
    if options.may_run_inline() && runtime::runs_inline() {
        let call = || options.rebuilt().call(path_of_enclosing_function::<F>());
        return match events::run_inline(call, body) {
            Ok(value) => Lazy::ready(value),
            Err(payload) => panicked_inline::<F, T>(options.rebuilt(), payload),
        };
    }
    // Decided at compile time: each function has only one of the two.
    if const { size_of::<F>() > LARGE } {
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
    Lazy::pending(panicked::<Closure<F>>(&options, payload))
}

/// Polls the body of an `async` function under the attribute.
pub fn dispatch_async<F>(options: Options, future: F) -> Lazy<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    start(options, Suspending::new(future))
}
