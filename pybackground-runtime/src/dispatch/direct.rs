//! Calls of which each function has its own type of task, which keeps the body and its value in place.

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
/// What is not on the fast path is in functions of its own, which get options built anew: then the
/// compiler need not put them into memory on the way to the body.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the options are constants at the place of the call only")]
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
    // Decided while compiling: of each function only one of the two is compiled.
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
