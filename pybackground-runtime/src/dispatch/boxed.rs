//! Calls that share one type of task, for builds without optimisations.
//!
//! Such a build instantiates all that is generic for each function that is called in the background,
//! and takes its time. Here a body is behind a box and leaves its value in another, so that a task is
//! compiled once, with this crate. Each type of value has the few functions below, and each function
//! next to nothing.

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::{panicked, start_task};
use crate::call::{Call, path_of_enclosing_function};
use crate::context::in_context;
use crate::deadline::Deadline;
use crate::error::{Error, Outcome, Stopped};
use crate::lazy::Lazy;
use crate::options::Options;
use crate::pool;
use crate::stacks::Frame;
use crate::task::{Closure, Handle, Input, Job, Suspending};
use crate::trace;
#[cfg(feature = "tracing")]
use crate::trace::Trace;

/// A value in its box.
type Value = Box<dyn Any + Send>;
/// A body that leaves its value in a box.
type BoxedBody = Box<dyn FnOnce() -> Value + Send>;
/// A future that leaves its value in a box.
type BoxedFuture = Pin<Box<dyn Future<Output = Value> + Send>>;
/// The value of a body that was run on the spot, or the call.
type Started = Result<Value, Arc<dyn Handle<Value>>>;

/// Runs the body of a function under the attribute.
pub fn dispatch<F, T>(options: Options, body: F) -> Lazy<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    lazy(start(options, path_of_enclosing_function::<F>(), Box::new(|| Box::new(body()))))
}

/// Polls the body of an `async` function under the attribute.
pub fn dispatch_async<F>(options: Options, future: F) -> Lazy<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let future = async { Box::new(future.await) as Value };
    lazy(start_async(options, path_of_enclosing_function::<F>(), Box::pin(future)))
}

fn start(options: Options, path: &'static str, body: BoxedBody) -> Started {
    let options = options.named_by(path);
    if options.may_run_inline() && pool::runs_inline() {
        return trace::inline(|| options.call(path), body)
            .map_err(|payload| panicked::<Closure<BoxedBody>>(&options, payload) as _);
    }
    Err(start_task(&options, in_context(Closure(body))))
}

fn start_async(options: Options, path: &'static str, future: BoxedFuture) -> Started {
    Err(start_task(&options.named_by(path), in_context(Suspending::new(future))))
}

fn lazy<T: Send + 'static>(started: Started) -> Lazy<T> {
    match started {
        Ok(value) => Lazy::ready(unboxed(value)),
        Err(call) => Lazy::pending(Arc::new(Unboxing { call, value: PhantomData })),
    }
}

/// Takes the value out of its box.
fn unboxed<T: 'static>(value: Value) -> T {
    *value.downcast().expect("the body was boxed together with the type of its value")
}

/// A call whose value is in a box, as the `Lazy` of the value sees it.
struct Unboxing<T> {
    call: Arc<dyn Handle<Value>>,
    value: PhantomData<fn() -> T>,
}

impl<T: Send + 'static> Handle<T> for Unboxing<T> {
    fn take(&self) -> Option<Outcome<T>> {
        self.call.take().map(|outcome| outcome.map(unboxed))
    }

    fn run_in_place(&self) -> Option<Outcome<T>> {
        self.call.run_in_place().map(|outcome| outcome.map(unboxed))
    }

    fn announce(&self) {
        self.call.announce();
    }

    fn join_at_once(self: Arc<Self>) -> Result<Outcome<T>, Arc<dyn Handle<T>>> {
        match self.call.clone().join_at_once() {
            Ok(outcome) => Ok(outcome.map(unboxed)),
            Err(_) => Err(self),
        }
    }

    fn may_run_in_place(&self) -> bool {
        self.call.may_run_in_place()
    }

    fn job(self: Arc<Self>) -> Arc<dyn Job> {
        self.call.clone().job()
    }
}

impl<T> Job for Unboxing<T> {
    fn run(self: Arc<Self>) {
        self.call.clone().run();
    }

    fn is_queued(&self) -> bool {
        self.call.is_queued()
    }

    fn is_claimable(&self) -> bool {
        self.call.is_claimable()
    }

    fn is_suspended(&self) -> bool {
        self.call.is_suspended()
    }

    fn is_done(&self) -> bool {
        self.call.is_done()
    }

    fn admit(&self) -> bool {
        self.call.admit()
    }

    fn admit_with_inputs(self: Arc<Self>) {
        self.call.clone().admit_with_inputs();
    }

    fn add_follower(&self, call: Arc<dyn Job>) -> bool {
        self.call.add_follower(call)
    }

    fn follower_closed(&self) {
        self.call.follower_closed();
    }

    fn input_ended(self: Arc<Self>) {
        self.call.clone().input_ended();
    }

    fn inputs(&self) -> Vec<Input> {
        self.call.inputs()
    }

    fn close_unwanted(&self) -> Vec<Arc<dyn Job>> {
        self.call.close_unwanted()
    }

    fn stop_with(&self, maker: Frame, stopped: Stopped) -> bool {
        self.call.stop_with(maker, stopped)
    }

    fn tidy_up(&self) {
        self.call.tidy_up();
    }

    fn expire(&self, now: Instant) {
        self.call.expire(now);
    }

    fn cancel(&self) -> bool {
        self.call.cancel()
    }

    fn detach(&self) {
        self.call.detach();
    }

    fn maker(&self) -> Frame {
        self.call.maker()
    }

    fn runner(&self) -> Frame {
        self.call.runner()
    }

    fn keep_verdict(&self, error: Error) -> &Error {
        self.call.keep_verdict(error)
    }

    fn refuse(&self, why: &str) {
        self.call.refuse(why);
    }

    fn call(&self) -> Call {
        self.call.call()
    }

    #[cfg(feature = "tracing")]
    fn trace(&self) -> &Trace {
        self.call.trace()
    }

    fn deadline(&self) -> Option<Arc<Deadline>> {
        self.call.deadline()
    }

    fn has_deadline(&self) -> bool {
        self.call.has_deadline()
    }

    fn bring_forward(&self, deadline: Arc<Deadline>) -> bool {
        self.call.bring_forward(deadline)
    }

    fn register(&self, waker: &Waker) -> bool {
        self.call.register(waker)
    }

    fn register_new(&self, waker: &Waker) -> bool {
        self.call.register_new(waker)
    }

    fn set_awaiter(&self, waker: &Waker) -> bool {
        self.call.set_awaiter(waker)
    }

    fn clear_awaiter(&self) {
        self.call.clear_awaiter();
    }
}
