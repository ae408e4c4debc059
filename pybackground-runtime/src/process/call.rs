//! A call as the runtime sees it: a body that sends the call to a child and waits for the outcome.

use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Waker;

use serde::de::DeserializeOwned;

use super::access::Caller;
use super::child::{Child, Reply, Unready};
use super::child_entry;
use super::children::{self, Leased, Taken};
use super::codec::{self, Arguments};
use super::frame::{Kind, Panic};
use super::function::Function;
use super::spawn_error;
use super::stack_guard::Unread;
use crate::call::{Call, path_of_enclosing_function};
use crate::cancel;
use crate::dispatch::start;
use crate::error::{Error, Failure, Likely, Part, Progress};
use crate::events::CallEvents;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::task::{Body, Step, Task};

/// Runs a function in another process. The call is named after the function that contains the closure `P`.
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
    let request = match function.index() {
        None => Err(Failure::Unregistered),
        Some(index) => arguments
            .into_frame(index, memory.unwrap_or(0))
            .map_err(|why| Failure::Codec { what: Part::Arguments, why }),
    };
    let call = options.call("");
    match request {
        Ok(request) => {
            let caller = Caller::now();
            start(options, Isolated { call, request, memory, caller, value: PhantomData })
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
    caller: Arc<Caller>,
    value: PhantomData<fn() -> T>,
}

impl<T> Body for Isolated<T>
where
    T: DeserializeOwned + Send + 'static,
{
    type Output = T;
    const IS_SYNC: bool = true;
    const WHEN_CLOSED: Progress = Progress::Killed;

    fn function() -> &'static str {
        path_of_enclosing_function::<T>()
    }

    fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
        let Self { call, request, memory, caller, .. } = self;
        match ask(request, memory, &caller).and_then(value_of) {
            Ok(value) => Step::Finished(value),
            Err(NoValue::Failed(failure)) => Step::Failed(Error::isolated(call, failure)),
            Err(NoValue::Panicked(Panic { message, at })) => {
                Step::Failed(Error::panicked_in_child(call, message, at))
            }
            Err(NoValue::Stopped) => Step::Failed(Error::stopped_in_child(call, cancel::stopped())),
        }
    }
}

/// Why a call has no value.
enum NoValue {
    /// The body of this thread is to stop.
    Stopped,
    Panicked(Panic),
    Failed(Failure),
}

impl From<Failure> for NoValue {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// How many children may die before the body begins. A call that no process survives is an error.
const HAND_OVERS: u32 = 10;

/// Has a child run the call, and keeps the child for another call if all went well.
fn ask(mut request: Vec<u8>, memory: Option<u64>, caller: &Caller) -> Result<Reply, NoValue> {
    let mut deaths = 0;
    loop {
        let mut leased = ready_child(caller)?;
        let connection = leased.child.connection().clone();
        let reply = {
            let _waiting = runtime::waits().for_child(connection.clone());
            if cancel::stopped().is_some() {
                return Err(NoValue::Stopped);
            }
            leased.child.ask(&mut request)
        };
        // From here on nothing cuts the connection.
        match reply {
            Ok(reply) if reply.kind == Kind::Declined => children::retire(leased),
            Ok(reply) => {
                // A body that panicked may have left any state behind.
                let serves_on = reply.kind != Kind::Panicked && leased.child.is_fit();
                if connection.was_cut() {
                    drop(leased);
                } else if serves_on {
                    children::give_back(leased);
                } else {
                    children::retire(leased);
                }
                return Ok(reply);
            }
            Err(_) if connection.was_cut() => return Err(NoValue::Stopped),
            Err(lost) => {
                let crash = leased.exit_reason(&lost.error, memory);
                if lost.may_have_begun {
                    return Err(Failure::Crashed(crash).into());
                }
                deaths += 1;
                if deaths == HAND_OVERS {
                    return Err(Failure::Spawn(format!(
                        "{deaths} processes ended before its body began; of the last one, {}",
                        crash.before_any_call()
                    ))
                    .into());
                }
            }
        }
    }
}

/// Why a child would run `main`.
const NOT_IN_PLACE: &str = "the program was linked without the code that makes a process a child, or has the rights of \
                            another user than the one who started it";

fn ready_child(caller: &Caller) -> Result<Leased, NoValue> {
    let mut taken = children::take(&caller.access);
    loop {
        let permit = match taken {
            Taken::Warm(leased) => return Ok(leased),
            Taken::Stopped => return Err(NoValue::Stopped),
            Taken::Permit(permit) => permit,
        };
        if !child_entry::is_in_place() {
            let why = NOT_IN_PLACE.to_owned();
            return Err(Failure::Handshake { why, likely: Some(Likely::Foreign) }.into());
        }
        let launch = permit.launch();
        let error = match Child::launch(caller) {
            Ok(greeting) => {
                let _waiting = runtime::waits().for_child(greeting.connection().clone());
                if cancel::stopped().is_some() {
                    return Err(NoValue::Stopped);
                }
                match greeting.wait() {
                    Ok(child) => return Ok(permit.lease(child)),
                    Err(Unready::Cut) => return Err(NoValue::Stopped),
                    Err(Unready::Failed(failure)) => return Err(failure.into()),
                    Err(Unready::Refused(error)) => error,
                }
            }
            Err(error) => error,
        };
        drop(permit);
        taken = children::take_later(&caller.access, error, launch)
            .map_err(|error| spawn_error::failure(&error, caller.directory.as_deref()))?;
    }
}

fn value_of<T: DeserializeOwned>(Reply { kind, content }: Reply) -> Result<T, NoValue> {
    let broken = |what, why| Err(Failure::Codec { what, why }.into());
    let text = || codec::content(&content).unwrap_or_else(|| "for no known reason".to_owned());
    match kind {
        Kind::Returned => {
            // A thread that runs a call in place has at least as much left.
            let stack = runtime::config().stack_size() / 4;
            match codec::result(&content, stack) {
                Ok(value) => Ok(value),
                Err(Unread::TooDeep) => Err(Failure::TooDeep { stack }.into()),
                Err(Unread::Refused(why)) => broken(Part::Result, why),
            }
        }
        Kind::Panicked => Err(NoValue::Panicked(codec::content(&content).unwrap_or_default())),
        Kind::BadArguments => broken(Part::Arguments, text()),
        Kind::BadResult => broken(Part::Result, text()),
        Kind::Begun | Kind::Declined => unreachable!("these are no outcomes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_outside_the_list_is_not_run() {
        // As a function of a library that was loaded later.
        static LOOSE: Function = Function::new("loose", |_| Ok(Vec::new()));
        let call = run::<(), ()>(Options::here(), &LOOSE, None, Arguments::new());
        let error = Lazy::join(call).unwrap_err();
        assert!(error.is_unregistered());
        assert!(error.to_string().contains("call it without `process`"), "{error}");
    }
}
