//! A call as the runtime sees it: a body that hands the call to a backend, and decodes the answer.

use std::marker::PhantomData;
use std::task::Waker;

use serde::de::DeserializeOwned;

use super::backend::{Answer, Backend, InFlight as _, Started};
use super::codec;
use super::frame::Panic;
use super::stack_guard::ReadError;
use crate::call::{Call, Path, path_of_enclosing_function};
use crate::cancel;
use crate::dispatch::start;
#[cfg(feature = "remote")]
use crate::dispatch::start_here;
use crate::error::{Error, Failure, Part, Progress};
#[cfg(feature = "remote")]
use crate::events;
use crate::events::CallEvents;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::task::{Body, Step};

/// Runs a call by a backend. The call is named after the function that contains the closure `P`, unless the options
/// have a name. `order` is made with the call's name and place, or the call has failed.
pub(crate) fn run<B, T, P>(
    options: Options,
    order: impl FnOnce() -> Result<B::Order, Failure>,
) -> Lazy<T>
where
    B: Backend,
    T: DeserializeOwned + Send + 'static,
{
    let mut options = options.named_by(path_of_enclosing_function::<P>);
    if let (None, Some(limit)) = (options.slots(), B::limit()) {
        options = options.limit(limit);
    }
    let call = options.call_or(|| "");
    match order() {
        Ok(order) => {
            let stage = CallStage::Ordered(order);
            let body = BackendBody::<B, T> { call, stage, owns_node: false, value: PhantomData };
            #[cfg(feature = "remote")]
            if !B::IS_SYNC {
                return start_here(&options, body);
            }
            start(options, body)
        }
        Err(failure) => {
            let outcome = Err(Error::isolated(call, failure));
            CallEvents::created(|| call.key(), || call).ended(&outcome);
            Lazy::pending(options.ended_task::<BackendBody<B, T>>((), outcome))
        }
    }
}

/// A call that a backend runs.
struct BackendBody<B: Backend, T> {
    call: Call,
    stage: CallStage<B>,
    owns_node: bool,
    value: PhantomData<fn() -> T>,
}

enum CallStage<B: Backend> {
    Ordered(B::Order),
    InFlight(B::InFlight),
}

impl<B, T> Body for BackendBody<B, T>
where
    B: Backend,
    T: DeserializeOwned + Send + 'static,
{
    type Output = T;
    type Label = ();
    const IS_SYNC: bool = B::IS_SYNC;
    const WHEN_CLOSED: Progress = B::WHEN_CLOSED;
    const WHEN_SUSPENDED: Progress = B::WHEN_CLOSED;

    fn label(&self) {}

    fn function((): ()) -> Path {
        path_of_enclosing_function::<T>
    }

    fn has_started(&self) -> bool {
        matches!(self.stage, CallStage::InFlight(_))
    }

    fn owns_node(&self) -> bool {
        self.owns_node
    }

    fn set_owns_node(&mut self, owns: bool) {
        self.owns_node = owns;
    }

    fn run(self, waker: impl FnOnce() -> Waker) -> Step<Self> {
        let Self { call, stage, owns_node, value } = self;
        let started = match stage {
            CallStage::Ordered(order) => B::start(order, waker),
            CallStage::InFlight(mut in_flight) => match in_flight.answer(waker) {
                Some(answer) => Started::Answered(answer),
                None => Started::InFlight(in_flight),
            },
        };
        match started {
            Started::Answered(answer) => step(call, answer),
            Started::InFlight(in_flight) => Step::Suspended(Self {
                call,
                stage: CallStage::InFlight(in_flight),
                owns_node,
                value,
            }),
        }
    }
}

/// Returns what the answer to `call` is for its body.
fn step<X, T>(call: Call, answer: Answer) -> Step<X>
where
    X: Body<Output = T>,
    T: DeserializeOwned + 'static,
{
    match answer {
        Answer::Returned(bytes) => match value_of(bytes) {
            Ok(value) => Step::Finished(value),
            Err(failure) => Step::Failed(Error::isolated(call, failure)),
        },
        Answer::Failed(failure) => Step::Failed(Error::isolated(call, failure)),
        Answer::Panicked(Panic { message, at }) => {
            Step::Failed(Error::panicked_in_child(call, message, at))
        }
        Answer::Stopped => Step::Failed(Error::stopped_in_child(call, cancel::stopped())),
        #[cfg(feature = "remote")]
        Answer::Overran(after) => Step::Failed(Error::overran(call, after)),
        #[cfg(feature = "remote")]
        Answer::From(answer) => {
            let (answer, origin) = *answer;
            events::answered_by(&origin);
            match step(call, answer) {
                Step::Failed(error) => Step::Failed(error.by_worker(origin)),
                other => other,
            }
        }
    }
}

fn value_of<T: DeserializeOwned + 'static>(bytes: Vec<u8>) -> Result<T, Failure> {
    // A thread that runs a call in place has at least as much left.
    let stack = runtime::config().stack_size() / 4;
    codec::result(bytes, stack).map_err(|unread| match unread {
        ReadError::TooDeep => Failure::TooDeep { stack },
        ReadError::Refused(why) => Failure::Codec { what: Part::Result, why },
    })
}
