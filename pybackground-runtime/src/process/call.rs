//! A call as the runtime sees it: a body that hands the call to a backend, and decodes the answer.

use std::marker::PhantomData;
use std::task::Waker;

use serde::de::DeserializeOwned;

use super::backend::{Answer, Backend};
use super::codec;
use super::frame::Panic;
use super::stack_guard::Unread;
use crate::call::{Call, path_of_enclosing_function};
use crate::cancel;
use crate::dispatch::start;
use crate::error::{Error, Failure, Part, Progress};
use crate::events::CallEvents;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::task::{Body, Step, Task};

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
    let mut options = options;
    if options.fixed_name().is_none() {
        options = options.name(path_of_enclosing_function::<P>());
    }
    if let (None, Some(limit)) = (options.slots(), B::limit()) {
        options = options.limit(limit);
    }
    let call = options.call("");
    match order() {
        Ok(order) => start(options, Elsewhere::<B, T> { call, order, value: PhantomData }),
        Err(failure) => {
            let outcome = Err(Error::isolated(call, failure));
            CallEvents::created(|| call).ended(&outcome);
            Lazy::pending(Task::<Elsewhere<B, T>>::ended(&options, outcome))
        }
    }
}

/// A call that a backend runs.
struct Elsewhere<B: Backend, T> {
    call: Call,
    order: B::Order,
    value: PhantomData<fn() -> T>,
}

impl<B, T> Body for Elsewhere<B, T>
where
    B: Backend,
    T: DeserializeOwned + Send + 'static,
{
    type Output = T;
    const IS_SYNC: bool = B::IS_SYNC;
    const WHEN_CLOSED: Progress = B::WHEN_CLOSED;

    fn function() -> &'static str {
        path_of_enclosing_function::<T>()
    }

    fn run(self, waker: impl FnOnce() -> Waker) -> Step<Self> {
        let Self { call, order, .. } = self;
        match B::start(order, waker) {
            Answer::Returned(bytes) => match value_of(&bytes) {
                Ok(value) => Step::Finished(value),
                Err(failure) => Step::Failed(Error::isolated(call, failure)),
            },
            Answer::Failed(failure) => Step::Failed(Error::isolated(call, failure)),
            Answer::Panicked(Panic { message, at }) => {
                Step::Failed(Error::panicked_in_child(call, message, at))
            }
            Answer::Stopped => Step::Failed(Error::stopped_in_child(call, cancel::stopped())),
        }
    }
}

fn value_of<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // A thread that runs a call in place has at least as much left.
    let stack = runtime::config().stack_size() / 4;
    codec::result(bytes, stack).map_err(|unread| match unread {
        Unread::TooDeep => Failure::TooDeep { stack },
        Unread::Refused(why) => Failure::Codec { what: Part::Result, why },
    })
}
