//! Calls in builds without optimisations. All functions share one task type.
//!
//! Such a build instantiates all generic code for each background function, which is slow. Here the body is
//! in a box and stores its value in another box, so the task is compiled once, with this crate. Each
//! type of value instantiates the few functions below, and each function almost nothing.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;

use super::{BoxOutput, panicked, start_task};
use crate::call::path_of_enclosing_function;
use crate::context::{self, in_context};
use crate::events;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::task::{Closure, Handle, Suspending};

/// A value in its box.
type Value = Box<dyn Any + Send>;
/// A body that returns its value in a box.
type BoxedBody = Box<dyn FnOnce() -> Value + Send>;
/// A future that returns its value in a box.
type BoxedFuture = Pin<Box<dyn Future<Output = Value> + Send>>;
/// The value of a body that ran in place, or the call.
type StartedBody = Result<Value, Handle<Value>>;

/// Runs the body of a function under the attribute.
pub fn dispatch<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    lazy(start(options, path_of_enclosing_function::<F>, Box::new(|| Box::new(body()))))
}

/// Polls the body of an `async` function under the attribute.
pub fn dispatch_async<F>(options: Options, future: F) -> Lazy<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let future = BoxOutput::new(future);
    let future = Box::pin(async { future.await as Value });
    lazy(start_async(&options, path_of_enclosing_function::<F>, future))
}

fn start(options: Options, path: fn() -> &'static str, body: BoxedBody) -> StartedBody {
    let options = options.named_by(path);
    if options.may_run_inline() && runtime::runs_inline() {
        context::made(|| options.site());
        let ran = if events::is_observed() {
            events::run_observed(options.key(path), || options.call_or(path), body)
        } else {
            catch_unwind(AssertUnwindSafe(body))
        };
        return ran.map_err(|payload| panicked::<Closure<BoxedBody>>(&options, (), payload).into());
    }
    Err(start_task(&options, in_context(Closure(body))).into())
}

fn start_async(options: &Options, path: fn() -> &'static str, future: BoxedFuture) -> StartedBody {
    Err(start_task(options, in_context(Suspending::boxed(future, path))).into())
}

fn lazy<T: Send + 'static>(started: StartedBody) -> Lazy<T> {
    match started {
        Ok(value) => Lazy::ready_boxed(of_its_type(value)),
        Err(call) => Lazy::boxed(call, of_its_type),
    }
}

#[allow(clippy::unnecessary_box_returns, reason = "a large value is moved as a pointer")]
fn of_its_type<T: 'static>(value: Value) -> Box<T> {
    value.downcast().expect("the body was boxed together with the type of its value")
}
