//! Calls in optimised builds. All functions share a few task types, which hold the body and its value in place.
//!
//! There are three of these types, for values of up to one, three and eight words. This crate compiles them, so the crate of
//! the functions need not. A type of larger values has a task type of its own.

use std::any::Any;
use std::convert::identity;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{BoxOutput, panicked, start, start_task};
use crate::call::{Path, path_of_enclosing_function};
use crate::context::{InContext, in_context};
use crate::events;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::site::CallSite;
use crate::small_closure::SmallClosure;
use crate::small_value::{LARGE, MOST_WORDS, fits};
use crate::task::{Handle, Small, Suspending, Valued};

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
    queue(options, body)
}

/// Makes the task of a call and queues it.
#[inline(always)]
#[allow(clippy::inline_always, reason = "only at the call are the options constants")]
fn queue<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if const { fits::<T, usize>() } {
        Lazy::pending(Handle::of_small(body, |body| start_by(options, body, plain_1, start_1)))
    } else if const { fits::<T, [usize; 3]>() } {
        Lazy::pending(Handle::of_small(body, |body| start_by(options, body, plain_3, start_3)))
    } else if const { fits::<T, [usize; MOST_WORDS]>() } {
        Lazy::pending(Handle::of_small(body, |body| start_by(options, body, plain_8, start_8)))
    } else {
        start(options.rebuilt(), SmallClosure::of(body))
    }
}

/// Makes the task of a call without options, from its site and the site of its function's definition.
type StartPlain<W> = fn(CallSite, Option<CallSite>, InContext<Small<W>>) -> Arc<dyn Valued>;

/// Most calls have no options. Then only two words about them are passed on.
#[inline(always)]
#[allow(clippy::inline_always, reason = "only at the call are the options constants")]
fn start_by<W: Send + 'static>(
    options: Options,
    body: Small<W>,
    plain: StartPlain<W>,
    any: fn(Options, InContext<Small<W>>) -> Arc<dyn Valued>,
) -> Arc<dyn Valued> {
    let body = in_context(body);
    match options.plain() {
        Some((site, definition)) => plain(site, definition, body),
        None => any(options.rebuilt(), body),
    }
}

/// The functions that make a task for values of so many words. They are not generic, so that they are compiled with this crate.
macro_rules! of_words {
    ($($words:ty: $plain:ident, $any:ident;)*) => {$(
        #[inline(never)]
        fn $plain(
            site: CallSite,
            definition: Option<CallSite>,
            body: InContext<Small<$words>>,
        ) -> Arc<dyn Valued> {
            start_task(&Options::of_plain(site, definition), body)
        }

        #[inline(never)]
        fn $any(options: Options, body: InContext<Small<$words>>) -> Arc<dyn Valued> {
            start_task(&options, body)
        }
    )*};
}

of_words! {
    usize: plain_1, start_1;
    [usize; 3]: plain_3, start_3;
    [usize; MOST_WORDS]: plain_8, start_8;
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
    let call =
        Handle::of_small(move || Box::new(body()), |body| start_1(options, in_context(body)));
    Lazy::boxed(call, identity)
}

/// Makes a `compute` call that may be observed, or that is queued: one slow path, so that the fast one stays small.
#[inline(never)]
fn start_compute<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if !runtime::runs_inline() {
        return queue(options, body);
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
    Lazy::pending(Handle::of_failed(failed(&options, path_of_enclosing_function::<F>, payload)))
}

fn failed(options: &Options, path: Path, payload: Box<dyn Any + Send>) -> Arc<dyn Valued> {
    panicked::<Small<usize>>(options, path, payload)
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
