//! A call as the runtime sees it: a body that asks a child.

use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Waker;

use serde::de::DeserializeOwned;

use super::child::{Child, Reply, Unready};
use super::children::{self, Taken};
use super::codec::{self, Arguments};
use super::depth::Unread;
use super::failure::{Failure, Likely, Part};
use super::frame::Kind;
use super::function::Function;
use super::hook;
use super::serve::Panic;
use super::surroundings::Surroundings;
use crate::call::{Call, path_of_enclosing_function};
use crate::cancel::overruns::stopped;
use crate::dispatch::start;
use crate::error::{Error, Progress};
use crate::events::CallEvents;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::stacks;
use crate::task::{Body, Step, Task};

/// Runs a function in another process; `P` is a closure in it, after which it is named.
pub(super) fn run<T, P>(
    options: Options,
    function: &'static Function,
    memory: Option<u64>,
    arguments: Arguments,
) -> Lazy<T>
where
    T: DeserializeOwned + Send + 'static,
{
    let mut options = options;
    if options.fixed_name().is_none() {
        options = options.name(path_of_enclosing_function::<P>());
    }
    if options.slots().is_none() {
        options = options.limit(children::limit());
    }
    let request = match function.place() {
        None => Err(Failure::Unregistered),
        Some(place) => arguments
            .into_frame(place, memory.unwrap_or(0))
            .map_err(|why| Failure::Codec { what: Part::Arguments, why }),
    };
    let call = options.call("");
    match request {
        Ok(request) => {
            let surroundings = Surroundings::now();
            start(options, Isolated { call, request, memory, surroundings, value: PhantomData })
        }
        Err(failure) => {
            let outcome = Err(Error::isolated(call, failure));
            CallEvents::created(|| call).ended(&outcome);
            Lazy::pending(Task::<Isolated<T>>::ended(&options, outcome))
        }
    }
}

/// A call that another process runs.
struct Isolated<T> {
    call: Call,
    request: Vec<u8>,
    memory: Option<u64>,
    surroundings: Arc<Surroundings>,
    value: PhantomData<fn() -> T>,
}

impl<T> Body for Isolated<T>
where
    T: DeserializeOwned + Send + 'static,
{
    type Output = T;
    const RUNS_TO_END: bool = true;
    const WHEN_CLOSED: Progress = Progress::Killed;

    fn function() -> &'static str {
        path_of_enclosing_function::<T>()
    }

    fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
        let Self { call, request, memory, surroundings, .. } = self;
        match ask(request, memory, &surroundings).and_then(value_of) {
            Ok(value) => Step::Finished(value),
            Err(failure) => Step::Failed(Error::isolated(call, failure)),
        }
    }
}

/// Has a child run the call, and keeps the child for another if all went well.
fn ask(
    mut request: Vec<u8>,
    memory: Option<u64>,
    surroundings: &Arc<Surroundings>,
) -> Result<Reply, Failure> {
    let body = stacks::current();
    loop {
        let mut child = ready_child(surroundings)?;
        let wire = child.wire().clone();
        let reply = {
            let _waiting = runtime::waits().for_child(wire.clone());
            if stopped(body).is_some() {
                return Err(Failure::stopped());
            }
            child.ask(&mut request)
        };
        // From here on nobody cuts the wire.
        match reply {
            // Another has to run it.
            Ok(reply) if reply.kind == Kind::Declined => children::retire(child),
            Ok(reply) => {
                // A body that panicked may have left anything behind.
                let serves_on = reply.kind != Kind::Panicked && child.is_fit();
                if wire.was_cut() {
                    drop(child);
                } else if serves_on {
                    children::give_back(child);
                } else {
                    children::retire(child);
                }
                return Ok(reply);
            }
            Err(_) if wire.was_cut() => return Err(Failure::stopped()),
            Err(error) => return Err(Failure::Crashed(child.autopsy(&error, memory))),
        }
    }
}

/// Why a child would run `main`.
const NOT_IN_PLACE: &str = "the program was linked without what makes a child of it, or has the rights of another \
                            than who started it";

fn ready_child(surroundings: &Arc<Surroundings>) -> Result<Child, Failure> {
    let mut taken = children::take(surroundings);
    loop {
        let place = match taken {
            Taken::Warm(child) => return Ok(child),
            Taken::Stopped => return Err(Failure::stopped()),
            Taken::Place(place) => place,
        };
        if !hook::is_in_place() {
            return Err(Failure::Handshake {
                why: NOT_IN_PLACE.to_owned(),
                likely: Some(Likely::Foreign),
            });
        }
        let launch = place.launch();
        let error = match Child::launch(place, surroundings.clone()) {
            Ok(greeting) => {
                let _waiting = runtime::waits().for_child(greeting.wire().clone());
                if stopped(stacks::current()).is_some() {
                    return Err(Failure::stopped());
                }
                match greeting.wait() {
                    Ok(child) => return Ok(child),
                    Err(Unready::Failed(failure)) => return Err(failure),
                    Err(Unready::Refused(error)) => error,
                }
            }
            Err(error) => error,
        };
        taken = children::take_later(surroundings, error, launch)
            .map_err(|error| Failure::spawn(&error, surroundings))?;
    }
}

fn value_of<T: DeserializeOwned>(Reply { kind, content }: Reply) -> Result<T, Failure> {
    let broken = |what, why| Failure::Codec { what, why };
    let text =
        || postcard::from_bytes(&content).unwrap_or_else(|_| "for no known reason".to_owned());
    match kind {
        Kind::Returned => {
            // As much is left wherever on the stack a call is run in place.
            let stack = runtime::config().stack_size() / 4;
            codec::result(&content, stack).map_err(|unread| match unread {
                Unread::TooDeep => Failure::TooDeep { stack },
                Unread::Refused(why) => broken(Part::Result, why),
            })
        }
        Kind::Panicked => {
            let Panic { message, at } = postcard::from_bytes(&content).unwrap_or_default();
            Err(Failure::Panicked { message, at })
        }
        Kind::BadArguments => Err(broken(Part::Arguments, text())),
        Kind::BadResult => Err(broken(Part::Result, text())),
        Kind::Declined => unreachable!("another child was asked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_that_is_in_no_list_is_not_run() {
        // As that of a library which was loaded later.
        static LOOSE: Function = Function::new("loose", |_| Ok(Vec::new()));
        let call = run::<(), ()>(Options::here(), &LOOSE, None, Arguments::new());
        let error = Lazy::join(call).unwrap_err();
        assert!(error.is_unregistered());
        assert!(error.to_string().contains("call it without `process`"), "{error}");
    }
}
