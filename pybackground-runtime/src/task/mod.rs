//! One call: its body, its state and its outcome, in one allocation.
//!
//! | file | subject |
//! |---|---|
//! | `job` | a call as the threads see it |
//! | `handle` | a call as its `Lazy` sees it |
//! | `poll` | a body that is polled, from one poll to the next |
//! | `state` | the states and every step between them, under the task's lock |
//! | `phase` | the few facts about the state that can be read without the lock |
//! | `header` | what is known of a call from the start: function, call site, limit |
//! | `body` | what a task runs: closure, applied function, future |
//! | `scoped` | a body that is kept elsewhere, because it borrows |
//! | `trailer` | what few calls have: a deadline, inputs, and who is told when the call ends |
//! | `dependents` | the calls that wait for a call as an input |
//! | `dependencies` | the calls that a call waits for before it is queued |
//! | `dependent` | a body that is given its inputs |
//! | `waiters` | the wakers that the end of a call wakes |
//! | `wait_errors` | why some waits for the call ended before it |
//!
//! A task is seen from two sides. The queues and the deadline keeper hold it as [`Job`] and know
//! nothing of its result; the `Lazy` holds it as [`Handle`] of the result's type. Either may be gone
//! before the other.
//!
//! | who | may do what |
//! |---|---|
//! | a worker with a queue entry | `run`: claim the body, run it, finish |
//! | a worker that waits for the call | `run_in_place`, `join_at_once`: the same, keeping the outcome |
//! | the deadline keeper | `expire`, at any time |
//! | the limit of the function | `admit` once |
//! | the scope of the call | `run_borrowed`, in the place of `run` |
//! | an input | `wake` once |
//! | the holder of the `Lazy` | `take` and `detach` once; `register`, `set_awaiter` and `cancel` any number of times |
//!
//! Code of the user (bodies, destructors, wakers) never runs under the lock.

mod body;
mod dependencies;
mod dependent;
mod dependents;
mod handle;
mod header;
mod job;
mod phase;
mod poll;
mod scoped;
mod state;
mod trailer;
mod wait_errors;
mod waiters;

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::orphans;
use crate::cancel::overruns;
use crate::error::{Error, Outcome, Progress, StopReason, Stopped};
use crate::events::CallEvents;
use crate::options::Options;
use crate::panic::drop_catching;
use crate::runtime;
use crate::stacks::{self, DEPENDENT};
use crate::sync::{Mutex, lock};

pub(crate) use body::{Body, Closure, Step, Suspending};
#[cfg(not(debug_assertions))]
pub(crate) use body::{LARGE, LargeClosure};
use dependencies::Dependencies;
pub(crate) use dependencies::{Input, detach};
pub(crate) use dependent::Dependent;
pub(crate) use handle::Handle;
use header::Header;
pub(crate) use job::{Job, any_was_awaited};
use phase::Phase;
pub(crate) use scoped::{Borrowed, Unobserved};
use state::{Close, Core, Finish};
use trailer::Trailer;
pub(crate) use waiters::Registration;

/// A call, with its body of type `B`.
pub(crate) struct Task<B: Body> {
    phase: Phase,
    core: Mutex<Core<B>>,
    header: Header,
}

impl<B: Body> Task<B> {
    #[inline]
    pub(crate) fn new(options: &Options, body: B) -> Arc<Self> {
        let limited = options.slots().is_some();
        // First what may unwind: the rest is then put together at once, not built apart and moved.
        let events = CallEvents::created(|| options.call_or(B::function));
        let header = Header::new(options, events);
        Arc::new(Self {
            phase: Phase::new(B::RUNS_TO_END && !limited),
            core: Mutex::new(if limited { Core::held(body) } else { Core::queued(body) }),
            header,
        })
    }

    /// A call that waits for inputs: see `await_inputs`.
    pub(crate) fn held(options: &Options, body: B) -> Arc<Self> {
        let events = CallEvents::created(|| options.call_or(B::function));
        let (phase, core) = (Phase::new(false), Mutex::new(Core::held(body)));
        Arc::new(Self { phase, core, header: Header::new(options, events) })
    }

    /// Has a call that is held be queued when its inputs have ended, or end at its timeout before.
    pub(crate) fn await_inputs(self: &Arc<Self>, inputs: Vec<Input>, timeout: Option<Duration>) {
        let inputs = dependencies::distinct(inputs);
        let job: Arc<dyn Job> = self.clone();
        let listed = DEPENDENT.list(Arc::downgrade(&job), self.header.maker());
        lock(&self.core).hold_for(Dependencies::new(inputs.clone(), listed));
        if let Some(timeout) = timeout {
            job.set_timeout(timeout);
        }
        // A shutdown looks for calls that wait after it has let no more in: this one it has found, or
        // it is found here.
        if !runtime::lets_in() {
            job.refuse(runtime::SHUT_DOWN);
        }
        for Input { job: input, .. } in inputs {
            if !input.add_dependent(job.clone()) {
                job.clone().dependency_ended();
            }
        }
        job.dependency_ended();
    }

    /// A call that had ended before anybody could wait for it, and of which was told.
    pub(crate) fn ended(options: &Options, outcome: Outcome<B::Output>) -> Arc<Self> {
        let phase = Phase::new(false);
        phase.done();
        let core = Mutex::new(Core::ended(outcome));
        Arc::new(Self { phase, core, header: Header::new(options, CallEvents::NONE) })
    }

    /// Claims the body and says so.
    #[inline]
    fn start<X>(&self, claim: impl FnOnce(&mut Core<B>) -> Option<X>) -> Option<X> {
        let mut core = lock(&self.core);
        let claimed = claim(&mut core)?;
        self.phase.start(stacks::upcoming());
        Some(claimed)
    }

    /// The outcome of a call, claimable or ended, that nobody else has any more.
    #[inline]
    fn into_outcome(self) -> Outcome<B::Output> {
        let Self { core, header, .. } = self;
        match core.into_inner().expect("nothing under the lock panics").into_body() {
            Ok((body, attached)) => header.run_for(body, attached),
            Err(outcome) => outcome,
        }
    }

    /// Tells of the body's end before anybody can know of it: whoever has the value finds all told.
    #[inline]
    fn tell_end(&self, outcome: &Outcome<B::Output>) {
        let events = self.header.events();
        if !events.are_observed() {
            return;
        }
        let in_time = lock(&self.core).end();
        if in_time {
            events.ended(outcome);
        } else {
            events.ended_late();
        }
    }

    /// Stores the outcome, or drops it if it came too late.
    fn finish(&self, outcome: Outcome<B::Output>) {
        self.tell_end(&outcome);
        let end = {
            let mut core = lock(&self.core);
            tell_of_end(&mut core);
            let polled = core.attached().take_polled();
            let end = core.finish(outcome);
            self.phase.done();
            drop(polled);
            end
        };
        self.header.leave_slot();
        match end {
            Finish::Published(attached) => attached.wake(),
            Finish::TooLate(outcome) => drop_catching(outcome),
        }
    }

    /// Ends the call before its body has ended; returns the inputs that nobody wants then, or `None` if
    /// it had ended.
    fn close(
        &self,
        reason: StopReason,
        error: impl FnOnce(Progress) -> Error,
    ) -> Option<Vec<Arc<dyn Job>>> {
        self.close_if(|_| true, Stopped { call: self.call(), reason }, error)
    }

    /// As `close`, unless the call is not as it has to be; what its body made is to stop for this reason.
    fn close_if(
        &self,
        is_so: impl FnOnce(&Core<B>) -> bool,
        stopped: Stopped,
        error: impl FnOnce(Progress) -> Error,
    ) -> Option<Vec<Arc<dyn Job>>> {
        let (frame, close) = {
            let mut core = lock(&self.core);
            if !is_so(&core) {
                return None;
            }
            let runner = self.phase.runner();
            let close = core.close(|body| self.noted(error(body), body));
            let frame = match close {
                Close::RunsOn(_) => {
                    overruns::began(runner, stopped, B::WHEN_CLOSED);
                    core.attached().make_known(runner);
                    runner
                }
                Close::NeverEnds { .. } => core.cut_off(stopped),
                Close::TooLate => return None,
            };
            self.phase.done();
            (frame, close)
        };
        if !frame.is_none() {
            runtime::waits().wake_stopped(frame);
            orphans::close_of(frame, stopped);
        }
        match close {
            Close::NeverEnds { mut attached, frees_slot } => {
                let inputs = attached.take_inputs();
                self.never_ends(attached, frees_slot);
                Some(inputs.map(Dependencies::in_vain).unwrap_or_default())
            }
            Close::RunsOn(attached) => {
                attached.wake();
                Some(Vec::new())
            }
            Close::TooLate => None,
        }
    }

    /// Notes for those who are told of the call that it is closed with `error`.
    fn noted(&self, error: Error, body: Progress) -> Error {
        self.header.events().stopped(&error, body);
        error
    }

    /// Tells of a call that was closed while nobody ran its body.
    fn never_ends(&self, attached: Trailer, frees_slot: bool) {
        attached.wake();
        if frees_slot {
            self.header.leave_slot();
        }
    }
}

/// The body has left its thread, which concerns those who know of it.
#[inline]
fn tell_of_end<B: Body>(core: &mut Core<B>) {
    if let Some(frame) = core.attached().take_known() {
        overruns::ended(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;

    #[test]
    fn a_task_is_small() {
        let task = Task::new(&Options::here(), Closure(|| ()));
        let overhead = size_of_val(&*task);
        assert!(overhead <= 80, "{overhead} bytes besides the closure");
    }

    /// The heap of deadlines forgets those that are over.
    #[test]
    fn ended_call_ends_its_deadline() {
        let task = Task::new(&Options::here(), Closure(|| ()));
        let deadline = Arc::new(Deadline::from_now(Duration::from_secs(3600)).unwrap());
        let job: Arc<dyn Job> = task;
        assert!(job.bring_forward(deadline.clone()));
        job.run();
        assert!(deadline.is_over());
    }
}
