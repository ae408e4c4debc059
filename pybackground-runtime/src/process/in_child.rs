//! The backend of `#[background(process)]`: a thread of the runtime sends the call to a child and waits for the answer.

use std::sync::Arc;
use std::task::Waker;

use serde::de::DeserializeOwned;

use super::access::Caller;
use super::backend::{Answer, Backend, Never, Started};
use super::call;
use super::child::{Child, ChildReply, Unready};
use super::child_entry;
use super::children::{self, Leased, TakenChild};
use super::codec::{self, Arguments};
use super::cut::Cuttable;
use super::frame::ReplyKind;
use super::function::ChildFunction;
use super::spawn_error;
use crate::cancel;
use crate::error::{Failure, Likely, Part, Progress};
use crate::events;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::runtime;
use crate::task::Limit;

/// Runs a function in another process. The call is named after the function that contains the closure `P`.
pub(crate) fn run<T, P>(
    options: Options,
    function: &'static ChildFunction,
    memory: Option<u64>,
    arguments: Arguments,
) -> Lazy<T>
where
    T: DeserializeOwned + Send + 'static,
{
    call::run::<InChild, T, P>(options, || ChildOrder::new(function, memory, arguments))
}

/// A call of a function in a child.
pub(crate) struct ChildOrder {
    request: Vec<u8>,
    memory: Option<u64>,
    caller: Arc<Caller>,
}

impl ChildOrder {
    pub(crate) fn new(
        function: &'static ChildFunction,
        memory: Option<u64>,
        arguments: Arguments,
    ) -> Result<Self, Failure> {
        let index = function.index().ok_or(Failure::Unregistered)?;
        let request = arguments
            .into_frame(index, memory.unwrap_or(0))
            .map_err(|why| Failure::Codec { what: Part::Arguments, why })?;
        Ok(Self { request, memory, caller: Caller::now() })
    }
}

/// Bodies run in children of this process.
pub(crate) struct InChild;

impl Backend for InChild {
    type Order = ChildOrder;
    type InFlight = Never;
    const IS_SYNC: bool = true;
    const WHEN_CLOSED: Progress = Progress::Killed;

    fn limit() -> Option<&'static Limit> {
        Some(children::limit())
    }

    fn start(order: ChildOrder, _: impl FnOnce() -> Waker) -> Started<Never> {
        let ChildOrder { request, memory, caller } = order;
        Started::Answered(match ask(request, memory, &caller) {
            Ok(reply) => answer(reply),
            Err(NoAnswer::Stopped) => Answer::Stopped,
            Err(NoAnswer::Failed(failure)) => Answer::Failed(failure),
        })
    }
}

fn answer(ChildReply { kind, content }: ChildReply) -> Answer {
    let broken = |what| {
        let why = codec::content(&content).unwrap_or_else(|| "for no known reason".to_owned());
        Answer::Failed(Failure::Codec { what, why })
    };
    match kind {
        ReplyKind::Returned => Answer::Returned(content),
        ReplyKind::Panicked => Answer::Panicked(codec::content(&content).unwrap_or_default()),
        ReplyKind::BadArguments => broken(Part::Arguments),
        ReplyKind::BadResult => broken(Part::Result),
        ReplyKind::Begun | ReplyKind::Declined => unreachable!("these are no outcomes"),
    }
}

/// Why there is no answer.
enum NoAnswer {
    /// The body of this thread is to stop.
    Stopped,
    Failed(Failure),
}

impl From<Failure> for NoAnswer {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// How many children may die before the body begins. A call that no process survives is an error.
const HAND_OVERS: u32 = 10;

/// Has a child run the call, and keeps the child for another call if all went well.
fn ask(mut request: Vec<u8>, memory: Option<u64>, caller: &Caller) -> Result<ChildReply, NoAnswer> {
    let mut deaths = 0;
    loop {
        let mut leased = ready_child(caller)?;
        let connection = leased.child.connection().clone();
        let reply = {
            let cuttable = Cuttable::new(connection.clone());
            let _waiting = runtime::waits().for_child(cuttable.target());
            if cancel::stopped().is_some() {
                return Err(NoAnswer::Stopped);
            }
            let process = leased.child.process_number();
            let _elsewhere = events::elsewhere(|| format!("process {process}"));
            leased.child.ask(&mut request)
        };
        // From here on nothing cuts the connection.
        match reply {
            Ok(reply) if reply.kind == ReplyKind::Declined => children::retire(leased),
            Ok(reply) => {
                // A body that panicked may have left any state behind.
                let serves_on = reply.kind != ReplyKind::Panicked && leased.child.is_fit();
                if connection.was_cut() {
                    drop(leased);
                } else if serves_on {
                    children::give_back(leased);
                } else {
                    children::retire(leased);
                }
                return Ok(reply);
            }
            Err(_) if connection.was_cut() => return Err(NoAnswer::Stopped),
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
const NOT_IN_PLACE: &str = "the program was linked without the code that makes a process a child, or its file or its \
                            start gives it more rights than its user has (set-user-ID, set-group-ID, file capabilities)";

fn ready_child(caller: &Caller) -> Result<Leased, NoAnswer> {
    let mut taken = children::take(&caller.access);
    loop {
        let permit = match taken {
            TakenChild::Warm(leased) => return Ok(leased),
            TakenChild::Stopped => return Err(NoAnswer::Stopped),
            TakenChild::Permit(permit) => permit,
        };
        if !child_entry::is_in_place() {
            let why = NOT_IN_PLACE.to_owned();
            return Err(Failure::Handshake { why, likely: Some(Likely::Foreign) }.into());
        }
        let launch = permit.launch();
        let error = match Child::launch(caller) {
            Ok(greeting) => {
                let cuttable = Cuttable::new(greeting.connection().clone());
                let _waiting = runtime::waits().for_child(cuttable.target());
                if cancel::stopped().is_some() {
                    return Err(NoAnswer::Stopped);
                }
                match greeting.wait() {
                    Ok(child) => return Ok(permit.lease(child)),
                    Err(Unready::Cut) => return Err(NoAnswer::Stopped),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_outside_the_list_is_not_run() {
        // As a function of a library that was loaded later.
        static LOOSE: ChildFunction = ChildFunction::new("loose", |_| Ok(Vec::new()));
        let call = run::<(), ()>(Options::here(), &LOOSE, None, Arguments::new());
        let error = Lazy::join(call).unwrap_err();
        assert!(error.is_unregistered());
        assert!(error.to_string().contains("call it without `process`"), "{error}");
    }
}
